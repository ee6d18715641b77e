"""Identifiers of the field: BSN, AGB code, gemeentecode."""

import re

from stdnum.nl import bsn as _bsn

_AGB = re.compile(r"[0-9]{8}\Z")
_GEMEENTE = re.compile(r"[0-9]{4}\Z")


def is_bsn(value: str) -> bool:
    """True if `value` is nine digits that satisfy the 11-test of rule CS002.

    000000000 satisfies it too: the official rule knows no exception for it.
    """
    if value == "000000000":
        return True
    return len(value) == 9 and value.isascii() and value.isdigit() and _bsn.is_valid(value)


def is_agb(value: str) -> bool:
    """True if `value` has the shape of an AGB code: eight digits. Whether it exists only the register knows."""
    return _AGB.match(value) is not None


def is_gemeentecode(value: str) -> bool:
    """True if `value` has the shape of a CBS municipality code: four digits."""
    return _GEMEENTE.match(value) is not None


_EIGHT_OR_NINE = re.compile(r"(?<![0-9])[0-9]{8,9}(?![0-9])")


def mask_bsn(text: str) -> str:
    """`text` with every run of 8 or 9 digits that passes the 11-test masked (SM-151)."""

    def masked(match: re.Match[str]) -> str:
        return "*********" if is_bsn(match.group().zfill(9)) else match.group()

    return _EIGHT_OR_NINE.sub(masked, text)
