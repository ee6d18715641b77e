"""Submission by SMTP: TLS or nothing, one recipient a transaction, every outcome of table 10.2 (secure-mail 10)."""

import asyncio
import base64
import re
import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal

import aiosmtplib
import msgspec
from aiosmtplib.protocol import SMTPProtocol

from gateway.domain.delivery import Outcome, Phase, Shipment

from .replies import clean, enhanced_code, outcome_of
from .sasl import CHALLENGES_MAX, NAMES, Auth, Secret, begin, decode
from .seam import BeforeData

CONNECT_TIMEOUT = 30.0  # SM-81, seconds
COMMAND_TIMEOUT = 300.0
PIECE = 262_144  # bytes of a message that are handed over at once, and the rest of a line
DATA_TIMEOUT = 600.0  # a shorter wait for the reply after the dot makes duplicates
IDLE_MAX = 30.0
AGE_MAX = 600.0  # SM-82
MESSAGES_MAX = 100
CONNECTIONS_MAX = 4
_GO_ON, _LOGGED_IN, _REFUSED = 334, 235, 400

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One relay. There is no setting for plain text (SM-78)."""

    host: str
    port: int
    tls: Literal["implicit", "starttls"]
    username: str | None = None
    password: Secret | None = None
    auth: Auth = "plain"
    local_hostname: str = "localhost"  # what we say in EHLO
    data_timeout: float = DATA_TIMEOUT
    command_timeout: float = COMMAND_TIMEOUT

    def __repr__(self) -> str:
        return f"SmtpSettings({self.host}:{self.port}, {self.tls})"


class _Session:
    """One connection and how it was used."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.opened_at = self.used_at = time.monotonic()
        self.messages = 0
        self.tls: str | None = None
        self.transport: asyncio.BaseTransport | None = None

    def fit(self) -> bool:
        """May it carry one more message?"""
        now = time.monotonic()
        return (
            self.client.is_connected
            and self.messages < MESSAGES_MAX
            and now - self.used_at < IDLE_MAX
            and now - self.opened_at < AGE_MAX
        )


class _Dialogue:
    """Where the dialogue is: what an exception means depends on it."""

    def __init__(self) -> None:
        self.phase: Phase = "connect"


