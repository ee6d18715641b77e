"""Taking messages out of an IMAP folder, whatever the server can do; a server without MOVE is not to be had here."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.transports import ImapMailbox, ImapSettings, Unreadable, client_context


class Server:
    """A folder behind IMAPClient's calls, of a server with these capabilities."""

    def __init__(self, *capabilities: str, deleted: tuple[int, ...] = ()) -> None:
        self.capabilities = set(capabilities)
        self.present, self.deleted = {1, 2, 3}, set(deleted)
        self.elsewhere: set[int] = set()

    def begin(self, _size: int = 0) -> None:
        """Nothing is bounded here."""

    def new_validity(self, known: int) -> bool:
        return known != 7

    def has_capability(self, name: str) -> bool:
        return name in self.capabilities

    def search(self, criteria: Any) -> list[int]:
        found = {"ALL": self.present, "DELETED": self.deleted, "UNDELETED": self.present - self.deleted}
        return sorted(found[criteria if isinstance(criteria, str) else criteria[0]])

    def fetch(self, numbers: list[int], _items: list[str]) -> dict[int, dict[bytes, Any]]:
        begin = datetime(2026, 1, 2)  # noqa: DTZ001 (IMAPClient gives no zone)
        return {n: {b"RFC822.SIZE": n, b"INTERNALDATE": begin + timedelta(minutes=n)} for n in reversed(numbers)}

    def copy(self, numbers: list[int], _folder: str) -> None:
        self.elsewhere |= set(numbers)

    def move(self, numbers: list[int], folder: str) -> None:
        self.copy(numbers, folder)
        self.present -= set(numbers)

    def add_flags(self, numbers: list[int], flags: list[bytes], *, silent: bool) -> None:
        assert flags == [b"\\Deleted"]
        assert silent
        self.deleted |= set(numbers)

    def uid_expunge(self, numbers: list[int]) -> None:
        assert "UIDPLUS" in self.capabilities
        self._remove(set(numbers))

    def expunge(self) -> None:
        self._remove(set(self.deleted))

    def _remove(self, numbers: set[int]) -> None:
        self.present -= numbers
        self.deleted -= numbers


def released(server: Server, *uids: str) -> set[str]:
    """What the mailbox says is gone after it was told to let go of these."""
    box = ImapMailbox(ImapSettings(host="127.0.0.1", username="x", password="x"), client_context(None))
    box._client, box._validity = server, 7
    return set(asyncio.run(box.release(uids)))


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("UIDPLUS",), ()])
def test_a_message_is_taken_out_and_no_other_one_with_it(capabilities: tuple[str, ...]) -> None:
    """SM-96: by MOVE, by UID EXPUNGE, or by EXPUNGE when nothing else is marked."""
    server = Server(*capabilities)
    assert released(server, "7/1", "7/2") == {"7/1", "7/2"}
    assert (server.present, server.elsewhere) == ({3}, {1, 2})


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("UIDPLUS",)])
def test_what_somebody_else_marked_stays(capabilities: tuple[str, ...]) -> None:
    """SM-96: a message of another program is never removed for it."""
    server = Server(*capabilities, deleted=(3,))
    assert released(server, "7/1") == {"7/1"}
    assert server.present == {2, 3}


def test_without_uidplus_nothing_is_expunged_while_others_are_marked() -> None:
    """SM-96: the message stays, marked, and counts as gone: it has a copy, and is not fetched again."""
    server = Server(deleted=(3,))
    assert released(server, "7/1") == {"7/1"}
    assert server.present == {1, 2, 3}
    assert server.deleted == {1, 3}


def test_a_backlog_is_listed_oldest_first_and_at_most_a_thousand_at_once() -> None:
    """SM-102: in order of arrival, whatever the order in which the server answers."""
    server = Server()
    server.present = set(range(1, 1501))
    box = ImapMailbox(ImapSettings(host="127.0.0.1", username="x", password="x"), client_context(None))
    box._client, box._validity = server, 7
    listed = asyncio.run(box.list())
    assert [each.uid for each in listed] == [f"7/{n}" for n in range(1, 1001)]
    assert all(each.received_at.tzinfo is UTC for each in listed)


def test_a_folder_that_was_made_anew_has_let_go_of_its_old_numbers() -> None:
    """SM-95: a uid of another UIDVALIDITY names no message of this folder, and none is touched for it."""
    server = Server("MOVE")
    assert released(server, "6/1") == {"6/1"}
    assert server.present == {1, 2, 3}


def test_several_messages_come_in_one_command_and_one_that_breaks_it_costs_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SM-100: they are then asked for one by one, over a new connection, so that the right one is blamed."""
    asked: list[list[int]] = []

    class Full(Server):
        def fetch(self, numbers: list[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
            asked.append(numbers)
            if 3 in numbers:
                raise OSError("broken")
            return {n: {b"BODY[]<0>": b"%d" % n} for n in numbers}

        def shutdown(self) -> None:
            """Gone."""

    box = ImapMailbox(ImapSettings(host="127.0.0.1", username="x", password="x"), client_context(None))
    box._client, box._validity = Full(), 7
    assert asyncio.run(box.fetch_all(["7/1", "7/2", "6/9"], 100)) == {"7/1": b"1", "7/2": b"2"}
    monkeypatch.setattr(box, "_connected", lambda call, size, old=box._connected: _again(box, Full(), old, call, size))
    assert asyncio.run(box.fetch_all(["7/1", "7/3"], 100)) == {}
    assert asyncio.run(box.fetch("7/1", 100)) == b"1"
    with pytest.raises(Unreadable):
        asyncio.run(box.fetch("7/3", 100))
    assert asked == [[1, 2], [1, 3], [1], [3]]


def _again(box: ImapMailbox, server: Server, connected: Any, call: Any, size: int) -> Any:
    """With a new connection in place of one that was dropped."""
    box._client = box._client or server
    return connected(call, size)
