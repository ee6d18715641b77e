"""Strangers cannot fill the store; partners and reports about us get in (SM-144)."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.flows import quarantine, tasks, welcome
from gateway.flows.welcome import Doorkeeper
from gateway.store import Place, Settled

from .conftest import PARTY, Pair
from .test_reports import dsn, sent

__all__ = ["sent"]

STRANGER = b"From: x@elders.example\r\nMessage-ID: <1@elders.example>\r\nSubject: win\r\n\r\n"


@pytest.fixture
def door(sent: Pair) -> Doorkeeper:
    return Doorkeeper(sent.gemeente.store, sent.clock, Path("/"))


def test_partners_get_in_whole_and_strangers_by_their_header(door: Doorkeeper) -> None:
    """By the outer From, which proves nothing yet."""
    assert door.by_header(f"From: Zorg <{PARTY['aanbieder'].address}>\r\n\r\n".encode()) == "whole"
    assert door.by_header(STRANGER) == "header"
    assert door.by_header(b"no header at all") == "header"


def test_a_report_gets_in_if_it_names_what_we_sent(door: Doorkeeper, sent: Pair) -> None:
    """By envelope id or Message-ID; the header alone does not show it."""
    for ours in (dsn(sent), dsn(sent, envid=None), dsn(sent, message_id="<1@x.example>")):
        assert door.by_header(ours.partition(b"\r\n\r\n")[0]) == "look"
        assert door.by_report(ours) == "whole"
    other = dsn(sent, envid="0" * 32, message_id="<00000000000000000000000000000000@x.example>")
    assert door.by_report(other) == "header"
    assert door.by_report(dsn(sent) + b"<%032x@x.example>" * 60 % tuple(range(60))) == "header"


@pytest.mark.parametrize(("name", "value"), [("QUOTA_BYTES", 400), ("QUOTA_ENTRIES", 1), ("FREE_DISK", 1 << 62)])
def test_without_room_strangers_wait_in_the_mailbox_and_partners_do_not(
    door: Doorkeeper, sent: Pair, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    """Beyond 2 GB, 10 000 entries or below 2 GB of free disk; one alarm a day."""
    with sent.gemeente.store.unit(now=sent.clock(), actor="test") as unit:
        place = Place(source="imap", account="a", folder="INBOX", uid="1/1")
        unit.inbox.add_header(place, sent.clock(), 500, STRANGER, "stranger")
    monkeypatch.setattr(welcome, name, value)
    assert [door.by_header(STRANGER), door.by_report(STRANGER)] == ["leave", "leave"]
    assert door.by_header(f"From: {PARTY['aanbieder'].address}\r\n\r\n".encode()) == "whole"
    with sent.gemeente.store.view(now=sent.clock()) as view:
        (task,) = tasks.open_tasks(view)
    assert (task.body.weight, task.body.count) == ("alarm", 1)


def test_the_quota_counts_what_is_kept_of_it(sent: Pair) -> None:
    """A header-only row takes its header; a proven partner's mail is not counted."""
    with sent.gemeente.store.unit(now=sent.clock(), actor="test") as unit:
        place = Place(source="imap", account="a", folder="INBOX", uid="1/1")
        unit.inbox.add_header(place, sent.clock(), 40_000_000, STRANGER, "stranger")
        load = unit.inbox.unproven()
    assert SimpleNamespace(entries=load.entries, bytes=load.bytes) == SimpleNamespace(entries=1, bytes=65_536)


def test_what_fetching_put_in_quarantine_becomes_a_task_once(sent: Pair) -> None:
    """SM-93, SM-106: strangers together, a too large message by itself, a handler that died by itself."""
    store = sent.gemeente.store
    died = sent.put("gemeente", b"From: x@x.example\r\n\r\nx")
    with store.unit(now=sent.clock(), actor="test") as unit:
        unit.inbox.settle(Settled(died, "quarantined", reason="crash"))
        for number, (header, reason) in enumerate(
            [(STRANGER, "stranger"), (STRANGER + b"2", "stranger"), (b"From: plan@aanbieder.example", "too-large")]
        ):
            place = Place(source="imap", account="a", folder="INBOX", uid=f"1/{number}")
            unit.inbox.add_header(place, sent.clock(), 500, header, reason)
        assert quarantine.sweep(unit) == 4
        assert quarantine.sweep(unit) == 0
    with store.view(now=sent.clock()) as view:
        found = {each.sleutel: each.body for each in tasks.open_tasks(view)}
    assert sorted(task.count for task in found.values()) == [1, 1, 2]
    assert any("te groot" in task.what and "12345678" in task.who for task in found.values())
    assert f"inbox/{died}" in found


def test_a_mail_of_gateway_check_is_left_for_it(sent: Pair) -> None:
    """It waits for it in the mailbox; whoever else writes such a name is a stranger."""
    door = Doorkeeper(sent.gemeente.store, sent.clock, Path("/"), "WMO@gemeente.example")
    mail = b"From: %s\r\nMessage-ID: <check.%032x@gemeente.example>\r\n\r\n"
    assert door.by_header(mail % (b"wmo@gemeente.example", 1)) == "leave"
    assert door.by_header(mail % (b"x@elders.example", 1)) == "header"


def test_below_the_last_of_the_disk_nobody_is_fetched(
    door: Doorkeeper, sent: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is here must still be handled and answered; the stamp changes, so that what was left is judged again."""
    partner = f"From: {PARTY['aanbieder'].address}\r\n\r\n".encode()
    before = door.stamp()
    monkeypatch.setattr(welcome, "FREE_FLOOR", 1 << 62)
    assert door.by_header(partner) == "leave"
    assert door.stamp() != before
    with sent.gemeente.store.view(now=sent.clock()) as view:
        assert [task.body.weight for task in tasks.open_tasks(view)] == ["alarm"]


@pytest.mark.parametrize("over", ["ten quotas", "the quota, and the disk nearly full"])
def test_forged_mail_of_a_partner_cannot_fill_the_disk_either(
    door: Doorkeeper, sent: Pair, monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    """It cannot be told from a partner's before it is opened: beyond its own, wider bound it waits in the mailbox."""
    with sent.gemeente.store.unit(now=sent.clock(), actor="test") as unit:
        place = Place(source="imap", account="a", folder="INBOX", uid="1/1")
        unit.inbox.add_header(place, sent.clock(), 500, STRANGER, "stranger")
    monkeypatch.setattr(welcome, "QUOTA_BYTES", 50 if over == "ten quotas" else 400)
    if over != "ten quotas":
        monkeypatch.setattr(welcome, "FREE_DISK", 1 << 62)
    assert door.by_header(f"From: {PARTY['aanbieder'].address}\r\n\r\n".encode()) == "leave"
    with sent.gemeente.store.view(now=sent.clock()) as view:
        (task,) = tasks.open_tasks(view)
    assert task.body.weight == "alarm"
    assert "van een partner" in task.body.what


def test_who_knows_a_message_id_cannot_report_without_end(door: Doorkeeper, sent: Pair) -> None:
    """The tenth report by Message-ID alone is the last that is fetched; by the secret envelope id there is no limit."""
    forged, real = dsn(sent, envid=None), dsn(sent)
    assert door.by_report(forged) == "whole"
    for number in range(welcome.REPORTS_MAX):
        sent.put("gemeente", forged + b"%d" % number)
        sent.settle_now()
    assert door.by_report(forged) == "header"
    assert door.by_report(real) == "whole"
