"""Explanations in Dutch (1.4.10, commands.md): what was claimed, what is allowed, why not."""

import msgspec
import pytest

from gateway.berichten import wmo323
from gateway.berichten.regels import rules
from gateway.reconcile import register, toelichting
from gateway.reconcile.contract import Policies
from gateway.reconcile.uitslag import HandmatigBesluit, Outcome, Regelverdict
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, beoordeel_regel, periode, regel

AUG = "2025-08"


def told(line: wmo323.Prestatie, bsn: str = B1, **rest: object) -> str:
    return toelichting.toelichting(beoordeel_regel(line, bsn, **rest))  # type: ignore[arg-type]


def test_approved() -> None:
    """Claimed, allowed, used before, approved."""
    assert told(regel("RN200", 20072, "02/02A03", AUG, 15, "04", 93750)) == (
        "Ingediend: 15 uur, tarief € 62,50, samen € 937,50, over 1 t/m 31 augustus 2025. Toegewezen: 3 uur per week; "
        "in deze periode ten hoogste 15 uur, over de hele toewijzing 27 uur; eerder goedgekeurd 12 uur. Goedgekeurd."
    )


def test_euros_and_budgets() -> None:
    """Unit 83 is shown in euros; a budget with what is left of it."""
    euros = told(regel("RN200", 20075, "02/02A20", AUG, 180001, "83", 180001), B2)
    budget = told(regel("RN200", 20076, "06/06A01", AUG, 41, "04", 205000))
    nothing = told(regel("RN200", 30000, "06/06A01", AUG, 1, "04", 5000), state=ref.stand(
        ref.versie(30000, B1, "06/", "2025-01-01..2025-12-31")))  # fmt: skip

    assert "Ingediend: € 1.800,01, over" in euros
    assert "Toegewezen: € 300,00 per week; in deze periode ten hoogste € 1.800,00" in euros
    assert euros.endswith("dat is € 0,01 te veel.")
    assert "Toegewezen budget: € 5.000,00, waarvan eerder goedgekeurd € 3.000,00." in budget
    assert budget.endswith(
        "met deze regel komt het op € 5.050,00, en het budget is € 5.000,00; dat is € 50,00 te veel."
    )
    assert "De toewijzing heeft geen omvang en geen budget." in nothing


