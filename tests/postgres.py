"""A PostgreSQL server of the tests' own: a temporary directory, a unix socket, no port, gone afterwards."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import short

# Servers sort as their system's language does, not by bytes. In Danish aa comes after z and A before a: whatever takes
# the one order for the other shows.
LANGUAGE = "da"


def _binary(name: str) -> str | None:
    """The server's programs are often not on the path."""
    found = shutil.which(name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return found or (str(places[0]) if places else None)


def missing() -> str | None:
    """Why no server can be started here; None if one can."""
    if _binary("initdb") is None or _binary("pg_ctl") is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not _user():
        return "PostgreSQL refuses root and there is no other user to run it as"
    return None


def _user() -> str | None:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


class Cluster:
    """A server that can be stopped and started."""

    def __init__(self, folder: Path, user: str | None, durable: bool, language: str | None) -> None:
        self.socket = folder / ".s.PGSQL.5432"
        self.url = f"postgresql+psycopg://gateway@/postgres?host={folder}"
        self._folder, self._data, self._user = folder, folder / "data", user
        self._fsync, self._language = "on" if durable else "off", language

    def _run(self, name: str, *arguments: str) -> str:
        program = _binary(name)
        assert program
        done = subprocess.run(
            (program, *arguments), user=self._user, cwd=self._folder, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
        return done.stdout

    def make(self) -> None:
        """An empty cluster."""
        sorting = ["--locale=C"]
        if self._language is not None and "--icu-locale" in self._run("initdb", "--help"):  # PostgreSQL 15 and later
            sorting = ["--locale=C.UTF-8", "--locale-provider=icu", f"--icu-locale={self._language}"]
        where = ("-D", str(self._data))
        self._run("initdb", *where, "-U", "gateway", "-A", "trust", "-N", "--encoding=UTF8", *sorting)

    def start(self) -> None:
        """Run it."""
        # Tests say themselves when the server counts its rows: by itself it would now and then, and plan otherwise.
        own = f"-c fsync={self._fsync} -c autovacuum={self._fsync}"
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} {own}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As a crash does it: connections die, the log is replayed at the next start."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")


@contextmanager
def cluster(*, durable: bool = False, language: str | None = LANGUAGE) -> Iterator[Cluster]:
    """A running server of its own; `durable`: a commit is on the disk, as everywhere but in tests.

    It sorts as `language` does, or by bytes (None, and a server too old to know languages).
    """
    folder = short.folder("wmo-pg-")
    user = _user() if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    made = Cluster(folder, user, durable, language)
    try:
        made.make()
        made.start()
        try:
            yield made
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server(*, durable: bool = False, language: str | None = LANGUAGE) -> Iterator[str]:
    """The URL of a running server's only database."""
    with cluster(durable=durable, language=language) as running:
        yield running.url
