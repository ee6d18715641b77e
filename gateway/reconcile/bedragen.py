"""Amounts of a line: tariff times volume, rounded last (2.6; TR346, TR418) [C35]. All in whole eurocents."""

from fractions import Fraction

from gateway.domain.money import round_half_up
from gateway.reconcile import eenheden

MINUTES_PER_HOUR = 60


def rounded(value: Fraction) -> int:
    """`value` (>= 0) rounded to whole cents, halves up."""
    return round_half_up(value.numerator, value.denominator)


def tariff_per(tarief: Fraction, contract_eenheid: str, eenheid: str) -> Fraction | None:
    """The unrounded contract tariff for one `eenheid`; None if the contract's unit does not convert to it."""
    if contract_eenheid == eenheid:
        return tarief
    if (contract_eenheid, eenheid) == (eenheden.UUR, eenheden.MINUUT):
        return tarief / MINUTES_PER_HOUR
    return None


def expected_bedrag(unrounded_tarief: Fraction, volume: int) -> int:
    """What `volume` units cost: multiply and divide first, round last (TR346, IV081)."""
    return rounded(unrounded_tarief * volume)


def band(product_tarief: int, volume: int) -> tuple[int, int]:
    """The lowest and highest amount that a tariff which rounds to `product_tarief` can give for `volume` (TR346)."""
    low = max(0, (2 * product_tarief - 1) * volume)
    return round_half_up(low, 2), round_half_up((2 * product_tarief + 1) * volume, 2)
