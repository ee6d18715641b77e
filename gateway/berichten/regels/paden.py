"""Where things stand in a message: the repeating classes of each message with their paths, and what a text counts as.

Paths are written as in a finding: local names, [n] where an element repeats. List wrappers (StartProducten) are part of
the path and not of the model, in which `client.start_producten` is the tuple itself.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.berichten.regels.registry import Context

_WIT = " \t\r\n"  # white space of XML, which is less than what Python strips by default
_WITRUIMTE = re.compile(r"[ \t\r\n]+")

CLIENT = "/Bericht/Client"
VERZOEK = f"{CLIENT}/Verzoek"
TOEGEWEZEN = f"{CLIENT}/ToegewezenProducten/ToegewezenProduct"
AANGEVRAAGD = f"{CLIENT}/AangevraagdeProducten/AangevraagdProduct"
START = f"{CLIENT}/StartProducten/StartProduct"
STOP = f"{CLIENT}/StopProducten/StopProduct"
ONGEWIJZIGD = f"{VERZOEK}/OngewijzigdeProducten/OngewijzigdProduct"
TE_WIJZIGEN = f"{VERZOEK}/TeWijzigenProducten/TeWijzigenProduct"
NIEUW = f"{VERZOEK}/NieuweProducten/NieuwProduct"
CONTACT = f"{CLIENT}/Contactgegevens/Contact"
RELATIE = f"{CLIENT}/Relaties/Relatie"
DAGTEKENING = "/Bericht/Header/BerichtIdentificatie/Dagtekening"
DECLARATIE = {"WMO323": "/Bericht/Declaratie", "WMO325": "/Bericht/DeclaratieAntwoord"}


def genummerd(pad: str, elementen: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Elements of a list with their paths."""
    for nummer, element in enumerate(elementen, 1):
        yield f"{pad}[{nummer}]", element


def personen(bericht: Any) -> Iterator[tuple[str, Any]]:
    """The client and, in the messages that have them, the relations; nothing in a return message without a body."""
    client = bericht.client
    if client is not None:
        yield CLIENT, client
        yield from genummerd(RELATIE, getattr(client, "relaties", ()))


def contacten(bericht: Any) -> Iterator[tuple[str, Any]]:
    """Every Contact of client and relations (WMO301, WMO302)."""
    client = bericht.client
    if client is not None:
        yield from genummerd(CONTACT, client.contactgegevens)
        for pad, relatie in genummerd(RELATIE, client.relaties):
            yield f"{pad}/Contact", relatie.contact


def declaratie(bericht: Any, ctx: Context) -> Any:
    """The Declaratie of a WMO323, the DeclaratieAntwoord (or None) of a WMO325."""
    return bericht.declaratie if ctx.soort == "WMO323" else bericht.declaratie_antwoord


def prestaties(bericht: Any, ctx: Context) -> Iterator[tuple[int, int, Any]]:
    """Every Prestatie with the numbers of its client and of itself (see `pad_prestatie`), in document order."""
    body = declaratie(bericht, ctx)
    if body is not None:
        for c, client in enumerate(body.clienten, 1):
            for p, prestatie in enumerate(client.prestaties, 1):
                yield c, p, prestatie


def pad_prestatie(ctx: Context, client: int, prestatie: int) -> str:
    return f"{DECLARATIE[ctx.soort]}/Clienten/Client[{client}]/Prestaties/Prestatie[{prestatie}]"


def dagtekening(bericht: Any) -> dt.date:
    datum: dt.date = bericht.header.bericht_identificatie.dagtekening
    return datum


def getal_als_tekst(getal: int | None, pad: str, ctx: Context) -> str | None:
    """The number as it stood in the file: the standard compares some numbers as text, where 0101 is not 101."""
    return None if getal is None else ctx.oddities.get(pad, str(getal))


def datum_als_tekst(datum: dt.date | None, pad: str, ctx: Context) -> str | None:
    """The date as it stood in the file, with the blanks around it: where the standard compares dates as text."""
    return None if datum is None else ctx.oddities.get(pad, datum.isoformat())


def later(datum: dt.date, dan: dt.date, pad: str, ctx: Context) -> bool:
    """Whether `datum` is after `dan`, which stands at `pad`.

    Of `dan` the official test reads ten characters: blanks before it cost it its last digits, and with ten blanks
    nothing is later.
    """
    if pad not in ctx.oddities:
        return datum > dan
    getal = eerste_tien(dan, pad, ctx)
    return getal is not None and als_getal(datum) > getal


def eerste_tien(datum: dt.date, pad: str, ctx: Context) -> int | None:
    """The date as a number (20250908), of the first ten characters at `pad`; None if these are blanks."""
    geschreven = ctx.oddities.get(pad)
    if geschreven is None:
        return als_getal(datum)
    cijfers = geschreven[:10].strip(_WIT).replace("-", "")
    return int(cijfers) if cijfers else None


def als_getal(datum: dt.date) -> int:
    """20250908."""
    return datum.year * 10000 + datum.month * 100 + datum.day


def met_plusteken(ctx: Context) -> frozenset[str]:
    """Where a whole number is written as +7. To XPath that is no number: no comparison with it holds, no sum has it."""
    return frozenset(pad for pad, tekst in ctx.oddities.items() if "+" in tekst)


def genormaliseerd(tekst: str | None) -> str:
    """XPath's normalize-space: no white space around, one space within; nothing is the empty text."""
    if not tekst:
        return ""
    if " " not in tekst and tekst.isprintable():  # almost always, and a tenth of the cost of looking with a pattern
        return tekst
    return " ".join(_WITRUIMTE.split(tekst.strip(_WIT)))
