"""State from messages that lie in folders (5.2, 5.4): the same as a gateway would have kept."""

from datetime import date
from itertools import permutations

import pytest

from gateway.berichten.deel import Deel
from gateway.reconcile.beoordeling import assess
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.state import State
from gateway.reconcile.toewijzingen import Antwoord301, Status
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, bericht, regel

AUG = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)
M301 = [ref.bericht_301(f"T{v.toewijzing_nummer}", "2024-12-20", v) for v in ref.VERSIES]


def _history() -> list[Deel]:
    state = ref.stand(geschiedenis=False)
    answers = [ref.antwoord_op(ref.JUNI, state, "2025-07-12"), ref.antwoord_op(ref.JULI, state, "2025-08-12")]
    return [*M301, ref.JUNI, ref.JULI, *answers]


def test_history_from_messages_equals_history_that_was_kept() -> None:
    """5.2: use, months, references and credits come out the same as when every message was assessed."""
    found = uit_berichten(_history())

    kept = ref.stand()
    assert found.findings == ()
    assert found.state.verbruik == kept.verbruik
    assert found.state.by_month == kept.by_month
    assert found.state.referenties == kept.referenties
    assert found.state.declaratienummers == kept.declaratienummers
    assert found.state.perioden == kept.perioden
    assert found.state.granted == kept.granted
    assert found.state.broken_invariants() == ()


def test_the_order_of_files_does_not_matter() -> None:
    """OP080: order of arrival has no meaning; dates in the messages order what needs order."""
    declarations = _history()[len(M301) :]

    states = {uit_berichten([*M301, *order]).state.canonical() for order in permutations(declarations)}

    assert len(states) == 1


def test_a_declaration_is_judged_with_this_history() -> None:
    """`declaratie check`: 12 hours in July and 15 in August make 27."""
    state = uit_berichten(_history()).state

    assert assess(bericht((B1, [AUG])), state, ref.CONTRACT, date(2025, 9, 5)).verdict == "approved"


def test_a_302_decides_which_version_counts() -> None:
    """1.1: accepted, rejected with codes, or still unanswered."""
    newer = ref.versie(20072, B1, "02/02A03", "2025-07-07..2025-08-15", "3 04 2", vastgesteld="2025-07-20")
    first, second = M301[0], ref.bericht_301("T2", "2025-07-20", newer)

    def versions(*messages: Deel) -> list[Antwoord301]:
        toewijzing = uit_berichten([*messages, first, second]).state.toewijzingen[ref.GEMEENTE, 20072]
        return [v.verzendingen[0].antwoord for v in toewijzing.versies]

    assert versions() == [Antwoord301.UNANSWERED, Antwoord301.UNANSWERED]
    assert versions(ref.bericht_302(first)) == [Antwoord301.ACCEPTED, Antwoord301.UNANSWERED]
    assert versions(ref.bericht_302(first), ref.bericht_302(second, "9379")) == [
        Antwoord301.ACCEPTED,
        Antwoord301.REJECTED,
    ]
    state = uit_berichten([first, second, ref.bericht_302(second, "0233", "9379")]).state
    rejected = state.toewijzingen[ref.GEMEENTE, 20072]
    assert rejected.newest.verzendingen[0].codes == ("9379",)
    assert rejected.effective == rejected.versies[0]
    assert rejected.intended == rejected.newest
    assert rejected.newest.status(date(2025, 7, 21)) is Status.REJECTED


def test_a_declaration_without_its_answer_is_open() -> None:
    """5.4: a later declaration on the same allocation waits; the declaration itself is left out of its own history."""
    message = bericht((B1, [AUG]))
    later = bericht(
        (B1, [regel("RN300", 20072, "02/02A03", "2025-08", 1, "04", 6250)]), identificatie="M2", nummer="D2"
    )
    history = [*_history(), message]

    waiting = assess(later, uit_berichten(history).state, ref.CONTRACT, date(2025, 9, 6))
    itself = assess(message, uit_berichten(history, behalve=message).state, ref.CONTRACT, date(2025, 9, 6))

    assert waiting.lines[0].reasons == ("WAITING_EARLIER",)
    assert itself.verdict == "approved"


@pytest.mark.parametrize("code", ["header", "declaratie"])
def test_a_refused_declaration_counts_as_not_sent(code: str) -> None:
    """1.4.1 [C23]: only its identification is used up."""
    state = ref.stand()
    refused = bericht((B1, [AUG]), **({"identificatie": "M20250805A"} if code == "header" else {"nummer": "D202507A"}))
    answer = ref.antwoord_op(refused, state, "2025-09-06")

    found = uit_berichten([*M301, refused, answer]).state

    assert found.referenties == {}
    assert found.declaratienummers == set()
    assert len(found.identificaties) == 1


def test_lines_that_were_not_assessed_stay_so() -> None:
    """4.2: 0233 for every line of an unknown client."""
    state = ref.stand()
    message = bericht((B1, [AUG]), (ref.ONBEKEND, [regel("RN301", 20072, "02/02A03", "2025-08", 1, "04", 6250)]))
    answer = ref.antwoord_op(message, state, "2025-09-06")

    found = uit_berichten([*M301, message, answer]).state

    assert found.referenties[ref.GEMEENTE, ref.AANBIEDER, "RN301"].outcome.value == "notAssessed"


def test_what_does_not_fit_together_is_said() -> None:
    """A 302 or 325 without its message, a credit without its debit: warnings, and no exception."""
    credit = regel("RN202", 20074, "07/07A12", "2025-07", 30, "16", 135000, vorig="RN101")
    message = bericht((B2, [credit]))
    answer = ref.antwoord_op(message, ref.stand(), "2025-09-06")
    lonely_325 = _history()[-1]

    found = uit_berichten([*M301[:1], message, answer, lonely_325, ref.bericht_302(M301[1])])

    assert sorted(f.message for f in found.findings) == [
        "Bij 302 T20073 ontbreekt het 301-bericht waarop het antwoordt.",
        "Bij 323 RN202 ontbreekt de regel die deze terugboeking noemt.",
        "Bij 325 M20250805A ontbreekt het 323-bericht waarop het antwoordt.",
    ]
    assert found.state.broken_invariants() == ()
    assert isinstance(found.state, State)
