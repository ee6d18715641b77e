"""What was agreed with a partner, within the bounds that the agreements have; and what is still missing."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from gateway import securemail
from gateway.domain.findings import Finding, Severity
from gateway.flows.canary import last_canary
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.routes import decide
from gateway.securemail import Question, TransportOnly, Verdict
from gateway.securemail.chains import Certificate
from gateway.securemail.material import usages
from gateway.store import Unit

LONGEST_EXCEPTION = timedelta(days=366)
SOON = timedelta(days=60)


def except_transport(record: PartnerRecord, until: date, reason: str, today: date) -> PartnerRecord | Finding:
    """The record with `transport_only`: signed, not encrypted, until a day within a year, for a reason (SM-115)."""
    if not today <= until <= today + LONGEST_EXCEPTION or not reason.strip():
        return _finding(
            "SM-115",
            "Een uitzondering op versleuteling heeft een reden en een einddatum binnen 12 maanden.",
            "Kies een eerdere datum, of spreek met de partner af dat hij een certificaat aanvraagt.",
        )
    exception = TransportOnly(today, until, reason.strip())
    agreements = msgspec.structs.replace(record.agreements, transport_only=exception)
    return msgspec.structs.replace(record, agreements=agreements)


def shortcomings(unit: Unit, us: Surroundings, record: PartnerRecord) -> list[Finding]:
    """Everything between this partner and safe exchange, errors first; warnings are exceptions that end some day."""
    found = [
        *_proposals(record),
        *_signer(unit, us, record),
        *_route(unit, us, record),
        *_terms(record, unit.now.date()),
        *_vouched(us, record),
        *_formats(us, record),
        *_canary(unit, record),
    ]
    order = ("error", "warning", "unchecked", "info")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _proposals(record: PartnerRecord) -> Iterator[Finding]:
    for certificate in record.certificates:
        if certificate not in record.usable and certificate.state != "refused":
            severity: Severity = "warning" if record.usable else "error"
            yield Finding(
                code="SM-136",
                severity=severity,
                message="Een certificaat is voorgesteld en niet bevestigd: het wordt niet gebruikt.",
                advice="Vergelijk de vingerafdruk met de partner, per telefoon of in persoon.",
                path=certificate.sha256,
            )
    if not record.certificates:
        yield _finding("SM-136", "Er zijn geen certificaten van deze partner.", "Vraag de partner om zijn kaart.")


def _signer(unit: Unit, us: Surroundings, record: PartnerRecord) -> Iterator[Finding]:
    """Whether mail of this partner would be believed today."""
    partner = record.mail_partner(unit.now.date())
    question = Question(partner=partner, trust=us.trust, revocation=us.revocation, at=unit.now, now=unit.now)
    verdicts = [
        (read, securemail.check_certificate(kept.der, "sign", question, us.verdicts))
        for kept in record.usable
        if isinstance(read := us.verdicts.certificate(kept.der), Certificate) and "sign" in usages(read.parsed)
    ]
    good = [(read, verdict) for read, verdict in verdicts if verdict.valid]
    if record.usable and not good:
        why = (
            "; ".join(dict.fromkeys(_objection(verdict) for _, verdict in verdicts))
            or "er is er geen om mee te tekenen"
        )
        yield _finding(
            "SM-51", f"Post van deze partner wordt niet vertrouwd: {why}.", "Vraag om een geldig certificaat."
        )
    bound = {address for read, _ in good for address in read.emails}
    if good and record.binding == "san-email" and not bound.intersection(record.addresses):
        yield _finding(
            "SM-51",
            "Geen adres van deze partner staat in een van zijn certificaten.",
            "Vraag een certificaat met het adres, of leg de binding anders vast (pinned, oin).",
        )
    ends = max((verdict.not_after for _, verdict in good if verdict.not_after is not None), default=None)
    if ends is not None and ends - unit.now < SOON:
        yield _finding("SM-46", f"De certificaten lopen af op {ends.date()}.", "Vraag nu een nieuwe kaart.", "warning")


def _objection(verdict: Verdict) -> str:
    return f"{verdict.reason}: {verdict.detail}"


def _route(unit: Unit, us: Surroundings, record: PartnerRecord) -> Iterator[Finding]:
    """Whether a message would go today; certificates that are not confirmed were named already."""
    decision = decide(unit, us, record, "WMO301")
    if decision.route.action == "hold" and record.usable:
        advice = "Zie de afspraken (gateway partner agree), het domeinboek en de certificaten."
        yield _finding("SM-114", f"Berichten worden vastgehouden: {decision.evidence.why}", advice)


def _terms(record: PartnerRecord, today: date) -> Iterator[Finding]:
    if record.profile == "standard":
        until = "zonder einddatum" if record.profile_until is None else f"tot en met {record.profile_until}"
        text = f"Profiel standard, {until}: oudere versleuteling voor software die niet meer kan."
        yield _finding("SM-1", text, "Spreek profiel strict af zodra het kan.", "info")
    exception = record.agreements.transport_only
    if exception is not None and exception.holds(today):
        text = f"Plannen gaan ondertekend maar niet versleuteld, tot en met {exception.until}: {exception.reason}."
        yield _finding("SM-115", text, "Vraag de partner om een certificaat.", "warning")


def _vouched(us: Surroundings, record: PartnerRecord) -> Iterator[Finding]:
    """Agreements that mean nothing unless a root vouches for them (SM-134, SM-135)."""
    anchors = us.trust.anchors_of(record.code)
    if record.binding == "oin" and not any(anchor.serial_number_is_oin for anchor in anchors):
        text = (
            "Van geen vertrouwde uitgever is vastgelegd dat het serienummer een OIN is: zijn post wordt niet vertrouwd."
        )
        yield _finding("SM-135", text, "gateway cert add --use anchor --certificate BESTAND --serial-number-is-oin")
    if record.agreements.signer_change == "auto" and all(anchor.mailbox_validated for anchor in anchors):
        text = "Een nieuw certificaat wacht toch op een mens: elke uitgever geeft ook uit aan wie een postbus leest."
        advice = (
            "Geeft een uitgever dat niet: gateway cert add --use anchor --certificate BESTAND --no-mailbox-validated"
        )
        yield _finding("SM-134", text, advice, "info")


def _formats(us: Surroundings, record: PartnerRecord) -> Iterator[Finding]:
    ours = us.formaat.formaat
    if record.formats and f"{ours.id}/{ours.versie}" not in record.formats:
        text = f"De partner noemt ons planformaat {ours.id}/{ours.versie} niet op zijn kaart."
        yield _finding("PL-11", text, "Vraag welk formaat hij gebruikt.", "warning")


def _canary(unit: Unit, record: PartnerRecord) -> Iterator[Finding]:
    last = last_canary(unit, record.code)
    if last is None:
        text = "Er is nog geen proefbericht gestuurd."
        yield _finding("SM-70", text, f"gateway partner check {record.code} --canary", "info")
    elif last.state != "received":
        text = f"Het proefbericht van {last.created_at.date()} is nog niet beantwoord (stand: {last.state})."
        yield _finding("SM-70", text, "Wacht op de ontvangstbevestiging, of bel de partner.", "warning")


def _finding(code: str, message: str, advice: str, severity: Severity = "error") -> Finding:
    return Finding(code=code, severity=severity, message=message, advice=advice)
