"""What a store must find to judge one message: as little as possible, with the same outcome as everything."""

import pytest

from gateway.berichten.historie import History, kenmerk, rond, vindplaatsen, vragen
from gateway.berichten.regels import Context, hits
from tests.berichten.historie.voorbeelden import (
    ANDERE_BSN,
    VANDAAG,
    Kast,
    m301,
    m305,
    m307,
    m315,
    m317,
    m319,
    m323,
    m325,
    retour_op,
    start,
    toegewezen,
    verwijderd,
)
from tests.berichten.niveau3.test_overtredingen import BRONNEN, RIJEN


def oordeel(bericht, history):
    ctx = Context(today=VANDAAG, earlier=history, sources=BRONNEN)
    soort = type(bericht).__module__[-6:].upper()
    return [(rij.code, hit) for rij, hit in hits(bericht, ctx, soort, (3, 4))]


@pytest.mark.parametrize("rij", RIJEN, ids=lambda rij: rij.code)
def test_what_is_found_decides_as_everything_does(rij):
    """Every case of every rule: earlier messages unanswered, all accepted, and the last one rejected."""
    heen = [b for b in rij.eerder if type(b).__module__[-6:] < "wmo323"]
    goed = [retour_op(b) for b in heen]
    for antwoorden in ([], goed, [*goed[:-1], *(retour_op(b, "0001") for b in heen[-1:])]):
        eerder = (*antwoorden, *rij.eerder)
        for bericht in (rij.fout, *rij.goed):
            assert oordeel(bericht, rond(bericht, Kast(eerder).zoek)) == oordeel(bericht, History.of(eerder))


def test_a_removal_finds_declarations_with_their_answers_and_nothing_else_does():
    """TR385: declarations are large, and only a removal asks for them."""
    declaratie = m323()
    kast = Kast([m301(), declaratie, m325(declaratie)])
    verwijdering = m301(verwijderd())
    assert [code for code, _ in oordeel(verwijdering, rond(verwijdering, kast.zoek))] == ["TR385"]
    for bericht in (m301(), m305(), m307(), m317()):
        kast.uitgegeven = 0
        rond(bericht, kast.zoek)
        assert kast.uitgegeven <= 2


def test_the_end_of_a_request_is_found_although_its_answer_names_no_client():
    """A WMO319 has no BSN: it is found by the reference in the request, and then its own return message."""
    eerder = [m315(), antwoord := m319("VOT-1", "1")]
    nieuw = m315(id="N1")
    assert rond(nieuw, Kast(eerder).zoek).antwoorden("0384", "65656055", "VOT-1") == ("1",)
    afgekeurd = [*eerder, retour_op(antwoord, "0001")]
    assert rond(nieuw, Kast(afgekeurd).zoek).antwoorden("0384", "65656055", "VOT-1") == ()


def test_an_answer_finds_what_it_answers():
    verstuurd = m305()
    history = rond(retour_op(verstuurd), Kast([verstuurd, m305()]).zoek)
    assert history.bericht(kenmerk(verstuurd)) == verstuurd


def test_the_messages_about_others_are_left_alone():
    """The cost of judging one message does not grow with the clients of the provider."""
    anderen = [m301(toegewezen(n), bsn=f"{n:09}") for n in range(1000, 2000)]
    anderen += [m305(start(n), bsn=f"{n:09}") for n in range(1000, 2000)]
    kast = Kast([*anderen, m301(), m305()])
    rond(m307(), kast.zoek)
    assert kast.uitgegeven <= 4


def test_keys_tell_apart_what_the_standard_tells_apart():
    assert vindplaatsen(m301()) & vindplaatsen(m301(bsn=ANDERE_BSN)) == {"toewijzing:0384:101"}
    assert not vindplaatsen(m315()) & vindplaatsen(m315(aanbieder="65656056"))
    assert not vragen(m305(id="X1")) & vragen(m305(id="X1", gemeente="0363", bsn=ANDERE_BSN)) - {
        "bericht:WMO305:65656055:X1"
    }
