"""The provider's book of domains inside the secure network (SM-112, SM-113)."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail.addresses import is_domain

MAX_SIZE = 5_000_000
MAX_SHRINK_PERCENT = 20
KEPT_FOR = timedelta(days=7)


class DomainBook(msgspec.Struct, frozen=True):
    """Domains that are reached inside the secure network."""

    domains: frozenset[str]  #: lower case
    skipped: int  #: lines that are no domain name, the heading among them
    sha256: str  #: of the bytes, hex

    def holds(self, domain: str) -> bool:
        """Exact match: a subdomain is another domain."""
        return domain.lower() in self.domains


def parse_domain_book(data: bytes, previous: DomainBook | None = None) -> DomainBook | Finding:
    """Read a fetched book: one domain a line. A finding when it is empty, over 5 MB, or shrank by more than 20 %.

    Then the last good book stays in force and a person is told.
    """
    if len(data) > MAX_SIZE:
        return _kept_aside("is groter dan 5 MB")
    lines = [line.strip().lower() for line in data.decode("utf-8", "replace").splitlines()]
    domains = frozenset(line for line in lines if is_domain(line))
    if not domains:
        return _kept_aside("is leeg")
    if previous is not None and 100 * len(domains) < (100 - MAX_SHRINK_PERCENT) * len(previous.domains):
        return _kept_aside(f"telt {len(domains)} domeinen en telde er {len(previous.domains)}")
    skipped = sum(1 for line in lines if line and line not in domains)
    return DomainBook(domains, skipped, hashlib.sha256(data).hexdigest())


def in_force(fetched_at: datetime, now: datetime) -> bool:
    """Whether a book of this moment may still be used: seven days after the last successful fetch."""
    return now - fetched_at <= KEPT_FOR


def _kept_aside(detail: str) -> Finding:
    return Finding(
        code="SM-113",
        severity="error",
        message=f"Het nieuwe domeinboek {detail}; het vorige blijft gelden.",
        advice="Vraag de leverancier van veilige mail of dit klopt.",
    )
