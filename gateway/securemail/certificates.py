"""May this certificate be used, for this partner, at this moment? (section 6)

Key rules, own chain walk, RFC 5280 by certvalidator with fetching off, usage, policies, and revocation by given data.
A verdict on a good certificate is kept in a `VerdictCache`, because a chain with a CRL of 50 000 entries costs
200-400 ms (SM-41).
"""

import contextlib
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    FreshnessReqType,
    PKIXValidationParams,
    RevocationCheckingPolicy,
)

from gateway.domain.findings import Finding
from gateway.securemail import cms_write
from gateway.securemail.chains import Certificate, Chain, read_certificate, walk
from gateway.securemail.cms_write import Recipient
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.keyrules import BadCertificate, fits_profile
from gateway.securemail.partners import Partner, Trust
from gateway.securemail.profiles import PROFILES
from gateway.securemail.refusal import Reason
from gateway.securemail.revocation import Evidence, Revocation

Usage = Literal["sign", "encrypt"]
CACHE_TIME = timedelta(hours=1)
_CACHE_SIZE = 2_000
_LONGEST_KEPT = 4_096  # bytes of a certificate: strangers must not fill the memory
_NOT_VALID = "certificaat was niet geldig toen het bericht aankwam"
_WITHOUT_LIMIT = timedelta(days=36_500)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about one certificate. `reason` None: it may be used."""

    reason: Reason | None = None
    detail: str = ""
    chain: Chain | None = None
    not_before: datetime | None = None  #: of the whole chain: the latest start
    not_after: datetime | None = None  #: of the whole chain: the earliest end
    until: datetime | None = None  #: how long the verdict may be kept

    @property
    def valid(self) -> bool:
        return self.reason is None


class VerdictCache:
    """Good verdicts by value: certificate, anchors, revocation data, usage; and parsed certificates (SM-41).

    An object that the caller owns and passes in; without one every message pays for the chain.
    """

    def __init__(self) -> None:
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._certificates: dict[bytes, Certificate] = {}
        self._recipients: dict[bytes, Recipient] = {}

    def certificate(self, der: bytes) -> Certificate | BadCertificate:
        """`read_certificate`, remembered."""
        found = self._certificates.get(der)
        if found is not None:
            return found
        read = read_certificate(der)
        if isinstance(read, Certificate) and len(der) <= _LONGEST_KEPT:
            self._make_room(self._certificates)
            self._certificates[der] = read
        return read

    def recipient(self, der: bytes) -> Recipient | BadCertificate:
        """`cms_write.recipient`, remembered."""
        found = self._recipients.get(der)
        if found is not None:
            return found
        made = cms_write.recipient(der)
        if isinstance(made, Recipient) and len(der) <= _LONGEST_KEPT:
            self._make_room(self._recipients)
            self._recipients[der] = made
        return made

    def find(self, key: tuple[object, ...], at: datetime, now: datetime) -> Verdict | None:
        """A kept verdict that also holds for a message received at *at*."""
        verdict = self._verdicts.get(key)
        if verdict is None or verdict.not_before is None or verdict.not_after is None or verdict.until is None:
            return None
        return verdict if now < verdict.until and verdict.not_before <= at <= verdict.not_after else None

    def keep(self, key: tuple[object, ...], verdict: Verdict) -> None:
        self._make_room(self._verdicts)
        self._verdicts[key] = verdict

    @staticmethod
    def _make_room(kept: dict[Any, Any]) -> None:
        if len(kept) >= _CACHE_SIZE:
            kept.clear()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of a check: for whom, with which trust and data, when."""

    partner: Partner
    trust: Trust
    revocation: Revocation
    at: datetime  #: the moment at which the certificate must be valid: when the mailbox received the message (SM-37)
    now: datetime
    carried: tuple[bytes, ...] = ()  #: certificates that came with the message