class SmtpTransport:
    """A relay that takes our mail; keeps up to four connections and uses them again (SM-82)."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext) -> None:
        self._settings, self._context = settings, context
        self._idle: list[_Session] = []
        self._room = asyncio.Semaphore(CONNECTIONS_MAX)
        self._remote = f"{settings.host}:{settings.port}"

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """Make one attempt; see `Transport`."""
        if (reason := unfit(shipment)) is not None:
            return Outcome(verdict="failed", phase="mail", reason=reason, recipient=shipment.recipient)
        async with self._room:
            outcome = await self._attempt(shipment, before_data)
        return msgspec.structs.replace(outcome, remote=self._remote, recipient=shipment.recipient)

    async def probe(self) -> Outcome | None:
        """Greet, encrypt, log in and leave; None if all of that went well, else what went wrong and where."""
        session, dialogue = self._new_session(), _Dialogue()
        try:
            await self._open(session, dialogue)
        except Exception as error:
            await _hang_up(session)
            return outcome_of(error, dialogue.phase)
        await _quit(session)
        return None

    async def close(self) -> None:
        """QUIT on every idle connection."""
        while self._idle:
            await _quit(self._idle.pop())

    async def _attempt(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        while (session := await self._reuse()) is not None:
            outcome = await self._with(session, shipment, before_data)
            # A relay that closed an idle connection says nothing of the message: take another connection.
            if not (outcome.phase == "mail" and (outcome.reason == "lost" or outcome.code == 421)):
                return outcome
        session, dialogue = self._new_session(), _Dialogue()
        try:
            await self._open(session, dialogue)
        except BaseException as error:
            await _hang_up(session)
            if not isinstance(error, Exception):
                raise
            return outcome_of(error, dialogue.phase)
        return await self._with(session, shipment, before_data)

    def _new_session(self) -> _Session:
        client = aiosmtplib.SMTP(
            hostname=self._settings.host,
            port=self._settings.port,
            local_hostname=self._settings.local_hostname,
            timeout=CONNECT_TIMEOUT,
            use_tls=self._settings.tls == "implicit",
            start_tls=False,  # we do it ourselves, so that the phase is known; never skipped
            tls_context=self._context,
        )
        return _Session(client)

    async def _reuse(self) -> _Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.fit():
                return session
            await _quit(session)
        return None

    async def _open(self, session: _Session, dialogue: _Dialogue) -> None:
        client, wait = session.client, self._settings.command_timeout
        await client.connect()
        dialogue.phase = "ehlo"
        await client.ehlo(timeout=wait)
        if self._settings.tls == "starttls":
            dialogue.phase = "tls"
            await client.starttls(timeout=CONNECT_TIMEOUT)
            dialogue.phase = "ehlo"
            await client.ehlo(timeout=wait)
        dialogue.phase = "tls"
        secured = client.get_transport_info("ssl_object")
        if secured is None:
            raise aiosmtplib.SMTPException("the connection is not encrypted")
        session.tls = f"{secured.version()} {secured.cipher()[0]}"
        session.transport = client.transport
        if self._settings.username is not None:
            dialogue.phase = "auth"
            await self._log_in(client, self._settings.username, wait)

    async def _log_in(self, client: aiosmtplib.SMTP, user: str, wait: float) -> None:
        """By the configured mechanism and no other. With a client certificate the relay may ask for no word of it."""
        auth = self._settings.auth
        name = NAMES[auth]
        if name.lower() not in client.server_auth_methods:
            if auth == "external":
                return
            raise aiosmtplib.SMTPException(f"the relay does not offer AUTH {name}")
        mechanism = await asyncio.to_thread(begin, auth, user, self._settings.password or "")
        first = base64.b64encode(mechanism.answer(b"")) or b"="
        reply = await client.execute_command(b"AUTH", name.encode(), first, timeout=wait)
        for _ in range(CHALLENGES_MAX):
            if reply.code != _GO_ON:
                break
            answer = await asyncio.to_thread(mechanism.answer, decode(reply.message))
            reply = await client.execute_command(base64.b64encode(answer), timeout=wait)
        if reply.code != _LOGGED_IN:
            raise aiosmtplib.SMTPAuthenticationError(reply.code, reply.message)
        mechanism.check_end()

    async def _with(self, session: _Session, shipment: Shipment, before_data: BeforeData) -> Outcome:
        dialogue = _Dialogue()
        try:
            outcome = await self._transact(session, shipment, before_data, dialogue)
        except _Stop as stop:
            # Our own side called it off between RCPT and DATA: nothing was sent.
            await _hang_up(session)
            raise stop.reason from None
        except Exception as error:
            outcome = outcome_of(error, dialogue.phase)
            await self._after_trouble(session, outcome)
        except BaseException:
            await _hang_up(session)
            raise
        else:
            self._keep(session)
        return msgspec.structs.replace(outcome, tls=session.tls)

    async def _transact(
        self, session: _Session, shipment: Shipment, before_data: BeforeData, dialogue: _Dialogue
    ) -> Outcome:
        client, wait = session.client, self._settings.command_timeout
        dialogue.phase = "mail"
        if (room := _size_limit(client)) is not None and len(shipment.wire) > room:
            return Outcome(verdict="failed", phase="mail", reason="too-large", text=f"the relay takes {room} bytes")
        await _say(client, _mail_command(client, shipment), (250,), wait)
        dialogue.phase = "rcpt"
        await _say(client, _rcpt_command(client, shipment), (250, 251), wait)
        payload = _stuffed(shipment.wire)
        first = next(payload)
        with _stopping():
            await before_data()
        dialogue.phase = "data"
        reply = await _send(client, first, payload, self._settings.data_timeout)
        enhanced = enhanced_code(reply.code, reply.message)
        text = clean(reply.message)
        return Outcome(verdict="submitted", phase="data", code=reply.code, enhanced=enhanced, text=text)

    async def _after_trouble(self, session: _Session, outcome: Outcome) -> None:
        """A refusal in good order leaves the connection usable after RSET; anything else ends it (SM-82)."""
        if outcome.code is None or outcome.code == 421 or not session.client.is_connected:
            await _hang_up(session)
            return
        try:
            await session.client.rset(timeout=CONNECT_TIMEOUT)
        except (aiosmtplib.SMTPException, OSError):
            await _hang_up(session)
        else:
            self._keep(session)

    def _keep(self, session: _Session) -> None:
        session.messages += 1
        session.used_at = time.monotonic()
        self._idle.append(session)


class _Stop(Exception):
    """Carries what `before_data` raised past the handling of the relay's errors."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason


@contextmanager
def _stopping() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise _Stop(error) from error


def unfit(shipment: Shipment) -> str | None:
    """Why these bytes or this envelope may not reach a relay at all (SM-91); None if they may."""
    if shipment.sender and _ADDRESS.fullmatch(shipment.sender) is None:
        return "address"
    if _ADDRESS.fullmatch(shipment.recipient) is None:
        return "address"
    wire = shipment.wire
    whole = wire.count(b"\r\n")
    bare = wire.count(b"\r") != whole or wire.count(b"\n") != whole
    return "protocol" if bare or not wire.endswith(b"\r\n") or b"\0" in wire else None


# MAIL, RCPT and DATA go by the library's `execute_command`: its methods of those names parse addresses that `unfit` has
# judged already, and look at every line of a message whose line ends are known to be right; half the time of a message.


