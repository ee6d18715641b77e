"""Reading decision lines from CSV or JSON lines (1.2.2), with every fault of every line.

CSV: a header line with the field names of 1.2.2, comma or semicolon; `toewijzingNummers` separated by spaces. JSON
lines: one object a line, the same names. Upper and lower case and underscores in names do not matter.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, get_args

import msgspec

from gateway.berichten import codelijsten
from gateway.domain.findings import Finding
from gateway.domain.ids import is_agb, is_bsn, is_gemeentecode
from gateway.reconcile.beschikkingen import BeschikkingRegel, Leveringsvorm, Status
from gateway.reconcile.omvang import Omvang

_CODE = "BESCHIKKING"
_LISTS = {"eenheid": "WJ756", "frequentie": "WMO757", "categorie": "WMO020"}


class _Raw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as it stands in the file, with names in lower case."""

    gemeente: str
    beschikkingnummer: int
    regelnummer: int = 1
    besluitmoment: str
    status: str = "ACTIEF"
    leveringsvorm: str = "ZIN"
    bsn: str
    aanbieder: str | None = None
    categorie: str | None = None
    code: str | None = None
    ingangsdatum: date
    einddatum: date | None = None
    volume: int | None = None
    eenheid: str | None = None
    frequentie: str | None = None
    budget: int | None = None
    toewijzingnummers: tuple[int, ...] = ()
    vervangendoor: int | None = None


def laad_beschikkingen(data: bytes) -> tuple[tuple[BeschikkingRegel, ...], tuple[Finding, ...]]:
    """The good lines and the faults of the others. Never raises for bad data; no finding repeats a BSN."""
    good: list[BeschikkingRegel] = []
    findings: list[Finding] = []
    for line, values in _lines(data):
        made = _regel(values) if isinstance(values, Mapping) else [values]
        if isinstance(made, list):
            findings += [_fault(line, text) for text in made]
        else:
            good.append(made)
    return tuple(good), tuple(findings)


def _fault(line: int | None, text: str) -> Finding:
    return Finding(
        code=_CODE,
        severity="error",
        line=line,
        message=text,
        advice="Verbeter deze regel in het bestand van het zaaksysteem; hij is niet vergeleken.",
    )


def _lines(data: bytes) -> Iterator[tuple[int | None, Mapping[str, Any] | str]]:
    """Line number and values of each line, or what is wrong with it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield None, "Het bestand is geen tekst in UTF-8."
        return
    return (yield from _json_lines(text) if text.lstrip().startswith("{") else _csv_lines(text))


def _json_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for nr, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            yield nr, _named(found) if isinstance(found, dict) else "Deze regel is geen JSON-object."


def _csv_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    for row in reader:
        if None in row:
            yield reader.line_num, "Deze regel heeft meer velden dan de kopregel."
        else:
            yield reader.line_num, _named({k: v for k, v in row.items() if v not in (None, "")})


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    named = {re.sub(r"[_\s]", "", name).lower(): value for name, value in values.items() if value is not None}
    numbers = named.get("toewijzingnummers")
    if isinstance(numbers, str):
        named["toewijzingnummers"] = re.split(r"[\s,;|]+", numbers.strip())
    elif isinstance(numbers, int):
        named["toewijzingnummers"] = [numbers]
    return named


def _regel(values: Mapping[str, Any]) -> BeschikkingRegel | list[str]:
    """The line, or all that is wrong with it."""
    try:
        raw = msgspec.convert(values, _Raw, strict=False)
    except msgspec.ValidationError as error:
        return [_in_dutch(str(error))]
    moment = _moment(raw.besluitmoment)
    faults = [*_faults(raw), *([] if moment else ["Veld `besluitmoment` is geen datum met tijd."])]
    if faults or moment is None:
        return faults
    omvang = None
    if raw.volume is not None and raw.eenheid is not None and raw.frequentie is not None:
        omvang = Omvang(raw.volume, raw.eenheid, raw.frequentie)
    return BeschikkingRegel(
        gemeente=raw.gemeente,
        beschikkingnummer=raw.beschikkingnummer,
        regelnummer=raw.regelnummer,
        besluitmoment=moment,
        status=msgspec.convert(raw.status.upper(), Status),
        leveringsvorm=msgspec.convert(raw.leveringsvorm.upper(), Leveringsvorm),
        bsn=raw.bsn,
        aanbieder=raw.aanbieder,
        categorie=raw.categorie,
        code=raw.code,
        ingangsdatum=raw.ingangsdatum,
        einddatum=raw.einddatum,
        omvang=omvang,
        budget=raw.budget,
        toewijzing_nummers=raw.toewijzingnummers,
        vervangen_door=raw.vervangendoor,
    )


def _faults(raw: _Raw) -> Iterator[str]:
    if not is_gemeentecode(raw.gemeente):
        yield "Veld `gemeente` moet vier cijfers hebben."
    if not is_bsn(raw.bsn):
        yield "Veld `bsn` voldoet niet aan de elfproef."
    if raw.aanbieder is not None and not is_agb(raw.aanbieder):
        yield "Veld `aanbieder` moet een AGB-code van acht cijfers zijn."
    if raw.status.upper() not in get_args(Status):
        yield "Veld `status` moet ACTIEF, INGETROKKEN, VERVANGEN of VERNIETIGD zijn."
    if raw.leveringsvorm.upper() not in get_args(Leveringsvorm):
        yield "Veld `leveringsvorm` moet ZIN, PGB of OVERIG zijn."
    extent = (raw.volume, raw.eenheid, raw.frequentie)
    if None in extent and extent != (None, None, None):
        yield "Velden `volume`, `eenheid` en `frequentie` zijn alle drie gevuld of alle drie leeg."
    for field, lijst in _LISTS.items():
        value = getattr(raw, field)
        if value is not None and codelijsten.get(lijst).label(value) is None:
            yield f"Veld `{field}` heeft een waarde die niet op lijst {lijst} staat."
    if any(amount is not None and amount < 0 for amount in (raw.volume, raw.budget)):
        yield "Velden `volume` en `budget` mogen niet negatief zijn."
    if raw.einddatum is not None and raw.einddatum < raw.ingangsdatum:
        yield "Veld `einddatum` ligt voor `ingangsdatum`."


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _in_dutch(error: str) -> str:
    if match := re.search(r"missing required field `(\w+)`", error):
        return f"Veld `{match.group(1)}` ontbreekt."
    if match := re.search(r"unknown field `(\w+)`", error):
        return f"Veld `{match.group(1)}` is niet bekend."
    match = re.search(r"`\$\.(\w+)", error)
    return f"Veld `{match.group(1) if match else '?'}` heeft de verkeerde vorm."
