"""Ask a validating resolver what NTA 7516 wants to know of a mail domain (SM-109 to SM-111).

The AD bit is believed only from a resolver over loopback, or one that a person marked as trusted: anybody on the way
to another could set it.
"""

import asyncio
import ipaddress
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.rdatatype
import dns.resolver
import msgspec

from gateway.securemail.nta7516 import Answer, DnsFact, Qualification, parse_nta_record, qualify

UNKNOWN = Answer("unknown")
VALUES_MAX, VALUE_MAX = 20, 300  # kept of an answer
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=1)


class ResolverSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The validating resolver."""

    address: str = "127.0.0.1"
    port: int = 53
    trusted: bool = False  #: a trusted path to a resolver that is not on this machine
    timeout: float = 10.0  #: seconds for each question


class Looked(msgspec.Struct, frozen=True):
    """What was found of a domain, and how long that may be kept."""

    qualification: Qualification
    keep: timedelta
    facts: tuple[DnsFact, ...] = ()  # every answer, cut to what an honest one has


class Resolver:
    """Questions to one resolver. Never raises for what DNS answers or does not answer."""

    def __init__(self, settings: ResolverSettings) -> None:
        self._believed = settings.trusted or ipaddress.ip_address(settings.address).is_loopback
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [settings.address]
        self._resolver.port = settings.port
        self._resolver.lifetime = self._resolver.timeout = settings.timeout
        self._resolver.use_edns(0, dns.flags.DO, 1232)
        self._resolver.flags = dns.flags.RD | dns.flags.AD

    async def qualification(self, domain: str, today: date) -> Looked:
        """Whether mail for a domain may go out as NTA 7516. Mail hosts are asked about all at once."""
        (txt, first), (mx, second) = await asyncio.gather(self._ask(domain, "TXT"), self._ask(domain, "MX"))
        hosts = _hosts(txt, mx, today)
        tlsa = await asyncio.gather(*(self._ask(f"_25._tcp.{host}", "TLSA") for host in hosts))
        by_host = {host: answer for host, (answer, _) in zip(hosts, tlsa, strict=True)}
        facts = [_fact(domain, "TXT", txt), _fact(domain, "MX", mx)]
        facts += [_fact(f"_25._tcp.{host}", "TLSA", answer) for host, answer in by_host.items()]
        keep = _keep([first, second, *(ttl for _, ttl in tlsa)])
        return Looked(qualify(txt, mx, by_host, today), keep, tuple(facts))

    async def _ask(self, name: str, kind: str) -> tuple[Answer, int | None]:
        """An answer and its TTL in seconds. A secure denial is an answer without values."""
        try:
            found = await self._resolver.resolve(f"{name}.", kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as denied:
            responses = denied.responses().values()  # type: ignore[no-untyped-call]
            return Answer("secure" if all(map(self._is_secure, responses)) else "insecure"), None
        except (dns.exception.DNSException, OSError):
            # SERVFAIL is what a validator answers to tampering: never taken for "there is nothing" (SM-110).
            return UNKNOWN, None
        status: str = "secure" if self._is_secure(found.response) else "insecure"
        if found.rrset is None:
            return Answer(status), None  # type: ignore[arg-type]
        values = tuple(_text(rdata, kind) for rdata in found.rrset)
        return Answer(status, values), int(found.rrset.ttl)  # type: ignore[arg-type]

    def _is_secure(self, response: dns.message.Message) -> bool:
        return self._believed and bool(response.flags & dns.flags.AD)


def _fact(name: str, kind: Literal["TXT", "MX", "TLSA"], answer: Answer) -> DnsFact:
    return DnsFact(name, kind, answer.status, tuple(value[:VALUE_MAX] for value in answer.values[:VALUES_MAX]))


def _text(rdata: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(rdata.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]
    if kind == "MX":
        return str(rdata.exchange)  # type: ignore[attr-defined]
    return str(rdata)


def _hosts(txt: Answer, mx: Answer, today: date) -> list[str]:
    """The servers whose TLSA records count: those of the record, else the ordinary ones."""
    record = parse_nta_record(txt.values, today)
    named = [host.host for host in record.hosts] if hasattr(record, "hosts") else []
    return list(dict.fromkeys(named or [value.removesuffix(".").lower() for value in mx.values]))


def _keep(ttls: Iterable[int | None]) -> timedelta:
    """The smallest TTL, at least five minutes and at most an hour (SM-111)."""
    seconds = min((ttl for ttl in ttls if ttl is not None), default=0)
    return min(max(timedelta(seconds=seconds), SHORTEST), LONGEST)
