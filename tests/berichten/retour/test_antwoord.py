"""The answer to a message: the return message that IV028 and IV032 prescribe for each outcome."""

import datetime as dt
import random
from collections.abc import Callable

import msgspec
import pytest
from lxml import etree

from gateway.berichten import OngeldigBericht, build, iwmo, parse, read
from gateway.berichten.historie import History
from gateway.berichten.retour import retour
from gateway.berichten.retour.antwoord import voorstel
from gateway.berichten.soorten import SOORTEN
from tests.berichten.historie.voorbeelden import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    BSN,
    GEMEENTE,
    HEENBERICHTEN,
    VANDAAG,
    aangevraagd,
    dag,
    m301,
    m305,
    m307,
    m315,
    m317,
    m319,
    m323,
    ongewijzigd,
    retour_op,
    start,
    stop,
    te_wijzigen,
    toegewezen,
)
from tests.berichten.messages import random_message
from tests.berichten.niveau3.test_overtredingen import BRONNEN
from tests.cost import is_linear

MORGEN = VANDAAG + dt.timedelta(days=1)
EERDER = {  # what makes the message without arguments a good one
    m301: (),
    m305: (m301(),),
    m307: (m301(), m305()),
    m315: (),
    m317: (m301(),),
    m319: (m315(),),
}
ELK = pytest.mark.parametrize("maak", HEENBERICHTEN, ids=lambda m: m.__name__)


def antwoord_op(bericht, eerder=(), **overig):
    overig = {"today": VANDAAG, "earlier": History.of(eerder), "sources": BRONNEN} | overig
    answer = retour(build(bericht), **overig)
    if answer.data is not None:
        soort = answer.soort
        assert iwmo().by_soort(soort).validator.validate(etree.fromstring(answer.data))
        assert parse(answer.data) == answer.retour
    return answer


def codes(answer):
    return answer.retour.header.retour_codes


@ELK
def test_a_good_message_gets_a_header_without_codes_and_no_body(maak):
    """IV028: no faults."""
    bericht = maak()
    answer = antwoord_op(bericht, EERDER[maak])
    assert (answer.oordeel, answer.findings, codes(answer)) == ("goedgekeurd", (), ())
    assert body(answer) is None
    assert answer.soort == SOORTEN[type(bericht).__module__[-6:].upper()].retour


def body(answer):
    return getattr(answer.retour, "client", None) or getattr(answer.retour, "antwoord", None)


@ELK
def test_the_header_is_copied_unswapped_with_a_code_date_and_name_of_its_own(maak):
    """IV028: only BerichtCode changes; Afzender and Ontvanger stay."""
    bericht = maak()
    answer = antwoord_op(bericht, EERDER[maak], today=MORGEN, identificatie="RET-1")
    heen, terug = msgspec.to_builtins(bericht.header), msgspec.to_builtins(answer.retour.header)
    assert {k: v for k, v in terug.items() if heen.get(k) != v} == {
        "berichtCode": str(int(bericht.header.bericht_code) + 1),
        "identificatieRetour": "RET-1",
        "dagtekeningRetour": MORGEN.isoformat(),
        "xsdVersieRetour": {"basisschemaXsdVersie": "1.0.0", "berichtXsdVersie": "1.0.0"},
    }
    assert set(heen) < set(terug)


@ELK
def test_a_header_fault_of_level_3_or_4_gives_only_the_header_with_all_its_codes(maak):
    answer = antwoord_op(maak(gemeente="0998", dagtekening=MORGEN), EERDER[maak])
    assert (answer.oordeel, body(answer)) == ("afgekeurd", None)
    assert codes(answer) == ("8848", "S300")


def test_a_message_against_its_schema_gets_no_return_message():
    """IV028, level 1: the sender is told outside the messages."""
    data = build(m305()).replace(b"<Begindatum>2026-01-05", b"<Begindatum>5 januari")
    answer = retour(data, today=VANDAAG)
    assert (answer.oordeel, answer.soort, answer.retour, answer.data) == ("geweigerd", None, None, None)
    assert [f.level for f in answer.findings] == [1]
    assert retour(b"geen xml", today=VANDAAG).oordeel == "geweigerd"


