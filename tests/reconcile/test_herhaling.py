"""Folding and replaying the log (reconciliation 5.6), and the invariants over chance histories (5.2)."""

from datetime import date
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.berichten import wmo323
from gateway.reconcile.beoordeling import assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.herhaling import Anders, Answered301, Event, VersionRecorded, herhaal, recorded, vouw
from gateway.reconcile.state import State
from gateway.reconcile.toewijzingen import Antwoord301
from gateway.reconcile.uitslag import HandmatigBesluit
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, bericht, regel

RN200 = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)
RN201 = regel("RN201", 20076, "06/06A01", "2025-08", 41, "04", 205000)
NO_TARIFF = msgspec.structs.replace(ref.CONTRACT, tarieven=(), revisie="leeg")


class Log:
    """A gateway in small: assesses, commits, and keeps the events."""

    def __init__(self) -> None:
        self.state = State()
        self.events: list[Event] = [VersionRecorded(v) for v in ref.VERSIES]
        self.state.record(ref.VERSIES)

    def assess(self, message: wmo323.Bericht, contract: Contract = ref.CONTRACT, **options: Any) -> None:
        found = assess(message, self.state, contract, date(2025, 9, 5), **options)
        self.events.append(recorded(found, message, options.get("besluiten", {})))
        self.state.commit(found.effects)


def _log() -> Log:
    log = Log()
    log.assess(ref.JUNI)
    log.assess(ref.JULI)
    log.assess(bericht((B1, [RN200, RN201]), (ref.ONBEKEND, [regel("RN9", 1, "02/02A03", "2025-08", 1, "04", 1)])))
    log.assess(bericht((B1, [RN200])))  # 9056
    return log


CONTRACTS = {ref.CONTRACT.revisie: ref.CONTRACT, NO_TARIFF.revisie: NO_TARIFF}


def test_the_fold_is_the_state_that_was_kept() -> None:
    """5.6: byte-identical state, and the same verdict for every line."""
    log = _log()

    result = herhaal(log.events, CONTRACTS)

    assert result.anders == ()
    assert result.state.canonical() == log.state.canonical() == vouw(log.events).canonical()


def test_a_held_declaration_that_was_decided_later() -> None:
    """5.4, 5.6: open first, closed by a person; both events replay."""
    log = _log()
    message = bericht(
        (B2, [regel("RN300", 20077, "03/03A03", "2025-08", 1, "04", 5400)]), identificatie="M3", nummer="D3"
    )
    log.assess(message, NO_TARIFF, payload_hash="aa")
    held = vouw(log.events)
    log.assess(
        message,
        NO_TARIFF,
        payload_hash="aa",
        besluiten={"RN300": HandmatigBesluit(action="approve", by="MdV", why="nagevraagd")},
    )

    result = herhaal(log.events, CONTRACTS)

    assert list(held.open) == [(ref.GEMEENTE, ref.AANBIEDER, "M3")]
    assert result.anders == ()
    assert result.state.canonical() == log.state.canonical()
    assert result.state.open == {}


def test_other_rules_or_tariffs_are_reported_and_not_booked() -> None:
    """5.6: a difference is a defect report; the state follows what was sent."""
    log = _log()
    dearer = msgspec.structs.replace(ref.CONTRACT, tarieven=(ref.tarief("02A03", "6300", "04"), *ref.TARIEVEN[1:]))

    result = herhaal(log.events, {ref.CONTRACT.revisie: dearer})

    assert result.anders == (
        Anders("M20250805A", "RN100", ("approved",), ("rejected", "0611")),
        Anders("M20250905A", "RN200", ("approved",), ("rejected", "0611")),
    )
    assert result.state.canonical() == log.state.canonical()
    assert herhaal(log.events, {}).anders == ()


def test_another_stage_is_reported_for_the_declaration() -> None:
    """5.6: a declaration that would now be refused as a whole."""
    log = _log()
    elsewhere = msgspec.structs.replace(ref.CONTRACT, eigen_codes=frozenset({"0363"}))

    result = herhaal(log.events, {ref.CONTRACT.revisie: elsewhere})

    assert result.anders[0] == Anders("M20250705A", None, ("S5",), ("S2",))


