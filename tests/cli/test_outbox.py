"""`gateway outbox`, `inbox` and `status`: every act safe to repeat, shown first where it touches more, in the trail."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.domain.delivery import Outcome
from gateway.flows.intake import Intake
from gateway.store import MasterKey, Outgoing, Place, Raw, Store, StoreBusy
from gateway.store.outbox import Outbox
from tests.cli.conftest import Answer, lines

Gateway = Callable[..., Answer]
NOW = datetime.now(UTC)
WHY = ("--reason", "gebeld met de partner", "--by", "J. de Tester")


def state(folder: Path) -> Store:
    """The store of a gateway."""
    return Store.open(folder / "gateway.db", MasterKey.from_file(folder / "keys/master.key"))


def put(folder: Path, number: int, partner: str = "99990001", **changes: Any) -> int:
    """A message that went out an hour ago and waits."""
    values: dict[str, Any] = {
        "message_id": f"<{number}@gemeente.example>",
        "kind": "receipt",
        "partner": partner,
        "channel": "relay",
        "sender": "",
        "recipient": "plan@aanbieder.example",
        "wire": b"Subject: x\r\n\r\n",
        "not_before": NOW + timedelta(hours=1),
    }
    with state(folder) as store, store.unit(now=NOW - timedelta(hours=1), actor="test") as unit:
        return unit.outbox.put(Outgoing(**values | changes))


def submit(folder: Path, number: int) -> None:
    """The relay took it."""
    with state(folder) as store:
        with store.unit(now=NOW + timedelta(hours=2), actor="test") as unit:
            claims = unit.attempts.claim(node="test", limit=10, channel_names=["relay"])
            (claim,) = [one for one in claims if one.id == number]
            unit.attempts.start_all([claim])
        with store.unit(now=NOW + timedelta(hours=2), actor="test") as unit:
            unit.attempts.record(claim, Outcome(verdict="submitted", phase="data", code=250))


@pytest.fixture
def folder(pair: Path) -> Path:
    """A municipality's gateway, to spoil."""
    return pair / "gemeente"


def test_each_act_moves_one_message_and_stands_in_the_trail(gateway: Gateway, folder: Path) -> None:
    """Hold, release, retry, cancel: with actor and reason; the same once more changes nothing."""
    number = put(folder, 1)
    for verb, after in (("hold", "held"), ("release", "deferred"), ("retry", "deferred"), ("cancel", "cancelled")):
        for result in ("done", "already") if verb != "retry" else ("already",):
            code, out, _ = gateway("outbox", verb, number, *WHY, "--dir", folder, "--json")
            (answer,) = lines(out)
            assert (code, answer["result"], answer["state"]) == (GOOD, result, after), verb
    with state(folder) as store, store.view(now=NOW) as view:
        rows = [(r.action, r.actor, r.ground) for r in view.audit.list(object=f"outbox/{number}")]
    acts = ["outbox_hold", "outbox_release", "outbox_cancel"]
    assert [row for row in rows if row[0] in acts] == [(a, "person:J. de Tester", WHY[1]) for a in acts]


def test_an_act_that_is_not_possible_says_why(gateway: Gateway, folder: Path) -> None:
    """Exit code 1, and the message stays as it was."""
    number = put(folder, 1)
    gateway("outbox", "cancel", number, *WHY, "--dir", folder)
    code, out, _ = gateway("outbox", "hold", number, *WHY, "--dir", folder, "--json")
    assert (code, lines(out)[0]["result"], lines(out)[0]["state"]) == (NO, "refused", "cancelled")


def test_a_retry_wakes_the_way_out_that_rests(gateway: Gateway, folder: Path) -> None:
    """SM-89: after a failure it rests for up to a quarter of an hour; who mended the cause need not wait for that."""
    number = put(folder, 1)
    with state(folder) as store, store.unit(now=datetime.now(UTC), actor="test") as unit:
        unit.channels.fail("relay", "connect: refused")
    for result in ("done", "already"):
        code, out, _ = gateway("outbox", "retry", number, *WHY, "--dir", folder, "--json")
        assert (code, lines(out)[0]["result"]) == (GOOD, result)
    with state(folder) as store, store.view(now=NOW) as view:
        rests = view.channels.get("relay")
    assert (rests.paused_until, rests.failures) == (None, 1)  # it works only when something was taken


def test_more_than_one_is_shown_first_and_wants_yes(gateway: Gateway, folder: Path) -> None:
    """Count, parties and ages; without --yes nothing moves."""
    for number in (1, 2, 3):
        put(folder, number, partner="99990001" if number < 3 else "99990002")
    select = ("outbox", "hold", "--state", "new", *WHY, "--dir", folder)
    code, out, words = gateway(*select, "--json")
    assert (code, lines(out)[0]["count"], set(lines(out)[0]["partners"])) == (NO, 3, {"99990001", "99990002"})
    assert "99990001: 2, het oudste 1 u" in words
    assert gateway("status", "--dir", folder, "--json")[1].count('"held"') == 0
    code, out, _ = gateway(*select, "--yes", "--json")
    assert (code, [line["result"] for line in lines(out)]) == (GOOD, ["done"] * 3)
    code, _, words = gateway(*select)
    assert (code, words) == (NO, "Er is geen bericht dat hieraan voldoet.\n")