def test_a_fault_of_level_2_gives_0001_on_the_header_and_nothing_else():
    """IV028: without XsltVersie, because the finding is not one of the official XSLT; levels 3 and 4 are not judged."""
    answer = antwoord_op(m307(stop(begindatum=MORGEN), bsn="999900007"))
    assert (answer.oordeel, codes(answer), body(answer)) == ("afgekeurd", ("0001",), None)
    assert answer.retour.header.xslt_versie is None
    assert {f.level for f in answer.findings} == {2}
    assert {"CS002", "TR018"} <= {f.code for f in answer.findings}


def test_a_fault_in_the_body_returns_the_whole_client_with_a_code_per_class():
    """IV028, the example of the standard: deletion of a start that was never sent (TR063)."""
    answer = antwoord_op(m305(start(), start(102, status="3")), (m301(),))
    client = body(answer)
    assert answer.oordeel == "afgekeurd"
    assert (codes(answer), client.retour_codes) == (("0200",), ("0200",))
    assert [s.retour_codes for s in client.start_producten] == [("0200",), ("9063",)]
    assert client.bsn == BSN


def test_a_class_with_several_faults_carries_each_code_once():
    eerder = (m301(), m305(), m307(stop(einddatum=dag("2026-02-16"))))
    fout = stop(reden="20", einddatum=dag("2026-02-09"), categorie="07")
    ander = stop(reden="20", einddatum=dag("2026-02-09"))
    (een, twee) = body(antwoord_op(m307(fout, ander), eerder)).stop_producten
    assert een.retour_codes == ("9069", "9414", "9415", "S329")
    assert twee.retour_codes == ("9413", "9414", "9415")


def test_classes_without_fault_get_0200_at_every_depth():
    """WMO302: Contact and Relatie are classes of their own."""
    answer = antwoord_op(m301(toegewezen(referentie_aanbieder="VOT-9"), toegewezen(102, code="02A04")))
    client = body(answer)
    assert [c.retour_codes for c in client.contactgegevens] == [("0200",)]
    assert [p.retour_codes for p in client.toegewezen_producten] == [("9379",), ("0200",)]


def test_below_a_rejected_class_nothing_counts_as_judged():
    """0233: with an unknown client (8187) what was asked for is not looked at (IV028, as in IV087)."""
    client = body(antwoord_op(m317(te_wijzigen(), ongewijzigd(102))))
    assert client.retour_codes == ("8187",)
    assert client.verzoek.retour_codes == ("0233",)
    onder = (*client.verzoek.te_wijzigen_producten, *client.verzoek.ongewijzigde_producten)
    assert [p.retour_codes for p in onder] == [("0233",), ("0233",)]


def test_above_a_rejected_class_there_is_no_remark():
    client = body(antwoord_op(m317(te_wijzigen(omvang=None)), (m301(),)))
    assert (client.retour_codes, client.verzoek.retour_codes) == (("0200",), ("0200",))
    assert client.verzoek.te_wijzigen_producten[0].retour_codes == ("9411",)


def test_a_rejected_answer_returns_its_antwoord():
    answer = antwoord_op(m319("VOT-9"))
    assert (codes(answer), body(answer).retour_codes) == (("0200",), ("9355",))


def test_what_was_copied_is_what_was_sent():
    """IV028: all classes of the client are taken over unchanged."""
    bericht = m315(aangevraagd("VOT-1"), aangevraagd("VOT-2", categorie="07", code="07A01"))
    answer = antwoord_op(bericht, (m315(),))
    assert zonder_codes(msgspec.to_builtins(body(answer))) == zonder_codes(msgspec.to_builtins(bericht.client))


