"""The one table of rules (`data/iwmo_3_2/regels.csv`): number, level, retourcode, messages, our words, status.

Numbers, levels and retourcodes are facts of iWmo 3.2; texts and advice are ours. Validation, return messages, screens
and docs/regels.md all read this table.
"""

import csv
import functools
import io
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec

RELEASE = "3.2"
_MAP = "iwmo_3_2"  # a new release is a folder beside this one

Lang = Literal["nl", "en"]
Status = Literal["implemented", "schema", "process", "not applicable", "partly", "planned"]


# What a rule may miss, as its function says it in Dutch; a source without a row here is said in Dutch in English too.
_BRONNEN_EN = {
    "een overzicht van eerdere berichten": "an overview of earlier messages",
    "de datum van ontvangst": "the day of receipt",
    "een lijst van gemeentecodes voor deze datum": "a list of gemeentecodes for this date",
    "een lijst van productcodes": "a list of product codes",
    "een lijst van AGB-codes voor deze datum": "a list of AGB codes for this date",
    "de toewijzingen en eerdere declaraties": "the set of allocations and earlier declarations",
    "de verzonden declaratie": "the declaration that was sent",
    "contracttarief": "a contract tariff",
    "contractafspraak over de eenheid": "a contract agreement on the unit",
    "productcodelijst": "a list of product codes",
    "keuze tussen twee contracttarieven": "a choice between two contract tariffs",
}
_JSON = {"soort": "kind", "berichten": "messages", "text_en": "textEn", "advice_en": "adviceEn"}


class Regel(msgspec.Struct, frozen=True, kw_only=True, rename=_JSON):
    """A rule of the standard; as JSON in the words of docs/commands.md."""

    code: str  # TR339
    soort: str  # CD, CS, RS, TR, OP, IV, UP
    level: int | None  # control level 1-4; None: a rule about the process
    retourcode: str | None  # WJ001
    berichten: tuple[str, ...]  # WMO301, ...
    text: str  # what the rule asks, in our own Dutch words
    advice: str  # what to do when it is broken
    text_en: str
    advice_en: str
    status: Status
    where: str  # module:function, schema type and facet, or the flow that takes care of it
    how: str  # OP, IV, UP: enforced, recorded, or people; SM: what is not there yet; else empty
    tests: tuple[str, ...]  # test files that show the rule pass and fail

    def tekst(self, lang: Lang = "nl") -> str:
        return (self.text_en if lang == "en" else "") or self.text

    def advies(self, lang: Lang = "nl") -> str:
        return (self.advice_en if lang == "en" else "") or self.advice


@functools.cache
def regels() -> MappingProxyType[str, Regel]:
    """All rules by number, in the order of the table."""
    tekst = resources.files("gateway.berichten").joinpath("data", _MAP, "regels.csv").read_text("utf-8")
    rijen = [_regel(rij) for rij in csv.DictReader(io.StringIO(tekst))]
    return MappingProxyType({rij.code: rij for rij in rijen})


@functools.cache
def regels_van(bericht: str) -> tuple[Regel, ...]:
    """The rules that a message has (WMO323); none for a message of another family."""
    return tuple(rij for rij in regels().values() if bericht in rij.berichten)


def _regel(rij: dict[str, str]) -> Regel:
    return msgspec.convert(
        {
            "code": rij["code"],
            "kind": rij["soort"],
            "level": int(rij["level"]) if rij["level"] else None,
            "retourcode": rij["retourcode"] or None,
            "messages": tuple(rij["berichten"].split()),
            "text": rij["tekst"],
            "advice": rij["advies"],
            "textEn": rij["text_en"],
            "adviceEn": rij["advice_en"],
            "status": rij["status"],
            "where": rij["where"],
            "how": rij["how"],
            "tests": tuple(rij["tests"].split()),
        },
        Regel,
    )


def niet_voldaan(tekst: str, lang: Lang = "nl") -> str:
    """What is wrong, from the rule's own text: the table says what must hold, a finding says that it does not."""
    return f"{'Not met' if lang == 'en' else 'Niet voldaan'}: {tekst}"


def niet_gecontroleerd(bron: str, lang: Lang = "nl") -> str:
    """The words for a rule that could not be judged."""
    if lang == "en":
        return f"Not checked: {_BRONNEN_EN.get(bron, bron)} is missing."
    return f"Niet gecontroleerd: {bron} ontbreekt."
