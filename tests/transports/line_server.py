"""A mailbox server of a few lines that says what a test wants, under TLS on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[bytes, Callable[[bytes], None]], None]
"""Gets a command without its line end, and a way to send."""


@contextmanager
def serving(context: ssl.SSLContext, greeting: bytes, answer: Answer) -> Iterator[int]:
    """Its port. Every connection gets the greeting, and then an answer to each line until it leaves."""
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def talk(raw: socket.socket) -> None:
        with suppress(OSError), raw, context.wrap_socket(raw, server_side=True) as sock:
            sock.sendall(greeting)
            with sock.makefile("rb") as lines:
                for line in lines:
                    answer(line.rstrip(b"\r\n"), sock.sendall)

    def accept() -> None:
        with suppress(OSError):
            while True:
                raw, _ = server.accept()
                raw.settimeout(10)
                threads.append(threading.Thread(target=talk, args=[raw]))
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server.getsockname()[1]
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        acceptor.join(5)
        for each in threads:
            each.join(5)
