"""Assessing whole messages: stages of reconciliation 1.4.1, the 325 of section 4, sequences of section 3."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from gateway.berichten import basis, wmo323
from gateway.berichten.codelijsten import Code, Codelijst
from gateway.reconcile.antwoord import termijn
from gateway.reconcile.beoordeling import Assessment, assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.uitslag import HandmatigBesluit, Outcome
from gateway.reconcile.weergave import declaratie_json
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, B3, ONBEKEND, bericht, regel, verwerk

AUG = "2025-08"
RN200 = regel("RN200", 20072, "02/02A03", AUG, 15, "04", 93750)
RN201 = regel("RN201", 20076, "06/06A01", AUG, 41, "04", 205000)
RN202 = regel("RN202", 20074, "07/07A12", "2025-07", 30, "16", 135000, vorig="RN101")
RN203 = regel("RN203", 20074, "07/07A12", "2025-07", 28, "16", 126000)
RN204 = regel("RN204", 20074, "07/07A12", AUG, 31, "16", 139500)
RN205 = regel("RN205", 20075, "02/02A20", AUG, 180000, "83", 180000)
RN206 = regel("RN206", 20080, "02/02A03", AUG, 10, "04", 62500)

# The credit stands last in its client, so that only the order of processing puts it first.
PARTLY = bericht((B1, [RN200, RN201]), (B2, [RN203, RN204, RN205, RN202]), (B3, [RN206]))
SEPTEMBER_5 = date(2025, 9, 5)


def _assess(message: wmo323.Bericht, **options: object) -> Assessment:
    return assess(message, ref.stand(), ref.CONTRACT, SEPTEMBER_5, **options)  # type: ignore[arg-type]


def _answer(assessment: Assessment) -> tuple[object, ...]:
    """Header codes, declaration codes, submitted, granted and returned lines of the WMO325."""
    assert assessment.antwoord is not None
    message = assessment.antwoord.bericht("A20250912A", date(2025, 9, 12), ("1.0.0", "1.0.0"))
    body = message.declaratie_antwoord
    if body is None:
        return (message.header.retour_codes, None)
    returned = {
        client.bsn: (
            client.retour_codes,
            {p.product_referentie.referentie_nummer: p.retour_codes for p in client.prestaties},
        )
        for client in body.clienten
    }
    return (
        message.header.retour_codes,
        body.retour_codes,
        _total(body.totaal_ingediend_bedrag),
        _total(body.totaal_toegekend_bedrag),
        returned,
    )


def _total(total: basis.TotaalBedragMetDC) -> str:
    return f"{total.totaal_bedrag} {total.debet_credit}"


def test_the_history_of_the_reference_data() -> None:
    """1.4.4: June is approved; July approves all but RN104 and credits RN099."""
    state = ref.stand()

    line = state.referenties[ref.GEMEENTE, ref.AANBIEDER, "RN104"]
    assert line.codes == ("9321",)
    assert state.referenties[ref.GEMEENTE, ref.AANBIEDER, "RN099"].credited_by == "RN105"
    assert state.verbruik[ref.GEMEENTE, 20074].used_volume == 30
    assert state.broken_invariants() == ()


def test_worked_example_part_rejected() -> None:
    """4.3: 671750 submitted, 327250 granted, 344500 returned; clients without rejected lines are absent."""
    assessment = _assess(PARTLY)

    assert assessment.verdict == "partly"
    assert _answer(assessment) == (
        ("0200",),
        ("0200",),
        "671750 D",
        "327250 D",
        {B1: (("0200",), {"RN201": ("9369",)}), B2: (("0200",), {"RN204": ("9321",)})},
    )


def test_the_answer_refers_to_the_declaration() -> None:
    """4.1: codes, unswapped parties, identification and schema version of the 323; values copied literally."""
    answer = _assess(PARTLY).antwoord
    assert answer is not None

    message = answer.bericht("A20250912A", date(2025, 9, 12), ("1.0.1", "1.0.2"))

    header = message.header
    assert (header.bericht_code, header.afzender, header.ontvanger) == ("485", ref.GEMEENTE, ref.AANBIEDER)
    assert header.declaratie_identificatie == PARTLY.header.bericht_identificatie
    assert header.xsd_versie_declaratie == PARTLY.header.xsd_versie
    assert header.xsd_versie == basis.XsdVersie(basisschema_xsd_versie="1.0.1", bericht_xsd_versie="1.0.2")
    assert message.declaratie_antwoord is not None
    assert message.declaratie_antwoord.declaratie_nummer == "D202508A"
    returned = message.declaratie_antwoord.clienten[0].prestaties[0]
    sent = {f: getattr(RN201, f) for f in RN201.__struct_fields__}
    assert {f: getattr(returned, f) for f in sent} == sent


def test_the_json_of_the_command() -> None:
    """commands.md, declaratie check: verdicts, amounts, what is allowed, an explanation without a BSN."""
    answer = declaratie_json(_assess(PARTLY))

    assert answer["declaratieNummer"] == "D202508A"
    assert (answer["verdict"], answer["submittedCents"], answer["awardedCents"]) == ("partly", 671750, 327250)
    lines = {line["referentieNummer"]: line for line in answer["prestaties"]}
    assert list(lines) == ["RN200", "RN201", "RN203", "RN204", "RN205", "RN202", "RN206"]
    assert lines["RN204"] == {
        "referentieNummer": "RN204",
        "verdict": "rejected",
        "retourcodes": ["9321"],
        "cents": 139500,
        "allowed": {"unit": "16", "maxPeriod": 30, "maxTotal": 204, "usedBefore": 28},
        "explanation": (
            "Ingediend: 31 dagdelen, tarief € 45,00, samen € 1.395,00, over 1 t/m 31 augustus 2025. "
            "Toegewezen: 6 dagdelen per week; in deze periode ten hoogste 30 dagdelen, over de hele toewijzing "
            "204 dagdelen; eerder goedgekeurd 28 dagdelen. Afgekeurd (9321): ingediend is 31 dagdelen, terwijl in "
            "deze periode ten hoogste 30 dagdelen mag; dat is 1 dagdeel te veel."
        ),
    }
    assert lines["RN201"]["allowed"] == {"unit": "83", "maxPeriod": None, "maxTotal": 500000, "usedBefore": 300000}
    assert lines["RN202"]["allowed"] == {"unit": None, "maxPeriod": None, "maxTotal": None, "usedBefore": None}
    assert sum(line["cents"] for line in lines.values()) == answer["submittedCents"]
    assert B1 not in str(answer)
    assert B2 not in str(answer)
    assert {f["code"] for f in answer["findings"]} == {"TR369", "TR321"}
    tr369 = next(f for f in answer["findings"] if f["code"] == "TR369")
    assert tr369["retourcode"] == "9369"
    assert tr369["path"].startswith("/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[2]/")


def test_all_approved() -> None:
    """4.4: 8001, no clients."""
    assert _answer(_assess(bericht((B1, [RN200])))) == (("0200",), ("8001",), "93750 D", "93750 D", {})


def test_declaration_number_used_before() -> None:
    """4.4, TR333: nothing granted, no lines."""
    found = _assess(bericht((B1, [RN200]), nummer="D202507A"))

    assert (found.stage, found.verdict) == ("S3", "rejected")
    assert _answer(found) == (("0200",), ("9333",), "93750 D", "0 D", {})


def test_two_debits_with_equal_key() -> None:
    """4.4, TR416: 0001 on the header, nothing else; every fault inside the message is a finding."""
    double = msgspec.structs.replace(RN200, product_referentie=basis.Referentie(referentie_nummer="RN201"))

    found = _assess(bericht((B1, [RN200, double]), totaal=1))

    assert found.stage == "S1"
    assert _answer(found) == (("0001",), None)
    assert {f.code for f in found.findings} == {"TR358", "TR416"}
    assert declaratie_json(found)["prestaties"] == []


def test_identification_used_before() -> None:
    """4.4, TR056: header only."""
    found = _assess(bericht((B1, [RN200]), identificatie="M20250805A"))

    assert found.stage == "S2"
    assert _answer(found) == (("9056",), None)


def test_a_negative_grant_is_a_credit() -> None:
    """4.4: credit approved, larger debit rejected; 15000 − (−135000) = 150000."""
    debit = regel("RN300", 20076, "06/06A01", AUG, 30, "04", 150000, tarief=5001)
    found = _assess(bericht((B1, [debit]), (B2, [RN202])))

    assert _answer(found)[2:4] == ("15000 D", "135000 C")
    assert found.antwoord is not None
    assert found.antwoord.teruggegeven == 150000


def test_all_lines_rejected() -> None:
    """4.4: 0200 with nothing granted; the declaration is rejected."""
    found = _assess(bericht((B1, [RN201]), (B2, [RN204])))

    assert found.verdict == "rejected"
    assert _answer(found) == (
        ("0200",), ("0200",), "344500 D", "0 D",
        {B1: (("0200",), {"RN201": ("9369",)}), B2: (("0200",), {"RN204": ("9321",)})},
    )  # fmt: skip


def test_unknown_client_returns_all_its_lines() -> None:
    """4.4, TR304 on the client: 8187, both lines 0233."""
    lines = [
        regel("RN301", 20072, "02/02A03", AUG, 1, "04", 30000),
        regel("RN302", 20072, "02/02A03", AUG, 1, "04", 20000),
    ]
    lines[1] = msgspec.structs.replace(lines[1], product_code="02A05")  # another key (TR416)

    found = _assess(bericht((B1, [RN200]), (ONBEKEND, lines)))

    assert found.verdict == "partly"
    assert _answer(found) == (
        ("0200",), ("0200",), "143750 D", "93750 D",
        {ONBEKEND: (("8187",), {"RN301": ("0233",), "RN302": ("0233",)})},
    )  # fmt: skip
    assert [line["retourcodes"] for line in declaratie_json(found)["prestaties"]] == [[], ["0233"], ["0233"]]


def test_a_rejected_credit_counts_negative() -> None:
    """4.4: 15000 submitted, 60000 granted, −45000 returned."""
    credit = regel("RN303", 20074, "07/07A12", "2025-07", 10, "16", 45000, vorig="RN101")
    debit = regel("RN304", 20076, "06/06A01", AUG, 12, "04", 60000)

    found = _assess(bericht((B1, [debit]), (B2, [credit])))

    assert _answer(found)[2:4] == ("15000 D", "60000 D")
    assert found.antwoord is not None
    assert found.antwoord.teruggegeven == -45000


def test_an_unbalanced_total_cannot_be_answered() -> None:
    """TR342: with level 2 unchecked a wrong total would show here; then the gateway refuses to answer."""
    message = bericht((B1, [RN200]), totaal=1)

    with pytest.raises(ValueError, match="TR342"):
        _lines_only(message)


def _lines_only(message: wmo323.Bericht) -> Assessment:
    """Assess as an open message: stages S1–S3 are behind it."""
    state = ref.stand()
    hold = {"RN900": HandmatigBesluit(action="hold", by="a", why="b")}
    line = regel("RN900", 20077, "03/03A03", AUG, 1, "04", 5400)
    state.commit(assess(bericht((B2, [line])), state, ref.CONTRACT, SEPTEMBER_5, besluiten=hold).effects)
    return assess(message, state, ref.CONTRACT, SEPTEMBER_5)


def _cbs(*codes: Code) -> Codelijst:
    return Codelijst("GEMEENTEN", "Gemeente", "LDT_Gemeente", date(2025, 1, 1), "test", {c.code: c for c in codes})


def test_the_term_of_an_answer() -> None:
    """4.2, OP090x4: ten working days after receipt, with warnings on the seventh and ninth."""
    found = termijn(date(2026, 4, 2))  # Good Friday and Easter Monday between

    assert (found.uiterlijk, found.waarschuw) == (date(2026, 4, 20), (date(2026, 4, 15), date(2026, 4, 17)))


# S2 and S3 -----------------------------------------------------------------------------------------------------------


def test_tr135_dated_after_receipt() -> None:
    """1.4.6 TR135: 6 September received on the 5th."""
    message = bericht((B1, [RN200]), dagtekening="2025-09-06")

    assert _answer(_assess(message)) == (("8848",), None)


@pytest.mark.parametrize(
    ("contract", "gemeente", "codes"),
    [
        (Contract(eigen_codes=frozenset({"0384"})), "0384", ()),
        (Contract(eigen_codes=frozenset({"0384"})), "9999", ("S300",)),
        (Contract(), "9999", ()),  # neither list nor own codes: nothing can be concluded
        (Contract(gemeenten=_cbs(Code("0384", "x"))), "0384", ()),
        (Contract(gemeenten=_cbs(Code("0363", "x"))), "0384", ("S300",)),
    ],
)
def test_tr378_receiver(contract: Contract, gemeente: str, codes: tuple[str, ...]) -> None:
    """1.4.6 TR378: an own code that exists [C47]."""
    found = assess(bericht((B1, [RN200]), ontvanger=gemeente), ref.stand(), contract, SEPTEMBER_5)

    assert found.stage == ("S2" if codes else "S5")
    assert found.antwoord is None or found.antwoord.header_codes == (codes or ("0200",))


def test_tr378_after_herindeling_the_code_of_the_allocations_counts() -> None:
    """1.4.6 TR378: a code that ended is good while every allocation began when it existed."""
    ended = Code("0384", "x", tot=date(2025, 8, 31))
    contract = msgspec.structs.replace(ref.CONTRACT, gemeenten=_cbs(ended, Code("0363", "x")))
    newer = ref.versie(20081, B1, "02/02A05", "2025-09-01..2025-12-31", "1 04 2")
    later = regel("RN305", 20081, "02/02A05", "2025-09-01..2025-09-30", 1, "04", 6250)

    def stage(*lines: wmo323.Prestatie) -> str:
        message = bericht((B1, list(lines)), dagtekening="2025-10-02", maand="2025-09")
        return assess(message, ref.stand(newer), contract, date(2025, 10, 2)).stage

    assert stage(RN200) == "S5"
    assert stage(RN200, later) == "S2"


def test_all_failing_rules_of_a_stage_are_reported() -> None:
    """1.4.1: in S2 every rule is evaluated and reported, then assessment stops."""
    message = bericht((B1, [RN200]), identificatie="M20250805A", dagtekening="2025-09-06", ontvanger="0384")
    contract = msgspec.structs.replace(ref.CONTRACT, eigen_codes=frozenset({"0363"}))

    found = assess(message, ref.stand(), contract, SEPTEMBER_5)

    assert _answer(found) == (("9056", "8848", "S300"), None)
    assert [f.retourcode for f in found.findings] == ["9056", "8848", "S300"]


@pytest.mark.parametrize(
    ("maand", "dagtekening", "codes", "gap"),
    [
        ("2025-08", "2025-09-05", ("8001",), False),
        ("2025-07", "2025-09-05", ("8001",), False),  # a second declaration for the month
        ("2025-09", "2025-10-05", ("8001",), True),  # August left out
        ("2025-06", "2025-09-05", ("8214",), False),  # a step back
        ("2025-06", "2025-08-04", ("8001",), False),  # dated before July's: they crossed
    ],
)
def test_tr318_a_step_back_by_dagtekening(maand: str, dagtekening: str, codes: tuple[str, ...], gap: bool) -> None:
    """1.4.6 TR318 [C17]."""
    line = regel("RN400", 20076, "06/06A01", "2025-06", 1, "04", 5000)
    message = bericht((B1, [line]), maand=maand, dagtekening="2025-10-06", declaratie_dagtekening=dagtekening)

    found = assess(message, ref.stand(), ref.CONTRACT, date(2025, 10, 6))

    assert _answer(found)[1] == codes
    assert [f.code for f in found.findings if f.severity == "info"] == (["TR318"] if gap else [])


def test_what_is_stopped_before_the_clients_counts_as_not_sent() -> None:
    """1.4.1 [C23]: DeclaratieNummer and references stay free; the Identificatie is used up."""
    state = ref.stand()
    verwerk(state, bericht((B1, [RN200]), nummer="D202507A"))

    again = verwerk(state, bericht((B1, [RN200]), identificatie="M20250905B"))
    third = verwerk(state, bericht((B1, [RN200]), nummer="D202508B"))

    assert again.verdict == "approved"
    assert _answer(third) == (("9056",), None)


def test_the_same_file_again_is_recognised() -> None:
    """TR056 [C46]: identical bytes are dropped by the caller; other bytes get 9056."""
    state = ref.stand()
    first = verwerk(state, bericht((B1, [RN200])), payload_hash="aa")

    assert state.is_redelivery(first.declaratie, "aa")
    assert not state.is_redelivery(first.declaratie, "bb")
    assert not state.is_redelivery(first.declaratie, "")


# Section 3 -----------------------------------------------------------------------------------------------------------


def _step(state: object, nr: int, *lines: wmo323.Prestatie) -> Assessment:
    return verwerk(state, bericht((B2, list(lines)), identificatie=f"M{nr}", nummer=f"D{nr}"))  # type: ignore[arg-type]


def test_worked_sequence_of_corrections() -> None:
    """3.4: eight steps on 20074 in July."""
    state = ref.stand(geschiedenis=False)

    def line(nummer: str, volume: int, vorig: str | None = None) -> wmo323.Prestatie:
        return regel(nummer, 20074, "07/07A12", "2025-07", volume, "16", volume * 4500, vorig=vorig)

    steps: list[tuple[list[wmo323.Prestatie], list[tuple[str, ...]], int, int]] = [
        ([line("RN101", 30)], [()], 30, 135000),
        ([line("RN110", 2)], [("9389",)], 30, 135000),
        ([line("RN111", 10, "RN101")], [("8017",)], 30, 135000),
        ([line("RN112", 28), line("RN113", 30, "RN101")], [(), ()], 28, 126000),
        ([line("RN114", 30, "RN101")], [("9390",)], 28, 126000),
        ([line("RN115", 28, "RN112")], [()], 0, 0),
        ([line("RN112", 28)], [("8021",)], 0, 0),
        ([line("RN116", 31)], [("9321",)], 0, 0),
    ]
    for nr, (lines, codes, volume, amount) in enumerate(steps, start=1):
        found = _step(state, nr, *lines)

        assert [verdict.codes for verdict in found.lines] == codes, nr
        used = state.verbruik[ref.GEMEENTE, 20074]
        assert (used.used_volume, used.used_amount) == (volume, amount), nr
        assert state.broken_invariants() == ()


def test_first_fit_in_document_order() -> None:
    """1.4.3 [C32]: a line that does not fit is rejected, a later smaller one may still fit."""
    big = regel("RN501", 20076, "06/06A01", AUG, 41, "04", 205000)
    small = regel("RN502", 20076, "06/06A01", "2025-06", 40, "04", 200000)

    found = _assess(bericht((B1, [big, small])))

    assert [line.codes for line in found.lines] == [("9369",), ()]


def test_earlier_lines_of_the_message_consume_immediately() -> None:
    """1.4.3: the second line sees what the first used."""
    first = regel("RN501", 20076, "06/06A01", AUG, 30, "04", 150000)
    second = regel("RN502", 20076, "06/06A01", "2025-06", 30, "04", 150000)

    found = _assess(bericht((B1, [first, second])))

    assert [line.codes for line in found.lines] == [(), ("9369",)]


def test_a_reference_twice_under_two_clients() -> None:
    """1.4.7 TR314: the first in processing order keeps the number [C11]."""
    double = regel("RN200", 20074, "07/07A12", AUG, 1, "16", 4500)

    found = _assess(bericht((B1, [RN200]), (B2, [double])))

    assert [line.codes for line in found.lines] == [(), ("8021",)]


def test_a_line_of_amount_zero_is_replaced_by_the_next_debit() -> None:
    """3.3 [C24]: it does not block the month, and its volume comes free."""
    contract = msgspec.structs.replace(ref.CONTRACT, tarieven=(ref.tarief("02A03", "0", "04"), *ref.TARIEVEN))
    zero = regel("RN600", 20072, "02/02A03", AUG, 15, "04", 0, tarief=0)
    again = regel("RN601", 20072, "02/02A03", AUG, 14, "04", 0, tarief=0)
    state = ref.stand()

    verwerk(state, bericht((B1, [zero]), identificatie="M1", nummer="D1"), contract)
    assert state.verbruik[ref.GEMEENTE, 20072].used_volume == (12 + 15) * 60
    verwerk(state, bericht((B1, [again]), identificatie="M2", nummer="D2"), contract)
    assert state.verbruik[ref.GEMEENTE, 20072].used_volume == (12 + 14) * 60
    found = verwerk(state, bericht((B1, [RN200]), identificatie="M3", nummer="D3"), contract)

    assert found.verdict == "approved"
    used = state.verbruik[ref.GEMEENTE, 20072]
    assert (used.used_volume, used.open_debits) == ((12 + 15) * 60, 2)
    assert state.broken_invariants() == ()


# 5.4: open messages --------------------------------------------------------------------------------------------------

NO_TARIFF = msgspec.structs.replace(ref.CONTRACT, tarieven=())


def test_an_undecided_line_holds_the_whole_answer() -> None:
    """1.4.1 [C40]: no 325, nothing booked; numbers count as used."""
    state = ref.stand()
    before = dict(state.verbruik)

    found = verwerk(state, bericht((B1, [RN200])), NO_TARIFF)

    assert (found.verdict, found.antwoord) == ("held", None)
    assert declaratie_json(found)["prestaties"][0]["explanation"].endswith("Aangehouden: het contracttarief ontbreekt.")
    assert [f.severity for f in found.findings] == ["unchecked"]
    assert state.verbruik == before
    assert _answer(verwerk(state, bericht((B1, [RN200]), identificatie="M2"), NO_TARIFF))[1] == ("9333",)


def test_later_messages_on_the_same_allocation_wait() -> None:
    """5.4: WAITING_EARLIER for the same ToewijzingNummer or a credited line; others overtake."""
    state = ref.stand()
    verwerk(state, bericht((B1, [RN200])), NO_TARIFF)

    def second(nr: int, bsn: str, line: wmo323.Prestatie) -> Assessment:
        return assess(bericht((bsn, [line]), identificatie=f"N{nr}", nummer=f"E{nr}"), state, ref.CONTRACT, SEPTEMBER_5)

    same = second(1, B1, regel("RN701", 20072, "02/02A03", AUG, 16, "04", 100000))
    credit = second(2, B1, regel("RN702", 20073, "01/01A03", AUG, 15, "04", 93750, vorig="RN200"))
    other = second(3, B2, regel("RN703", 20077, "03/03A03", AUG, 1, "04", 5400))
    reused = second(4, B2, regel("RN200", 20077, "03/03A03", AUG, 1, "04", 5400))

    assert same.lines[0].reasons == credit.lines[0].reasons == ("WAITING_EARLIER",)
    assert other.verdict == "approved"
    assert reused.lines[0].codes == ("8021",)


def test_an_open_message_is_assessed_again_as_a_whole() -> None:
    """5.4: once the tariff is there, from S4 on, ignoring its own reservations."""
    state = ref.stand()
    message = bericht((B1, [RN200]))
    verwerk(state, message, NO_TARIFF, payload_hash="aa")

    found = verwerk(state, message, payload_hash="aa")

    assert found.verdict == "approved"
    assert state.open == {}
    assert state.broken_invariants() == ()
    other_bytes = assess(message, state, ref.CONTRACT, SEPTEMBER_5, payload_hash="bb")
    assert _answer(other_bytes) == (("9056",), None)


@pytest.mark.parametrize(
    ("besluit", "outcome", "codes"),
    [
        (HandmatigBesluit(action="approve", by="MdV", why="tarief nagevraagd"), Outcome.APPROVED, ()),
        (HandmatigBesluit(action="reject", codes=("0611",), by="MdV", why="x"), Outcome.REJECTED, ("0611",)),
        (HandmatigBesluit(action="reject", codes=("9321",), by="MdV", why="x"), Outcome.UNDECIDED, ()),
        (HandmatigBesluit(action="reject", by="MdV", why="x"), Outcome.UNDECIDED, ()),
    ],
)
def test_a_person_may_close_a_line(besluit: HandmatigBesluit, outcome: Outcome, codes: tuple[str, ...]) -> None:
    """6.3: approved, or rejected with a code of a rule that was UNKNOWN; other codes are refused."""
    line = regel("RN200", 20072, "02/02A03", AUG, 900, "01", 93750, tarief=104)

    found = assess(bericht((B1, [line])), ref.stand(), NO_TARIFF, SEPTEMBER_5, besluiten={"RN200": besluit})

    assert (found.lines[0].outcome, found.lines[0].codes) == (outcome, codes)
    assert ("BESLUIT" in [f.code for f in found.findings]) is (outcome is Outcome.UNDECIDED)


def test_a_hold_can_only_be_lifted_by_approval() -> None:
    """6.3: a line held with MANUAL_HOLD alone has no code to reject it with; a failing line is rejected anyway."""
    hold = HandmatigBesluit(action="hold", by="MdV", why="steekproef")

    held = _assess(bericht((B1, [RN200])), besluiten={"RN200": hold})
    failing = _assess(bericht((B1, [RN201])), besluiten={"RN201": hold})

    assert held.lines[0].reasons == ("MANUAL_HOLD",)
    assert failing.lines[0].codes == ("9369",)


def test_assessing_changes_nothing_until_it_is_committed() -> None:
    """5.3: all effects are committed together; the same input gives the same answer (5.6)."""
    state = ref.stand()
    before = state.canonical()

    first, second = (assess(PARTLY, state, ref.CONTRACT, SEPTEMBER_5) for _ in range(2))

    assert state.canonical() == before
    assert first == second


class _LookUpOnly(dict):  # type: ignore[type-arg]
    """A register that may be asked for one entry and never be walked through."""

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("walked through the history")

    keys = values = items = __iter__  # type: ignore[assignment]


def test_assessing_looks_up_and_never_walks_through_the_history() -> None:
    """5.1: the cost of a declaration does not depend on what was assessed before."""
    state = ref.stand()
    for name in ("toewijzingen", "verbruik", "by_month", "zero_by_month", "referenties", "identificaties"):
        setattr(state, name, _LookUpOnly(getattr(state, name)))

    assert verwerk(state, PARTLY).verdict == "partly"


def test_replay_gives_the_same_state() -> None:
    """5.6: two folds of one log give byte-identical state."""
    states = [ref.stand(), ref.stand()]
    for state in states:
        verwerk(state, PARTLY)

    assert states[0].canonical() == states[1].canonical()
    assert states[0].broken_invariants() == ()


def test_an_invariant_that_breaks_is_named() -> None:
    """5.2: I1–I6 can be checked at any time."""
    state = ref.stand()
    key = (ref.GEMEENTE, 20072)
    state.verbruik[key] = msgspec.structs.replace(state.verbruik[key], used_volume=1, used_amount=2, open_debits=3)
    state.by_month.clear()
    state.granted.clear()
    line = state.referenties[ref.GEMEENTE, ref.AANBIEDER, "RN099"]
    state.referenties[ref.GEMEENTE, ref.AANBIEDER, "RN099"] = msgspec.structs.replace(line, credited_by="RNxxx")

    broken = state.broken_invariants()

    assert {text.split()[0] for text in broken} == {"I1", "I2", "I3", "I4", "I5", "I6"}
