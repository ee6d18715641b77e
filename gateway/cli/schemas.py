"""`--schemas DIR`: the schemas of another standard or release, or the publisher's own, instead of those shipped."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import Surroundings

if TYPE_CHECKING:
    from gateway.berichten import Schemas

SchemaFolder = Annotated[
    Path | None,
    typer.Option("--schemas", metavar="DIR", help="Map met de schema's van een standaard; anders iWmo 3.2."),
]


def schemas(folder: Path | None) -> "Schemas | None":
    """What the folder holds; None without a folder. A folder that cannot be used is a matter of the surroundings."""
    if folder is None:
        return None
    from gateway.berichten import load_schemas
    from gateway.berichten.schema_model import UnsupportedSchema

    try:
        return load_schemas(folder)
    except UnsupportedSchema as wrong:
        raise Surroundings(
            f"De schema's in {folder} zijn niet bruikbaar ({wrong}). Geef de map waarin de XSD's van de berichten "
            "en hun basisschema.xsd naast elkaar staan."
        ) from None
