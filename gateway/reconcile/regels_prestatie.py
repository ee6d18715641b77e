"""Rules about one line of a WMO323: L01–L19 for debits, L01, K02 and K03 for credits (1.4.7–1.4.9).

Each rule is one function of a `Lijn`. Which rules run, and in what order, is decided in `beoordeling`.
"""

from datetime import date

import msgspec

from gateway.domain import calendar
from gateway.reconcile import bedragen, eenheden, maxima
from gateway.reconcile.contract import Contract, Tarief
from gateway.reconcile.declaraties import Declaratie, Prestatie
from gateway.reconcile.state import Geregistreerd
from gateway.reconcile.toewijzingen import ToewijzingVersie
from gateway.reconcile.uitslag import Outcome, Uitslag, failed, judged, passed, skipped, unknown
from gateway.reconcile.werkstand import Werkstand


class Lijn(msgspec.Struct, frozen=True):
    """One line with everything its rules may look at."""

    declaratie: Declaratie
    prestatie: Prestatie
    versie: ToewijzingVersie | None  # A: the version that judges; None if the allocation has none that counts
    stand: Werkstand
    contract: Contract

    @property
    def a(self) -> ToewijzingVersie:
        """A, for the rules behind the gate of TR338."""
        if self.versie is None:
            raise ValueError("rule needs an allocation version")
        return self.versie

    @property
    def rows(self) -> tuple[Tarief, ...]:
        """Contract rows for the line's product, valid on a day of its period [C34]."""
        d, p = self.declaratie, self.prestatie
        return self.contract.rows(d.gemeente, d.aanbieder, p.product_code, p.product_periode)

    @property
    def debit(self) -> Geregistreerd | None:
        """The line that a credit refers to."""
        return self.stand.referentie(self.prestatie.vorig_referentie_nummer or "")

    @property
    def base_volume(self) -> int:
        """GeleverdVolume in the base unit (2.2)."""
        return eenheden.base(self.prestatie.geleverd_volume, self.prestatie.eenheid)


def tr314(lijn: Lijn) -> Uitslag:
    """L01 TR314, 8021: a ReferentieNummer is used once; the first in processing order keeps it [C11]."""
    nummer = lijn.prestatie.referentie_nummer
    return judged("TR314", not lijn.stand.is_reference_used(nummer), nummer)


def tr323(lijn: Lijn) -> Uitslag:
    """K02 TR323, 8017: the credit names an approved debit and repeats it in full (IV091) [C21]."""
    debit, p = lijn.debit, lijn.prestatie
    good = (
        debit is not None
        and not debit.prestatie.is_credit
        and debit.outcome is Outcome.APPROVED
        and debit.prestatie.identity() == p.identity()
    )
    return judged("TR323", good, p.vorig_referentie_nummer)


def tr390(lijn: Lijn) -> Uitslag:
    """K03 TR390, 9390: a debit is credited at most once (OP360) [C20]."""
    debit = lijn.debit
    if debit is None or debit.prestatie.is_credit:
        return skipped("TR390")
    return judged("TR390", debit.credited_by is None, lijn.prestatie.vorig_referentie_nummer, debit.credited_by)


def tr338(lijn: Lijn) -> Uitslag:
    """L02 TR338, 9338: the allocation exists, is this provider's, and a version of it counts [C13]."""
    a = lijn.versie
    good = a is not None and lijn.contract.same_party(a.aanbieder, lijn.declaratie.aanbieder)
    return judged("TR338", good, lijn.prestatie.toewijzing_nummer)


def tr304(lijn: Lijn) -> Uitslag:
    """L03 TR304 on the line, 8187: the allocation is this client's [C12]."""
    return judged("TR304", lijn.a.bsn == lijn.prestatie.bsn)


def tr384(lijn: Lijn) -> Uitslag:
    """L04 TR384, 9384: the allocation is not removed."""
    return judged("TR384", not lijn.a.is_removed, lijn.a.reden_wijziging)


def tr339(lijn: Lijn) -> Uitslag:
    """L05 TR339, 9339: the category is the allocation's, if that has one."""
    mine, theirs = lijn.prestatie.product_categorie, lijn.a.product_categorie
    return judged("TR339", theirs in (None, mine), mine, theirs)


