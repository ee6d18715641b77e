"""What guards get and give, and how they find the record an event is about."""

from collections.abc import Callable, Iterator

from gateway.domain.findings import Finding, Severity
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import Besluit, Ondersteuningsplan, Traject, Uitvraag

Guard = Callable[[Zaak, Voorval, Omgeving], Iterator[Finding]]

MIN_REDEN = 50  # characters of a reason that must weigh (PL-7, PL-51)


def fout(code: str, tekst: str, pad: str | None = None, *, advies: str | None = None) -> Finding:
    return Finding(code=code, severity="error", message=tekst, path=pad, advice=advies)


def waarschuwing(code: str, tekst: str, pad: str | None = None) -> Finding:
    severity: Severity = "warning"
    return Finding(code=code, severity=severity, message=tekst, path=pad)


def uitvraag_van(traject: Traject, voorval: Voorval) -> Uitvraag | None:
    """The uitvraag the event names, else the last one."""
    if voorval.uitvraag is not None:
        return next((u for u in traject.uitvraag if u.id == voorval.uitvraag), None)
    return traject.uitvraag[-1] if traject.uitvraag else None


def besluit_van(traject: Traject, voorval: Voorval) -> Besluit | None:
    """The besluit the event names, else the last one that counts and is neither spoed nor an ending."""
    if voorval.besluit is not None:
        return next((b for b in traject.besluit if b.id == voorval.besluit), None)
    gewoon = [b for b in traject.besluit if b.status == "geldig" and b.soort not in ("spoed", "beeindiging")]
    return gewoon[-1] if gewoon else None


def plan_van(zaak: Zaak) -> Ondersteuningsplan | None:
    """The version at hand: the last one."""
    return zaak.plan[-1] if zaak.plan else None


def lang_genoeg(tekst: str | None, grens: int = MIN_REDEN) -> bool:
    return len((tekst or "").strip()) >= grens
