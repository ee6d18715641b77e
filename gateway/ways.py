"""From settings to the state and the ways out and in, with what they need from files and environment."""

import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from gateway.config import Mailbox as MailboxSettings
from gateway.config import Relay as RelaySettings
from gateway.config import Settings, read_secret
from gateway.config.secret import mode_fault
from gateway.domain.findings import Finding
from gateway.store import MasterKey, OpenRefused, Store, StoreError, WrongMasterKey
from gateway.transports import (
    FolderMailbox,
    FolderTransport,
    ImapBell,
    ImapMailbox,
    ImapSettings,
    Mailbox,
    MaildirMailbox,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    Transport,
    client_context,
)
from gateway.transports.sasl import NoSecret, Secret

T = TypeVar("T")

SYSTEM = "system"  # the machine's own list of roots
QUIET = 10.0  # seconds without a change before a file in a folder counts as whole
COMMAND_MAX = 30  # seconds for the command that prints a password


class CannotStart(Exception):
    """Something that the gateway needs is not right. `findings` say what, where and what to do."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


class Files:
    """Files and secrets that settings name; CannotStart says which one cannot be had, and why."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder.absolute()  # so that a path joined to it twice is still the same path
        self.environ = environ

    def read(self, name: str | Path, key: str) -> bytes:
        """The bytes of a file, relative to the gateway's folder; `key` is the setting that names it."""
        file = self.folder / name
        try:
            return file.read_bytes()
        except OSError as error:
            raise cannot("CFG-FILE", f"{file} cannot be read: {error.strerror}.", key) from None

    def secret(self, name: str, key: str, variable: str) -> str:
        """A secret from the environment, else from its file."""
        secret = read_secret(self.folder / name, key, self.environ, variable)
        if isinstance(secret, Finding):
            raise CannotStart((secret,))
        return secret

    def authority(self, name: str | None, key: str) -> str | None:
        """Roots of a mail server's certificate, PEM; None: the system's, which must be asked for by name (SM-79)."""
        if name is None:
            raise cannot("CFG-MISSING", f'{key} is missing: a file of roots, or "{SYSTEM}".', key)
        return None if name == SYSTEM else self.read(name, key).decode("ascii", "replace")


def read_folder(load: Callable[[Path], T], folder: Path, key: str) -> T:
    """What `load` makes of a folder of schemas or code lists; `key` is the setting that names it."""
    try:
        return load(folder)
    except OSError as error:
        raise cannot("CFG-FILE", f"{error.filename or folder} cannot be read: {error.strerror}.", key) from None
    except ValueError as wrong:  # UnsupportedSchema, UnusableList
        raise cannot("CFG-FOLDER", f"{folder} cannot be used: {wrong}.", key) from None


def store_place(settings: Settings, files: Files) -> Path | str:
    """Where the store is: a file in the gateway's folder, or a server's URL with the password from the environment."""
    url = settings.store.url
    if url.startswith("sqlite:///"):
        return files.folder / url.removeprefix("sqlite:///")
    password = files.environ.get("GATEWAY_STORE_PASSWORD")
    if password is None:
        return url
    scheme, _, rest = url.partition("://")
    account, found, place = rest.partition("@")
    return f"{scheme}://{account}:{quote(password, safe='')}@{place}" if found else url


def master_key(settings: Settings, files: Files) -> MasterKey:
    """The key that locks the store: printed by a command if one is set, else from its file. KeyRefused."""
    command = settings.keys.master_command
    if command is None:
        return MasterKey.from_file(files.folder / settings.keys.master)
    return MasterKey.from_command(command)


def open_store(settings: Settings, files: Files, *, new: bool = True) -> Store:
    """The state of a gateway, made if there is none and it may be `new`. CannotStart says why it cannot be opened."""
    try:
        master, place = master_key(settings, files), store_place(settings, files)
        if isinstance(place, Path) and not (place.exists() and place.stat().st_size > 0):
            _must_not_be_lost(place, files.folder / settings.audit.heads)
            if not new:
                raise OpenRefused(f"{place}: there is no state yet; the first start makes it")
        return Store.open(place, master, node=settings.store.node)
    except WrongMasterKey as error:
        half = files.folder / f"{settings.keys.master}.new"
        again = " A change of the key was broken off: give gateway key rotate again." if half.exists() else ""
        raise cannot("CFG-STORE", f"{error}{again}", "keys.master") from error
    except StoreError as error:
        raise cannot("CFG-STORE", str(error), "store.url") from error


