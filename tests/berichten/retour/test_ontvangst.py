"""A return message received: what it answers and how it is filled (IV028)."""

import msgspec
import pytest

from gateway.berichten import build
from gateway.berichten.historie import History
from gateway.berichten.retour import controleer, retour
from tests.berichten.historie.voorbeelden import VANDAAG, dag, m301, m305, m315, m317, m319, retour_op, start
from tests.berichten.niveau3.test_overtredingen import BRONNEN


def afkeuring(bericht, *eerder):
    """A real rejection of a message, with a body."""
    answer = retour(build(bericht), today=VANDAAG, earlier=History.of(eerder), sources=BRONNEN)
    assert answer.oordeel == "afgekeurd"
    return answer.retour


def fouten(antwoord, *verstuurd):
    gevonden = controleer(antwoord, History.of(verstuurd))
    assert all((f.code, f.severity) == ("IV028", "error") for f in gevonden)
    return [f.path for f in gevonden]


@pytest.mark.parametrize("bericht", [m305(), m317(), m319()], ids=lambda b: type(b).__module__[-6:])
def test_an_answer_to_what_was_sent_is_good(bericht):
    for antwoord in (retour_op(bericht), retour_op(bericht, "0001"), afkeuring(bericht)):
        assert fouten(antwoord, bericht) == []


def test_an_answer_to_a_message_never_sent_is_a_finding():
    assert fouten(retour_op(m305()), m305(id="ANDER")) == ["/Bericht/Header/BerichtIdentificatie/Identificatie"]


def test_an_answer_belongs_to_its_own_kind_of_message():
    """A WMO306 does not answer a WMO315 of the same name."""
    assert fouten(retour_op(m305(id="X1")), m315(id="X1")) == ["/Bericht/Header/BerichtIdentificatie/Identificatie"]


def test_without_earlier_messages_nothing_is_concluded():
    (bevinding,) = controleer(retour_op(m305()), None)
    assert (bevinding.code, bevinding.severity) == ("IV028", "unchecked")


def test_a_header_that_was_not_copied_is_a_finding():
    bericht = m305()
    antwoord = anders(retour_op(bericht), ontvanger="0363")
    assert fouten(antwoord, bericht) == ["/Bericht/Header/Ontvanger"]


def anders(antwoord, **header):
    return msgspec.structs.replace(antwoord, header=msgspec.structs.replace(antwoord.header, **header))


def test_an_answer_dated_before_its_message_is_a_finding():
    bericht = m305()
    antwoord = anders(retour_op(bericht), dagtekening_retour=dag("2026-03-01"))
    assert fouten(antwoord, bericht) == ["/Bericht/Header/DagtekeningRetour"]


def test_content_that_was_not_copied_is_a_finding():
    """IV028: all classes unchanged."""
    antwoord = afkeuring(m305(start(102), id="X1"))
    assert fouten(antwoord, m305(start(103), id="X1")) == ["/Bericht/Client"]


def test_a_second_and_different_answer_is_a_finding_and_a_repeat_is_not():
    """IV028: one return message per message."""
    bericht = m301()
    goed, fout = retour_op(bericht), retour_op(bericht, "9056")
    assert fouten(goed, bericht, goed) == []
    assert fouten(retour_op(bericht, "0001"), bericht, goed) == ["/Bericht/Header"]
    assert fouten(fout, bericht) == []


def test_codes_that_contradict_the_form_are_findings():
    bericht = m305()
    met_body = afkeuring(bericht)
    assert fouten(anders(met_body, retour_codes=("0001",)), bericht) == ["/Bericht/Header/RetourCodes"]
    assert fouten(retour_op(bericht, "0200"), bericht) == ["/Bericht/Header/RetourCodes"]
    client = met_body.client
    zonder = msgspec.structs.replace(client.start_producten[0], retour_codes=("0200",))
    leeg = msgspec.structs.replace(met_body, client=msgspec.structs.replace(client, start_producten=(zonder,)))
    assert fouten(leeg, bericht) == ["/Bericht/Client"]