def zonder_codes(deel):
    if isinstance(deel, dict):
        return {k: zonder_codes(v) for k, v in deel.items() if k != "retourCodes"}
    return [zonder_codes(d) for d in deel] if isinstance(deel, list | tuple) else deel


def test_what_could_not_be_judged_is_said_and_never_called_good():
    answer = antwoord_op(m305(), earlier=None)
    assert answer.oordeel == "onbeslist"
    assert {f.code for f in answer.findings} == {"TR019", "TR056", "TR063", "TR071", "TR074", "TR326"}
    assert {f.severity for f in answer.findings} == {"unchecked"}
    assert codes(answer) == ()


def test_one_fault_is_enough_whatever_else_could_not_be_judged():
    answer = antwoord_op(m301(toegewezen(code="07A01")), earlier=None)
    assert (answer.oordeel, codes(answer)) == ("afgekeurd", ("0200",))
    assert {f.severity for f in answer.findings} == {"error", "unchecked"}


def test_findings_point_at_the_line():
    (fout,) = antwoord_op(m305(start(102)), (m301(),)).findings
    bron = build(m305(start(102))).decode().splitlines()
    assert (fout.code, fout.retourcode, fout.level) == ("TR019", "9019", 3)
    assert "<ToewijzingNummer>102" in bron[fout.line - 1]


def test_a_message_that_was_read_already_gets_the_same_answer():
    """It is read once; only the lines in the file are not looked up."""
    data, context = build(m305(start(102))), {"today": VANDAAG, "earlier": History.of([m301()]), "sources": BRONNEN}
    answer = retour(data, **context)
    again = retour(b"", reading=read(data), **context)
    without = tuple(msgspec.structs.replace(each, line=None) for each in answer.findings)
    assert again == msgspec.structs.replace(answer, findings=without)


@ELK
def test_the_same_message_gets_the_same_answer_whatever_came_after(maak):
    """Once in history, as sent and answered, it is neither a double (TR056, TR074, TR347) nor judged anew."""
    bericht = maak(id="X1")
    eerste = antwoord_op(bericht, EERDER[maak])
    onbeantwoord = antwoord_op(bericht, (*EERDER[maak], bericht))
    assert (onbeantwoord.data, onbeantwoord.herhaling) == (eerste.data, False)
    later = (*EERDER[maak], bericht, eerste.retour)
    herhaald = antwoord_op(bericht, later, today=MORGEN, identificatie="ANDERS")
    assert (herhaald.data, herhaald.oordeel, herhaald.herhaling) == (eerste.data, "goedgekeurd", True)


def test_a_rejection_is_repeated_as_well():
    bericht = m305()
    eerste = antwoord_op(bericht)
    herhaald = antwoord_op(bericht, (bericht, eerste.retour, m301()))
    assert (herhaald.data, herhaald.oordeel) == (eerste.data, "afgekeurd")


def test_another_message_under_a_used_name_is_rejected_with_9056():
    eerder = (m301(id="X1"), retour_op(m301(id="X1")))
    answer = antwoord_op(m301(toegewezen(102), id="X1"), eerder)
    assert (answer.oordeel, codes(answer), answer.herhaling) == ("afgekeurd", ("9056",), False)


def test_the_proposed_name_is_the_content_of_the_message():
    """IdentificatieRetour: at most 12 characters, the same for the same message, another for another."""
    een, twee = m305(id="X1"), m305(start(102), id="X1")
    assert voorstel(een) == voorstel(parse(build(een)))
    assert voorstel(een) != voorstel(twee)
    assert len(voorstel(een)) == 12
    assert antwoord_op(een, (m301(),)).retour.header.identificatie_retour == voorstel(een)


def test_a_name_that_is_none_is_a_mistake_of_the_caller():
    with pytest.raises(OngeldigBericht):
        antwoord_op(m301(), identificatie="MEER DAN TWAALF TEKENS")


