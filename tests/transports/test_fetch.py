"""Fetching within bounds, against a real server on loopback (SM-36, SM-40, SM-137)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.transports import client_context
from gateway.transports.fetch import Fetched, Fetcher

from .pki import Authority
from .web import Web


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


def get(web: Web, path: str, **bounds: float) -> Fetched:
    return asyncio.run(Fetcher([web.base], **bounds).get(web.base + path))  # type: ignore[arg-type]


def test_what_stands_at_a_configured_address_is_fetched(web: Web) -> None:
    """SM-36: the bytes as they are."""
    web.serve("uitgever.crl", b"bytes" * 50_000)
    assert get(web, "uitgever.crl") == Fetched(content=b"bytes" * 50_000)


@pytest.mark.parametrize(
    "url",
    [
        "http://elders.example/uitgever.crl",
        "http://crl.example.elders.example/a",
        "http://crl.example/lijst/../ander",
        "http://crl.example/lijst/%2e%2e/ander",
        "http://crl.example/ander",
        "https://crl.example/lijst/a",
        "file:///etc/passwd",
        "http://crl.example@elders.example/lijst/a",
        "http://crl.example:bad/lijst/a",
    ],
)
def test_an_address_that_is_not_configured_is_not_contacted(url: str) -> None:
    """SM-36: such a fetch tells an attacker that a message was decrypted."""
    fetcher = Fetcher(["http://crl.example/lijst/"])
    assert not fetcher.may(url)
    assert asyncio.run(fetcher.get(url)) == Fetched(fault="not-configured")


def test_a_redirect_within_the_host_is_followed_and_one_elsewhere_is_not(web: Web) -> None:
    """SM-137: no redirect to another host, and not around in circles."""
    web.serve("b", b"found")
    with Web() as other:
        other.serve("b", b"stolen")
        web.pages["/near"] = (302, {"Location": "/b"}, b"")
        web.pages["/far"] = (302, {"Location": other.base + "b"}, b"")
        web.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
        web.pages["/round"] = (302, {"Location": "/round"}, b"")
        assert get(web, "near") == Fetched(content=b"found")
        for path in ("far", "file", "round"):
            assert get(web, path) == Fetched(fault="redirect")
        assert other.asked == []


def test_a_question_is_posted_and_carried_no_further(web: Web) -> None:
    """OCSP (RFC 6960 A.1): the body goes to the configured responder only."""
    web.pages["/ocsp"] = lambda body: (200, {}, b"answer to " + body)
    web.pages["/moved"] = (307, {"Location": "/ocsp"}, b"")
    fetcher = Fetcher([web.base])
    assert asyncio.run(fetcher.ask(web.base + "ocsp", b"question")) == Fetched(content=b"answer to question")
    assert asyncio.run(fetcher.ask(web.base + "moved", b"question")) == Fetched(fault="redirect")


def test_more_than_the_limit_is_cut_off(web: Web) -> None:
    """SM-137: 100 MB; here a small one, with and without a length in front."""
    web.serve("huge", b"x" * 300_000)
    web.pages["/told"] = (200, {"Content-Length": "300000"}, b"x" * 300_000)
    assert get(web, "huge", max_bytes=100_000) == Fetched(fault="too-large")
    assert get(web, "told", max_bytes=100_000) == Fetched(fault="too-large")


def test_silence_ends(web: Web) -> None:
    """SM-40, SM-137: a whole exchange takes so long and no longer, and its end is an outcome."""
    web.silence = 1.0
    assert get(web, "never", seconds=0.2) == Fetched(fault="timeout")


def test_an_error_page_is_no_data(web: Web) -> None:
    """SM-40: whatever a server says instead."""
    assert get(web, "nothing") == Fetched(fault="status 404")


def test_a_server_that_is_not_there_is_an_outcome(web: Web) -> None:
    """SM-40: no exception of a library reaches the job."""
    with Web() as gone:
        base = gone.base
    assert asyncio.run(Fetcher([base]).get(base)) == Fetched(fault="unreachable")


def test_the_certificate_of_a_server_is_checked(tmp_path: Path) -> None:
    """SM-143: an unknown root is refused; a known one is enough."""
    authority = Authority(tmp_path)
    with Web(authority.server_context()) as web:
        url = web.serve("uitgever.crl", b"list")
        assert asyncio.run(Fetcher([web.base]).get(url)) == Fetched(fault="tls")
        known = Fetcher([web.base], context=client_context(authority.pem))
        assert asyncio.run(known.get(url)) == Fetched(content=b"list")
