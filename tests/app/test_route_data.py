"""What routes are decided by, fetched and kept; what cannot be had leaves the last good in force."""

import asyncio
import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import route_data
from gateway.config.settings import Route
from gateway.demo import ca
from gateway.flows.parties import PartnerRecord, add_partner
from gateway.flows.secure_domains import in_domain_book, is_due, qualified_by
from gateway.securemail import Qualification
from gateway.store import MasterKey, Store
from gateway.transports.dns import Looked
from gateway.transports.lists import ListDown, fetch_list

NOW = datetime.now(UTC).replace(microsecond=0)
BOOK = b"domeinboek\nzorg.example\nanders.example\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one partner."""
    opened = Store.open(tmp_path / "gateway.db", MasterKey.create(tmp_path / "master.key"))
    record = PartnerRecord(code="99990001", role="aanbieder", name="x", addresses=("plan@zorg.example",))
    with opened.unit(now=NOW, actor="test") as unit:
        add_partner(unit, record)
    yield opened
    opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A web server with the book, one page that points elsewhere and one that is missing; its address and its root."""
    root = ca.make_root("Proef", NOW - timedelta(days=1))
    leaf = ca.make_tls(root, NOW - timedelta(days=1))

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = {"/elders": "https://127.0.0.2/book", "/hier": "/book"}.get(self.path)
            self.send_response(302 if where else 200 if self.path == "/book" else 404)
            if where:
                self.send_header("Location", where)
            self.end_headers()
            if self.path == "/book":
                self.wfile.write(BOOK)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "c.pem").write_bytes(leaf.chain_pem)
    (tmp_path / "k.pem").write_bytes(leaf.key_pem())
    context.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}", root.pem.decode()
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_book_is_fetched_over_verified_tls_from_its_own_host_only(site: tuple[str, str], tmp_path: Path) -> None:
    """SM-112: an unknown authority, another host, a missing page, plain http: each time the list is down."""
    address, root = site

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cadata=root)

    assert fetch_list(f"{address}/book", tmp_path, trusting, 1000) == BOOK
    assert fetch_list(f"{address}/hier", tmp_path, trusting, 1000) == BOOK
    for wrong in (f"{address}/elders", f"{address}/niets", "http://127.0.0.1/book", "ontbreekt.txt"):
        with pytest.raises(ListDown):
            fetch_list(wrong, tmp_path, trusting, 1000)
    with pytest.raises(ListDown, match="larger"):
        fetch_list(f"{address}/book", tmp_path, trusting, 10)
    with pytest.raises(ListDown):
        fetch_list(f"{address}/book", tmp_path, ssl.create_default_context, 1000)


def test_the_book_of_a_file_is_kept_and_a_missing_one_changes_nothing(store: Store, tmp_path: Path) -> None:
    """SM-113: the last good one stays in force; so it does when the new one shrank."""
    route, book = Route(domain_book="book.txt"), tmp_path / "book.txt"

    def fetch() -> str:
        return asyncio.run(route_data.refresh_book(store, route, tmp_path, lambda: NOW))

    assert asyncio.run(route_data.refresh_book(store, Route(), tmp_path, lambda: NOW)) == "no domain book"
    book.write_bytes(BOOK)
    assert fetch() == "2 domains"
    book.write_bytes(b"domeinboek\nanders.example\n")
    assert fetch() == "kept aside"
    book.unlink()
    assert fetch().startswith("not fetched")
    with store.view(now=NOW) as view:
        assert in_domain_book(view, "zorg.example")


def test_partners_domains_are_asked_about_when_their_answer_ran_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-111: once, and again after the time that the answers may be kept."""
    asked: list[str] = []

    async def answer(_: object, domain: str, __: object) -> Looked:
        asked.append(domain)
        return Looked(Qualification("qualified"), timedelta(minutes=5))

    monkeypatch.setattr("gateway.transports.dns.Resolver.qualification", answer)
    route = Route(resolver="127.0.0.1")
    later = NOW + timedelta(minutes=6)
    for moment in (NOW, NOW + timedelta(minutes=1), later):
        asyncio.run(route_data.refresh_domains(store, route, lambda at=moment: at))
    assert asked == ["zorg.example", "zorg.example"]
    assert asyncio.run(route_data.refresh_domains(store, Route(), lambda: NOW)) == "no resolver"
    with store.view(now=later) as view:
        assert qualified_by(view, "zorg.example")[0]
        assert not is_due(view, "zorg.example")
