"""The history in memory: what counts, whatever the order in which messages were added."""

from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.berichten.historie import Dossier, History, Kenmerk, Levering, kenmerk
from tests.berichten.historie.voorbeelden import (
    AANBIEDER,
    ANDERE_BSN,
    BEGIN,
    BSN,
    EIND,
    GEMEENTE,
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
    m325,
    prestatie,
    retour_op,
    start,
    stop,
    toegewezen,
    verwijderd,
)
from tests.cost import is_linear

DOSSIER = Dossier(GEMEENTE, AANBIEDER, BSN)
LATER = dag("2026-02-16")


def einddatums(history, nummer=101):
    return [v.product.einddatum for v in history.toewijzing(GEMEENTE, nummer)]


def test_an_empty_history_knows_nothing():
    history = History.of([])
    assert history.bericht(Kenmerk("WMO301", GEMEENTE, "B1")) is None
    assert history.retour(Kenmerk("WMO301", GEMEENTE, "B1")) is None
    assert history.toewijzing(GEMEENTE, 101) == history.toewijzingen(DOSSIER) == history.verzoeken(DOSSIER) == ()
    assert history.starts(DOSSIER) == history.stops(DOSSIER) == frozenset()
    assert history.verzoek(GEMEENTE, AANBIEDER, "VOT-1") is None
    assert history.antwoorden(GEMEENTE, AANBIEDER, "VOT-1") == history.toegewezen(GEMEENTE, AANBIEDER, "VOT-1") == ()
    assert history.open_debetregels(GEMEENTE, 101) == 0


def test_versions_are_ordered_by_toewijzingsdatum_and_tijd_and_not_by_arrival():
    """IV013, OP033x1, OP080."""
    nieuw = m301(toegewezen(einddatum=LATER, moment="2026-02-02T10:00:01"))
    oud = m301(toegewezen(einddatum=EIND, moment="2026-02-02T10:00:00"))
    assert einddatums(History.of([nieuw, oud])) == einddatums(History.of([oud, nieuw])) == [EIND, LATER]


def test_a_rejected_version_counts_as_not_sent():
    """OP286, IV032; reconciliation 1.1: in force is the newest version that was not rejected."""
    oud = m301()
    nieuw = m301(toegewezen(einddatum=LATER, moment="2026-02-02T10:00:00"))
    assert einddatums(History.of([oud, nieuw])) == [EIND, LATER]
    assert einddatums(History.of([retour_op(nieuw, "0200"), oud, nieuw])) == [EIND, LATER]
    assert einddatums(History.of([retour_op(nieuw, "0001"), oud, nieuw])) == [EIND]


def test_a_version_rejected_in_one_message_counts_once_it_was_sent_again():
    """One version may be in several 301s: a repeat keeps Toewijzingsdatum and Toewijzingstijd (IV013)."""
    eerst, opnieuw = m301(), m301()
    history = History.of([eerst, opnieuw, retour_op(eerst, "9379")])
    assert [v.bron for v in history.toewijzing(GEMEENTE, 101)] == [kenmerk(opnieuw)]


def test_a_repeat_is_the_same_version_and_keeps_the_reason_it_was_recorded_with():
    """IV099: a repeat has no RedenWijziging; a removed allocation stays removed."""
    weg = m301(verwijderd(), dagtekening=dag("2026-02-02"))
    herhaald = m301(toegewezen(moment="2026-02-02T10:00:00", einddatum=BEGIN), dagtekening=dag("2026-02-03"))
    for history in (History.of([weg, herhaald]), History.of([herhaald, weg])):
        (versie,) = history.toewijzing(GEMEENTE, 101)
        assert versie.is_verwijderd
        assert not versie.is_actueel(BEGIN)


def test_of_two_versions_of_one_moment_the_changed_one_stays():
    """C07: what was recorded first; within a day, what was changed before what was repeated."""
    wijziging = m301(toegewezen(einddatum=LATER, reden_wijziging="05"), id="Z")
    herhaling = m301(toegewezen(einddatum=LATER), id="A")
    for history in (History.of([wijziging, herhaling]), History.of([herhaling, wijziging])):
        assert [v.product.reden_wijziging for v in history.toewijzing(GEMEENTE, 101)] == ["05"]


def test_an_allocation_is_current_up_to_and_including_its_last_day():
    (versie,) = History.of([m301(toegewezen(einddatum=LATER))]).toewijzingen(DOSSIER)
    assert [versie.is_actueel(dag(d)) for d in ("2026-02-15", "2026-02-16", "2026-02-17")] == [True, True, False]


