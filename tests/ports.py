"""Ports of loopback for servers that choose none by themselves.

A port that is found free and let go may be somebody else's before the server has it: another test's server, or the near
end of any connection, even of the one that waits for this server. So it is kept: bound and never listened to, which
keeps the kernel from giving it away, and which SO_REUSEADDR passes over, as servers set it.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """So many ports that nobody gets meanwhile but who asks for that very number."""
    with ExitStack() as stack:
        kept = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in kept:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("127.0.0.1", 0))
        yield [each.getsockname()[1] for each in kept]
