"""Fetch revocation data over HTTP, from configured addresses only, within bounds (SM-36, SM-40, SM-137).

With aiohttp, which comes with the certificate library anyway: its time limit is one over the whole exchange, where
urllib and httpx count each read anew, so that a server which sends a byte a minute would hold a job for ever.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from gateway.transports.tls import client_context

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 60.0
BYTES: Final = 100_000_000
REDIRECTS: Final = 3
_CHUNK = 65_536
_PORTS = {"http": 80, "https": 443}


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What an address gave. With a `fault` there is no content: whatever went wrong, there are no data (SM-40)."""

    content: bytes = b""
    fault: str | None = None  # not-configured, redirect, status 404, too-large, timeout, tls, unreachable


class Fetcher:
    """Gets from, and asks, addresses that begin with one of `prefixes`; anything else is not contacted.

    A prefix holds the host and the slash after it, so that it cannot be continued into another host's name.
    """

    def __init__(
        self,
        prefixes: Sequence[str],
        *,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
        max_bytes: int = BYTES,
    ) -> None:
        self._prefixes = tuple(prefixes)
        self._context = context
        self._seconds, self._max_bytes = seconds, max_bytes

    def may(self, url: str) -> bool:
        """Whether this address is configured (SM-36)."""
        try:
            parts = urlsplit(url)
            plain = parts.port is None or parts.port > 0
        except ValueError:
            return False
        climbs = ".." in parts.path.split("/") or "%2e" in parts.path.lower()
        right = plain and parts.scheme in _PORTS and not climbs and "\\" not in url and "@" not in parts.netloc
        return right and any(url.startswith(prefix) for prefix in self._prefixes)

    async def get(self, url: str) -> Fetched:
        """The bytes at an address."""
        return await self._exchange(url, None, "")

    async def ask(self, url: str, request: bytes, content_type: str = "application/ocsp-request") -> Fetched:
        """The answer to a POST, which no redirect carries further."""
        return await self._exchange(url, request, content_type)

    async def _exchange(self, url: str, body: bytes | None, content_type: str) -> Fetched:
        if not self.may(url):
            return Fetched(fault="not-configured")
        import aiohttp  # 0.4 s, which no command but a running gateway should wait for

        try:
            async with (
                asyncio.timeout(self._seconds),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=self._context or client_context(None), force_close=True),
                    timeout=aiohttp.ClientTimeout(total=None),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,  # what is small on the wire stays small
                    headers={"Accept-Encoding": "identity"},
                ) as session,
            ):
                return await self._follow(session, url, body, content_type)
        except TimeoutError:
            return Fetched(fault="timeout")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Fetched(fault="tls")
        except (aiohttp.ClientError, OSError, ValueError):
            return Fetched(fault="unreachable")

    async def _follow(
        self, session: "aiohttp.ClientSession", url: str, body: bytes | None, content_type: str
    ) -> Fetched:
        headers = {} if body is None else {"Content-Type": content_type}
        method = "GET" if body is None else "POST"
        for _ in range(REDIRECTS + 1):
            async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    return await self._read(response)
                onward = urljoin(url, response.headers.get("Location", ""))
            if body is not None or not _same_host(urlsplit(url), urlsplit(onward)):
                return Fetched(fault="redirect")
            url = onward
        return Fetched(fault="redirect")

    async def _read(self, response: "aiohttp.ClientResponse") -> Fetched:
        if response.status != 200:
            return Fetched(fault=f"status {response.status}")
        content = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > self._max_bytes:
                return Fetched(fault="too-large")
        return Fetched(content=bytes(content))


def _same_host(before: SplitResult, after: SplitResult) -> bool:
    """The same server, or the same host with TLS instead of without; never the other way (SM-137)."""
    if before.hostname != after.hostname or after.scheme not in _PORTS or "@" in after.netloc:
        return False
    ports = before.port or _PORTS[before.scheme], after.port or _PORTS[after.scheme]
    return ports == (80, 443) or (before.scheme == after.scheme and ports[0] == ports[1])
