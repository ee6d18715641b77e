"""Every certificate that mail depends on, when it ends, and what stops working then (6.4)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.berichten.soort import Soort
from gateway.berichten.soorten import SOORTEN
from gateway.flows.parties import PartnerCertificate, PartnerRecord, Surroundings
from gateway.securemail.chains import Certificate, read_certificate, walk
from gateway.securemail.keyrules import KeyFacts, certificate_facts
from gateway.securemail.material import usages

Kind = Literal["own-sign", "own-decrypt", "partner", "anchor", "intermediate", "crl", "agreement"]
Role = Literal["sign", "encrypt"]  # what a certificate is for, and what stops without it


class Ending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that ends. `breaks` is empty where nothing does, because something else takes over."""

    kind: Kind
    who: str  # our code, a partner's code, or the authority's name
    subject: str
    sha256: str | None
    not_after: datetime
    days: int  # from now; negative: it ended
    state: Literal["active", "proposed", "next", "lost", "refused"] = "active"
    phase_out: bool = False  # RSA below 3072 bits (SM-121)
    signs_from: datetime | None = None  # of our own keys: the planned day on which signing switches to it
    partners: tuple[str, ...] = ()  # whose mail stops
    roles: tuple[Role, ...] = ()  # what stops
    messages: tuple[str, ...] = ()  # kinds of messages that stop, coming and going
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
    def uses(self) -> frozenset[Role]:
        found = usages(self.read.parsed)
        return found if self.kept.state == "confirmed" else found - {"sign"}  # SM-44: to encrypt for, no more


def overview(
    us: Surroundings, records: Sequence[PartnerRecord], signing: Sequence[tuple[datetime, bytes]], now: datetime
) -> list[Ending]:
    """Everything that ends, first to end first. `signing` are all our signing certificates (DER), oldest first, each
    with the moment from which it signs.
    """
    leaves = [
        _Leaf(record, kept, read)
        for record in records
        for kept in record.certificates
        if isinstance(read := read_certificate(kept.der), Certificate)
    ]
    found = [
        *_own(us, records, signing, now),
        *(_partner(us, leaf, leaves, now) for leaf in leaves),
        *_authorities(us, leaves, now),
        *_lists(us, leaves, now),
        *(ending for record in records for ending in _agreements(us, record, now)),
    ]
    return sorted(found, key=lambda ending: ending.not_after)


def forecast(endings: Sequence[Ending], days: int) -> list[Ending]:
    """What ends within so many days, or has ended, and breaks something."""
    return [ending for ending in endings if ending.days <= days and ending.breaks]


def stopped(us: Surroundings, role: Role, *, ours: bool) -> tuple[str, ...]:
    """The kinds of messages that stop without a certificate: of ours, or of a partner."""
    outgoing = ours is (role == "sign")  # with our key to sign, or the partner's to encrypt for
    mine = us.ourselves.role
    kinds = [one.soort for one in SOORTEN.values() if (_sender(one) == mine) is outgoing]
    return ("plan", *sorted(kinds))


def _sender(soort: Soort) -> str:
    """Who sends this kind; a return message goes the other way than what it answers."""
    return soort.ontvanger if soort.is_retour else soort.afzender


