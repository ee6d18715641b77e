"""From a region's YAML file to a `Formaat`, or to everything that is wrong with it (plan 8.1).

`gateway plan regio check FILE` calls `laad_formaat`; a file with an error is never activated (plan 8.3).
"""

import sysconfig
from collections.abc import Container
from pathlib import Path
from typing import Any

from gateway.domain.findings import Finding, has_errors
from gateway.plans.formaat import lijsten, regels, yaml
from gateway.plans.formaat.model import Formaat
from gateway.plans.plain import Fault, from_plain

_UITLEG = {
    "type": "Hier staat iets anders dan verwacht: {}.",
    "missing": "Deze sleutel ontbreekt.",
    "unknown": "Deze sleutel kent de grammatica niet.",
    "depth": "Het bestand is te diep genest.",
}


def laad_formaat(source: bytes, *, gemeentecodes: Container[str] | None = None) -> tuple[Formaat | None, list[Finding]]:
    """The format in `source` and every finding, each with its line and path; the format only if none is an error.

    `gemeentecodes`: the CBS list of the year, if it is another than the one that comes with the gateway.
    """
    raw, lines, findings = yaml.read(source)
    if findings:
        return None, findings
    found, faults = from_plain(Formaat, _normalised(raw), key=str)
    findings = [_grammar(fault, lines) for fault in faults]
    if found is not None:
        fouten = [fout for controle in regels.ALLE for fout in controle(found)]
        bekend = lijsten.nationale_lijst("GEMEENTEN") if gemeentecodes is None else gemeentecodes
        fouten += regels.gemeenten_bestaan(found, bekend)
        findings += [_rule(fout, lines) for fout in fouten]
    findings.sort(key=lambda finding: finding.line or 0)
    return (None if has_errors(findings) else found), findings


def mappings_map() -> Path:
    """The folder with the region files: beside the package in a checkout, under the data path when installed."""
    checkout = Path(__file__).parents[3] / "mappings"
    return checkout if checkout.is_dir() else Path(sysconfig.get_path("data"), "share", "wmo-gateway", "mappings")


def formaat_bestand(formaat_id: str) -> Path:
    """Where the delivered file of this region stands, for example of `mlo-2018`."""
    return mappings_map() / f"{formaat_id}.yaml"


def meegeleverd(formaat_id: str = "mlo-2018") -> Formaat:
    """A format that comes with the gateway. ValueError if it does not load: then the installation is broken."""
    formaat, findings = laad_formaat(formaat_bestand(formaat_id).read_bytes())
    if formaat is None:
        raise ValueError(f"{formaat_id}: {findings[0].message} ({findings[0].path}, line {findings[0].line})")
    return formaat


def _normalised(raw: Any) -> Any:
    """The two shorthands of the grammar written out: one `invuller` as a list, `verplicht: true` as a condition."""
    if not isinstance(raw, dict) or not isinstance(raw.get("onderdelen"), list):
        return raw
    return {**raw, "onderdelen": [_block(item) for item in raw["onderdelen"]]}


def _block(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    block = dict(raw)
    if isinstance(block.get("invuller"), str):
        block["invuller"] = [block["invuller"]]
    if isinstance(block.get("velden"), list):
        block["velden"] = [_field(item) for item in block["velden"]]
    return block


def _field(raw: Any) -> Any:
    if isinstance(raw, dict) and isinstance(raw.get("verplicht"), bool):
        return {**raw, "verplicht": {"altijd": raw["verplicht"]}}
    return raw


def _grammar(fault: Fault, lines: yaml.Lines) -> Finding:
    return Finding(
        code="REGIO_GRAMMATICA",
        severity="error",
        message=_UITLEG[fault.kind].format(fault.expected),
        path=".".join(fault.path),
        line=yaml.line_of(lines, fault.path),
    )


def _rule(fout: regels.Fout, lines: yaml.Lines) -> Finding:
    return Finding(
        code=f"REGIO_{fout.pad.partition('.')[0].upper()}",
        severity="error",
        message=fout.tekst,
        path=fout.pad,
        line=yaml.line_of(lines, tuple(fout.pad.split("."))),
    )
