"""Judging declarations on files: the state from messages already exchanged, then one declaration after the other."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from gateway.berichten import build, read, wmo323, wmo325
from gateway.berichten.deel import Deel
from gateway.berichten.regels.controle import met_regels
from gateway.berichten.regels.schema import nummers
from gateway.berichten.retour.antwoord import voorstel
from gateway.cli import files
from gateway.cli.validating import messages
from gateway.domain.findings import Finding
from gateway.reconcile.beoordeling import assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.weergave import declaratie_json

XSD_VERSIE = ("1.0.0", "1.0.0")  # of our schemas of the WMO325


class Judged(NamedTuple):
    """One file's answer."""

    file: Path
    answer: dict[str, Any]  # the JSON line
    findings: tuple[Finding, ...]
    xml: bytes | None  # the WMO325; None while the declaration is held, or if it is none


def judge(paths: list[Path], known: tuple[Path, ...], contract: Contract, today: date) -> Iterator[Judged]:
    """Every declaration in turn; what one uses of an allocation counts for the next."""
    readings = [(path, data, read(data, numbers=nummers())) for path in paths for data in [files.read(path)]]
    asked = [reading.bericht for _, _, reading in readings]
    before = [message for message in messages(known) if message not in asked and not _answers(message, asked)]
    history = uit_berichten(before)
    loose = history.findings  # told once, with the first file
    for path, data, reading in readings:
        message = reading.bericht
        if not isinstance(message, wmo323.Bericht):
            found = reading.findings or (_no_declaration(reading.soort),)
            yield Judged(path, {"file": str(path), "bericht": reading.soort, "findings": found}, found, None)
            continue
        print_of_file = hashlib.sha256(data).hexdigest()
        assessment = assess(
            message, history.state, contract, today, payload_hash=print_of_file, oddities=reading.oddities
        )
        history.state.commit(assessment.effects)
        answer = assessment.antwoord
        xml = build(answer.bericht(voorstel(message), today, XSD_VERSIE)) if answer else None
        placed = tuple(met_regels(list(assessment.findings), data))
        line = {"file": str(path), **declaratie_json(assessment), "findings": placed}
        yield Judged(path, line, (*loose, *placed), xml)
        loose = ()


def _answers(message: Deel, asked: list[Deel | None]) -> bool:
    """True for an answer to one of the declarations that are judged now."""
    if not isinstance(message, wmo325.Bericht):
        return False
    of = message.header.declaratie_identificatie
    return any(isinstance(one, wmo323.Bericht) and one.header.bericht_identificatie == of for one in asked)


def _no_declaration(soort: str | None) -> Finding:
    return Finding(
        code="IV087",
        severity="error",
        message=f"Dit is een {soort}, geen declaratie (WMO323).",
        advice="Controleer andere berichten met: gateway bericht validate.",
    )
