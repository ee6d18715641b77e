"""From settings to the ways out and in: the relay and the mailbox, with what they need from files and environment."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from gateway.config import Mailbox as MailboxSettings
from gateway.config import Settings, read_secret
from gateway.domain.findings import Finding
from gateway.transports import (
    ImapBell,
    ImapMailbox,
    ImapSettings,
    Mailbox,
    MaildirMailbox,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    client_context,
)

T = TypeVar("T")


class CannotStart(Exception):
    """Something that the gateway needs is not right. `findings` say what, where and what to do."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


class Files:
    """Files and secrets that settings name; CannotStart says which one cannot be had, and why."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
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
        """Roots of a mail server's certificate, PEM; None: the system's."""
        return None if name is None else self.read(name, key).decode("ascii", "replace")


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


def relay(settings: Settings, files: Files) -> SmtpTransport | None:
    """The way out; None if the settings have none."""
    out = settings.relay
    if out is None:
        return None
    password = None
    if out.user is not None:
        password = files.secret(out.password_file, "relay.password_file", "GATEWAY_RELAY_PASSWORD")
    smtp = SmtpSettings(host=out.host, port=out.port, tls=out.tls, username=out.user, password=password)
    return SmtpTransport(smtp, client_context(files.authority(out.authority, "relay.authority"), _pins(out.pin)))


def mailbox(settings: Settings, files: Files) -> Mailbox | None:
    """The way in; None if the settings have none."""
    box = settings.mailbox
    if box is None:
        return None
    if box.kind == "maildir":
        return MaildirMailbox(files.folder / (box.path or ""), settings.gateway.address)
    password = files.secret(box.password_file, "mailbox.password_file", "GATEWAY_MAILBOX_PASSWORD")
    context = client_context(files.authority(box.authority, "mailbox.authority"), _pins(box.pin))
    if box.kind == "imap":
        return ImapMailbox(_imap(box, password), context)
    pop3 = Pop3Settings(host=box.host or "", username=box.user or "", password=password, port=box.port or 995)
    return Pop3Mailbox(pop3, context)


def bell(settings: Settings, files: Files) -> ImapBell | None:
    """What tells that mail arrived, beside the look by the clock; only IMAP has it (SM-98)."""
    box = settings.mailbox
    if box is None or box.kind != "imap":
        return None
    password = files.secret(box.password_file, "mailbox.password_file", "GATEWAY_MAILBOX_PASSWORD")
    context = client_context(files.authority(box.authority, "mailbox.authority"), _pins(box.pin))
    return ImapBell(_imap(box, password), context)


def _imap(box: MailboxSettings, password: str) -> ImapSettings:
    host, user, port = box.host or "", box.user or "", box.port or 993
    processed = None if box.after == "delete" else "Verwerkt"
    return ImapSettings(host=host, username=user, password=password, port=port, folder=box.folder, processed=processed)


def _pins(setting: str | None) -> list[str]:
    return (setting or "").split()


def cannot(code: str, message: str, path: str, advice: str | None = None) -> CannotStart:
    """One fault."""
    return CannotStart((Finding(code=code, severity="error", message=message, path=path, advice=advice),))