def check_certificate(der: bytes, usage: Usage, question: Question, cache: VerdictCache | None = None) -> Verdict:
    """Judge a DER certificate for signing or as recipient; every failure is a verdict with a reason of section 12."""
    cache = cache or VerdictCache()
    certificate = cache.certificate(der)
    if isinstance(certificate, BadCertificate):
        return Verdict(reason="algorithm", detail=certificate.detail)
    anchors = question.partner.trusted_anchors(question.trust)
    key = (
        certificate.fingerprint,
        anchors,
        question.revocation.version,
        usage,
        question.partner.agreements.usage_extension,
    )
    if (kept := cache.find(key, question.at, question.now)) is not None:
        return kept
    chain = walk(certificate, anchors, question.trust.intermediates, question.carried, question.at)
    if chain is None:
        return Verdict(reason="signer-untrusted", detail="geen keten naar een vertrouwd stamcertificaat")
    verdict = _judge(chain, usage, question)
    if verdict.valid:
        cache.keep(key, verdict)
    return verdict


def _judge(chain: Chain, usage: Usage, question: Question) -> Verdict:
    now = question.now
    verdict = _judge_path(chain, usage, question)
    if verdict is not None:
        return verdict
    try:
        told = [(one, question.revocation.about(one, issuer, now)) for one, issuer in chain.pairs]
    except PARSER_ERRORS as odd:  # `cryptography` reads the entries of a list late
        detail = f"intrekkingsgegevens onleesbaar ({type(odd).__name__})"
        return Verdict(reason="revocation-unknown", detail=detail, chain=chain)
    # The newest data win, whatever the date of revocation (SM-38).
    if any(evidence.revoked for _, evidence in told):
        return Verdict(reason="signer-revoked", detail="certificaat of uitgever is ingetrokken", chain=chain)
    if not all(question.revocation.is_fresh(evidence, certificate, now) for certificate, evidence in told):
        return Verdict(reason="revocation-unknown", detail="geen recente intrekkingsgegevens", chain=chain)
    verdict = _judge_path(chain, usage, question, [evidence for _, evidence in told])
    return verdict or _good(chain, [evidence for _, evidence in told], now)


def _good(chain: Chain, evidence: Sequence[Evidence], now: datetime) -> Verdict:
    line = [certificate for certificate, _ in chain.pairs]
    not_after = min(c.not_valid_after_utc for c in line)
    ends = [e.fresh_until for e in evidence if e.fresh_until is not None and e.fresh_until > now]
    return Verdict(
        chain=chain,
        not_before=max(c.not_valid_before_utc for c in line),
        not_after=not_after,
        until=min([now + CACHE_TIME, *ends, *([not_after] if not_after > now else [])]),
    )


def _judge_path(
    chain: Chain, usage: Usage, question: Question, evidence: Sequence[Evidence] | None = None
) -> Verdict | None:
    """RFC 5280 by certvalidator, first without, then with revocation data; None when it has no objection."""
    leaf = chain.leaf.parsed
    if not leaf.not_valid_before_utc <= question.at <= leaf.not_valid_after_utc:
        # Asked here as well: of a self-signed certificate that is its own anchor certvalidator does not.
        return Verdict(reason="signer-expired", detail=_NOT_VALID, chain=chain)
    validator = _validator(chain, question, evidence)
    purposes = {_wanted_usage(chain.leaf, usage)}
    optional = question.partner.agreements.usage_extension == "if present"
    reason: Reason = "signer-untrusted"
    try:
        _run(validator.async_validate_usage(purposes, {"email_protection"}, optional))  # type: ignore[no-untyped-call]
    except RevokedError:
        reason, detail = "signer-revoked", "certificaat of uitgever is ingetrokken"
    except (ExpiredError, NotYetValidError):
        reason, detail = "signer-expired", _NOT_VALID
    except InsufficientRevinfoError:
        reason, detail = "revocation-unknown", "intrekkingsgegevens zijn niet bruikbaar"
    except (ValidationError, PathError) as refused:
        detail = f"certificaatketen of gebruik niet in orde ({type(refused).__name__})"
    except PARSER_ERRORS as odd:
        # asn1crypto parses as late as it can: a damaged extension shows here.
        detail = f"certificaat onleesbaar ({type(odd).__name__})"
    else:
        return None
    return Verdict(reason=reason, detail=detail, chain=chain)


