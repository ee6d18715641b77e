"""The contract file: what 6.1 asks a municipality to configure, as TOML or JSON, read with all faults at once.

    revision = "2025-1"
    gemeente = "0384"                 # default for the rows below
    aanbieder = "65656055"            # default for the rows below
    own_codes = ["0384"]              # own and predecessor CBS codes
    agb_aliases = [["65656055", "65656056"]]

    [[contract_tariffs]]
    product_code = "02A03"
    eenheid = "04"                    # list WJ756
    tarief = "6250"                   # eurocent per eenheid; fractions allowed ("123.45")
    begindatum = 2025-01-01           # optional, as einddatum
    minutes_allowed = true            # a tariff per hour may be declared in minutes

    [[contract_complete]]             # the rows of this pair are exhaustive in this period
    begindatum = 2025-01-01

    [[product_list]]                  # leave out altogether if there is no list
    product_categorie = "02"
    product_code = "02A03"

    [working_days]
    closed = [2025-12-24]
    worked = []

    [policies]                        # 6.3; defaults shown
    version_race = "hold"             # approve_known, reject_now
    need_tariff = "hold"              # approve_and_flag; also need_contract_unit, need_productlist
    tariff_ambiguous = "either"       # hold

JSON has the same names, with dates as strings. An empty file is a contract too: then nothing is configured but the
CBS list that comes with the package.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import msgspec

from gateway.berichten import codelijsten
from gateway.berichten.codelijsten import Codelijsten
from gateway.domain.findings import Finding
from gateway.domain.ids import is_agb, is_gemeentecode
from gateway.domain.period import Period
from gateway.domain.workdays import WorkCalendar
from gateway.reconcile.contract import Contract, Policies, Product, Tarief, Volledig

_CODE = "CONTRACT"
_EENHEDEN = "WJ756"
_GEMEENTEN = "GEMEENTEN"


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gemeente: str = ""
    aanbieder: str = ""
    begindatum: date = date.min
    einddatum: date | None = None

    @property
    def geldig(self) -> Period:
        return Period(self.begindatum, self.einddatum)


class _Tarief(_Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    product_code: str
    eenheid: str
    tarief: Decimal
    minutes_allowed: bool = True


class _Product(_Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    product_categorie: str
    product_code: str


class _Werkdagen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


_T = TypeVar("_T")
_R = TypeVar("_R", bound=_Row)
_SECTIONS = frozenset(
    {
        "revision", "gemeente", "aanbieder", "own_codes", "agb_aliases", "contract_tariffs", "contract_complete",
        "product_list", "working_days", "policies",
    }
)  # fmt: skip


def laad_contract(data: bytes) -> tuple[Contract | None, tuple[Finding, ...]]:
    """The contract in a TOML or JSON file, or None with every fault found. Never raises for bad data."""
    raw = _parsed(data)
    if isinstance(raw, Finding):
        return None, (raw,)
    reader = _Lezer(raw)
    contract = reader.contract()
    return (None if reader.findings else contract), tuple(reader.findings)


def with_lists(contract: Contract, lists: Codelijsten) -> Contract:
    """The contract with the lists of a folder: its municipalities, and its product list if there is one (TR381)."""
    contract = msgspec.structs.replace(contract, gemeenten=lists.get(_GEMEENTEN))
    if lists.producten is None:
        return contract
    rows = lists.producten.alle()
    products = tuple(Product(r.categorie, r.code, Period(r.vanaf or date.min, r.tot), r.gemeente) for r in rows)
    return msgspec.structs.replace(contract, producten=products)


def _parsed(data: bytes) -> dict[str, Any] | Finding:
    try:
        text = data.decode("utf-8-sig")
        if text.lstrip().startswith("{"):
            found = json.loads(text, parse_float=Decimal)
        else:
            found = tomllib.loads(text, parse_float=Decimal)
    except (UnicodeDecodeError, ValueError) as error:  # both decoders' errors are ValueErrors
        where = re.search(r"line (\d+)", str(error))
        return Finding(
            code=_CODE,
            severity="error",
            line=int(where.group(1)) if where else None,
            message="Het contractbestand is geen leesbare TOML of JSON in UTF-8.",
            advice="Verbeter het bestand op de genoemde regel.",
        )
    return found if isinstance(found, dict) else {}


class _Lezer:
    """Reads the sections one by one, so that one fault does not hide the next."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.findings: list[Finding] = []
        for name in sorted(raw.keys() - _SECTIONS):
            self._fault(name, "deze naam is niet bekend.")

    def contract(self) -> Contract:
        tarieven = self._rows("contract_tariffs", _Tarief, self._tarief)
        volledig = self._rows("contract_complete", _Row, lambda row: Volledig(row.gemeente, row.aanbieder, row.geldig))
        werkdagen = self._one("working_days", _Werkdagen) or _Werkdagen()
        return Contract(
            revisie=self._one("revision", str) or "",
            tarieven=tarieven,
            volledig=volledig,
            producten=self._rows("product_list", _Product, _product) if "product_list" in self.raw else None,
            eigen_codes=frozenset(self._codes(self._one("own_codes", list[str]) or [], "own_codes", is_gemeentecode)),
            gemeenten=codelijsten.get(_GEMEENTEN),
            agb_aliassen=tuple(
                frozenset(self._codes(group, "agb_aliases", is_agb))
                for group in self._one("agb_aliases", list[list[str]]) or []
            ),
            policies=self._one("policies", Policies) or Policies(),
            werkdagen=WorkCalendar(werkdagen.closed, werkdagen.worked),
        )

    def _tarief(self, row: _Tarief) -> Tarief | str:
        if codelijsten.get(_EENHEDEN).label(row.eenheid) is None:
            return "`eenheid` is geen code van lijst WJ756."
        if row.tarief < 0:
            return "`tarief` is negatief."
        return Tarief(
            gemeente=row.gemeente,
            aanbieder=row.aanbieder,
            product_code=row.product_code,
            eenheid=row.eenheid,
            tarief=Fraction(row.tarief),
            geldig=row.geldig,
            minuten=row.minutes_allowed,
        )

    def _rows(self, section: str, kind: type[_R], make: Callable[[_R], _T | str]) -> tuple[_T, ...]:
        found: list[_T] = []
        raw = self.raw.get(section, [])
        if not isinstance(raw, list):
            self._fault(section, "hier hoort een lijst van rijen.")
            return ()
        for nr, item in enumerate(raw, start=1):
            place = f"{section}[{nr}]"
            defaults = {name: self.raw[name] for name in ("gemeente", "aanbieder") if name in self.raw}
            row = self._converted({**defaults, **item} if isinstance(item, dict) else item, kind, place)
            if row is None or not self._plausible(row, place):
                continue
            made = make(row)
            if isinstance(made, str):
                self._fault(place, made)
            else:
                found.append(made)
        return tuple(found)

    def _plausible(self, row: _Row, place: str) -> bool:
        """Parties have the right shape; only a product may leave them out (a national list)."""
        faults = []
        needed = not isinstance(row, _Product)
        if not (is_gemeentecode(row.gemeente) or (not row.gemeente and not needed)):
            faults.append("`gemeente` moet vier cijfers hebben.")
        if needed and not is_agb(row.aanbieder):
            faults.append("`aanbieder` moet een AGB-code van acht cijfers zijn.")
        if not row.geldig.is_valid():
            faults.append("`einddatum` ligt voor `begindatum`.")
        for fault in faults:
            self._fault(place, fault)
        return not faults

    def _one(self, section: str, kind: type[_T]) -> _T | None:
        return self._converted(self.raw[section], kind, section) if section in self.raw else None

    def _converted(self, value: Any, kind: type[_T], place: str) -> _T | None:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._fault(place, _in_dutch(str(error)))
            return None

    def _codes(self, codes: Iterable[str], section: str, good: Callable[[str], bool]) -> list[str]:
        bad = [code for code in codes if not good(code)]
        if bad:
            self._fault(section, f"dit is geen geldige code: {', '.join(bad)}.")
        return [code for code in codes if good(code)]

    def _fault(self, place: str, what: str) -> None:
        self.findings.append(
            Finding(
                code=_CODE,
                severity="error",
                path=place,
                message=f"{place}: {what}",
                advice="Verbeter het contractbestand; zolang het fouten heeft wordt het niet gebruikt.",
            )
        )


def _product(row: _Product) -> Product:
    return Product(row.product_categorie, row.product_code, row.geldig, row.gemeente or None)


def _in_dutch(error: str) -> str:
    """The validator's sentence in the reader's language; field names stay."""
    for pattern, words in (
        (r"missing required field (`\w+`)", r"veld \1 ontbreekt."),
        (r"unknown field (`\w+`)", r"veld \1 is niet bekend."),
        (r"Invalid enum value ('[^']*').*?(`[^`]*`)", r"waarde \1 kan niet bij \2."),
        (r".*at (`[^`]*`)", r"de waarde bij \1 heeft de verkeerde vorm."),
    ):
        if match := re.search(pattern, error):
            return match.expand(words).replace("`$.", "`")
    return "dit heeft de verkeerde vorm."
