"""Messages as files: a maildir to read from, and a folder to drop into and take from. Whole files only."""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from gateway.domain.delivery import Outcome, Shipment

from .seam import HEADER_MAX, LIST_MAX, UIDS_MAX, Aside, BeforeData, Keep, Listed, MailboxDown, Unreadable

USUAL = 65_536  # bytes: most messages are smaller …
HEADER_USUAL = 4_096  # … and most headers than this

_UNFINISHED = (".tmp", ".part", ".filepart", ".partial", ".crdownload", "~")  # names of programs that copy files
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_NO_TEXT = "sha256:"  # begins what stands for a name that is no text


class FolderTransport:
    """Hands a message over by putting it in a folder: written under another name, synced, then renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """See `Transport`. The name follows from the Message-ID, so a second attempt replaces the first."""
        if not self._folder.is_dir():
            return Outcome(verdict="channel", phase="connect", reason="no-folder", recipient=shipment.recipient)
        await before_data()
        name = _UNSAFE.sub("_", shipment.message_id.strip("<>")) + ".eml"
        try:
            await asyncio.to_thread(write_whole, self._folder / name, shipment.wire)
        except OSError as error:
            # A file appears whole or not at all, so nothing is uncertain here.
            return Outcome(verdict="deferred", phase="data", reason="file", text=os.strerror(error.errno or 0))
        return Outcome(verdict="submitted", phase="data", text=name, remote="folder", recipient=shipment.recipient)

    async def close(self) -> None:
        """Nothing to end."""


def _as_text(name: str) -> str:
    """A file's name as the store can keep it. One of bytes in another character set than ours is known by its hash."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return _NO_TEXT + hashlib.sha256(os.fsencode(name)).hexdigest()
    return name


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is never seen half: temporary name, sync, rename, sync of the folder."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class FolderMailbox:
    """Takes what appears in a folder, whole files only.

    A file that is still being written is left for a later look: its name says so, or it changed less than `quiet`
    seconds ago. What is committed is moved to the folder `verwerkt` beside the files, what was read by its header to
    `quarantaine`. A name may come again: it is another file if it was written at another time.
    """

    source = "folder"
    lets_go_for_good = False

    def __init__(self, path: Path, account: str, quiet: float = 0.0) -> None:
        self.account, self.folder = account, path.name
        self._path, self._done, self._aside = path, path / "verwerkt", path / "quarantaine"
        self._quiet = quiet
        self._seen: dict[str, Path] = {}  # by uid, of the last list: a name need not say where it is

    def _files(self) -> Iterator[Path]:
        for entry in self._path.iterdir():
            unfinished = entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED)
            if not unfinished and entry.is_file() and not entry.is_symlink():
                yield entry

    def _uid(self, path: Path) -> str:
        return f"{_as_text(path.name)}@{path.stat().st_mtime_ns:x}"

    def _find(self, uid: str) -> Path:
        path = self._seen.get(uid) or self._path / uid.rpartition("@")[0]
        if self._uid(path) != uid:
            raise FileNotFoundError(2, "another file by now")
        return path

    def _read(self, uid: str, limit: int) -> bytes:
        return self._bytes(self._find(uid), limit)

    def _bytes(self, path: Path, limit: int) -> bytes:
        with path.open("rb") as file:  # a read makes room for all that it may give
            found = file.read(min(limit, USUAL))
            return found if len(found) < USUAL else found + file.read(limit - USUAL)

    def _header(self, uid: str) -> bytes:
        """Most headers are short, and the rest of the message need not be read for them."""
        path = self._find(uid)
        for limit in (HEADER_USUAL, HEADER_MAX):
            header, end, _ = self._bytes(path, limit).partition(b"\r\n\r\n")
            if end:
                break
        return header

    def _list(self, uids: Sequence[str] | None = None) -> list[Listed]:
        found = []
        wanted = None if uids is None else set(uids)
        if wanted is None:
            self._seen.clear()
        until = time.time() - self._quiet
        for path in self._files():
            try:
                uid, status = self._uid(path), path.stat()
            except FileNotFoundError:
                continue  # moved while we looked
            if (wanted is not None and uid not in wanted) or (self._quiet and status.st_mtime > until):
                continue
            self._seen[uid] = path
            received_at = datetime.fromtimestamp(status.st_mtime, UTC)
            found.append((received_at, Listed(uid=uid, size=status.st_size, received_at=received_at)))
        return [listed for _, listed in sorted(found, key=lambda each: (each[0], each[1].uid))]

    def _move(self, uids: Collection[str], target: Path) -> set[str]:
        self._make(target)
        for uid in uids:
            try:
                self._put(self._find(uid), target)
            except FileNotFoundError:
                continue  # gone already: a move before a crash
        return set(uids)

    def _put(self, path: Path, target: Path) -> None:
        """An earlier file of that name stays: the later one is told apart by when it was written."""
        place = target / path.name
        path.replace(target / f"{path.stat().st_mtime_ns:x}-{path.name}" if place.exists() else place)

    def _make(self, target: Path) -> None:
        target.mkdir(exist_ok=True)

    async def uids(self) -> Sequence[str]:
        """See `Mailbox`."""
        return [each.uid for each in await self._listed(None)][:UIDS_MAX]

    async def list(self, uids: Sequence[str] | None = None) -> Sequence[Listed]:
        """See `Mailbox`."""
        found = await self._listed(uids)
        return found[:LIST_MAX] if uids is None else found

    async def _listed(self, uids: Sequence[str] | None) -> Sequence[Listed]:
        try:
            return await asyncio.to_thread(self._list, uids)
        except OSError as error:
            raise MailboxDown(f"{self._path}: {error.strerror}") from error

    async def fetch(self, uid: str, limit: int) -> bytes:
        """See `Mailbox`."""
        try:
            return await asyncio.to_thread(self._read, uid, limit + 1)
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror}") from error

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        try:
            return await asyncio.to_thread(self._header, uid)
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror}") from error

    async def headers(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """See `Mailbox`."""
        return await asyncio.to_thread(self._read_all, uids, self._header)

    async def fetch_all(self, uids: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """See `Mailbox`."""
        return await asyncio.to_thread(self._read_all, uids, lambda uid: self._read(uid, limit + 1))

    def _read_all(self, uids: Sequence[str], read: Callable[[str], bytes]) -> dict[str, bytes]:
        found = {}
        for uid in uids:
            with suppress(OSError):
                found[uid] = read(uid)
        return found

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._moved(uids, self._done)

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._moved(uids, self._aside)

    async def recall(self, aside: Aside, limit: int, keep: Keep) -> bool:
        """See `Mailbox`. A file keeps its name when it is moved."""
        name = await asyncio.to_thread(self._set_aside, aside.uid)
        if name is None:
            return False
        try:
            data = await asyncio.to_thread(self._bytes, self._aside / name, limit + 1)
        except OSError as error:
            raise Unreadable(f"{self._aside}: {error.strerror}") from error
        await keep(data)
        await asyncio.to_thread(self._put_back, name)
        return True

    def _put_back(self, name: str) -> None:
        self._make(self._done)
        self._put(self._aside / name, self._done)

    def _set_aside(self, uid: str) -> str | None:
        """The name it has there now."""
        found = (path.name for path in self._aside.glob("*") if self._is(path, uid))
        return next(found, None)

    def _is(self, path: Path, uid: str) -> bool:
        name, _, written = uid.rpartition("@")
        named = name.startswith(_NO_TEXT) or path.name.endswith(name)
        return named and f"{path.stat().st_mtime_ns:x}" == written

    async def purge(self, before: datetime) -> int:
        """See `Mailbox`. By the time of the move, which the file system keeps (ctime)."""
        return await asyncio.to_thread(self._purge, before.timestamp())

    def _purge(self, before: float) -> int:
        removed = 0
        for path in self._done.glob("*"):
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_ctime < before:
                    path.unlink()
                    removed += 1
        return removed

    async def _moved(self, uids: Collection[str], target: Path) -> Collection[str]:
        try:
            return await asyncio.to_thread(self._move, uids, target)
        except OSError as error:
            raise MailboxDown(f"{target}: {error.strerror}") from error

    async def close(self) -> None:
        """Nothing to end."""


class MaildirMailbox(FolderMailbox):
    """A maildir (`new`, `cur`). Messages move to the maildir++ folder `.Verwerkt`, or `.Quarantaine` unread.

    A maildir keeps lines with bare LF; they become CRLF again, as they were on the wire and as signatures count them.
    """

    source = "maildir"

    def __init__(self, path: Path, account: str) -> None:
        super().__init__(path, account)
        self._done, self._aside = path / ".Verwerkt" / "cur", path / ".Quarantaine" / "cur"

    def _files(self) -> Iterator[Path]:
        for part in ("new", "cur"):
            folder = self._path / part
            if folder.is_dir():
                yield from (entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.is_file())

    def _uid(self, path: Path) -> str:
        return _as_text(path.name.partition(":2,")[0])  # the flags after it change

    def _is(self, path: Path, uid: str) -> bool:
        return self._uid(path) == uid

    def _find(self, uid: str) -> Path:
        likely = [self._seen[uid]] if uid in self._seen else []
        likely += [self._path / name for name in (f"new/{uid}", f"cur/{uid}:2,", f"cur/{uid}:2,S")]
        for path in chain(likely, self._files()):
            if self._uid(path) == uid and path.exists():
                return path
        raise FileNotFoundError(2, "no longer in the maildir")

    def _bytes(self, path: Path, limit: int) -> bytes:
        found = super()._bytes(path, limit)
        if b"\r\n" in found:
            if found.count(b"\n") == found.count(b"\r\n"):
                return found  # of a large message each replacement is another copy
            found = found.replace(b"\r\n", b"\n")
        return found.replace(b"\n", b"\r\n")[:limit]  # a bare LF too ends a line

    def _make(self, target: Path) -> None:
        """A maildir++ folder that belongs to whom the maildir belongs to: the mail server must write in it as well."""
        if target.is_dir():
            return
        owner, folder = self._path.stat(), target.parent
        for place in (folder, *(folder / part for part in ("tmp", "new", "cur"))):
            place.mkdir(exist_ok=True)
            with suppress(PermissionError):  # only root may give it away
                os.chown(place, owner.st_uid, owner.st_gid)
