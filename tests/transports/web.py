"""A web server on loopback whose pages a test sets, with everything that was asked of it."""

import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

Answer = tuple[int, dict[str, str], bytes]
Page = Answer | Callable[[bytes], Answer]


class Web:
    """`pages` by path: an answer, or a function of the request's body. A path without one is answered with 404."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str, bytes]] = []
        self.silence = 0.0  # seconds before an answer
        web = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _answer(self, body: bytes) -> None:
                web.asked.append((self.command, self.path, body))
                time.sleep(web.silence)
                page = web.pages.get(self.path, (404, {}, b"nothing here"))
                status, headers, content = page(body) if callable(page) else page
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True  # the client had enough

            def log_message(self, *_: object) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A handshake that the client refused."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.base = f"http{'s' if context else ''}://127.0.0.1:{self._server.server_port}/"

    def serve(self, path: str, content: bytes) -> str:
        """Put something there; its address."""
        self.pages["/" + path] = (200, {}, content)
        return self.base + path

    def __enter__(self) -> "Web":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
