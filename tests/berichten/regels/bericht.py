"""Base messages and small edits of them.

`basis/<soort>.json` is a message without a fault. An edit is `{path: value}` with the JSON names:
`client.naam.naamGebruik`, a number for a place in a list, `+` for a new element at its end, None to leave something
out, `Kopie(0, {...})` for a copy of an element of the same list, edited.
"""

import copy
import importlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from lxml import etree

HIER = Path(__file__).parent
SCHEMAS = HIER.parents[2] / "xsd" / "iwmo" / "3.2"
Wijziging = dict[str, Any]


class Kopie(NamedTuple):
    """A copy of element `plek` of the list, with its own edits."""

    plek: int
    wijziging: Wijziging | None = None


def gewijzigd(boom: dict[str, Any], wijziging: Wijziging) -> dict[str, Any]:
    """The tree with the edits made, one after the other."""
    boom = copy.deepcopy(boom)
    for pad, waarde in wijziging.items():
        *stappen, laatste = pad.split(".")
        plek: Any = boom
        for stap in stappen:
            plek = plek[int(stap)] if isinstance(plek, list) else plek.setdefault(stap, {})
        _zet(plek, laatste, waarde)
    return boom


def _zet(plek: Any, naam: str, waarde: Any) -> None:
    if isinstance(waarde, Kopie):
        waarde = gewijzigd(plek[waarde.plek], waarde.wijziging or {})
    if naam == "+":
        plek.append(waarde)
    elif isinstance(plek, list):
        plek[int(naam) : int(naam) + 1] = [] if waarde is None else [waarde]
    elif waarde is None:
        plek.pop(naam, None)
    else:
        plek[naam] = waarde


def bericht(soort: str, wijziging: Wijziging) -> Any:
    """The base message of a kind with an edit, as the model's value."""
    boom = json.loads((HIER / "basis" / f"{soort}.json").read_text("utf-8"))
    model = importlib.import_module(f"gateway.berichten.{soort.lower()}").Bericht
    return msgspec.convert(gewijzigd(boom, wijziging), model)


def xml(soort: str, wijziging: Wijziging) -> bytes:
    """The same as a file."""
    tekst: str = importlib.import_module(f"gateway.berichten.codec.{soort.lower()}").write(bericht(soort, wijziging))
    return tekst.encode()


def voldoet_aan_schema(soort: str, data: bytes) -> bool:
    return _schema(soort).validate(etree.fromstring(data))


_schemas: dict[str, etree.XMLSchema] = {}


def _schema(soort: str) -> etree.XMLSchema:
    if soort not in _schemas:
        _schemas[soort] = etree.XMLSchema(etree.parse(SCHEMAS / f"{soort}.xsd"))
    return _schemas[soort]