def _must_not_be_lost(place: Path, heads: Path) -> None:
    """A file that is gone, where the heads of its trail say that there was one, is not made anew and empty."""
    if heads.is_file() and (kept := heads.read_text("ascii", "replace").split()):
        raise OpenRefused(
            f"{place} is not there or empty, and {heads} says it held a trail ({kept[0]} rows and more): restore "
            "a backup. To begin anew, move that file away"
        )


def relay(settings: Settings, files: Files) -> Transport | None:
    """The way out; None if the settings have none."""
    out = settings.relay
    if out is None:
        return None
    if out.kind == "folder":
        return FolderTransport(files.folder / (out.path or ""))
    smtp = SmtpSettings(
        host=out.host or "",
        port=out.port,
        tls=out.tls,
        username=out.user,
        password=None if out.user is None else _secret(out, "relay", files),
        auth=out.auth,
    )
    return SmtpTransport(smtp, _context(out, "relay", files))


def mailbox(settings: Settings, files: Files) -> Mailbox | None:
    """The way in; None if the settings have none."""
    box = settings.mailbox
    if box is None:
        return None
    if box.kind == "maildir":
        return MaildirMailbox(files.folder / (box.path or ""), settings.gateway.address)
    if box.kind == "folder":
        return FolderMailbox(files.folder / (box.path or ""), settings.gateway.address, QUIET)
    if box.kind == "imap":
        return ImapMailbox(_imap(box, files), _context(box, "mailbox", files))
    pop3 = Pop3Settings(
        host=box.host or "",
        username=box.user or "",
        password=_secret(box, "mailbox", files),
        auth=box.auth,
        port=box.port or 995,
    )
    return Pop3Mailbox(pop3, _context(box, "mailbox", files))


def bell(settings: Settings, files: Files) -> ImapBell | None:
    """What tells that mail arrived, beside the look by the clock; only IMAP has it (SM-98)."""
    box = settings.mailbox
    if box is None or box.kind != "imap":
        return None
    return ImapBell(_imap(box, files), _context(box, "mailbox", files))


def _imap(box: MailboxSettings, files: Files) -> ImapSettings:
    return ImapSettings(
        host=box.host or "",
        username=box.user or "",
        password=_secret(box, "mailbox", files),
        auth=box.auth,
        port=box.port or 993,
        folder=box.folder,
        processed=None if box.after == "delete" else "Verwerkt",
    )


def _context(way: RelaySettings | MailboxSettings, section: str, files: Files) -> ssl.SSLContext:
    """TLS to this server: who may vouch for it, which keys it may have, and who we are where it asks (SM-79, SM-80)."""
    anchors = files.authority(way.authority, f"{section}.authority")
    own = None
    if way.client_certificate is not None and way.client_key is not None:
        fault = mode_fault(files.folder / way.client_key, f"{section}.client_key")
        if fault is not None:
            raise CannotStart((fault,))
        own = str(files.folder / way.client_certificate), str(files.folder / way.client_key)
    try:
        return client_context(anchors, (way.pin or "").split(), own)
    except (ssl.SSLError, OSError, ValueError):
        keys = f"{section}.authority and {section}.client_certificate" if own else f"{section}.authority"
        raise cannot(
            "CFG-PEM", f"{keys}: no certificates (PEM) that can be used, or no key that fits.", section
        ) from None


def _secret(way: RelaySettings | MailboxSettings, section: str, files: Files) -> Secret:
    """The password, or what gives it at each log-in: a command, or for a token its file."""
    if way.auth == "external":
        return ""
    if way.password_command:
        return partial(_printed, way.password_command, section, files.folder)
    read = partial(files.secret, way.password_file, f"{section}.password_file", f"GATEWAY_{section.upper()}_PASSWORD")
    now = read()
    return now if way.auth != "xoauth2" else partial(_again, read)


def _again(read: Callable[[], str]) -> str:
    try:
        return read()
    except CannotStart as fault:
        raise NoSecret(str(fault)) from None


def _printed(command: Sequence[str], section: str, folder: Path) -> str:
    """The first line that the command prints. What it prints is never shown."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=COMMAND_MAX, check=True, text=True)
    except (OSError, subprocess.SubprocessError, UnicodeError) as error:
        raise NoSecret(f"{section}.password_command fails: {type(error).__name__}") from None
    lines = done.stdout.splitlines()
    if not lines:
        raise NoSecret(f"{section}.password_command prints nothing")
    return lines[0]


def cannot(code: str, message: str, path: str, advice: str | None = None) -> CannotStart:
    """One fault."""
    return CannotStart((Finding(code=code, severity="error", message=message, path=path, advice=advice),))
