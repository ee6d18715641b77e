"""A cable between a client and a server that can be cut, go dead without a word, or lose what comes back."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Cable:
    """Carries bytes from a TCP port of loopback to a unix socket (or another port)."""

    def __init__(self, target: Path | int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket, threading.Event]] = []  # with what keeps it alive
        self._open = threading.Event()
        self._open.set()
        self._answers = threading.Event()
        self._answers.set()
        self._ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def dead(self) -> None:
        """From now on nothing is carried, and nobody is told: as a pulled plug."""
        self._open.clear()

    def deaf(self) -> None:
        """What is sent still arrives; what is answered does not."""
        self._answers.clear()

    def forsake(self) -> None:
        """Nothing more is carried for the connections there are, and nobody is told; new ones work."""
        with self._lock:
            for *_, alive in self._pairs:
                alive.clear()

    def cut(self) -> None:
        """End every connection at once, with a reset."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for near, far, alive in pairs:
            for end in (near, far):
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            alive.set()  # who waits for it finds the end

    def mend(self) -> None:
        """New connections work; those of before the trouble are gone."""
        self.cut()
        self._open.set()
        self._answers.set()

    def close(self) -> None:
        """The end."""
        self._ended = True
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.mend()

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if isinstance(self._target, int):
                far = socket.create_connection(("127.0.0.1", self._target))
            else:
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(str(self._target))
                except OSError:
                    near.close()
                    far.close()
                    continue
            alive = threading.Event()
            alive.set()
            with self._lock:
                self._pairs.append((near, far, alive))
            threading.Thread(target=self._carry, args=(near, far, self._open, alive), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self._answers, alive), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, *gates: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                for gate in (self._open, *gates):
                    gate.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable(target: Path | int) -> Iterator[Cable]:
    """A cable of this test."""
    made = Cable(target)
    try:
        yield made
    finally:
        made.close()
