"""Guards on what runs beside and after the decision (events 28 to 44; PL-52 to PL-66, PL-71)."""

from collections.abc import Iterator

from gateway.domain.findings import Finding
from gateway.plans.form import is_leeg
from gateway.plans.machine.guards.basis import besluit_van, fout, waarschuwing
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import Evaluatie, Traject

_SLUITREDENEN = frozenset({"afgerond", "afgewezen", "verhuisd", "ander_domein"})  # the others have their own event
# WMO002 (9.3): 01 may not be used any more (CS336).
_REDENEN_WIJZIGING = frozenset({"02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14"})
_VERHUIZING = "07"


def evaluatie_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-63: an outcome, and three contributions each named as given or not; without the client's a warning."""
    assert isinstance(zaak, Traject)
    evaluatie = zaak.evaluatie[-1] if zaak.evaluatie else Evaluatie(gepland_op=omgeving.vandaag)
    inbreng = (evaluatie.inbreng_client, evaluatie.inbreng_aanbieder, evaluatie.inbreng_gemeente)
    if evaluatie.uitkomst is None or None in inbreng:
        tekst = "Leg de uitkomst vast, en van cliënt, aanbieder en gemeente of zij inbreng gaven."
        yield fout("PL-63", tekst, "evaluatie")
    elif evaluatie.inbreng_client is not None and not evaluatie.inbreng_client.gegeven:
        yield waarschuwing("PL-63", "De cliënt gaf geen inbreng. Geef de reden.", "evaluatie.inbreng_client")


def signaal_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-52: there is a signal. It is never refused for its form."""
    assert isinstance(zaak, Traject)
    if not zaak.signaal:
        yield fout("PL-52", "Leg het signaal vast.", "signaal")


def signaal_geoordeeld(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-53: a judgement with its reason."""
    assert isinstance(zaak, Traject)
    if not any(s.oordeel is not None and not is_leeg(s.oordeel.reden) for s in zaak.signaal):
        yield fout("PL-53", "Geef het oordeel over het signaal, met de reden.", "signaal")


