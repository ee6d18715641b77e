"""A relay that misbehaves on demand (secure-mail 16.5): one fault a session, and it records what it was sent."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "plan@zorg.example", "geheim"


@dataclass
class Relay:
    """Counterpart of a transport. `faults` maps a step to what happens: a reply, or `close`, `silence`, `garbage`.

    Steps: connect, ehlo, starttls, auth, mail, rcpt, data (before the 354), dot (after the final dot).
    """

    context: ssl.SSLContext
    implicit: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 10000000", "DSN", "ENHANCEDSTATUSCODES")
    offers_starttls: bool = True
    commands: list[str] = field(default_factory=list)  # as received, all connections
    in_clear: list[str] = field(default_factory=list)  # those received without TLS
    messages: list[bytes] = field(default_factory=list)  # content, dots taken out
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            await self._session(reader, writer)
        except (_Closed, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = self.implicit
        await self._say(writer, "connect", "220 relay.example ESMTP")
        while line := (await reader.readline()).decode("ascii", "replace").rstrip("\r\n"):
            self.commands.append(line)
            if not secure:
                self.in_clear.append(line)
            verb = line.split(" ")[0].upper().split(":")[0]
            if verb == "EHLO":
                await self._ehlo(writer, secure)
            elif verb == "STARTTLS":
                if self.faults.get("starttls") == "no-tls":
                    writer.write(b"220 2.0.0 go ahead\r\n250 2.0.0 still in clear\r\n" * 2)
                    continue
                await self._say(writer, "starttls", "220 2.0.0 go ahead")
                await writer.start_tls(self.context)
                secure = True
            elif verb == "AUTH":
                good = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode() == line.split(" ")[2]
                await self._say(writer, "auth", "235 2.7.0 ok" if good else "535 5.7.8 wrong")
            elif verb == "MAIL":
                await self._say(writer, "mail", "250 2.1.0 ok")
            elif verb == "RCPT":
                await self._say(writer, "rcpt", "250 2.1.5 ok")
            elif verb == "DATA":
                await self._data(reader, writer)
            elif verb == "QUIT":
                await self._say(writer, "quit", "221 2.0.0 bye")
                return
            else:
                await self._say(writer, verb.lower(), "250 2.0.0 ok")

    async def _ehlo(self, writer: asyncio.StreamWriter, secure: bool) -> None:
        offers = list(self.extensions)
        if not secure and self.offers_starttls:
            offers.append("STARTTLS")
        if secure:
            offers.append("AUTH PLAIN LOGIN")
        lines = ["relay.example", *offers]
        reply = "\r\n".join(f"250{' ' if n == len(lines) - 1 else '-'}{line}" for n, line in enumerate(lines))
        await self._say(writer, "ehlo", reply)

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._say(writer, "data", "354 end with dot"):
            return
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            content += await reader.readuntil(b"\r\n")
        lines = content[:-3].split(b"\r\n")
        self.messages.append(b"\r\n".join(line.removeprefix(b".") for line in lines))
        await self._say(writer, "dot", "250 2.0.0 queued as 4F2A")

    async def _say(self, writer: asyncio.StreamWriter, step: str, reply: str) -> bool:
        """Answer, or the fault of this step; True if it was the normal answer."""
        fault = self.faults.get(step)
        if fault == "close":
            raise _Closed
        if fault == "silence":
            await asyncio.sleep(3600)
        sent = reply if fault is None else "\x00\xff not SMTP at all" if fault == "garbage" else fault
        if fault is not None and fault.startswith("split "):
            sent = fault.removeprefix("split ")
            for octet in f"{sent}\r\n".encode():
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(0.001)
        else:
            writer.write(f"{sent}\r\n".encode("latin-1"))
        await writer.drain()
        if sent.startswith("421"):
            raise _Closed
        return sent == reply


class _Closed(Exception):
    """The relay drops the connection."""


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    """The relay on a free port of loopback."""
    tls = relay.context if relay.implicit else None
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(relay.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
