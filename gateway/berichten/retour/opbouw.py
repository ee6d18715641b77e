"""From a message and its retourcodes to the typed return message (IV028, IV032).

The classes of a return message are those of the message it answers, each with `retour_codes` as last field; so one
walk over the fields of the return message's classes copies everything, whatever the message.
"""

import functools
import re
import typing
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.berichten.deel import Deel

GEEN_OPMERKING = "0200"
NIET_BEOORDEELD = "0233"
HEADER = "/Bericht/Header"

Codes = Mapping[str, tuple[str, ...]]  # path of a class -> its retourcodes
_VOLGNUMMER = re.compile(r"\[\d+\]$")


class Veld(typing.NamedTuple):
    """A field of a return message's class."""

    naam: str
    element: str  # ToegewezenProducten
    klasse: type[Deel] | None  # of a part, and of every item of a list of parts


@functools.cache
def velden(klasse: type[Deel]) -> tuple[Veld, ...]:
    """The fields of a class with the class of what they hold."""
    return tuple(
        Veld(f.name, f.encode_name[0].upper() + f.encode_name[1:], _klasse_in(f.type))
        for f in msgspec.structs.fields(klasse)
    )


def _klasse_in(soort: Any) -> type[Deel] | None:
    if isinstance(soort, type) and issubclass(soort, Deel):
        return soort
    return next((k for k in map(_klasse_in, typing.get_args(soort)) if k is not None), None)


@functools.cache
def klassen(bericht: type[Deel]) -> frozenset[str]:
    """Names of the classes of a return message that carry retourcodes."""
    delen = {v.klasse for v in velden(bericht) if v.klasse is not None}
    return frozenset({d.__name__ for d in delen if _draagt_codes(d)}.union(*map(klassen, delen)))


def _draagt_codes(klasse: type[Deel]) -> bool:
    return any(v.naam == "retour_codes" for v in velden(klasse))


def alle_codes(deel: Deel) -> set[str]:
    """Every retourcode in a part of a return message."""
    gevonden = set(getattr(deel, "retour_codes", ()))
    for veld in velden(type(deel)):
        inhoud = getattr(deel, veld.naam)
        for item in inhoud if isinstance(inhoud, tuple) else (inhoud,):
            if isinstance(item, Deel):
                gevonden |= alle_codes(item)
    return gevonden


def codes_per_klasse(fouten: Iterable[tuple[str, str]], bericht: type[Deel]) -> dict[str, tuple[str, ...]]:
    """Pairs of a path and a retourcode, gathered at the innermost class that the path lies in; each code once."""
    namen, gevonden = klassen(bericht), dict[str, dict[str, None]]()
    for pad, code in fouten:
        gevonden.setdefault(_klasse_van(pad, namen), {})[code] = None
    return {pad: tuple(codes) for pad, codes in gevonden.items()}


def _klasse_van(pad: str, namen: frozenset[str]) -> str:
    delen = pad.split("/")
    while delen and _VOLGNUMMER.sub("", delen[-1]) not in namen:
        delen.pop()
    return "/".join(delen) or HEADER


def header(heen: Deel, klasse: type[Deel], **eigen: Any) -> Deel:
    """The header of the message unchanged, Afzender and Ontvanger included, with what the answer adds (IV028)."""
    over = {v.naam: getattr(heen, v.naam) for v in velden(klasse) if hasattr(heen, v.naam)}
    return klasse(**(over | eigen))


def met_codes(deel: Deel, klasse: type[Deel], codes: Codes, pad: str, *, overslaan: bool = False) -> Deel:
    """A class of the message as class of the return message, with the classes below it.

    A class without fault gets 0200. Below a class with a fault nothing was judged: 0233 (IV028, as IV087 has it).
    """
    eigen = (NIET_BEOORDEELD,) if overslaan else codes.get(pad, (GEEN_OPMERKING,))
    onder = overslaan or pad in codes
    return klasse(
        **{
            v.naam: eigen if v.naam == "retour_codes" else _inhoud(getattr(deel, v.naam), v, codes, pad, onder)
            for v in velden(klasse)
        }
    )


def _inhoud(waarde: Any, veld: Veld, codes: Codes, pad: str, overslaan: bool) -> Any:
    klasse = veld.klasse
    if waarde is None or klasse is None or not _draagt_codes(klasse):
        return waarde
    onder = f"{pad}/{veld.element}"
    if not isinstance(waarde, tuple):
        return met_codes(waarde, klasse, codes, onder, overslaan=overslaan)
    return tuple(
        met_codes(item, klasse, codes, f"{onder}/{klasse.__name__}[{nummer}]", overslaan=overslaan)
        for nummer, item in enumerate(waarde, 1)
    )