def geen_open_opvolger(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 32: one successor at a time, and the new traject has its id."""
    assert isinstance(zaak, Traject)
    if zaak.volgend_traject:
        yield fout("PL-64", "Er loopt al een volgend traject.", "volgend_traject")
    if is_leeg(voorval.nieuw_traject):
        yield fout("PL-64", "Het nieuwe traject is niet genoemd.", "volgend_traject")


def spoed_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-59: reason, support, provider, begin and end; its own besluit of soort spoed."""
    assert isinstance(zaak, Traject)
    if not zaak.spoed:
        yield fout("PL-59", "Leg de spoed vast: reden, aanbieder, begin en einde.", "spoed")
        return
    spoed = zaak.spoed[-1]
    besluit = next((b for b in zaak.besluit if b.id == spoed.besluit), None)
    if besluit is None or besluit.soort != "spoed" or besluit.grond.soort != "spoed":
        yield fout("PL-59", "Spoed heeft een eigen besluit.", "spoed.besluit")
    if spoed.eind < spoed.begin:
        yield fout("PL-59", "Het einde van de spoed ligt voor het begin.", "spoed.eind")


def spoed_loopt(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Only what runs can be ended."""
    assert isinstance(zaak, Traject)
    if not zaak.spoed:
        yield fout("PL-59", "Er loopt geen tijdelijke ondersteuning.", "spoed")


def spoed_is_beeindigd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Events 38, 39: temporary support has ended first."""
    if isinstance(zaak, Traject) and any(s.beeindigd_op is None and s.eind >= omgeving.vandaag for s in zaak.spoed):
        yield fout("PL-59", "Beëindig eerst de tijdelijke ondersteuning.", "spoed")


def beschikking_ooit_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 35: what a citizen can object to is a beschikking (G-4)."""
    assert isinstance(zaak, Traject)
    if not any(b.bekendgemaakt_op for b in zaak.besluit):
        yield fout("PL-55", "Er is nog geen beschikking bekendgemaakt.", "besluit")


def bezwaar_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-55: recorded; a late one is not refused, that judgement is the gemeente's (H-10)."""
    assert isinstance(zaak, Traject)
    if not zaak.bezwaar:
        yield fout("PL-55", "Leg het bezwaar vast.", "bezwaar")
    elif zaak.bezwaar[-1].op_tijd is False:
        yield waarschuwing("PL-55", "Het bezwaar is na de laatste dag ontvangen.", "bezwaar.ontvangen_op")


def bezwaar_uitkomst(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    assert isinstance(zaak, Traject)
    if not any(b.uitkomst and b.afgehandeld_op for b in zaak.bezwaar):
        yield fout("PL-55", "Leg de uitkomst van het bezwaar vast.", "bezwaar.uitkomst")


def verhuizing_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-65: where to and from when."""
    assert isinstance(zaak, Traject)
    if zaak.verhuizing is None:
        yield fout("PL-65", "Leg vast naar welke gemeente en per wanneer.", "verhuizing")


def sluitreden_past(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 38: why the case ends; W for one that ends without plan or deviation (PL-3)."""
    if not isinstance(zaak, Traject):
        return
    if voorval.sluitreden not in _SLUITREDENEN:
        yield fout("SLUITREDEN", "Kies waarom het traject sluit.", "sluitreden")
    if voorval.sluitreden == "verhuisd" and zaak.verhuizing is None:
        yield fout("PL-65", "Leg eerst de verhuizing vast.", "verhuizing")
    if not zaak.besluit and zaak.afwijking is None:
        yield waarschuwing("PL-3", "Dit traject sluit zonder plan en zonder vastgelegde afwijking.")


def niets_loopt_nog(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 38: no running toewijzing whose end has not been ordered or reached."""
    if not isinstance(zaak, Traject):
        return
    for koppeling in zaak.toewijzing:
        aanvaard = any(b.retour == "aanvaard" for b in koppeling.bericht)
        gewijzigd = any(b.reden_wijziging for b in koppeling.bericht)
        regel = next(
            (r for b in zaak.besluit if b.id == koppeling.besluit for r in b.regel if r.nr == koppeling.regel), None
        )
        voorbij = regel is not None and regel.einddatum is not None and regel.einddatum < omgeving.vandaag
        if aanvaard and not gewijzigd and not voorbij:
            yield fout("PL-71", "Er loopt nog een toewijzing. Regel eerst het einde.", "toewijzing")


def continuiteit_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-66, at closing for a move."""
    if isinstance(zaak, Traject) and voorval.sluitreden == "verhuisd":
        yield from _continuiteit(zaak)


def continuiteit_bij_verhuizing(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-66, at ending a toewijzing with code 07."""
    assert isinstance(zaak, Traject)
    if voorval.gegevens.get("reden_wijziging") == _VERHUIZING:
        yield from _continuiteit(zaak)


def _continuiteit(zaak: Traject) -> Iterator[Finding]:
    if zaak.verhuizing is None or zaak.verhuizing.continuiteit is None:
        tekst = "Leg eerst vast hoe de ondersteuning na de verhuizing doorgaat."
        yield fout("CONTINUITEIT_ONBEKEND", tekst, "verhuizing.continuiteit")


def bezwaar_voorbij(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 38 after a refusal: made known, the term passed, and no bezwaar open."""
    if not isinstance(zaak, Traject) or voorval.sluitreden != "afgewezen":
        return
    besluit = besluit_van(zaak, voorval)
    termijn = next((t for t in zaak.termijn if t.soort == "bezwaar"), None)
    if besluit is None or besluit.soort != "afwijzing" or termijn is None or termijn.einde >= omgeving.vandaag:
        yield fout("PL-55", "De bezwaartermijn van de afwijzing loopt nog.", "termijn")
    if any(b.afgehandeld_op is None for b in zaak.bezwaar):
        yield fout("PL-55", "Er loopt nog een bezwaar.", "bezwaar")


def reden_wijziging_mag(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-71, CS336: a code of WMO002, never 01."""
    if voorval.gegevens.get("reden_wijziging") not in _REDENEN_WIJZIGING:
        yield fout(
            "CS336", "Kies de reden van de wijziging; 01 wordt niet meer gebruikt.", "toewijzing.reden_wijziging"
        )
