"""iWmo messages: typed models, codec, XSD validation, code lists, rules, retour messages.

A library in its own right: no configuration, no database, no event loop.

    from gateway import berichten
    bericht = berichten.parse(xml)              # raises OngeldigBericht
    reading = berichten.read(xml)               # never raises for bad data: bericht or findings
    xml = berichten.build(bericht)              # validated bytes

The classes of each message live in a module of its own (`gateway.berichten.wmo301`), what the messages share in
`gateway.berichten.basis`. Everything is loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.berichten.building import build
    from gateway.berichten.codelijsten import Codelijsten, load_codelists
    from gateway.berichten.json_form import from_json, to_json
    from gateway.berichten.reading import OngeldigBericht, Reading, Xml, locate, parse, read, soort_of, xml_of
    from gateway.berichten.regels import Report, validate
    from gateway.berichten.schema_sets import Schemas, iwmo, iwmo_from, load_schemas
    from gateway.berichten.soort import Soort
    from gateway.berichten.soorten import SOORTEN

__all__ = [
    "SOORTEN",
    "Codelijsten",
    "OngeldigBericht",
    "Reading",
    "Report",
    "Schemas",
    "Soort",
    "Xml",
    "build",
    "from_json",
    "iwmo",
    "iwmo_from",
    "load_codelists",
    "load_schemas",
    "locate",
    "parse",
    "read",
    "soort_of",
    "to_json",
    "validate",
    "xml_of",
]

_HOMES = {
    "SOORTEN": "soorten",
    "Soort": "soort",
    "OngeldigBericht": "reading",
    "Reading": "reading",
    "Xml": "reading",
    "locate": "reading",
    "parse": "reading",
    "read": "reading",
    "soort_of": "reading",
    "xml_of": "reading",
    "build": "building",
    "Codelijsten": "codelijsten",
    "load_codelists": "codelijsten",
    "from_json": "json_form",
    "to_json": "json_form",
    "Report": "regels",
    "validate": "regels",
    "Schemas": "schema_sets",
    "iwmo": "schema_sets",
    "iwmo_from": "schema_sets",
    "load_schemas": "schema_sets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
