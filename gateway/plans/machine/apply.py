"""One event on one case: refused with findings, or the case after it. Nothing else moves a `toestand`."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from gateway.domain.findings import Finding, has_errors
from gateway.plans.machine.effects import EFFECTEN, alle_regels_toegewezen
from gateway.plans.machine.events import EVENTS, Event, Overgang
from gateway.plans.machine.guards import GUARDS
from gateway.plans.machine.guards.basis import besluit_van
from gateway.plans.machine.model import Omgeving, Uitkomst, Voorval, Zaak
from gateway.plans.machine.states import ALLE
from gateway.plans.model import Gebeurtenis, OntvangenUitvraag, Traject

Z = TypeVar("Z", Traject, OntvangenUitvraag)

# Spoed has its own besluit: these run for it in any state, without moving the main line (event 34).
_OOK_VOOR_SPOED = frozenset({23, 24, 25, 26, 43})


def apply(zaak: Z, voorval: Voorval, omgeving: Omgeving) -> Uitkomst[Z]:
    """The case after `voorval`, or None with every reason why not.

    An event that the state does not list is one finding, and changes nothing (7.3); what came from outside is kept by
    the caller (PL-73). The same message again is harmless: the case comes back unchanged, `herhaald`.
    """
    event = EVENTS.get(voorval.soort)
    if event is None:
        return _geweigerd(_fout("GEBEURTENIS_ONBEKEND", "Deze gebeurtenis kent de gateway niet."))
    if voorval.bericht_id is not None and _al_verwerkt(zaak, voorval):
        return Uitkomst(zaak, herhaald=True)
    overgang = _overgang(zaak, voorval, event)
    if overgang is None or (zaak.toestand or "") not in overgang.van:
        return _geweigerd(_verkeerde_toestand(zaak, voorval))
    if voorval.partij not in event.door:
        return _geweigerd(_fout("PARTIJ", f"De gebeurtenis {event.naam} is niet aan deze partij."))
    findings = tuple(finding for naam in event.guards for finding in GUARDS[naam](zaak, voorval, omgeving))
    if has_errors(findings):
        return Uitkomst(None, findings)
    na: Zaak = zaak
    for naam in event.effecten:
        na = EFFECTEN[naam](na, voorval, omgeving)
    return Uitkomst(_verplaatst(na, voorval, overgang), findings, event.verteld)  # type: ignore[arg-type]


def mogelijk(zaak: Zaak) -> list[Event]:
    """The events that the present state lists, in the order of the table: what a screen can offer."""
    return [
        event
        for event in EVENTS.values()
        if (overgang := _kant(zaak, event)) is not None and (zaak.toestand or "") in overgang.van
    ]


def _kant(zaak: Zaak, event: Event) -> Overgang | None:
    return event.gemeente if isinstance(zaak, Traject) else event.aanbieder


def _overgang(zaak: Zaak, voorval: Voorval, event: Event) -> Overgang | None:
    if isinstance(zaak, Traject) and event.nr in _OOK_VOOR_SPOED and voorval.besluit is not None:
        besluit = besluit_van(zaak, voorval)
        if besluit is not None and besluit.soort == "spoed":
            return Overgang(ALLE, "=")
    return _kant(zaak, event)


def _al_verwerkt(zaak: Zaak, voorval: Voorval) -> bool:
    return any(g.bericht_id == voorval.bericht_id and g.soort == voorval.soort for g in zaak.gebeurtenis)


def _verplaatst(zaak: Zaak, voorval: Voorval, overgang: Overgang) -> Zaak:
    van = zaak.toestand
    naar = _doel(zaak, voorval, overgang.naar)
    gebeurtenis = Gebeurtenis(
        nr=len(zaak.gebeurtenis) + 1,
        soort=voorval.soort,
        op=voorval.op,
        door=voorval.door,
        van=van,
        naar=naar,
        bericht_id=voorval.bericht_id,
        gegevens=voorval.gegevens,
    )
    return msgspec.structs.replace(zaak, toestand=naar, gebeurtenis=(*zaak.gebeurtenis, gebeurtenis))


def _doel(zaak: Zaak, voorval: Voorval, naar: str) -> str | None:
    if naar == "=":
        return zaak.toestand
    return DOELEN[naar](zaak, voorval) if naar.startswith("@") else naar


def _voor_ontvangst(zaak: Zaak, voorval: Voorval) -> str | None:
    """Event 19: where the plan came from, uitgevraagd or aanvulling_gevraagd."""
    return _herkomst(zaak, "plan_ontvangen")


def _voor_besluit(zaak: Zaak, voorval: Voorval) -> str | None:
    """Event 46: where the decision came from."""
    return _herkomst(zaak, "besloten")


def _herkomst(zaak: Zaak, toestand: str) -> str | None:
    sprongen = [g.van for g in zaak.gebeurtenis if g.naar == toestand and g.van != toestand]
    return sprongen[-1] if sprongen else zaak.toestand


def _na_bekendmaking(zaak: Zaak, voorval: Voorval) -> str | None:
    """Event 23: from besloten on; a toewijzing that was accepted first leaves the state as it is."""
    return "beschikt" if zaak.toestand == "besloten" else zaak.toestand


def _na_laatste_regel(zaak: Zaak, voorval: Voorval) -> str | None:
    """Event 25: only when every granted line is accepted."""
    assert isinstance(zaak, Traject)
    return "toegewezen" if alle_regels_toegewezen(zaak, besluit_van(zaak, voorval)) else zaak.toestand


def _toegewezen_of_niet(zaak: Zaak, voorval: Voorval) -> str | None:
    """Event 25 at the provider: a plan that got no line is told so, without a reason (PL-40)."""
    return "toegewezen" if voorval.toewijzing_nummer else "niet_toegewezen"


DOELEN: dict[str, Callable[[Zaak, Voorval], str | None]] = {
    "@voor_ontvangst": _voor_ontvangst,
    "@voor_besluit": _voor_besluit,
    "@na_bekendmaking": _na_bekendmaking,
    "@na_laatste_regel": _na_laatste_regel,
    "@toegewezen_of_niet": _toegewezen_of_niet,
}


def _verkeerde_toestand(zaak: Zaak, voorval: Voorval) -> Finding:
    toestand = zaak.toestand or "nieuw"
    return _fout("TOESTAND", f"De gebeurtenis {voorval.soort} kan niet in de toestand {toestand}.")


def _fout(code: str, tekst: str) -> Finding:
    return Finding(code=code, severity="error", message=tekst)


def _geweigerd(finding: Finding) -> Uitkomst[Z]:
    return Uitkomst(None, (finding,))
