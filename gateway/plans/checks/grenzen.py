"""Does every value fit: type, length, range, choice? (check veldgrenzen)"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.domain.ids import is_agb, is_bsn
from gateway.plans.checks.basis import Melding, Vraag
from gateway.plans.form import AANBIEDER_EN_CLIENT, GEMEENTE, Plek, is_leeg, plekken
from gateway.plans.formaat.model import Formaat, Veld
from gateway.plans.paths import get

_TELEFOON = re.compile(r"\+?[0-9][0-9 -]{0,18}\Z")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
_POSTCODE_NL = re.compile(r"[1-9][0-9]{3}[A-Z]{2}\Z")  # CS089
_VOORLETTERS = re.compile(r"[^\W\d_]+\Z")

# Lengths of the iWmo schema (plan 5.3), for parts that stand on the form as one derived line.
_CLIENT_MAX = {
    "achternaam": 200,
    "voorvoegsel": 10,
    "partnernaam": 200,
    "partner_voorvoegsel": 10,
    "voornamen": 200,
    "straatnaam": 24,
    "huisletter": 1,
    "huisnummer_toevoeging": 4,
    "postcode": 8,
    "plaatsnaam": 80,
    "telefoonnummer": 15,
    "emailadres": 80,
}
_MAX_LEEFTIJD = 120


def veldgrenzen(vraag: Vraag) -> Iterator[Melding]:
    """Type, length, range and choice value of every field of the phase (PL-15, PL-18)."""
    invullers = GEMEENTE if vraag.fase == "uitvragen" else AANBIEDER_EN_CLIENT
    yield from _aantallen(vraag, invullers)
    for plek in plekken(vraag.formaat, vraag.plan, invullers):
        if not plek.leeg and (reden := _reden(vraag, plek)):
            yield Melding(plek.pad, f"{plek.label}: {reden}.")
    if vraag.fase == "uitvragen":
        yield from _client(vraag)
        yield from _dubbel_resultaat(vraag)


def _aantallen(vraag: Vraag, invullers: frozenset[str]) -> Iterator[Melding]:
    for onderdeel in vraag.formaat.onderdelen:
        herhaal = onderdeel.herhaal
        if herhaal and set(onderdeel.invuller) & invullers and len(get(vraag.plan, herhaal.pad)) > herhaal.max:
            yield Melding(herhaal.pad, f"{onderdeel.titel or onderdeel.id}: hoogstens {herhaal.max}.")
    bekend = {product.id for product in vraag.formaat.producten}
    if vraag.fase != "uitvragen" and set(vraag.plan.samenvatting) - bekend:
        yield Melding("samenvatting", "Samenvatting: een product dat het formaat niet kent.")


def _reden(vraag: Vraag, plek: Plek) -> str | None:
    toets = _PER_TYPE.get(plek.veld.type)
    return toets(vraag, plek) if toets else None


def _tekst(vraag: Vraag, plek: Plek) -> str | None:
    return _tekst_reden(plek.waarde, plek.veld, regeleinden=plek.veld.type == "tekst_lang")


def _tekst_reden(waarde: Any, veld: Veld, *, regeleinden: bool) -> str | None:
    if not isinstance(waarde, str):
        return "dit is geen tekst"
    if veld.max is not None and len(waarde.strip()) > veld.max:
        return f"hoogstens {veld.max} tekens"
    toegestaan = "\n" if regeleinden else ""
    if any(unicodedata.category(teken) == "Cc" and teken not in toegestaan for teken in waarde):
        return "er staan tekens in die niet kunnen worden afgedrukt"
    if veld.pad.endswith("voorletters") and veld.pad.startswith("client") and not _VOORLETTERS.match(waarde):
        return "alleen letters, geen punten"
    return None


def _lijst(vraag: Vraag, plek: Plek) -> str | None:
    if plek.veld.regels is not None and len(plek.waarde) > plek.veld.regels:
        return f"hoogstens {plek.veld.regels} regels"
    redenen = (_tekst_reden(item, plek.veld, regeleinden=False) for item in plek.waarde)
    return next((reden for reden in redenen if reden), None)


def _getal(vraag: Vraag, plek: Plek) -> str | None:
    waarde, veld = plek.waarde, plek.veld
    if not isinstance(waarde, Decimal | int):
        return "dit is geen getal"
    if veld.min is not None and waarde < veld.min:
        return f"minstens {_nl(veld.min)}"
    if veld.max is not None and waarde > veld.max:
        return f"hoogstens {_nl(veld.max)}"
    exponent = Decimal(waarde).normalize().as_tuple().exponent
    if veld.decimalen is not None and isinstance(exponent, int) and -exponent > veld.decimalen:
        return f"hoogstens {veld.decimalen} cijfers achter de komma"
    return None


def _keuze(vraag: Vraag, plek: Plek) -> str | None:
    return None if plek.waarde in codes(vraag.formaat, plek.veld) else "deze keuze bestaat niet"


def codes(formaat: Formaat, veld: Veld) -> set[str]:
    """The codes a choice field may hold."""
    if veld.lijst == "resultaten":
        return {resultaat.code for resultaat in formaat.resultaten}
    if veld.lijst == "producten":
        return {product.id for product in formaat.producten}
    return {keuze.code for keuze in formaat.keuzelijsten.get(veld.lijst or "", ())}


def _vinkjes(vraag: Vraag, plek: Plek) -> str | None:
    return None if set(plek.waarde) <= codes(vraag.formaat, plek.veld) else "deze keuze bestaat niet"


def _periode(vraag: Vraag, plek: Plek) -> str | None:
    if plek.product is None:
        return None
    bij_omvang = plek.veld.pad == "omvang_periode"
    perioden = plek.product.omvang.perioden if bij_omvang else plek.product.frequentie.perioden
    return None if plek.waarde in perioden else "deze periode hoort niet bij dit product"


def _verwijzing(vraag: Vraag, plek: Plek) -> str | None:
    aantal = len(get(vraag.plan, plek.veld.naar or "arrangement"))
    return None if isinstance(plek.waarde, int) and 1 <= plek.waarde <= aantal else "deze regel bestaat niet"


def _vorm(passend: Callable[[str], object], reden: str) -> Callable[[Vraag, Plek], str | None]:
    return lambda vraag, plek: None if passend(str(plek.waarde)) else reden


_PER_TYPE: dict[str, Callable[[Vraag, Plek], str | None]] = {
    "tekst": _tekst,
    "tekst_lang": _tekst,
    "lijst": _lijst,
    "getal": _getal,
    "keuze": _keuze,
    "vinkjes": _vinkjes,
    "periode": _periode,
    "verwijzing": _verwijzing,
    "productcode": _tekst,
    "bsn": _vorm(is_bsn, "dit is geen geldig BSN"),
    "agb": _vorm(is_agb, "een AGB-code heeft acht cijfers"),
    "telefoon": _vorm(lambda t: len(t) <= 15 and _TELEFOON.match(t), "dit is geen telefoonnummer"),
    "email": _vorm(lambda t: len(t) <= 80 and _EMAIL.match(t), "dit is geen e-mailadres"),
}


def _client(vraag: Vraag) -> Iterator[Melding]:
    client = vraag.plan.client
    for naam, grens in _CLIENT_MAX.items():
        waarde = getattr(client, naam)
        if waarde is not None and len(waarde) > grens:
            yield Melding(f"client.{naam}", f"{naam.replace('_', ' ').capitalize()}: hoogstens {grens} tekens.")
    for naam in ("achternaam", "straatnaam", "huisnummer", "postcode", "plaatsnaam"):
        if is_leeg(getattr(client, naam)):  # the derived line is not empty, yet the order needs this part
            yield Melding(f"client.{naam}", f"Vul nog in: {naam}.")
    if client.huisnummer is not None and not 0 <= client.huisnummer <= 99999:
        yield Melding("client.huisnummer", "Huisnummer: een getal van 0 tot en met 99999.")
    if client.postcode and (client.landcode or "NL") == "NL" and not _POSTCODE_NL.match(client.postcode):
        yield Melding("client.postcode", "Postcode: vier cijfers en twee hoofdletters, zonder spatie.")
    if client.geboortedatum is not None and not _mogelijke_geboorte(client.geboortedatum, vraag.vandaag):
        yield Melding("client.geboortedatum", "Geboortedatum: niet in de toekomst en niet langer dan 120 jaar geleden.")


def _mogelijke_geboorte(geboren: date, vandaag: date) -> bool:
    onbekend = geboren == date(1900, 1, 1)  # wholly unknown (TR002)
    return onbekend or (geboren <= vandaag and vandaag.year - geboren.year <= _MAX_LEEFTIJD)


def _dubbel_resultaat(vraag: Vraag) -> Iterator[Melding]:
    """A result of the catalogue stands once in an arrangement (plan 5.5)."""
    gezien: set[str] = set()
    for nr, regel in enumerate(vraag.plan.arrangement, 1):
        if regel.resultaat and regel.resultaat in gezien:
            yield Melding(f"arrangement.{nr}.resultaat", f"Arrangement {nr}: dit resultaat staat er al.")
        gezien.add(regel.resultaat or "")


def _nl(getal: Decimal) -> str:
    return str(getal).replace(".", ",")