# The end of the explanation of each failing rule.
REASONS: dict[str, tuple[wmo323.Prestatie, str, str]] = {
    "TR314": (ref.RN100, B1, "referentienummer RN100 is al eerder gebruikt."),
    "TR323": (regel("RN202", 20074, "07/07A12", "2025-07", 10, "16", 45000, vorig="RN101"), B2,
              "er is geen goedgekeurde regel RN101 die op alle punten gelijk is aan deze terugboeking."),
    "TR390": (regel("RN202", 20074, "07/07A12", "2025-06", 20, "16", 90000, vorig="RN099"), B2,
              "regel RN099 is al teruggeboekt."),
    "TR338": (regel("RN200", 29999, "02/02A03", AUG, 1, "04", 6250), B1,
              "aan deze aanbieder is geen toewijzing 29999 verstrekt."),
    "TR304": (regel("RN200", 20074, "07/07A12", AUG, 1, "16", 4500), B1, "toewijzing 20074 is niet van deze cliënt."),
    "TR384": (regel("RN200", 20079, "08/08A03", "2025-06-01..2025-06-01", 1, "84", 100), B2,
              "toewijzing 20079 is verwijderd."),
    "TR339": (regel("RN200", 20072, "01/02A03", AUG, 1, "04", 6250), B1,
              "productcategorie 01 is niet die van de toewijzing (02); de productcode hoort niet bij de categorie "
              "(01/02A03)."),
    "TR340": (regel("RN200", 20072, "02/02A05", AUG, 1, "04", 6250), B1,
              "productcode 02A05 is niet die van de toewijzing (02A03)."),
    "TR341": (regel("RN200", 20072, "02/02A03", AUG, 3, "16", 18750), B1,
              "eenheid 16 past niet bij wat is toegewezen of afgesproken (04)."),
    "TR387": (regel("RN200", 20072, "02/02A03", "2025-08-04..2025-08-31", 1, "04", 6250), B1,
              "de periode moet beginnen op 1 augustus 2025."),
    "TR388": (regel("RN200", 20072, "02/02A03", "2025-08-01..2025-08-30", 1, "04", 6250), B1,
              "de periode moet eindigen op 31 augustus 2025."),
    "TR389": (regel("RN200", 20072, "02/02A03", "2025-07-07..2025-07-31", 1, "04", 6250), B1,
              "regel RN100 voor dezelfde maand staat nog; boek die eerst helemaal terug."),
    "TR418": (regel("RN200", 20072, "02/02A03", AUG, 1, "04", 6300), B1,
              "het tarief is € 63,00, afgesproken is € 62,50."),
    "TR346": (regel("RN200", 20072, "02/02A03", AUG, 15, "04", 93700, tarief=6250), B1,
              "tarief maal aantal geeft € 937,50, ingediend is € 937,00."),
    "TR346 static": (regel("RN200", 29999, "02/02A03", AUG, 380, "01", 45000, tarief=104), B1,
                     "tarief maal aantal geeft € 393,30 tot en met € 397,10, ingediend is € 450,00."),
    "TR321": (regel("RN200", 20072, "02/02A03", AUG, 901, "01", 93854, tarief=104), B1,
              "ingediend is 15 uur en 1 minuut, terwijl in deze periode ten hoogste 15 uur mag; dat is 1 minuut te "
              "veel."),
    "TR322": (regel("RN200", 20077, "03/03A03", AUG, 31, "04", 167400), B2,
              "samen met wat eerder is goedgekeurd wordt het 81 uur, en toegewezen is 80 uur; dat is 1 uur te veel."),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_reason_of_a_refusal(name: str) -> None:
    """Each rule tells in euros, hours and dates what was expected."""
    line, bsn, reason = REASONS[name]

    text = told(line, bsn)

    assert text.endswith(reason)
    assert f"Afgekeurd ({', '.join(beoordeel_regel(line, bsn).codes)})" in text
    assert bsn not in text


@pytest.mark.parametrize(
    ("pp", "dagtekening", "reason"),
    [
        ("2025-07-01..2025-07-31", "2025-09-05", "de periode begint voordat de toewijzing op 7 juli 2025 ingaat"),
        ("2025-09-01..2025-09-30", "2025-10-02",
         "de periode loopt door nadat de toewijzing op 7 september 2025 eindigt"),
        ("2025-09-01..2025-09-07", "2025-10-02",
         "de periode loopt door na de maand van de declaratie, die eindigt op 31 augustus 2025."),
    ],
)  # fmt: skip
def test_reason_about_periods(pp: str, dagtekening: str, reason: str) -> None:
    """TR307, TR308, TR319."""
    assert reason in told(regel("RN200", 20072, "02/02A03", pp, 1, "04", 6250), dagtekening=dagtekening)


def test_every_rule_of_a_line_has_a_reason() -> None:
    """No rule can fail without a sentence."""
    own = {rule.code for rule in rules("WMO323") if "regels_prestatie" in rule.where}

    assert register.BRON == "declaraties"
    assert own <= set(toelichting._WAAROM)


def _verdict(**fields: object) -> Regelverdict:
    return msgspec.structs.replace(beoordeel_regel(regel("RN200", 20072, "02/02A03", AUG, 15, "04", 93750)), **fields)


def test_other_endings() -> None:
    """Not assessed, held, approved with a flag, rejected by a person."""
    not_assessed = toelichting.toelichting(_verdict(outcome=Outcome.NOT_ASSESSED, codes=("0233",)))
    manual = toelichting.toelichting(_verdict(outcome=Outcome.REJECTED, codes=("0611",)))
    held = toelichting.toelichting(_verdict(outcome=Outcome.UNDECIDED, reasons=("VERSION_RACE", "MANUAL_HOLD")))
    flagged = msgspec.structs.replace(ref.CONTRACT, tarieven=(), policies=Policies(need_tariff="approve_and_flag"))

    assert "Niet beoordeeld (0233): voor deze cliënt is aan deze aanbieder nooit iets toegewezen." in not_assessed
    assert manual.endswith("Afgekeurd (0611): zo besliste een medewerker.")
    assert held.endswith("kon weten; een medewerker heeft deze regel vastgehouden.")
    assert told(regel("RN200", 20072, "02/02A03", AUG, 15, "04", 93750), contract=flagged).endswith(
        "Goedgekeurd. Let op, niet gecontroleerd: het contracttarief ontbreekt."
    )
    assert HandmatigBesluit(action="hold").codes == ()


def test_odd_amounts() -> None:
    """No tariff agreed for the unit; two tariffs; a line without a printed tariff."""
    rows = (ref.tarief("02A03", "4500", "16"),)
    two = (*ref.TARIEVEN, ref.tarief("02A03", "6300", "04", "2025-08-16.."))
    bare = msgspec.structs.replace(regel("RN200", 20072, "02/02A03", AUG, 1, "04", 6250), product_tarief=None)
    line = regel("RN200", 20072, "02/02A03", AUG, 1, "04", 6400)

    def with_rows(tarieven: tuple[object, ...], p: wmo323.Prestatie = line) -> str:
        return told(p, contract=msgspec.structs.replace(ref.CONTRACT, tarieven=tarieven))

    assert with_rows(rows).endswith("voor dit product en deze eenheid is geen tarief afgesproken.")
    assert with_rows(two).endswith("het tarief is € 64,00, afgesproken is € 62,50 of € 63,00.")
    assert toelichting._claimed(_prestatie(bare)) == "Ingediend: 1 uur voor € 62,50, over 1 t/m 31 augustus 2025."


def _prestatie(line: wmo323.Prestatie):  # type: ignore[no-untyped-def]
    from gateway.reconcile.declaraties import prestatie_uit

    return prestatie_uit(line, B1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2025-07-07..2025-07-07", "7 juli 2025"),
        ("2025-07-07..2025-07-31", "7 t/m 31 juli 2025"),
        ("2025-07-07..2025-09-07", "7 juli 2025 t/m 7 september 2025"),
    ],
)
def test_periods_in_words(text: str, words: str) -> None:
    """Dates as people write them."""
    assert toelichting.tijdvak(periode(text)) == words


def test_volumes_in_words() -> None:
    """Minutes as hours."""
    assert toelichting.hoeveelheid(0, "01") == "0 uur"
    assert toelichting.hoeveelheid(30, "01") == "30 minuten"
    assert toelichting.hoeveelheid(61, "01") == "1 uur en 1 minuut"
    assert toelichting.hoeveelheid(1, "84") == "1 stuk"
