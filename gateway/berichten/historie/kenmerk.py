"""What names a message: its kind, its sender and the identification that the sender gave it (TR056)."""

from typing import Any, NamedTuple

from gateway.berichten.soorten import SOORTEN

_SOORT_BIJ_CODE = {s.bericht_code: s.soort for s in SOORTEN.values()}


class Kenmerk(NamedTuple):
    """Under this name a message is known to both parties; a return message refers to it."""

    soort: str  # WMO305
    afzender: str  # AGB code or gemeentecode
    identificatie: str


class Partijen(NamedTuple):
    """The two parties of a message, whoever sends it."""

    gemeente: str
    aanbieder: str


def soort_van(bericht: Any) -> str:
    """WMO301, ...: what the BerichtCode says. KeyError for a code that is no iWmo message."""
    return _SOORT_BIJ_CODE[bericht.header.bericht_code]


def is_bekend(bericht: Any) -> bool:
    """True for a message of this standard; other families (iJw) have codes of their own."""
    return bericht.header.bericht_code in _SOORT_BIJ_CODE


def kenmerk(bericht: Any) -> Kenmerk:
    """The name of a message that is no return message; of a WMO325 its own name."""
    header = bericht.header
    return Kenmerk(soort_van(bericht), header.afzender, header.bericht_identificatie.identificatie)


def heenbericht_van(retour: Any) -> Kenmerk:
    """The name of the message that a return message (302-320, 325) answers.

    A return message keeps sender and identification of the message it answers (IV028); a WMO325 has its own and
    names the declaration apart (IV087).
    """
    header, soort = retour.header, SOORTEN[soort_van(retour)]
    heen = soort.heen or ""
    if soort.soort == "WMO325":
        return Kenmerk(heen, header.ontvanger, header.declaratie_identificatie.identificatie)
    return Kenmerk(heen, header.afzender, header.bericht_identificatie.identificatie)


def partijen(bericht: Any) -> Partijen:
    header = bericht.header
    if SOORTEN[soort_van(bericht)].afzender == "gemeente":
        return Partijen(header.afzender, header.ontvanger)
    return Partijen(header.ontvanger, header.afzender)
