"""The contract file of commands that judge amounts."""

from pathlib import Path

import typer

from gateway.cli import files, output
from gateway.reconcile.contract import Contract
from gateway.reconcile.contract_bestand import laad_contract


def load_contract(path: Path | None) -> Contract:
    """The contract; exit code 2 with its findings if it does not load. No file: nothing is agreed yet."""
    loaded, found = laad_contract(files.read(path) if path else b"")
    if loaded is None:
        output.findings(str(path), found)
        raise typer.Exit(output.BROKEN)
    return loaded
