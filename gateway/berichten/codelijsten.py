"""The code lists of the standard as dated data: `get("WJ756").label("04")` is "Uur".

The lists come with the package (`data/iwmo_3_2/codelijsten/`, one CSV a list: code, label, vanaf, tot). A folder with
CSVs of the same shape replaces or adds lists, so that a new list of municipalities or products needs no new release:
`load_codelists(folder)`. Shapes: docs/codelijsten.md.
"""

import csv
import datetime as dt
import functools
import io
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from gateway.berichten.productcodes import Productcode, Productlijst

RELEASE = "iwmo_3_2"
GEMEENTEN, AGB, PRODUCTEN = "GEMEENTEN", "AGB", "WMO021"  # the lists that others keep (level 4)


class UnusableList(ValueError):
    """A folder or file that holds no code list. The text names it, and the line, and is fit for an operator."""


class Code(msgspec.Struct, frozen=True):
    """One code of a list; without dates it is valid on every day that the list covers."""

    code: str
    label: str
    vanaf: dt.date | None = None  # first day
    tot: dt.date | None = None  # last day


class Codelijst(msgspec.Struct, frozen=True):
    """A list of codes, to be trusted from `vanaf` up to and including `tot`; None: for all of the release."""

    lijst: str  # WJ756
    naam: str
    datatype: str  # LDT_Eenheid
    vanaf: dt.date | None
    bron: str  # where it comes from and of which date
    codes: Mapping[str, Code]
    tot: dt.date | None = None  # municipalities change on 1 January: an old list must not call a new code wrong

    def label(self, code: str) -> str | None:
        """The name of a code, or None."""
        gevonden = self.codes.get(code)
        return None if gevonden is None else gevonden.label

    def valid(self, code: str, on: dt.date | None = None) -> bool | None:
        """True if the code is on the list (on that day); None if the list says nothing about that day."""
        if on is not None and not (self.vanaf or on) <= on <= (self.tot or on):
            return None
        gevonden = self.codes.get(code)
        if gevonden is None:
            return False
        if on is None:
            return True
        return (gevonden.vanaf or on) <= on <= (gevonden.tot or on)


class Codelijsten(msgspec.Struct, frozen=True):
    """A set of lists by number, and the product list if there is one."""

    lijsten: Mapping[str, Codelijst]
    producten: Productlijst | None = None
    eigen: frozenset[str] = frozenset()  # numbers of the lists that a folder gave

    def get(self, lijst: str) -> Codelijst:
        """The list with this number. Raises KeyError: which lists exist is known beforehand."""
        return self.lijsten[lijst]

    def bronnen(self, gemeente: str | None = None) -> dict[str, Any]:
        """What the rules of level 4 look into (`Context.sources`), as far as it is here.

        `gemeentecodes` always, `agb` and, for a given municipality, `productcodes` only from a folder: a list that is
        missing is left out, and its rule says "not checked".
        """
        bronnen: dict[str, Any] = {"gemeentecodes": self.get(GEMEENTEN)}
        if AGB in self.lijsten:
            bronnen["agb"] = self.get(AGB)
        if self.producten is not None and gemeente is not None:
            bronnen["productcodes"] = self.producten.van(gemeente)
        return bronnen

    def met_map(self, map_: Path) -> "Codelijsten":
        """The same lists, with those replaced or added for which the folder holds a CSV (GEMEENTEN.csv).

        Raises UnusableList for a folder without a CSV and for a file that is no code list, OSError for what cannot be
        read.
        """
        lijsten, producten = dict(self.lijsten), self.producten
        bestanden = sorted(map_.iterdir())
        bestanden = [b for b in bestanden if b.suffix.lower() == ".csv" and not b.name.startswith(".")]
        if not bestanden:
            raise UnusableList(f"{map_}: no code list (*.csv)")
        for bestand in bestanden:
            naam, tekst = bestand.stem.upper(), _tekst(bestand)
            if naam == PRODUCTEN:
                producten = Productlijst.of(_producten(tekst, bestand.name))
                continue
            basis = lijsten.get(naam) or Codelijst(naam, naam, "", None, "", {})
            codes = _codes(tekst, bestand.name)
            lijsten[naam] = msgspec.structs.replace(basis, codes=codes, vanaf=None, tot=None, bron=str(bestand))
        eigen = self.eigen.union(bestand.stem.upper() for bestand in bestanden)
        return Codelijsten(MappingProxyType(lijsten), producten, eigen)


@functools.cache
def standaard() -> Codelijsten:
    """The lists that come with the release."""
    data = resources.files("gateway.berichten").joinpath("data", RELEASE)
    lijsten = {
        rij["lijst"]: Codelijst(
            rij["lijst"],
            rij["naam"],
            rij["datatype"],
            _datum(rij["vanaf"]),
            rij["bron"],
            _codes(data.joinpath("codelijsten", f"{rij['lijst']}.csv").read_text("utf-8"), rij["lijst"]),
            _datum(rij["tot"]),
        )
        for rij in csv.DictReader(io.StringIO(data.joinpath("codelijsten.csv").read_text("utf-8")))
    }
    return Codelijsten(MappingProxyType(lijsten))


def get(lijst: str) -> Codelijst:
    """A list that comes with the release, by number: WJ756, WMO020, GEMEENTEN."""
    return standaard().get(lijst)


def load_codelists(*folders: Path) -> Codelijsten:
    """The lists of the release with those of the folders in their place, the last folder first.

    Raises UnusableList for a folder without a CSV and for a file that is no code list, OSError for what cannot be read.
    """
    return functools.reduce(Codelijsten.met_map, folders, standaard())


def _tekst(bestand: Path) -> str:
    """UTF-8, also with the mark that spreadsheets put before it."""
    try:
        return bestand.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableList(f"{bestand.name}: not in UTF-8") from None


def _codes(tekst: str, naam: str) -> Mapping[str, Code]:
    rijen = _rijen(tekst, naam, ("code", "label"))
    codes = (Code(r["code"], r["label"], r["vanaf"], r["tot"]) for r in rijen)
    return MappingProxyType({code.code: code for code in codes})


def _producten(tekst: str, naam: str) -> Iterator[Productcode]:
    for r in _rijen(tekst, naam, ("categorie", "code")):
        yield Productcode(r["categorie"], r["code"], r["vanaf"], r["tot"], r.get("gemeente") or None)


def _rijen(tekst: str, naam: str, kolommen: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows with their dates as such; separated by commas, or by semicolons as spreadsheets in Dutch write them."""
    kop, _, _ = tekst.partition("\n")
    lezer = csv.DictReader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", restval="")
    if not set(kolommen) <= set(lezer.fieldnames or ()):
        raise UnusableList(f"{naam}: the columns are {', '.join(kolommen)} and, if dated, vanaf and tot")
    for rij in lezer:
        regel = f"{naam}, line {lezer.line_num}"
        if not rij["code"]:
            raise UnusableList(f"{regel}: no code")
        try:
            yield {**rij, "vanaf": _datum(rij.get("vanaf")), "tot": _datum(rij.get("tot"))}
        except ValueError:
            raise UnusableList(f"{regel}: vanaf and tot are dates (yyyy-mm-dd) or empty") from None


def _datum(tekst: str | None) -> dt.date | None:
    return dt.date.fromisoformat(tekst) if tekst else None