def _own(
    us: Surroundings, records: Sequence[PartnerRecord], signing: Sequence[tuple[datetime, bytes]], now: datetime
) -> Iterator[Ending]:
    code = us.ourselves.code
    begins = {der: begin for begin, der in signing}
    opens = [key.certificate for key in us.mailbox.keys]
    plans: tuple[tuple[Kind, list[bytes], Role, str], ...] = (
        (
            "own-sign",
            [*begins],
            "sign",
            "wij kunnen niets meer ondertekenen: al het uitgaande verkeer wordt vastgehouden",
        ),
        (
            "own-decrypt",
            opens,
            "encrypt",
            "partners kunnen niets meer voor ons versleutelen: al het inkomende verkeer stopt",
        ),
    )
    for kind, certificates, role, breaks in plans:
        read = {der: x509.load_der_x509_certificate(der) for der in certificates}
        kept = [der for der in certificates if der not in us.lost] or certificates
        last = max(kept, key=lambda der: read[der].not_valid_after_utc)
        for der in certificates:
            ending = _ending(read[der], now, kind=kind, who=code)
            begin = begins.get(der) if kind == "own-sign" else None
            ending = msgspec.structs.replace(ending, signs_from=begin, state="lost" if der in us.lost else ending.state)
            if der == last:
                ending = msgspec.structs.replace(
                    ending,
                    breaks=breaks,
                    advice="Vraag een nieuw certificaat aan; gateway cert add; stuur partners een nieuwe kaart.",
                    partners=tuple(record.code for record in records),
                    roles=(role,),
                    messages=stopped(us, role, ours=True),
                )
            yield ending


def _partner(us: Surroundings, leaf: _Leaf, leaves: Sequence[_Leaf], now: datetime) -> Ending:
    code = leaf.record.code
    ending = _ending(leaf.read.parsed, now, kind="partner", who=code)
    used = (*leaf.record.usable, *leaf.record.announced)
    if leaf.kept not in used:
        return msgspec.structs.replace(ending, state="refused" if leaf.kept.state == "refused" else "proposed")
    others = [one for one in leaves if one.record is leaf.record and one.kept in used]
    longest = {use for use in leaf.uses if not any(o.ends > leaf.ends and use in o.uses for o in others)}
    if not longest:
        return ending
    said = {
        "encrypt": f"berichten aan {code} worden vastgehouden",
        "sign": f"berichten van {code} komen in quarantaine",
    }
    roles = tuple(sorted(longest))
    return msgspec.structs.replace(
        ending,
        partners=(code,),
        roles=roles,
        messages=tuple(dict.fromkeys(kind for role in roles for kind in stopped(us, role, ours=False))),
        breaks="; ".join(said[role] for role in roles),
        advice="Vraag de partner om een nieuwe kaart en vergelijk de vingerafdruk.",
    )


def _agreements(us: Surroundings, record: PartnerRecord, now: datetime) -> Iterator[Ending]:
    """What was agreed until a day: after it the partner is held to more, and what cannot do that stops."""
    code, exception = record.code, record.agreements.transport_only
    if record.profile == "standard" and record.profile_until is not None:
        breaks = (
            f"wat {code} niet volgens strict stuurt komt in quarantaine; zonder sleutel voor strict wordt vastgehouden"
        )
        advice = f"Ga na of de partner strict kan, of verleng: gateway partner agree {code} --profile-until DATUM."
        both = (*stopped(us, "encrypt", ours=False), *stopped(us, "sign", ours=False))
        yield _agreed(record, "profiel standard", record.profile_until, breaks, advice, both, now)
    if exception is not None:
        breaks = f"plannen aan {code} worden vastgehouden tot er een certificaat is"
        advice = "Vraag de partner om een certificaat (gateway partner add)."
        yield _agreed(record, "ondertekend zonder versleuteling", exception.until, breaks, advice, ("plan",), now)


def _agreed(
    record: PartnerRecord, what: str, last: date, breaks: str, advice: str, messages: tuple[str, ...], now: datetime
) -> Ending:
    ends = datetime.combine(last + timedelta(days=1), time(), UTC)
    return Ending(
        kind="agreement",
        who=record.code,
        subject=what,
        sha256=None,
        not_after=ends,
        days=(ends - now) // timedelta(days=1),
        partners=(record.code,),
        messages=tuple(dict.fromkeys(messages)),
        breaks=breaks,
        advice=advice,
    )


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
        phase_out=_is_short(certificate),
    )


def _is_short(certificate: x509.Certificate) -> bool:
    facts = certificate_facts(certificate.public_bytes(Encoding.DER))
    return isinstance(facts, KeyFacts) and facts.to_be_phased_out
