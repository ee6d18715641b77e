"""The control levels over a message: what the rules say about a value, and about a file.

findings = check(reading.bericht, "WMO301", Context(today=...), level=3)
report = validate(data, today=...)
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.berichten import codelijsten
from gateway.berichten.codelijsten import Codelijsten
from gateway.berichten.faults import Lang
from gateway.berichten.historie import partijen
from gateway.berichten.reading import locate, read
from gateway.berichten.regels import registry, tabel
from gateway.berichten.regels.aanbieders import aanbieder_bekend
from gateway.berichten.regels.registry import Context
from gateway.berichten.regels.schema import nummers
from gateway.berichten.schema_sets import Schemas
from gateway.domain.findings import Finding, has_errors

if TYPE_CHECKING:
    from gateway.berichten.historie import Earlier

HOOGSTE = 4
_OOK_OP_NIVEAU_2 = frozenset({"TR319"})  # a rule of level 3 that the official level-2 test already applies


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong with a file, and what could not be judged."""

    bericht: str | None  # WMO301; None if it is no message that is known
    release: str | None
    valid: bool  # no error found on the levels that were checked
    findings: tuple[Finding, ...]
    level: int  # highest control level that was asked for
    not_checked: tuple[str, ...] = ()  # rules without their source, or that only a room above judges (WMO323)


def validate(
    data: bytes,
    *,
    level: int | None = None,
    today: dt.date | None = None,
    earlier: "Earlier | None" = None,
    sources: Mapping[str, Any] | None = None,
    schemas: Schemas | None = None,
    codelists: Codelijsten | None = None,
    lang: Lang = "nl",
) -> Report:
    """Read a file and check it, up to control level `level`; without `level`, as far as the data at hand allows.

    1: XML and schema; 2: within the message; 3: against `earlier` messages (a History); 4: against `codelists`
    (what `load_codelists` gives: GEMEENTEN, WMO021, AGB), `today` and `sources`, which take their place by name
    (gemeentecodes, productcodes, agb, declaraties). A file with a fault of level 1 is not
    looked at further; a message of a release without a rule table has level 1 only. A rule without its source becomes
    a finding `unchecked` if its level was asked for; without `level` it is only named in `not_checked`. Never raises
    for bad data.
    """
    reading = read(data, schemas=schemas, lang=lang, numbers=nummers())
    hoogste = HOOGSTE if level is None else level
    soort = reading.soort or ""
    if reading.release != tabel.RELEASE or not tabel.regels_van(soort):
        hoogste = 1
    if reading.bericht is None or hoogste == 1:
        valid = not has_errors(reading.findings)
        return Report(
            bericht=reading.soort, release=reading.release, valid=valid, findings=reading.findings, level=hoogste
        )
    lijsten = codelists or codelijsten.standaard()
    ctx = Context(
        today=today,
        earlier=earlier,
        codelists=lijsten,
        sources={**lijsten.bronnen(partijen(reading.bericht).gemeente), **(sources or {})},
        oddities=reading.oddities,
    )
    gevonden = check(reading.bericht, soort, ctx, level=hoogste, lang=lang)
    if hoogste == HOOGSTE:
        gevonden += aanbieder_bekend(reading.bericht, soort, ctx, lang)
    ongewis = dict.fromkeys(f.code for f in gevonden if f.severity == "unchecked")
    elders = registry.zonder_toets(soort, range(3, hoogste + 1))
    if level is None:
        gevonden = [f for f in gevonden if f.severity != "unchecked"]
    return Report(
        bericht=reading.soort,
        release=reading.release,
        valid=not has_errors(gevonden),
        findings=tuple(met_regels(gevonden, data, schemas)),
        level=hoogste,
        not_checked=(*ongewis, *elders),
    )


def check(bericht: Any, soort: str, ctx: Context, *, level: int = HOOGSTE, lang: Lang = "nl") -> list[Finding]:
    """Every finding of the registered rules of level 2 up to `level` on a message that its schema accepts."""
    levels = range(2, level + 1)
    gevonden = [registry.finding(rij, hit, lang) for rij, hit in registry.hits(bericht, ctx, soort, levels)]
    if level == 2:
        extra = registry.hits(bericht, ctx, soort, levels=(3,), codes=_OOK_OP_NIVEAU_2)
        gevonden += [registry.finding(rij, hit, lang) for rij, hit in extra]
    return gevonden


def met_regels(findings: list[Finding], data: bytes, schemas: Schemas | None = None) -> list[Finding]:
    """The same findings with their line in the file; a missing element has the line of what should hold it."""
    if not findings:
        return findings
    per_finding = [_paden(f.path) for f in findings]
    regels = locate(data, [pad for paden in per_finding for pad in paden], schemas=schemas)
    plekken = [next((regels[pad] for pad in paden if pad in regels), None) for paden in per_finding]
    return [msgspec.structs.replace(f, line=plek) for f, plek in zip(findings, plekken, strict=True)]


def _paden(pad: str | None) -> list[str]:
    """A path and the paths above it, the nearest first."""
    stappen = (pad or "").split("/")
    return ["/".join(stappen[:n]) for n in range(len(stappen), 1, -1)]
