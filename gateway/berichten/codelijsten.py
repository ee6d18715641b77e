"""The code lists of the standard as dated data: `get("WJ756").label("04")` is "Uur".

The lists come with the package (`data/iwmo_3_2/codelijsten/`, one CSV a list: code, label, vanaf, tot). A folder with
CSVs of the same shape replaces or adds lists, so that a new list of municipalities or products needs no new release.
"""

import csv
import datetime as dt
import functools
import io
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import msgspec

RELEASE = "iwmo_3_2"


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
    """A set of lists by number."""

    lijsten: Mapping[str, Codelijst]

    def get(self, lijst: str) -> Codelijst:
        """The list with this number. Raises KeyError: which lists exist is known beforehand."""
        return self.lijsten[lijst]

    def met_map(self, map_: Path) -> "Codelijsten":
        """The same lists, with those replaced or added for which the folder holds a CSV (GEMEENTEN.csv).

        Raises ValueError for a file that is not such a CSV, OSError for a folder that cannot be read.
        """
        eigen = dict(self.lijsten)
        for bestand in sorted(map_.glob("*.csv")):
            basis = eigen.get(bestand.stem) or Codelijst(bestand.stem, bestand.stem, "", None, "", {})
            codes = _codes(bestand.read_text("utf-8"), bestand.name)
            eigen[bestand.stem] = msgspec.structs.replace(basis, codes=codes, vanaf=None, tot=None, bron=str(bestand))
        return Codelijsten(MappingProxyType(eigen))


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


def _codes(tekst: str, naam: str) -> Mapping[str, Code]:
    rijen = csv.DictReader(io.StringIO(tekst))
    if not {"code", "label"} <= set(rijen.fieldnames or ()):
        raise ValueError(f"{naam}: a code list has the columns code, label and, if dated, vanaf and tot")
    codes = (Code(r["code"], r["label"], _datum(r.get("vanaf")), _datum(r.get("tot"))) for r in rijen)
    return MappingProxyType({code.code: code for code in codes})


def _datum(tekst: str | None) -> dt.date | None:
    return dt.date.fromisoformat(tekst) if tekst else None