def _validator(chain: Chain, question: Question, evidence: Sequence[Evidence] | None) -> CertificateValidator:
    mode = "soft-fail" if evidence is None else "require"
    policy = CertRevTrustPolicy(
        RevocationCheckingPolicy.from_legacy(mode),
        # How fresh the data are is our question (SM-39): the mailbox time may lie days before the data.
        freshness=_WITHOUT_LIMIT,
        freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
    )
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(chain.anchor.certificate)],
        other_certs=[c.asn1 for c in chain.intermediates],
        moment=question.at,
        allow_fetching=False,
        crls=list(dict.fromkeys(crl for e in evidence or () for crl in e.crls)),
        ocsps=list(dict.fromkeys(e.ocsp for e in evidence or () if e.ocsp is not None)),
        revinfo_policy=policy,
    )
    parameters = None
    if chain.anchor.policies:
        parameters = PKIXValidationParams(
            user_initial_policy_set=frozenset(chain.anchor.policies), initial_explicit_policy=True
        )
    return CertificateValidator(chain.leaf.asn1, validation_context=context, pkix_params=parameters)


def _wanted_usage(leaf: Certificate, usage: Usage) -> str:
    """The one key usage to ask for: it is always passed explicitly (SM-35)."""
    if usage == "encrypt":
        return "key_encipherment" if leaf.facts.kind == "rsa" else "key_agreement"
    written: Iterable[str] = ()
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        written = leaf.asn1.key_usage_value.native
    return (
        "non_repudiation"
        if "non_repudiation" in written and "digital_signature" not in written
        else "digital_signature"
    )


def _run(check: Coroutine[Any, Any, object]) -> None:
    """Run certvalidator to its end: with fetching off it never suspends (SM-42)."""
    try:
        check.send(None)
    except StopIteration:
        return
    check.close()
    raise RuntimeError("certificate validation suspended although fetching is off")


def choose_certificates(
    partner: Partner,
    address: str,
    trust: Trust,
    revocation: Revocation,
    now: datetime,
    cache: VerdictCache | None = None,
) -> tuple[Recipient, ...] | Finding:
    """The active certificates of a partner's address, newest first, at most three (SM-14, SM-43).

    A finding when there is none: the message is held, never sent weaker or elsewhere (SM-3).
    """
    question = Question(partner=partner, trust=trust, revocation=revocation, at=now, now=now)
    cache = cache or VerdictCache()
    profile = PROFILES[partner.profile]
    active: list[tuple[datetime, Recipient]] = []
    objections: list[str] = []
    for known in partner.certificates:
        if (
            known.use == "sign"
            or known.address not in (None, address)
            or (known.active_from is not None and known.active_from > now)
        ):
            continue
        verdict = check_certificate(known.certificate, "encrypt", question, cache)
        prepared = cache.recipient(known.certificate) if verdict.valid else None
        if verdict.chain is None or not isinstance(prepared, Recipient):
            objections.append(f"{verdict.reason}: {verdict.detail}")
        elif not fits_profile(prepared.facts, profile):
            objections.append(f"sleutel te kort voor profiel {profile.name}")
        else:
            active.append((verdict.chain.leaf.parsed.not_valid_before_utc, prepared))
    if not active:
        return Finding(
            code="SM-3",
            severity="error",
            message="Geen bruikbaar certificaat van de ontvanger: "
            + ("; ".join(dict.fromkeys(objections)) or "er is er geen geregistreerd")
            + ".",
            advice="Vraag de partner om een geldig certificaat; het bericht blijft wachten.",
        )
    active.sort(key=lambda item: item[0], reverse=True)
    return tuple(chosen for _, chosen in active[:3])
