"""Certificates as files on the command line: what they hold, and whether that can be used."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.cli import files, output
from gateway.cli.output import BROKEN, NO

if TYPE_CHECKING:
    from gateway.flows.parties import PartnerRecord, Surroundings


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """The certificates of a file, DER; exit code 2 with what the file is instead."""
    from gateway.domain.findings import Finding
    from gateway.securemail.material import read_certificates as read

    found = read(files.read(path))
    if isinstance(found, Finding):
        output.findings(str(path), [found])
        raise typer.Exit(BROKEN)
    return found


def fit_certificates(us: "Surroundings", record: "PartnerRecord", path: Path, now: datetime) -> list[bytes]:
    """Those of a file that may become the partner's; authorities beside them only help to say what is missing.

    Exit code 1, with every fault, if one can never be used: then nothing of the file is recorded.
    """
    from gateway.domain.findings import has_errors
    from gateway.flows.fitness import fitness
    from gateway.securemail.chains import Certificate, read_certificate

    found = read_certificates(path)
    above = tuple(der for der in found if isinstance(one := read_certificate(der), Certificate) and one.is_authority)
    own = [der for der in found if der not in above] or list(found)
    refused = False
    for der in own:
        said = fitness(us, record, der, now, above)
        output.findings(str(path), said)
        refused |= has_errors(said)
    if refused:
        raise typer.Exit(NO)
    return own
