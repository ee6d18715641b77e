"""A small HTTP endpoint on this machine for supervisors and monitoring: /healthz, /readyz, /metrics.

It runs in a thread of its own, so that it still answers when the loop that does the work does not.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import msgspec
import structlog

from .logs import where

log = structlog.get_logger("gateway.endpoint")

HOST = "127.0.0.1"
_JSON, _TEXT = "application/json", "text/plain; version=0.0.4; charset=utf-8"

Page = tuple[int, str, bytes]  # status, content type, body


class PortTaken(Exception):
    """Something else listens there."""


class Endpoint:
    """Answers while it is open; a context manager. PortTaken if the port cannot be had.

    `alive` and `ready` give what is wrong, a sentence each; `metrics` the text for Prometheus.
    """

    def __init__(
        self,
        port: int,
        *,
        alive: Callable[[], list[str]],
        ready: Callable[[], list[str]],
        metrics: Callable[[], bytes],
    ) -> None:
        pages: dict[str, Callable[[], Page]] = {
            "/healthz": lambda: _verdict(alive()),
            "/readyz": lambda: _verdict(ready()),
            "/metrics": lambda: (200, _TEXT, metrics()),
        }
        try:
            self._server = ThreadingHTTPServer((HOST, port), _handler(pages))
        except OSError as error:
            raise PortTaken(f"port {port} of {HOST} cannot be used ({error.strerror}): see [health] port") from None
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="endpoint", daemon=True)

    def __enter__(self) -> "Endpoint":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _verdict(wrong: list[str]) -> Page:
    return (503 if wrong else 200), _JSON, msgspec.json.encode({"ok": not wrong, "wrong": wrong})


def _answer(page: Callable[[], Page] | None) -> Page:
    if page is None:
        return 404, _JSON, b"{}"
    try:
        return page()
    except Exception as error:
        # A store that cannot be asked is an answer too: not ready.
        log.error("endpoint_failed", error=where(error))
        return 503, _JSON, msgspec.json.encode({"ok": False, "wrong": [type(error).__name__]})


def _handler(pages: dict[str, Callable[[], Page]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """One of the three pages."""
            status, kind, body = _answer(pages.get(self.path.partition("?")[0]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a probe every few seconds is no event."""

    return Handler