def test_an_act_on_many_that_stops_half_way_has_said_what_it_did(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was busy at the second: the first is done, and told; given again, it is so already."""
    numbers = [put(folder, number) for number in (1, 2)]
    hold = Outbox.hold

    def busy(outbox: Outbox, number: int, reason: str) -> Any:
        if number == numbers[1]:
            raise StoreBusy("Another process is writing for too long: try again.")
        return hold(outbox, number, reason)

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "hold", busy)
        code, out, words = gateway("outbox", "hold", *numbers, *WHY, "--yes", "--json", "--dir", folder)
    assert (code, [(one["id"], one["result"]) for one in lines(out)]) == (BROKEN, [(numbers[0], "done")])
    assert "try again" in words
    code, out, _ = gateway("outbox", "hold", *numbers, *WHY, "--yes", "--json", "--dir", folder)
    assert (code, [one["result"] for one in lines(out)]) == (GOOD, ["already", "done"])


def test_a_message_without_a_choice_or_a_number_is_wrong_usage(gateway: Gateway, folder: Path) -> None:
    """Nothing is ever done to everything by accident; names of states are checked."""
    assert gateway("outbox", "cancel", *WHY, "--dir", folder)[0] == BROKEN
    assert gateway("outbox", "list", "--state", "nonsense", "--dir", folder)[0] == BROKEN
    assert gateway("outbox", "show", 9, "--dir", folder)[0] == BROKEN
    assert gateway("inbox", "process", *WHY, "--dir", folder)[0] == BROKEN
    assert gateway("inbox", "show", 9, "--dir", folder)[0] == BROKEN


@pytest.mark.parametrize(
    "wrong",
    [
        ("outbox", "hold", 1, "--state", "new", *WHY),
        ("outbox", "cancel", 1, "--partner", "99990001", *WHY),
        ("inbox", "release", 1, "--why", "decrypt", *WHY),
        ("outbox", "hold", 1, "--reason", " "),
        ("inbox", "process", 1, "--reason", ""),
        ("outbox", "hold", "--state", "received", *WHY),
        ("outbox", "hold", 2**63, *WHY),
        ("outbox", "show", 2**63),
        ("outbox", "list", "--after", 2**63),
        ("inbox", "show", 2**63),
        ("inbox", "list", "--after", 2**63),
        ("audit", "list", "--after", 2**63),
    ],
    ids=lambda wrong: " ".join(map(str, wrong[:4])),
)
def test_what_cannot_be_meant_is_wrong_usage(gateway: Gateway, folder: Path, wrong: tuple[Any, ...]) -> None:
    """A number and a choice, no reason, a state that the act cannot move out of, a number that no row has."""
    put(folder, 1)
    code, out, words = gateway(*wrong, "--dir", folder)
    assert (code, out, "fault in the gateway" in words) == (BROKEN, "", False), words
    with state(folder) as store, store.view(now=NOW) as view:
        assert view.outbox.get(1).state == "new"


def test_a_partners_mail_that_was_handed_over_is_not_sent_again_by_accident(gateway: Gateway, folder: Path) -> None:
    """A choice takes what the act can help; of what the relay took, it must be said."""
    for number in (1, 2, 3):
        put(folder, number)
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        unit.outbox.cancel(3, "x")
    submit(folder, 1)
    chosen = ("outbox", "retry", "--partner", "99990001", *WHY, "--yes", "--json", "--dir", folder)
    assert [line["id"] for line in lines(gateway(*chosen)[1])] == [2]
    assert [line["id"] for line in lines(gateway(*chosen, "--state", "submitted")[1])] == [1]


def test_what_is_handed_over_after_it_was_chosen_is_not_sent_again(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running gateway works through the same messages; see the one before."""
    put(folder, 1)
    put(folder, 2)

    def meanwhile(*_: object, **__: object) -> None:
        submit(folder, 1)

    monkeypatch.setattr("gateway.cli.outbox.agreed", meanwhile)
    code, out, _ = gateway(*("outbox", "retry", "--partner", "99990001", *WHY, "--yes", "--json", "--dir", folder))
    assert [(line["id"], line["result"], line["state"]) for line in lines(out)] == [
        (1, "refused", "submitted"),
        (2, "done", "new"),
    ]
    assert code == NO


def test_another_way_out_must_exist(gateway: Gateway, folder: Path) -> None:
    """A channel that the settings do not have is refused."""
    number = put(folder, 1)
    code, out, _ = gateway("outbox", "reroute", number, "--channel", "fax", *WHY, "--dir", folder, "--json")
    assert (code, lines(out)[0]["result"]) == (NO, "refused")
    same = ("outbox", "reroute", number, "--channel", "relay", *WHY, "--dir", folder, "--json")
    assert lines(gateway(*same)[1])[0]["result"] == "already"


def test_show_is_the_whole_history_in_words(gateway: Gateway, folder: Path) -> None:
    """What happened, in order, by whom, and who has it now."""
    number = put(folder, 1)
    gateway("outbox", "hold", number, *WHY, "--dir", folder)
    code, out, _ = gateway("outbox", "show", number, "--dir", folder)
    assert code == GOOD
    assert "klaargezet" in out
    assert "vastgehouden: gebeld met de partner (door person:J. de Tester, nu held)" in out
    assert "Aan zet: een medewerker" in out
    answer = json.loads(gateway("outbox", "show", number, "--dir", folder, "--json")[1])
    assert [line["what"][:6] for line in answer["history"]] == ["klaarg", "vastge"]
    assert "1\theld\treceipt\t99990001" in gateway("outbox", "list", "--dir", folder)[1]


def test_what_is_quarantined_is_handled_again_from_the_same_bytes(gateway: Gateway, folder: Path) -> None:
    """SM-104: process does it now, release leaves it to the running gateway; each in the trail."""
    place = Place(source="test", account="x", folder="", uid="1")
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        number = unit.inbox.add(Raw(place=place, received_at=NOW, data=b"Subject: x\r\n\r\nhallo\r\n")).id
    code, out, _ = gateway("inbox", "process", number, *WHY, "--dir", folder, "--json")
    (first,) = lines(out)
    assert (code, first["result"], first["state"]) == (NO, "refused", "quarantined")
    assert first["why"]
    assert lines(gateway("inbox", "process", number, *WHY, "--dir", folder, "--json")[1]) == [first]
    reason = lines(gateway("inbox", "list", "--dir", folder, "--json")[1])[0]["reason"]
    code, out, _ = gateway("inbox", "release", "--why", reason, *WHY, "--dir", folder, "--json")
    assert (code, lines(out)[0]["state"]) == (GOOD, "new")
    assert lines(gateway("inbox", "release", number, *WHY, "--dir", folder, "--json")[1])[0]["result"] == "already"
    shown = gateway("inbox", "show", number, "--dir", folder)[1]
    assert "opnieuw aangeboden om te verwerken door person:J. de Tester: gebeld met de partner" in shown
    assert "in quarantaine gezet door flow:intake" in shown


def test_what_the_running_gateway_settles_at_the_same_moment_is_told_as_it_stands(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had it in hand: who came second changed nothing, and no traceback says so."""
    place = Place(source="test", account="x", folder="", uid="1")
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        number = unit.inbox.add(Raw(place=place, received_at=NOW, data=b"Subject: x\r\n\r\nhallo\r\n")).id
    real = Intake.__call__

    def beaten(self: Intake, *one: Any) -> None:
        real(self, *one)
        real(self, *one)

    monkeypatch.setattr(Intake, "__call__", beaten)
    code, out, err = gateway("inbox", "process", number, *WHY, "--dir", folder, "--json")
    assert (code, lines(out)[0]["state"], "Traceback" in err) == (NO, "quarantined", False)


def test_only_a_header_is_asked_for_whole(gateway: Gateway, folder: Path) -> None:
    """A stranger's mail was never fetched whole: a person who wants it gets it at the next look (SM-144)."""
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        place = Place(source="test", account="x", folder="", uid="1")
        number = unit.inbox.add_header(place, NOW, 9, b"Subject: x\r\n", "stranger").id
    code, out, _ = gateway("inbox", "process", number, *WHY, "--dir", folder, "--json")
    assert (code, lines(out)[0]["result"]) == (GOOD, "done")
    assert "wordt heel opgehaald" in lines(out)[0]["why"]
    again = gateway("inbox", "release", number, *WHY, "--dir", folder, "--json")
    assert lines(again[1])[0]["result"] == "already"
    with state(folder) as store, store.view(now=NOW) as view:
        assert view.inbox.get(number).wanted_at is not None


def test_status_shows_the_oldest_of_each_kind_and_who_has_it(gateway: Gateway, folder: Path) -> None:
    """Exit code 0 while nothing stands still, 1 if something does."""
    assert gateway("status", "--dir", folder)[1].startswith("Er staat niets open.")
    number = put(folder, 1)
    gateway("job", "run", "watch", "--dir", folder)
    code, out, _ = gateway("status", "--dir", folder)
    assert code == GOOD
    assert re.search(
        rf"outbox new: 1, het oudste is {number} \(1 u \d+ min\); aan zet: de gateway, die het verzendt", out
    )
    assert "watch\tok" in out
    put(folder, 2, not_before=NOW - timedelta(minutes=30))
    code, out, _ = gateway("status", "--dir", folder, "--json")
    assert (code, len(json.loads(out)["wrong"])) == (NO, 1)
