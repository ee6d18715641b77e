"""Every certificate that mail depends on, when it ends, and what stops working then (6.4)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.flows.parties import PartnerCertificate, PartnerRecord, Surroundings
from gateway.securemail.chains import Certificate, read_certificate, walk
from gateway.securemail.material import usages

Kind = Literal["own-sign", "own-decrypt", "partner", "anchor", "intermediate", "crl"]


class Ending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that ends. `breaks` is empty where nothing does, because something else takes over."""

    kind: Kind
    who: str  # our code, a partner's code, or the authority's name
    subject: str
    sha256: str | None
    not_after: datetime
    days: int  # from now; negative: it ended
    state: Literal["active", "proposed", "next"] = "active"
    partners: tuple[str, ...] = ()  # whose mail stops
    breaks: str = ""
    advice: str = ""


class _Leaf(msgspec.Struct, frozen=True):
    """A partner's usable certificate, read."""

    record: PartnerRecord
    kept: PartnerCertificate
    read: Certificate

    @property
    def ends(self) -> datetime:
        return self.read.parsed.not_valid_after_utc

    @property
    def uses(self) -> frozenset[str]:
        return usages(self.read.parsed)


def overview(
    us: Surroundings, records: Sequence[PartnerRecord], signing: Sequence[bytes], now: datetime
) -> list[Ending]:
    """Everything that ends, first to end first. `signing` are all our signing certificates (DER), oldest first."""
    leaves = [
        _Leaf(record, kept, read)
        for record in records
        for kept in record.certificates
        if isinstance(read := read_certificate(kept.der), Certificate)
    ]
    found = [
        *_own(us, signing, now),
        *(_partner(leaf, leaves, now) for leaf in leaves),
        *_authorities(us, leaves, now),
        *_lists(us, leaves, now),
    ]
    return sorted(found, key=lambda ending: ending.not_after)


def forecast(endings: Sequence[Ending], days: int) -> list[Ending]:
    """What ends within so many days, or has ended, and breaks something."""
    return [ending for ending in endings if ending.days <= days and ending.breaks]


def _own(us: Surroundings, signing: Sequence[bytes], now: datetime) -> Iterator[Ending]:
    code = us.ourselves.code
    signs = [x509.load_der_x509_certificate(der) for der in signing]
    opens = [x509.load_der_x509_certificate(key.certificate) for key in us.mailbox.keys]
    for kind, certificates, breaks in (
        ("own-sign", signs, "wij kunnen niets meer ondertekenen: al het uitgaande verkeer wordt vastgehouden"),
        ("own-decrypt", opens, "partners kunnen niets meer voor ons versleutelen: al het inkomende verkeer stopt"),
    ):
        last = max(certificates, key=lambda c: c.not_valid_after_utc)
        for one in certificates:
            ending = _ending(one, now, kind=kind, who=code)  # type: ignore[arg-type]
            if one is last:
                advice = "Vraag een nieuw certificaat aan; gateway cert add; stuur partners een nieuwe kaart."
                ending = msgspec.structs.replace(ending, breaks=breaks, advice=advice)
            yield ending


def _partner(leaf: _Leaf, leaves: Sequence[_Leaf], now: datetime) -> Ending:
    code = leaf.record.code
    ending = _ending(leaf.read.parsed, now, kind="partner", who=code)
    if leaf.kept not in leaf.record.usable:
        return msgspec.structs.replace(ending, state="proposed")
    others = [one for one in leaves if one.record is leaf.record and one.kept in leaf.record.usable]
    longest = {use for use in leaf.uses if not any(o.ends > leaf.ends and use in o.uses for o in others)}
    if not longest:
        return ending
    said = {
        "encrypt": f"berichten aan {code} worden vastgehouden",
        "sign": f"berichten van {code} komen in quarantaine",
    }
    breaks = "; ".join(said[use] for use in sorted(longest))
    advice = "Vraag de partner om een nieuwe kaart en vergelijk de vingerafdruk."
    return msgspec.structs.replace(ending, partners=(code,), breaks=breaks, advice=advice)


def _authorities(us: Surroundings, leaves: Sequence[_Leaf], now: datetime) -> Iterator[Ending]:
    """Roots and what stands below them; who depends on one is read from the chains that exist today."""
    depends: dict[bytes, set[str]] = {}
    for leaf in leaves:
        chain = walk(leaf.read, us.trust.anchors_of(leaf.record.code), us.trust.intermediates, ())
        if chain is not None and leaf.kept in leaf.record.usable:
            for der in (chain.anchor.certificate, *(c.der for c in chain.intermediates)):
                depends.setdefault(der, set()).add(leaf.record.code)
    kinds: list[tuple[Kind, bytes]] = [("anchor", a.certificate) for a in us.trust.every]
    kinds += [("intermediate", der) for der in us.trust.intermediates]
    for kind, der in kinds:
        certificate = x509.load_der_x509_certificate(der)
        hit = tuple(sorted(depends.get(der, ())))
        ending = _ending(certificate, now, kind=kind, who=certificate.subject.rfc4514_string())
        if hit:
            advice = "Zet het nieuwe certificaat van deze uitgever erbij (gateway cert add)."
            breaks = "certificaten van deze partners zijn niet meer te controleren"
            ending = msgspec.structs.replace(ending, partners=hit, breaks=breaks, advice=advice)
        yield ending


def _lists(us: Surroundings, leaves: Sequence[_Leaf], now: datetime) -> Iterator[Ending]:
    """Revocation lists: past their next update plus grace nothing of that issuer is believed (SM-39)."""
    for issuer, next_update in us.revocation.newest_lists:
        hit = sorted(
            {
                one.record.code
                for one in leaves
                if one.read.parsed.issuer.rfc4514_string() == issuer and one.kept.confirmed
            }
        )
        ends = next_update + us.revocation.grace
        yield Ending(
            kind="crl",
            who=issuer,
            subject=issuer,
            sha256=None,
            not_after=ends,
            days=(ends - now).days,
            partners=tuple(hit),
            breaks="van certificaten van deze uitgever is niet meer bekend of ze zijn ingetrokken" if hit else "",
            advice="Zet de nieuwe intrekkingslijst in de map van keys.revocation." if hit else "",
        )


def _ending(certificate: x509.Certificate, now: datetime, *, kind: Kind, who: str) -> Ending:
    read = certificate.fingerprint(SHA256())
    ends = certificate.not_valid_after_utc
    return Ending(
        kind=kind,
        who=who,
        subject=certificate.subject.rfc4514_string(),
        sha256=read.hex(),
        not_after=ends,
        days=(ends - now) // timedelta(days=1),
        state="next" if certificate.not_valid_before_utc > now else "active",
    )
