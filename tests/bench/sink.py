"""`python -m tests.bench.sink CERTIFICATE KEY COUNT`: a relay that takes everything and keeps nothing, under TLS.

The same for whoever is measured. It says its port on standard output and writes the number of messages it took, eight
bytes little-endian, into the file COUNT after each. One thread, no parsing beyond what SMTP needs: a sink that is slow
would measure itself.
"""

import mmap
import select
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GREETING = b"220 sink.example ESMTP\r\n"
EXTENSIONS = b"250-sink.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
OK = b"250 2.0.0 Ok\r\n"
DEAD = b"TO:<dead@"  # a recipient of whom nothing is heard any more


class Count:
    """How many messages a sink took."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)

    @property
    def value(self) -> int:
        """The number now."""
        number: int = struct.unpack_from("<q", self._map)[0]
        return number

    def add(self) -> None:
        """One more."""
        struct.pack_into("<q", self._map, 0, self.value + 1)

    def wait(self, number: int, seconds: float = 120.0) -> None:
        """Until so many were taken; TimeoutError."""
        deadline = time.monotonic() + seconds
        while self.value < number:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sink took {self.value} messages, {number} were expected")
            time.sleep(0.005)


class _Client:
    """One connection: what it said so far, and whether it is in the middle of a message."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self.connection = connection
        self.greeted = self.in_data = False
        self.buffer = bytearray()

    def move(self, count: Count) -> bool:
        """Go on with what came in; False when the connection is over."""
        try:
            if not self.greeted:
                self.connection.do_handshake()
                self.greeted = True
                self.connection.send(GREETING)
            while piece := self.connection.read(65_536):
                seen = max(0, len(self.buffer) - 4)
                self.buffer += piece
                if answer := self._answers(seen, count):
                    self.connection.send(answer)
                if not self.connection.pending():
                    return True  # to hear that nothing is there yet would cost as much as a command
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError:
            return False
        return False

    def _answers(self, seen: int, count: Count) -> bytes:
        answers = b""
        while True:
            if self.in_data:
                end = self.buffer.find(b"\r\n.\r\n", seen)
                if end < 0:
                    return answers
                del self.buffer[: end + 5]
                self.in_data = False
                count.add()
                answers += OK
            else:
                end = self.buffer.find(b"\r\n")
                if end < 0:
                    return answers
                line = bytes(self.buffer[:end])
                del self.buffer[: end + 2]
                answers += b"" if DEAD in line else self._answer(line[:4].upper())
            seen = 0

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return EXTENSIONS
        if verb == b"DATA":
            self.in_data = True
            return b"354 go on\r\n"
        return b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else OK


def serve(certificate: str, key: str, path: Path) -> None:
    """Until the process is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    count = Count(path)
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    server.setblocking(False)
    clients: dict[int, _Client] = {}
    poll = select.epoll()
    poll.register(server, select.EPOLLIN)
    print(server.getsockname()[1], flush=True)
    while True:
        for number, _ in poll.poll():
            if number == server.fileno():
                secured = _accept(server, context)
                clients[secured.fileno()] = _Client(secured)
                poll.register(secured, select.EPOLLIN)
            elif not clients[number].move(count):
                poll.unregister(number)
                clients.pop(number).connection.close()


def _accept(server: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain, _ = server.accept()
    plain.setblocking(False)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)


@contextmanager
def running(folder: Path, certificate: Path, key: Path) -> Iterator[tuple[int, Count]]:
    """A sink in a process of its own: its port and its count."""
    path = folder / "sink-count"
    path.write_bytes(bytes(8))
    command = [sys.executable, "-m", "tests.bench.sink", str(certificate), str(key), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline()), Count(path)
        finally:
            process.kill()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
