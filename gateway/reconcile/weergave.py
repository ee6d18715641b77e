"""The JSON answers of `gateway declaratie check` and `gateway reconcile beschikkingen` (docs/commands.md)."""

from typing import Any

import msgspec

from gateway.reconcile.beoordeling import Assessment
from gateway.reconcile.toelichting import toelichting
from gateway.reconcile.uitslag import Outcome, Regelverdict, Ruimte
from gateway.reconcile.vergelijking import Vergelijking
from gateway.reconcile.verschillen import SOORTEN, Verschil


def declaratie_json(assessment: Assessment) -> dict[str, Any]:
    """One declaration; the caller adds `file`. Amounts in signed eurocents, credits negative.

    `prestaties` is empty if the message was refused as a whole (S1–S3): no line was looked at.
    """
    answer = assessment.antwoord
    return {
        "declaratieNummer": assessment.declaratie.declaratie_nummer,
        "verdict": assessment.verdict,
        "submittedCents": assessment.declaratie.totaal,
        "awardedCents": answer.toegekend if answer else 0,
        "findings": msgspec.to_builtins(assessment.findings),
        "prestaties": [_line(line) for line in assessment.lines],
    }


def _line(line: Regelverdict) -> dict[str, Any]:
    return {
        "referentieNummer": line.prestatie.referentie_nummer,
        "verdict": line.outcome.value,
        "retourcodes": [] if line.outcome is Outcome.APPROVED else list(line.codes),
        "cents": line.prestatie.signed,
        "allowed": _allowed(line.ruimte),
        "explanation": toelichting(line),
    }


def _allowed(room: Ruimte | None) -> dict[str, Any]:
    """All null where the sender has no right to know, or nothing is allowed by an allocation (credits)."""
    return {
        "unit": room.unit if room else None,
        "maxPeriod": room.max_period if room else None,
        "maxTotal": room.max_total if room else None,
        "usedBefore": room.used_before if room else None,
    }


def vergelijking_json(result: Vergelijking) -> dict[str, Any]:
    """Decisions against orders; amounts in eurocents, dates as text."""
    return {
        "compared": result.compared,
        "equal": result.equal,
        "differences": [_difference(v) for v in result.verschillen],
    }


def _difference(v: Verschil) -> dict[str, Any]:
    return {
        "kind": v.kind,
        "name": SOORTEN[v.kind].name,
        "subKind": v.sub_kind,
        "severity": v.severity,
        "who": v.who,
        "gemeente": v.gemeente,
        "toewijzingNummer": v.toewijzing_nummer,
        "beschikkingNummer": v.beschikkingnummer,
        "regelNummer": v.regelnummer,
        "field": v.field,
        "decided": v.decided,
        "ordered": v.ordered,
        "from": v.interval.begin.isoformat() if v.interval else None,
        "to": v.interval.eind.isoformat() if v.interval and v.interval.eind else None,
        "equivalent": v.equivalent,
        "structural": v.structural,
        "centsAtStake": v.cents_at_stake,
        "advice": v.advice,
    }
