"""A return message received: does it answer a message that was sent, and does it keep to its own form (IV028)?

No rule of the standard carries a retourcode for this: a return message gets no answer. What is wrong is for people.
"""

from collections.abc import Iterator
from typing import Any

from gateway.berichten.deel import Deel
from gateway.berichten.historie import Earlier, gaat_over_ander, heenbericht_van
from gateway.berichten.retour import opbouw
from gateway.domain.findings import Finding

_ADVIES = "Neem contact op met de afzender van het retourbericht; verwerk het niet."


def controleer(retour: Any, earlier: Earlier | None) -> tuple[Finding, ...]:
    """Everything wrong with a WMO302, 306, 308, 316, 318 or 320 as an answer to what was sent before."""
    vorm = tuple(_fout(tekst, pad) for tekst, pad in _vorm(retour))
    if earlier is None:
        niet = Finding(
            code="IV028",
            severity="unchecked",
            message="Niet gecontroleerd: een overzicht van eerdere berichten ontbreekt.",
            path=opbouw.HEADER,
        )
        return (*vorm, niet)
    naam = heenbericht_van(retour)
    heen = earlier.bericht(naam)
    if heen is None:
        onbekend = f"Dit antwoord hoort bij een {naam.soort} die niet is verstuurd."
        return (*vorm, _fout(onbekend, f"{opbouw.HEADER}/BerichtIdentificatie/Identificatie"))
    eerder = earlier.retour(naam)
    if eerder is not None and eerder != retour and not gaat_over_ander(retour):
        vorm += (_fout(f"Op deze {naam.soort} is al een ander retourbericht ontvangen.", opbouw.HEADER),)
    return vorm + tuple(_fout(tekst, pad) for tekst, pad in _afwijkingen(retour, heen))


def _fout(tekst: str, pad: str) -> Finding:
    return Finding(code="IV028", severity="error", message=tekst, advice=_ADVIES, path=pad)


def _afwijkingen(retour: Any, heen: Any) -> Iterator[tuple[str, str]]:
    """What should have been copied unchanged and was not."""
    header: type[Deel] = type(heen.header)
    for veld in opbouw.velden(header):
        if veld.naam != "bericht_code" and getattr(retour.header, veld.naam) != getattr(heen.header, veld.naam):
            yield f"{veld.element} is anders dan in het verstuurde bericht.", f"{opbouw.HEADER}/{veld.element}"
    if retour.header.dagtekening_retour < heen.header.bericht_identificatie.dagtekening:
        yield "DagtekeningRetour ligt voor de Dagtekening van het bericht.", f"{opbouw.HEADER}/DagtekeningRetour"
    naam, body = _body(retour)
    if body is not None and opbouw.met_codes(getattr(heen, naam.lower()), type(body), {}, "") != _zonder_codes(body):
        yield "De inhoud is anders dan in het verstuurde bericht.", f"/Bericht/{naam}"


def _zonder_codes(body: Any) -> Any:
    """The same body with 0200 everywhere, to compare content alone."""
    return opbouw.met_codes(body, type(body), {}, "")


def _vorm(retour: Any) -> Iterator[tuple[str, str]]:
    naam, body = _body(retour)
    codes = set(retour.header.retour_codes)
    if body is not None and codes != {opbouw.GEEN_OPMERKING}:
        yield "Met fouten in de inhoud draagt de Header alleen retourcode 0200.", f"{opbouw.HEADER}/RetourCodes"
    if body is not None and not (opbouw.alle_codes(body) - {opbouw.GEEN_OPMERKING, opbouw.NIET_BEOORDEELD}):
        yield "De inhoud is teruggestuurd zonder dat een klasse is afgekeurd.", f"/Bericht/{naam}"
    if body is None and codes == {opbouw.GEEN_OPMERKING}:
        yield "Een goedgekeurd bericht krijgt een Header zonder retourcodes.", f"{opbouw.HEADER}/RetourCodes"


def _body(retour: Any) -> tuple[str, Any]:
    model: type[Deel] = type(retour)
    veld = opbouw.velden(model)[1]
    return veld.element, getattr(retour, veld.naam)
