"""NTA 7516 over DNSSEC: a signed zone, a real validating resolver (unbound) before it, and what tampering does."""

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from gateway.transports.dns import Resolver, ResolverSettings
from tests import ports

TODAY = date(2026, 6, 1)
TLSA = f"3 1 1 {'ab' * 32}"
ZONE = f"""
$ORIGIN zorg.test.
$TTL 900
@ IN SOA ns.zorg.test. beheer.zorg.test. 1 3600 600 86400 300
@ IN NS ns.zorg.test.
ns IN A 127.0.0.1
@ IN TXT "v=spf1 -all"
@ IN TXT "v=NTA7516-1;startdate=2026-01;" "enddate=2027-12;provider=Proef;ntamx=10 mx.zorg.test"
@ IN MX 10 gewoon.zorg.test.
mx IN A 127.0.0.1
gewoon IN A 127.0.0.1
_25._tcp.mx IN TLSA {TLSA}
zonder IN TXT "v=NTA7516-1;startdate=2026-01;enddate=2027-12;provider=Proef"
zonder IN MX 10 gewoon.zorg.test.
verlopen IN TXT "v=NTA7516-1;startdate=2025-01;enddate=2025-12"
kaal IN TXT "v=NTA7516-1;startdate=2026-01;enddate=2027-12;provider=Proef;ntamx=10 zwak.zorg.test"
kaal IN MX 10 zwak.zorg.test.
zwak IN A 127.0.0.1
_25._tcp.zwak IN TLSA 1 1 0 abab
vals IN TXT "v=NTA7516-1;startdate=2026-01;enddate=2027-12;ntamx=10 mx.zorg.test"
vals IN MX 10 mx.zorg.test.
"""


class Authority:
    """A name server for one zone, on UDP; what it says of `vals` was changed after signing."""

    def __init__(self) -> None:
        self.zone = dns.zone.from_text(ZONE, "zorg.test.", relativize=False)
        key = ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
        now = datetime.now(UTC)
        with self.zone.writer() as transaction:
            dns.dnssec.sign_zone(
                self.zone,
                transaction,
                [(key, self.dnskey)],
                inception=now - timedelta(hours=1),
                expiration=now + timedelta(days=1),
                add_dnskey=True,
                dnskey_ttl=900,
            )
        self.ds = dns.dnssec.make_ds("zorg.test.", self.dnskey, "SHA256")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, who = self._socket.recvfrom(4096)
            if self._stopped:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(data)).to_wire(), who)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        node = self.zone.get_node(question.name)
        found = None if node is None else node.get_rdataset(dns.rdataclass.IN, question.rdtype)
        if node is not None and found is not None:
            response.answer.append(_rrset(question.name, found))
            if str(question.name) == "vals.zorg.test." and question.rdtype == dns.rdatatype.TXT:
                forged = "v=NTA7516-1;startdate=2026-01;enddate=2027-12;ntamx=10 mx.dief.test"
                response.answer[-1] = dns.rrset.from_text(question.name, 900, "IN", "TXT", f'"{forged}"')
            signature = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.RRSIG, question.rdtype)
            if signature is not None:
                response.answer.append(_rrset(question.name, signature))
        return response

    def close(self) -> None:
        self._stopped = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"x", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


def _rrset(name: dns.name.Name, rdataset: object) -> dns.rrset.RRset:
    made = dns.rrset.RRset(name, rdataset.rdclass, rdataset.rdtype, rdataset.covers)  # type: ignore[attr-defined]
    made.update(rdataset)  # type: ignore[arg-type]
    return made


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """The zone's own server."""
    made = Authority()
    yield made
    made.close()


@pytest.fixture(scope="module")
def resolver(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """unbound, which validates; its port."""
    if (program := shutil.which("unbound")) is None:
        pytest.skip("unbound is missing: apt-get install unbound")
    folder = tmp_path_factory.mktemp("unbound")
    with ports.reserved(1) as (port,):
        (folder / "unbound.conf").write_text(_configuration(folder, port, authority))
        process = subprocess.Popen([program, "-d", "-c", folder / "unbound.conf"], stderr=subprocess.DEVNULL)
        try:
            asking = Resolver(ResolverSettings(port=port, timeout=0.5))
            for _ in range(100):
                if asyncio.run(asking.qualification("zorg.test", TODAY)).qualification.status != "unknown":
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _configuration(folder: Path, port: int, authority: Authority) -> str:
    return f"""
server:
  interface: 127.0.0.1@{port}
  port: {port}
  directory: "{folder}"
  pidfile: ""
  username: ""
  chroot: ""
  use-syslog: no
  do-daemonize: no
  module-config: "validator iterator"
  trust-anchor: "zorg.test. DS {authority.ds.to_text()}"
  local-zone: "test." nodefault
  do-not-query-localhost: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
remote-control:
  control-enable: no
stub-zone:
  name: "zorg.test."
  stub-addr: 127.0.0.1@{authority.port}
"""


def look(domain: str, settings: ResolverSettings) -> tuple[str, str]:
    """Status and detail of a domain."""
    found = asyncio.run(Resolver(settings).qualification(domain, TODAY)).qualification
    return found.status, found.detail


def test_a_domain_with_all_records_secure_qualifies(resolver: int) -> None:
    """13.2: record in date, MX and TLSA secure; kept for the smallest TTL (SM-111)."""
    found = asyncio.run(Resolver(ResolverSettings(port=resolver)).qualification("zorg.test", TODAY))
    assert (found.qualification.status, found.qualification.provider) == ("qualified", "Proef")
    assert timedelta(minutes=5) <= found.keep <= timedelta(minutes=15)
    assert [(fact.type, fact.status) for fact in found.facts[:2]] == [("TXT", "secure"), ("MX", "secure")]
    assert all(fact.type == "TLSA" and fact.values for fact in found.facts[2:])


@pytest.mark.parametrize(
    ("domain", "status", "detail"),
    [
        ("zonder.zorg.test", "unknown", "TLSA"),  # the zone's server gives no proof that there is none
        ("kaal.zorg.test", "not qualified", "TLSA"),
        ("verlopen.zorg.test", "not qualified", "niet geldig op deze dag"),
        ("vals.zorg.test", "unknown", "TXT"),
    ],
)
def test_what_is_missing_does_not_qualify_and_what_was_changed_is_unknown(
    resolver: int, domain: str, status: str, detail: str
) -> None:
    """SM-109, SM-110: a record changed after signing is SERVFAIL, never an answer."""
    found = look(domain, ResolverSettings(port=resolver, timeout=3))
    assert found[0] == status
    assert detail in found[1]


def test_the_ad_bit_of_a_server_that_does_not_validate_is_no_proof(authority: Authority) -> None:
    """SM-110: an unsigned answer never qualifies; neither does silence."""
    assert look("zorg.test", ResolverSettings(port=authority.port))[0] == "not qualified"
    assert look("zorg.test", ResolverSettings(port=1, timeout=0.3))[0] == "unknown"


def test_the_ad_bit_of_a_resolver_elsewhere_is_not_believed() -> None:
    """Unless a person marked the path to it as trusted."""
    secure = dns.message.Message()
    secure.flags |= dns.flags.AD
    assert not Resolver(ResolverSettings(address="192.0.2.1"))._is_secure(secure)
    assert Resolver(ResolverSettings(address="192.0.2.1", trusted=True))._is_secure(secure)
    assert Resolver(ResolverSettings())._is_secure(secure)