def test_answers_to_301s_are_events() -> None:
    """5.5: a rejection after approval leaves the approvals and changes which version counts."""
    log = _log()
    newer = ref.versie(
        20072, B1, "02/02A03", "2025-07-07..2025-12-31", "3 04 2",
        vastgesteld="2025-08-20", antwoord=Antwoord301.UNANSWERED,
    )  # fmt: skip
    sent = newer.verzendingen[0]
    answer = Answered301(
        gemeente=ref.GEMEENTE,
        nummers=(20072,),
        identificatie=sent.identificatie,
        dagtekening=sent.dagtekening,
        antwoord=Antwoord301.REJECTED,
        codes=("9379",),
    )

    before, after = vouw([*log.events, VersionRecorded(newer)]), vouw([*log.events, VersionRecorded(newer), answer])

    key = (ref.GEMEENTE, 20072)
    assert before.toewijzingen[key].effective == newer
    assert after.toewijzingen[key].effective == ref.VERSIES[0]
    assert after.verbruik == before.verbruik


def test_events_survive_being_written_down() -> None:
    """5.6: the log is data; it reads back as the same events."""
    log = _log()

    written = msgspec.json.encode(log.events[-3:])

    assert msgspec.json.decode(written, type=list[Event]) == log.events[-3:]


# Chance histories ----------------------------------------------------------------------------------------------------

_LINES = st.fixed_dictionaries(
    {
        "nummer": st.sampled_from([20072, 20074, 20076, 20077, 20080]),
        "maand": st.sampled_from(["2025-07", "2025-08"]),
        "volume": st.integers(0, 31),
        "vorig": st.none() | st.integers(0, 11),
        "ref": st.integers(0, 11),
    }
)
_OF = {
    20072: (B1, "02/02A03", "04", 6250),
    20074: (B2, "07/07A12", "16", 4500),
    20076: (B1, "06/06A01", "04", 5000),
    20077: (B2, "03/03A03", "04", 5400),
    20080: (ref.B3, "02/02A03", "04", 6250),
}


def _message(nr: int, drawn: list[dict[str, Any]]) -> wmo323.Bericht:
    clients: dict[str, list[wmo323.Prestatie]] = {}
    for values in drawn:
        bsn, product, unit, tariff = _OF[values["nummer"]]
        pp = "2025-07-07..2025-07-31" if values["nummer"] == 20072 and values["maand"] == "2025-07" else values["maand"]
        vorig = None if values["vorig"] is None or not values["volume"] else f"R{values['vorig']}"
        line = regel(
            f"R{values['ref']}", values["nummer"], product, pp, values["volume"], unit, values["volume"] * tariff,
            tarief=tariff, vorig=vorig,
        )  # fmt: skip
        clients.setdefault(bsn, []).append(line)
    return bericht(*clients.items(), identificatie=f"M{nr}", nummer=f"D{nr}")


@given(st.lists(st.lists(_LINES, min_size=1, max_size=4), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_invariants_hold_and_replay_agrees_for_any_history(history: list[list[dict[str, Any]]]) -> None:
    """5.2 I1–I6 and 5.6 after every message, whatever is claimed, credited or repeated."""
    log = Log()
    for nr, drawn in enumerate(history):
        log.assess(_message(nr, drawn))
        assert log.state.broken_invariants() == ()

    result = herhaal(log.events, CONTRACTS)

    assert result.anders == ()
    assert result.state.canonical() == log.state.canonical()


@given(st.lists(_LINES, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_every_answer_adds_up(drawn: list[dict[str, Any]]) -> None:
    """TR342 for any mixture of claims and credits on the reference history."""
    found = assess(_message(99, drawn), ref.stand(), ref.CONTRACT, date(2025, 9, 5))

    assert found.antwoord is not None
    assert found.antwoord.is_balanced()
    approved = sum(line.prestatie.signed for line in found.lines if line.outcome.value == "approved")
    assert found.antwoord.toegekend == (approved if found.stage == "S5" else 0)
