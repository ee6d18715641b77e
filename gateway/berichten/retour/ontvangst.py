"""A return message received: does it answer a message that was sent, and does it keep to its own form (IV028)?

No rule of the standard carries a retourcode for this: a return message gets no answer. What is wrong is for people.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.berichten.deel import Deel
from gateway.berichten.historie import Earlier, gaat_over_ander, heenbericht_van
from gateway.berichten.regels import tabel
from gateway.berichten.regels.tabel import Lang
from gateway.berichten.retour import opbouw
from gateway.domain.findings import Finding

Fout = tuple[str, Mapping[str, str], str]  # key of _TEKSTEN, what fills the text, path

_ADVIES = {
    "nl": "Neem contact op met de afzender van het retourbericht; verwerk het niet.",
    "en": "Contact the sender of the return message; do not process it.",
}
_TEKSTEN = {
    "onbekend": {
        "nl": "Dit antwoord hoort bij een {soort} die niet is verstuurd.",
        "en": "This answers a {soort} that was not sent.",
    },
    "tweede": {
        "nl": "Op deze {soort} is al een ander retourbericht ontvangen.",
        "en": "Another return message for this {soort} was received before.",
    },
    "veld": {
        "nl": "{element} is anders dan in het verstuurde bericht.",
        "en": "{element} differs from the message that was sent.",
    },
    "dagtekening": {
        "nl": "DagtekeningRetour ligt voor de Dagtekening van het bericht.",
        "en": "DagtekeningRetour is before the Dagtekening of the message.",
    },
    "inhoud": {
        "nl": "De inhoud is anders dan in het verstuurde bericht.",
        "en": "The content differs from the message that was sent.",
    },
    "header met inhoud": {
        "nl": "Met fouten in de inhoud draagt de Header alleen retourcode 0200.",
        "en": "With faults in the content the Header carries retourcode 0200 only.",
    },
    "zonder afkeuring": {
        "nl": "De inhoud is teruggestuurd zonder dat een klasse is afgekeurd.",
        "en": "The content was returned although no class is rejected.",
    },
    "codes bij goed": {
        "nl": "Een goedgekeurd bericht krijgt een Header zonder retourcodes.",
        "en": "An approved message gets a Header without retourcodes.",
    },
}


def controleer(retour: Any, earlier: Earlier | None, lang: Lang = "nl") -> tuple[Finding, ...]:
    """Everything wrong with a WMO302, 306, 308, 316, 318 or 320 as an answer to what was sent before."""
    fouten = tuple(_fout(fout, lang) for fout in (*_vorm(retour), *_tegen(retour, earlier)))
    return fouten if earlier is not None else (*fouten, _ongewis(lang))


def _fout(fout: Fout, lang: Lang) -> Finding:
    naam, woorden, pad = fout
    tekst = _TEKSTEN[naam][lang].format_map(woorden)
    return Finding(code="IV028", severity="error", message=tekst, advice=_ADVIES[lang], path=pad)


def _ongewis(lang: Lang) -> Finding:
    tekst = tabel.niet_gecontroleerd("een overzicht van eerdere berichten", lang)
    return Finding(code="IV028", severity="unchecked", message=tekst, path=opbouw.HEADER)


def _tegen(retour: Any, earlier: Earlier | None) -> Iterator[Fout]:
    """Against the message that it answers, and against another answer to that."""
    if earlier is None:
        return
    naam = heenbericht_van(retour)
    heen, soort = earlier.bericht(naam), {"soort": naam.soort}
    if heen is None:
        yield "onbekend", soort, f"{opbouw.HEADER}/BerichtIdentificatie/Identificatie"
        return
    eerder = earlier.retour(naam)
    if eerder is not None and eerder != retour and not gaat_over_ander(retour):
        yield "tweede", soort, opbouw.HEADER
    yield from _afwijkingen(retour, heen)


def _afwijkingen(retour: Any, heen: Any) -> Iterator[Fout]:
    """What should have been copied unchanged and was not."""
    header: type[Deel] = type(heen.header)
    for veld in opbouw.velden(header):
        if veld.naam != "bericht_code" and getattr(retour.header, veld.naam) != getattr(heen.header, veld.naam):
            yield "veld", {"element": veld.element}, f"{opbouw.HEADER}/{veld.element}"
    if retour.header.dagtekening_retour < heen.header.bericht_identificatie.dagtekening:
        yield "dagtekening", {}, f"{opbouw.HEADER}/DagtekeningRetour"
    naam, body = _body(retour)
    if body is not None and opbouw.met_codes(getattr(heen, naam.lower()), type(body), {}, "") != _zonder_codes(body):
        yield "inhoud", {}, f"/Bericht/{naam}"


def _zonder_codes(body: Any) -> Any:
    """The same body with 0200 everywhere, to compare content alone."""
    return opbouw.met_codes(body, type(body), {}, "")


def _vorm(retour: Any) -> Iterator[Fout]:
    naam, body = _body(retour)
    codes = set(retour.header.retour_codes)
    if body is not None and codes != {opbouw.GEEN_OPMERKING}:
        yield "header met inhoud", {}, f"{opbouw.HEADER}/RetourCodes"
    if body is not None and not (opbouw.alle_codes(body) - {opbouw.GEEN_OPMERKING, opbouw.NIET_BEOORDEELD}):
        yield "zonder afkeuring", {}, f"/Bericht/{naam}"
    if body is None and codes == {opbouw.GEEN_OPMERKING}:
        yield "codes bij goed", {}, f"{opbouw.HEADER}/RetourCodes"


def _body(retour: Any) -> tuple[str, Any]:
    model: type[Deel] = type(retour)
    veld = opbouw.velden(model)[1]
    return veld.element, getattr(retour, veld.naam)