async def _say(client: aiosmtplib.SMTP, command: str, good: Collection[int], wait: float) -> aiosmtplib.SMTPResponse:
    """One command and its reply; SMTPResponseException for another reply than a good one."""
    reply = await client.execute_command(command.encode("ascii"), timeout=wait)
    if reply.code not in good:
        # A 250 to the word DATA is no promise: nothing was handed over that it could be about.
        out_of_step = reply.code < _REFUSED
        raise aiosmtplib.SMTPResponseException(-1 if out_of_step else reply.code, reply.message)
    _in_step(client)
    return reply


async def _send(client: aiosmtplib.SMTP, first: bytes, rest: Iterator[bytes], wait: float) -> aiosmtplib.SMTPResponse:
    """DATA, the message and the dot; the reply to the dot."""
    await _say(client, "DATA", (354,), wait)
    if (protocol := client.protocol) is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    protocol.write(first)
    if len(first) < PIECE:
        reply = await protocol.read_response(timeout=wait)
    else:
        reply = await _send_on(client, protocol, rest, wait)
    if reply.code != 250:
        raise aiosmtplib.SMTPDataError(reply.code, reply.message)
    return reply


async def _send_on(
    client: aiosmtplib.SMTP, protocol: SMTPProtocol, pieces: Iterator[bytes], wait: float
) -> aiosmtplib.SMTPResponse:
    """The rest of a large message, no faster than the relay takes it: TLS and the loop each make copies of the rest."""
    reading = asyncio.create_task(protocol.read_response(timeout=wait))
    room = asyncio.create_task(protocol._drain_helper())
    try:
        await asyncio.wait({reading, room}, return_when=asyncio.FIRST_COMPLETED)
        for piece in pieces:
            if reading.done():
                break
            protocol.write(piece)
            room = asyncio.create_task(protocol._drain_helper())
            await asyncio.wait({reading, room}, return_when=asyncio.FIRST_COMPLETED)
        else:
            return await reading
        reply = await reading
    finally:
        for task in (reading, room):
            task.cancel()
        await asyncio.gather(reading, room, return_exceptions=True)
    client.close()  # it would take our next command for the rest of the message
    # A promise for a part is none.
    return reply if reply.code != 250 else aiosmtplib.SMTPResponse(-1, reply.message)


def _stuffed(wire: bytes) -> Iterator[bytes]:
    """What follows DATA (RFC 5321 4.5.2), in pieces of whole lines; `unfit` saw that all of them end in CRLF."""
    begin = 0
    while begin < len(wire):
        end = wire.find(b"\r\n", begin + PIECE)
        end = len(wire) if end < 0 else end + 2
        first = b"." if wire.startswith(b".", begin) else b""
        last = b".\r\n" if end == len(wire) else b""
        yield b"".join((first, wire[begin:end].replace(b"\r\n.", b"\r\n.."), last))
        begin = end


def _mail_command(client: aiosmtplib.SMTP, shipment: Shipment) -> str:
    return " ".join((f"MAIL FROM:<{shipment.sender}>", *_mail_options(client, shipment)))


def _rcpt_command(client: aiosmtplib.SMTP, shipment: Shipment) -> str:
    return " ".join((f"RCPT TO:<{shipment.recipient}>", *_rcpt_options(client, shipment)))


def _mail_options(client: aiosmtplib.SMTP, shipment: Shipment) -> list[str]:
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(shipment.wire)}")
    if client.supports_extension("requiretls"):
        options.append("REQUIRETLS")
    if shipment.wants_dsn and client.supports_extension("dsn"):
        options += ["RET=HDRS", f"ENVID={shipment.envelope_id}"]
    return options


def _rcpt_options(client: aiosmtplib.SMTP, shipment: Shipment) -> list[str]:
    if shipment.wants_dsn and client.supports_extension("dsn"):
        return ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{xtext(shipment.recipient)}"]
    return []


def xtext(value: str) -> str:
    """RFC 3461 section 4: `+`, `=` and what is not printable as `+XX`."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in value)


def _in_step(client: aiosmtplib.SMTP) -> None:
    """A relay that says more than was asked would have its next answer taken for that to another question."""
    if getattr(client.protocol, "_buffer", b""):
        raise aiosmtplib.SMTPResponseException(-1, "the relay says more than was asked")


def _size_limit(client: aiosmtplib.SMTP) -> int | None:
    """The relay's limit; None if it names none (0 says so too, RFC 1870)."""
    text = client.esmtp_extensions.get("size", "").strip()
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


async def _quit(session: _Session) -> None:
    try:
        if session.client.is_connected:
            await session.client.quit(timeout=5)
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        await _hang_up(session)


async def _hang_up(session: _Session) -> None:
    """Close at once: a TLS connection that is merely told to close waits half a minute for a silent relay."""
    transport = session.transport or session.client.transport
    session.client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)  # the loop lets go of the socket in its next rounds
        await asyncio.sleep(0)