def test_a_client_has_no_allocations_that_were_rejected_or_are_now_anothers():
    """TR332: a number that went to another client is not this client's, whatever it was before."""
    afgekeurd = m301()
    assert History.of([afgekeurd, retour_op(afgekeurd, "0001")]).toewijzingen(DOSSIER) == ()
    ander = m301(toegewezen(moment="2026-02-02T10:00:00"), bsn=ANDERE_BSN)
    assert History.of([m301(), ander]).toewijzingen(DOSSIER) == ()


def test_a_message_approved_once_counts_whatever_else_was_answered():
    bericht = m305()
    for codes in ((), ("0001",)):
        antwoorden = [retour_op(bericht, *codes), retour_op(bericht, *codes[1:])]
        assert History.of([bericht, *antwoorden]).starts(DOSSIER) == {Levering.of(start())}


def test_an_allocation_of_one_day_is_not_a_removed_one():
    """1.1: only RedenWijziging 13, or 01 with equal dates, removes."""
    eendaags = History.of([m301(toegewezen(einddatum=BEGIN, reden_wijziging="05"))])
    vervallen = History.of([m301(toegewezen(einddatum=BEGIN, reden_wijziging="01"))])
    assert [v.is_verwijderd for h in (eendaags, vervallen) for v in h.toewijzingen(DOSSIER)] == [False, True]


def test_of_a_client_the_version_in_force_of_each_allocation():
    history = History.of([m301(toegewezen(101), toegewezen(102)), m301(verwijderd(102)), m301(bsn=ANDERE_BSN)])
    in_kracht = {v.product.toewijzing_nummer: v.is_verwijderd for v in history.toewijzingen(DOSSIER)}
    assert in_kracht == {101: False, 102: True}


def test_a_deleted_start_counts_as_not_sent_and_can_be_sent_again():
    """IV008: start, deletion, and start again with the same key, in whatever order they arrive."""
    eerst, weg, opnieuw = m305(), m305(start(status="3")), m305()
    levering = Levering.of(start())
    assert History.of([eerst]).starts(DOSSIER) == {levering}
    assert History.of([weg, eerst]).starts(DOSSIER) == frozenset()
    assert History.of([opnieuw, weg, eerst]).starts(DOSSIER) == {levering}
    assert History.of([eerst, weg, retour_op(weg, "0200", "9071")]).starts(DOSSIER) == {levering}


def test_a_stop_names_the_start_it_belongs_to():
    (gestopt,) = History.of([m307()]).stops(DOSSIER)
    assert gestopt.start == Levering.of(start())
    assert (gestopt.reden, gestopt.einddatum) == ("19", VANDAAG)


def test_requests_with_their_answers_and_allocations():
    vot, vow = m315(aangevraagd("VOT-1"), aangevraagd("VOT-2")), m317(referentie="VOW-1")
    toewijzing = m301(toegewezen(referentie_aanbieder="VOT-2"))
    history = History.of([vot, vow, m319("VOT-1", "2"), m319("VOT-1", "1"), toewijzing])
    assert [v.referentie for v in history.verzoeken(DOSSIER)] == ["VOT-1", "VOT-2", "VOW-1"]
    assert history.antwoorden(GEMEENTE, AANBIEDER, "VOT-1") == ("2", "1")
    assert [v.bron for v in history.toegewezen(GEMEENTE, AANBIEDER, "VOT-2")] == [kenmerk(toewijzing)]
    gevonden = history.verzoek(GEMEENTE, AANBIEDER, "VOW-1")
    assert gevonden is not None
    assert gevonden.bron == kenmerk(vow)


def test_a_rejected_request_and_a_rejected_answer_count_as_not_sent():
    vot, antwoord = m315(), m319()
    history = History.of([vot, antwoord, retour_op(antwoord, "0200"), retour_op(vot, "0001")])
    assert history.verzoek(GEMEENTE, AANBIEDER, "VOT-1") is None
    assert history.antwoorden(GEMEENTE, AANBIEDER, "VOT-1") == ("1",)


def test_a_message_of_another_standard_is_left_out():
    """A folder of earlier messages may hold iJw as well."""
    bericht = m301()
    ander = msgspec.structs.replace(bericht, header=msgspec.structs.replace(bericht.header, bericht_code="436"))
    assert History.of([ander]).toewijzingen(DOSSIER) == ()