@pytest.mark.parametrize(("bericht", "code"), [(m323(), "IV087"), (retour_op(m301()), "IV028")])
def test_a_declaration_and_an_answer_get_no_return_message(bericht, code):
    answer = retour(build(bericht), today=VANDAAG)
    assert (answer.oordeel, answer.retour) == ("geweigerd", None)
    assert [f.code for f in answer.findings] == [code]


def test_a_message_for_another_municipality_gets_s300():
    """TR378 and C47."""
    answer = antwoord_op(m305(), (m301(),), own=("0363",))
    assert (answer.oordeel, codes(answer), body(answer)) == ("afgekeurd", ("S300",), None)
    assert antwoord_op(m305(), (m301(),), own=(GEMEENTE,)).oordeel == "goedgekeurd"


def test_its_own_code_needs_no_list_of_municipalities():
    """TR378: without a CBS list only the own codes are compared; a sender's code then stays unchecked."""
    zonder = {"productcodes": BRONNEN["productcodes"], "gemeentecodes": None}
    assert antwoord_op(m305(), (m301(),), own=(GEMEENTE,), sources=zonder).oordeel == "goedgekeurd"
    answer = antwoord_op(m301(), own=(AANBIEDER,), sources=zonder)
    assert [(f.code, f.severity) for f in answer.findings] == [("TR378", "unchecked")]


def test_the_list_of_municipalities_of_the_release_is_used_for_its_own_days():
    """TR378: municipalities change on 1 January, so an old list does not call a new code wrong."""
    producten = {"productcodes": BRONNEN["productcodes"]}
    for today, oordeel in ((VANDAAG, "afgekeurd"), (dag("2027-01-01"), "onbeslist")):
        assert antwoord_op(m301(gemeente="0998"), sources=producten, today=today).oordeel == oordeel
    assert antwoord_op(m301(gemeente=GEMEENTE), sources=producten).oordeel == "goedgekeurd"


def test_a_list_that_says_nothing_about_a_day_decides_nothing():
    answer = antwoord_op(m301(gemeente="0998"), today=dag("2024-12-31"))
    assert ("TR378", "unchecked") in {(f.code, f.severity) for f in answer.findings}


def test_a_message_for_another_provider_is_refused_because_no_code_fits():
    """OP090x2: what cannot be answered is told outside the messages."""
    answer = antwoord_op(m301(), own=(ANDERE_AANBIEDER,))
    assert (answer.oordeel, [f.code for f in answer.findings]) == ("geweigerd", ["OP090x2"])
    assert antwoord_op(m301(), own=(AANBIEDER,)).oordeel == "goedgekeurd"


@pytest.mark.parametrize("soort", [m.__name__.replace("m", "WMO") for m in HEENBERICHTEN])
def test_any_valid_message_gets_an_answer_that_is_valid(soort):
    """Whatever is legal by the schema is judged without raising, against a history of equally odd messages."""
    schemas = {s: iwmo().by_soort(s).schema for s in (*SOORTEN,) if s not in ("WMO323", "WMO325")}
    rng = random.Random(soort)
    eerder = [parse(tekst(schema, rng)) for schema in schemas.values() for _ in range(3)]
    for _ in range(60):
        answer = retour(tekst(schemas[soort], rng), today=VANDAAG, earlier=History.of(eerder), sources=BRONNEN)
        assert answer.data is None or parse(answer.data) == answer.retour
        assert (answer.retour is None) == (answer.oordeel == "geweigerd")


def tekst(schema, rng):
    return etree.tostring(random_message(schema, rng))


def test_a_message_with_very_many_parts_is_judged_in_time():
    """No rule compares all parts with all others."""
    eerder = History.of([m301(), m305()])

    def judging(many: int) -> Callable[[], object]:
        veel = (
            stop(reden=("20", "19")[n % 2], einddatum=dag("2026-01-06") + dt.timedelta(days=n)) for n in range(many)
        )
        data = build(m307(*veel))
        return lambda: retour(data, today=VANDAAG, earlier=eerder, sources=BRONNEN)

    assert judging(10)().oordeel == "afgekeurd"
    assert is_linear(judging, 500)