def tr340(lijn: Lijn) -> Uitslag:
    """L06 TR340, 9340: the code is the allocation's, if that has one."""
    mine, theirs = lijn.prestatie.product_code, lijn.a.product_code
    return judged("TR340", theirs in (None, mine), mine, theirs)


def tr381(lijn: Lijn) -> Uitslag:
    """L07 TR381, S329: the code belongs to the category; the product of a specific allocation always does [C14]."""
    p, a = lijn.prestatie, lijn.versie
    pair = f"{p.product_categorie}/{p.product_code}"
    if a is not None and (a.product_categorie, a.product_code) == (p.product_categorie, p.product_code):
        return passed("TR381", pair, "toewijzing")
    listed = lijn.contract.has_product(
        lijn.declaratie.gemeente, p.product_categorie, p.product_code, p.product_periode.begin
    )
    if listed is None:
        return unknown("TR381", "NEED_PRODUCTLIST", pair)
    return judged("TR381", listed, pair, "productlijst")


def tr341(lijn: Lijn) -> Uitslag:
    """L08 TR341, 9341: the unit fits the allocation's, or without Omvang the contract's (2.1) [C15]."""
    unit, omvang = lijn.prestatie.eenheid, lijn.a.omvang
    if omvang is not None:
        return judged("TR341", eenheden.fits(omvang.eenheid, unit), unit, omvang.eenheid)
    rows = lijn.rows
    if not rows:
        return unknown("TR341", "NEED_CONTRACT_UNIT", unit)
    units = " ".join(sorted({row.eenheid for row in rows}))
    return judged("TR341", any(row.per(unit) is not None for row in rows), unit, units)


def tr319(lijn: Lijn) -> Uitslag:
    """L09 TR319, 9319: the product period ends in the declaration's month or earlier [C16]."""
    end, limit = lijn.prestatie.product_periode.last, lijn.declaratie.declaratie_periode.last
    return judged("TR319", end <= limit, end.isoformat(), limit.isoformat())


def tr307(lijn: Lijn) -> Uitslag:
    """L10 TR307, 9307: the product period does not begin before the allocation [C18]."""
    begin, start = lijn.prestatie.product_periode.begin, lijn.a.ingangsdatum
    return judged("TR307", begin >= start, begin.isoformat(), start.isoformat())


def tr308(lijn: Lijn) -> Uitslag:
    """L11 TR308, 9308: the product period does not end after the allocation [C18]."""
    end, limit = lijn.prestatie.product_periode.last, lijn.a.einddatum
    return judged("TR308", limit is None or end <= limit, end.isoformat(), limit.isoformat() if limit else None)


def tr387(lijn: Lijn) -> Uitslag:
    """L12 TR387, 9387: it begins on the first of the month, or with the allocation in that month (IV089)."""
    begin, start = lijn.prestatie.product_periode.begin, lijn.a.ingangsdatum
    due = start if calendar.same_month(start, begin) else calendar.first_of_month(begin)
    return judged("TR387", begin == due, begin.isoformat(), due.isoformat())


def tr388(lijn: Lijn) -> Uitslag:
    """L13 TR388, 9388: it ends on the last of the month, or with the allocation in that month (IV089)."""
    end, limit = lijn.prestatie.product_periode.last, lijn.a.einddatum
    due: date = limit if limit is not None and calendar.same_month(limit, end) else calendar.last_of_month(end)
    return judged("TR388", end == due, end.isoformat(), due.isoformat())


def tr389(lijn: Lijn) -> Uitslag:
    """L14 TR389, 9389: no approved, uncredited debit stands for this allocation, product and month [C19] [C24]."""
    standing = lijn.stand.standing_debit(lijn.prestatie)
    return judged("TR389", standing is None, lijn.prestatie.referentie_nummer, standing)