def test_a_name_used_twice_leaves_the_first_message_in_force():
    """TR056, C23: the second message changes nothing, and neither does its refusal."""
    eerst, ander = m301(toegewezen(101), id="X1"), m301(toegewezen(102), id="X1")
    history = History.of([eerst, ander, retour_op(eerst), retour_op(ander, "9056")])
    assert history.bericht(kenmerk(eerst)) == eerst
    assert [v.product.toewijzing_nummer for v in history.toewijzingen(DOSSIER)] == [101]
    retour = history.retour(kenmerk(eerst))
    assert retour is not None
    assert retour.header.retour_codes == ()


def test_without_this_very_message_the_rest_remains():
    """A repeat is judged like the first time; another message under its name is not a repeat."""
    bericht, ander = m305(id="X1"), m305(start(begindatum=LATER))
    history = History.of([bericht, ander])
    assert history.zonder(bericht).starts(DOSSIER) == {Levering.of(start(begindatum=LATER))}
    assert history.zonder(bericht).bericht(kenmerk(bericht)) is None
    assert len(history.starts(DOSSIER)) == 2
    vreemd = m305(start(begindatum=dag("2026-02-20")), id="X1")
    assert history.zonder(vreemd).bericht(kenmerk(vreemd)) == bericht


def test_an_approved_line_is_open_until_an_approved_credit():
    """TR385: approved are the lines of an answered declaration that its WMO325 does not return (OP303)."""
    regel = prestatie("P1")
    declaratie, credit = m323(regel, prestatie("P2")), m323(prestatie("P3", vorig="P1"))
    open_regels = [
        History.of([declaratie]),  # not answered yet
        History.of([declaratie, m325(declaratie)]),
        History.of([declaratie, m325(declaratie, codes=("0200",), afgewezen=(regel,))]),
        History.of([declaratie, m325(declaratie, codes=("9333",))]),
        History.of([declaratie, m325(declaratie, kop_codes=("0001",))]),
        History.of([credit, declaratie, m325(declaratie), m325(credit, id="A2")]),
    ]
    assert [h.open_debetregels(GEMEENTE, 101) for h in open_regels] == [0, 2, 1, 0, 0, 1]


def test_an_answer_to_a_declaration_has_a_name_of_its_own():
    declaratie = m323()
    antwoord = m325(declaratie, id="A7")
    history = History.of([antwoord, declaratie])
    assert history.bericht(Kenmerk("WMO325", GEMEENTE, "A7")) == antwoord
    assert history.retour(kenmerk(declaratie)) == antwoord


WISSELEND = [
    m315(id="V1"),
    eerste := m301(toegewezen(referentie_aanbieder="VOT-1"), id="T1"),
    m301(toegewezen(einddatum=LATER, moment="2026-02-02T10:00:00", reden_wijziging="05"), id="T2"),
    tweede := m305(id="S1"),
    retour_op(tweede, "9019"),
    retour_op(eerste),
    m305(start(begindatum=LATER), id="S2"),
    m307(stop(begindatum=LATER), id="E1"),
    m307(stop(begindatum=LATER, status="3"), id="E2"),
    m319("VOT-1", "2"),
    declaratie := m323(),
    m325(declaratie),
]


@given(st.permutations(WISSELEND))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_has_no_meaning(berichten):
    """OP080."""
    assert wat_telt(History.of(berichten)) == wat_telt(History.of(WISSELEND))


def wat_telt(history):
    vraag = (GEMEENTE, AANBIEDER, "VOT-1")
    return (
        history.toewijzing(GEMEENTE, 101),
        history.toewijzingen(DOSSIER),
        history.starts(DOSSIER),
        history.stops(DOSSIER),
        history.verzoeken(DOSSIER),
        history.antwoorden(*vraag),
        history.toegewezen(*vraag),
        history.open_debetregels(GEMEENTE, 101),
    )


def test_many_messages_load_and_answer_in_linear_time():
    """If each message cost as much as all before it, twice as many would cost four times as much."""

    def loading(many: int) -> Callable[[], object]:
        berichten = [m301(toegewezen(n), bsn=f"{n:09}", id=f"T{n}") for n in range(many)]
        berichten += [m305(start(n), bsn=f"{n:09}", id=f"S{n}") for n in range(many)]

        def load() -> None:
            history = History.of(berichten)
            for n in range(many):
                dossier = Dossier(GEMEENTE, AANBIEDER, f"{n:09}")
                assert len(history.toewijzingen(dossier)) == len(history.starts(dossier)) == 1

        return load

    assert is_linear(loading, 1_000)
