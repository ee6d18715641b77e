"""`--schemas DIR` and `--codelists DIR`: data of a standard, or the publisher's own, instead of what is shipped."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli.output import Surroundings

if TYPE_CHECKING:
    from gateway.berichten import Codelijsten, Schemas

Lang = Literal["nl", "en"]
SchemaFolder = Annotated[
    Path | None,
    typer.Option("--schemas", metavar="DIR", help="Map met de schema's van een standaard; anders iWmo 3.2."),
]
CodelistFolder = Annotated[
    Path | None,
    typer.Option(
        "--codelists",
        metavar="DIR",
        help="Map met codelijsten (CSV): gemeenten, productcodes, AGB-codes, eigen lijsten.",
    ),
]

_SCHEMAS = {
    "nl": (
        "De schema's in {folder} zijn niet bruikbaar ({why}). Geef de map waarin de XSD's van de berichten "
        "en hun basisschema.xsd naast elkaar staan."
    ),
    "en": (
        "The schemas in {folder} cannot be used ({why}). Give the folder that holds the XSDs of the messages "
        "and their basisschema.xsd side by side."
    ),
}
_CODELISTS = {
    "nl": "De codelijsten in {folder} zijn niet bruikbaar ({why}). Wat er in een bestand hoort: docs/codelijsten.md.",
    "en": "The code lists in {folder} cannot be used ({why}). What belongs in a file: docs/codelijsten.md.",
}


def schemas(folder: Path | None, lang: Lang = "nl") -> "Schemas | None":
    """What the folder holds; None without a folder. A folder that cannot be used is a matter of the surroundings."""
    if folder is None:
        return None
    from gateway.berichten import load_schemas
    from gateway.berichten.schema_model import UnsupportedSchema

    try:
        return load_schemas(folder)
    except UnsupportedSchema as wrong:
        raise Surroundings(_SCHEMAS[lang].format(folder=folder, why=wrong)) from None


def codelists(folder: Path | None, lang: Lang = "nl") -> "Codelijsten | None":
    """The lists of the release with those of the folder in their place; None without a folder."""
    if folder is None:
        return None
    from gateway.berichten import load_codelists
    from gateway.berichten.codelijsten import UnusableList

    try:
        return load_codelists(folder)
    except (UnusableList, OSError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else wrong
        raise Surroundings(_CODELISTS[lang].format(folder=folder, why=why)) from None
