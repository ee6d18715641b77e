"""Judging one line: which rules run, behind which gates, by which version, and what that makes of it (1.4.1–1.4.3)."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from gateway.reconcile import eenheden, maxima
from gateway.reconcile import regels_prestatie as r
from gateway.reconcile.contract import Policies
from gateway.reconcile.regels_prestatie import Lijn
from gateway.reconcile.toewijzingen import ToewijzingVersie
from gateway.reconcile.uitslag import (
    HandmatigBesluit,
    Outcome,
    Reason,
    Regelverdict,
    Result,
    Ruimte,
    Uitslag,
    retourcode,
    skipped,
)

Rule = Callable[[Lijn], Uitslag]

CREDIT: tuple[Rule, ...] = (r.tr314, r.tr323, r.tr390)  # L01, K02, K03 only [C22]
IDENTITY: tuple[Rule, ...] = (r.tr338, r.tr304, r.tr384)  # L02–L04: whose allocation, and does it stand
WITHOUT_ALLOCATION: tuple[Rule, ...] = (r.tr381, r.tr319, r.tr346_static)  # all that runs if L02–L04 fail
PRODUCT: tuple[Rule, ...] = (r.tr339, r.tr340, r.tr381, r.tr341, r.tr319)  # L05–L09
PERIOD: tuple[Rule, ...] = (r.tr307, r.tr308, r.tr387, r.tr388)  # L10–L13


def beoordeel_credit(lijn: Lijn) -> tuple[Uitslag, ...]:
    """A credit is judged on its form only, not against the allocation (3.1) [C22]."""
    return tuple(rule(lijn) for rule in CREDIT)


def beoordeel_debet(lijn: Lijn) -> tuple[Uitslag, ...]:
    """L01–L19 in order, behind the gates of 1.4.3."""
    found = [r.tr314(lijn)]
    if _failed(found):
        return tuple(found)
    for rule in IDENTITY:
        found.append(rule(lijn))
        if _failed(found):
            blind = msgspec.structs.replace(lijn, versie=None)  # no data of the allocation may show in the answer
            return (*found, *(rule(blind) for rule in WITHOUT_ALLOCATION))
    found += [rule(lijn) for rule in PRODUCT]
    unit_fits = _result(found, "TR341") is not Result.FAIL
    period = [rule(lijn) for rule in PERIOD]
    found += [*period, r.tr389(lijn)]
    found += _money(lijn) if unit_fits else [skipped("TR418"), r.tr346_static(lijn)]
    found.append(r.tr321(lijn) if unit_fits and not _failed(period) else skipped("TR321"))
    # Only an otherwise approvable line consumes volume or budget.
    found.append(skipped("TR322") if _failed(found) else r.tr322(lijn))
    found.append(skipped("TR369") if _failed(found) else r.tr369(lijn))
    return tuple(found)


def _money(lijn: Lijn) -> list[Uitslag]:
    tariff = r.tr418(lijn)
    amount = r.tr346_static(lijn) if tariff.result is Result.FAIL else r.tr346(lijn)
    if tariff.result is Result.FAIL and amount.result is Result.UNKNOWN:
        amount = skipped("TR346")
    return [tariff, amount]


def _failed(uitslagen: Iterable[Uitslag]) -> bool:
    return any(u.result is Result.FAIL for u in uitslagen)


def _result(uitslagen: Iterable[Uitslag], regel: str) -> Result:
    return next(u.result for u in uitslagen if u.regel == regel)


def verdict(lijn: Lijn, uitslagen: Sequence[Uitslag], besluit: HandmatigBesluit | None) -> Regelverdict:
    """What the results make of a line (1.4.1): a definite failure always wins from an unknown (6.3)."""
    policies = lijn.contract.policies
    codes = tuple(dict.fromkeys(u.code for u in uitslagen if u.code is not None))
    unknowns = tuple(dict.fromkeys(u.reason for u in uitslagen if u.reason is not None))
    reasons, flags = _sorted_out(unknowns, policies)
    if besluit is not None and besluit.action == "hold":
        reasons = (*reasons, "MANUAL_HOLD")
    outcome = Outcome.REJECTED if codes else Outcome.UNDECIDED if reasons else Outcome.APPROVED
    return Regelverdict(
        prestatie=lijn.prestatie,
        outcome=outcome,
        codes=codes,
        reasons=() if codes else reasons,
        flags=flags if outcome is Outcome.APPROVED else (),
        uitslagen=tuple(uitslagen),
        versie=lijn.versie,
        ruimte=_ruimte(lijn, uitslagen),
        tarief=next(iter(r.matching_rows(lijn)), None) if any(u.regel == "TR418" for u in uitslagen) else None,
        revisie=lijn.contract.revisie,
        besluit=besluit,
    )


def _sorted_out(unknowns: tuple[Reason, ...], policies: Policies) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    flagged = tuple(reason for reason in unknowns if policies.flags(reason))
    return tuple(reason for reason in unknowns if reason not in flagged), flagged


def _ruimte(lijn: Lijn, uitslagen: Sequence[Uitslag]) -> Ruimte | None:
    """What the allocation allows; nothing if the line has no right to know it (gate of L02–L04)."""
    a = lijn.versie
    if a is None or lijn.prestatie.is_credit or not any(u.regel == "TR339" for u in uitslagen):
        return None
    if a.omvang is not None:
        return Ruimte(
            unit=eenheden.base_unit(a.omvang.eenheid),
            max_period=maxima.max_period(a.omvang, a.product_categorie, a.looptijd, lijn.prestatie.product_periode),
            max_total=maxima.max_total(a.omvang, a.looptijd),
            used_before=r.used_volume(lijn),
        )
    used = lijn.stand.verbruik(lijn.prestatie.toewijzing_nummer).used_amount
    return Ruimte(unit=eenheden.EURO, max_total=a.budget, used_before=used)


def beoordeel(lijn: Lijn, bekend: ToewijzingVersie | None, besluit: HandmatigBesluit | None) -> Regelverdict:
    """The verdict on one line, with VERSION_RACE (1.4.2) and a person's decision (6.3) taken in.

    `bekend` is A_known, or None if it is the version that judges anyway.
    """
    if lijn.prestatie.is_credit:
        return _decided(verdict(lijn, beoordeel_credit(lijn), besluit))
    now = verdict(lijn, beoordeel_debet(lijn), besluit)
    if bekend is None or bekend == lijn.versie:
        return _decided(now)
    now = msgspec.structs.replace(now, bekend=bekend)
    if now.outcome is not Outcome.REJECTED or lijn.contract.policies.version_race == "reject_now":
        return _decided(now)
    other = msgspec.structs.replace(lijn, versie=bekend)
    known = verdict(other, beoordeel_debet(other), besluit)
    if known.outcome is Outcome.REJECTED:
        return now
    known = msgspec.structs.replace(known, bekend=bekend, race_codes=now.codes)
    if lijn.contract.policies.version_race == "hold":
        known = msgspec.structs.replace(
            known, outcome=Outcome.UNDECIDED, reasons=("VERSION_RACE", *known.reasons), flags=()
        )
    return _decided(known)


def allowed_codes(line: Regelverdict) -> tuple[str, ...]:
    """The retourcodes with which a person may reject an undecided line: codes of rules that were UNKNOWN (6.3)."""
    from_rules = (retourcode(u.regel) for u in line.uitslagen if u.result is Result.UNKNOWN)
    return tuple(dict.fromkeys((*line.race_codes, *from_rules)))


def is_refused(line: Regelverdict) -> bool:
    """True if the person's decision on this line is not allowed, so that the line stays undecided."""
    besluit = line.besluit
    if besluit is None or besluit.action != "reject" or line.outcome is not Outcome.UNDECIDED:
        return False
    return not besluit.codes or not set(besluit.codes) <= set(allowed_codes(line))


def _decided(line: Regelverdict) -> Regelverdict:
    """An undecided line with a valid decision of a person; L17–L19 have passed, or it would carry a code."""
    besluit = line.besluit
    if line.outcome is not Outcome.UNDECIDED or besluit is None or besluit.action == "hold" or is_refused(line):
        return line
    if besluit.action == "approve":
        return msgspec.structs.replace(line, outcome=Outcome.APPROVED, flags=line.reasons, reasons=())
    return msgspec.structs.replace(line, outcome=Outcome.REJECTED, codes=besluit.codes, reasons=())