def tr418(lijn: Lijn) -> Uitslag:
    """L15 TR418, 0611: the tariff is that of a contract row [C34]; euros have none."""
    p, rows = lijn.prestatie, lijn.rows
    if p.eenheid == eenheden.EURO:
        return skipped("TR418")
    if not rows:
        d = lijn.declaratie
        complete = lijn.contract.is_complete(d.gemeente, d.aanbieder, p.product_periode)
        return failed("TR418", p.product_tarief) if complete else unknown("TR418", "NEED_TARIFF", p.product_tarief)
    due = sorted({bedragen.rounded(per) for row in rows if (per := row.per(p.eenheid)) is not None})
    expected = " of ".join(map(str, due)) or None
    if p.product_tarief not in due:
        return failed("TR418", p.product_tarief, expected)
    if len(due) > 1 and lijn.contract.policies.tariff_ambiguous == "hold":
        return unknown("TR418", "TARIFF_AMBIGUOUS", p.product_tarief, expected)
    return passed("TR418", p.product_tarief, expected)


def tr346(lijn: Lijn) -> Uitslag:
    """L16 TR346, 9346: the amount is the unrounded contract tariff times the volume, rounded last [C35].

    Uses the rows that satisfied TR418; without such a row it falls back to `tr346_static`.
    """
    p = lijn.prestatie
    if p.eenheid == eenheden.EURO:
        return skipped("TR346")  # then Bedrag = GeleverdVolume is a rule inside the message (CS339)
    matching = [per for row in matching_rows(lijn) if (per := row.per(p.eenheid)) is not None]
    if not matching:
        return tr346_static(lijn)
    due = sorted({bedragen.expected_bedrag(per, p.geleverd_volume) for per in matching})
    return judged("TR346", p.bedrag in due, p.bedrag, " of ".join(map(str, due)))


def matching_rows(lijn: Lijn) -> tuple[Tarief, ...]:
    """The contract rows whose rounded tariff is the line's (TR418): the same rows decide TR346."""
    p = lijn.prestatie
    return tuple(
        row
        for row in lijn.rows
        if (per := row.per(p.eenheid)) is not None and bedragen.rounded(per) == p.product_tarief
    )


def tr346_static(lijn: Lijn) -> Uitslag:
    """TR346 without a contract row: certain where the printed tariff allows it, else undecided (2.6 M9)."""
    p = lijn.prestatie
    if p.product_tarief is None:  # euros have no tariff, and everything else has one (CD087)
        return skipped("TR346")
    product = p.geleverd_volume * p.product_tarief
    if p.eenheid != eenheden.MINUUT and p.bedrag == product:
        return passed("TR346", p.bedrag, product)
    low, high = bedragen.band(p.product_tarief, p.geleverd_volume)
    if low <= p.bedrag <= high:
        return unknown("TR346", "NEED_TARIFF", p.bedrag, f"{low}…{high}")
    return failed("TR346", p.bedrag, f"{low}…{high}")


def tr321(lijn: Lijn) -> Uitslag:
    """L17 TR321, 9321: the volume fits the maximum of its period (2.4)."""
    a, p = lijn.a, lijn.prestatie
    if a.omvang is None:
        return skipped("TR321")
    limit = maxima.max_period(a.omvang, a.product_categorie, a.looptijd, p.product_periode)
    return judged("TR321", lijn.base_volume <= limit, lijn.base_volume, limit)


def tr322(lijn: Lijn) -> Uitslag:
    """L18 TR322, 9322: with what was approved before, the volume fits the maximum over the allocation (2.5) [C31]."""
    a = lijn.a
    if a.omvang is None:
        return skipped("TR322")
    limit = maxima.max_total(a.omvang, a.looptijd)
    total = used_volume(lijn) + lijn.base_volume
    return judged("TR322", limit is None or total <= limit, total, limit)


def tr369(lijn: Lijn) -> Uitslag:
    """L19 TR369, 9369: with what was approved before, the amount fits the budget [C33]."""
    budget = lijn.a.budget
    if budget is None:
        return skipped("TR369")
    total = lijn.stand.verbruik(lijn.prestatie.toewijzing_nummer).used_amount + lijn.prestatie.bedrag
    return judged("TR369", total <= budget, total, budget)


def used_volume(lijn: Lijn) -> int:
    """Volume in use before this line, less that of the zero line it replaces [C24]."""
    p = lijn.prestatie
    return lijn.stand.verbruik(p.toewijzing_nummer).used_volume - lijn.stand.released_volume(p)
