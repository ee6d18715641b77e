"""Amounts in whole eurocents. Binary floating point and banker's rounding are forbidden (reconciliation 0.3)."""


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, halves up. Non-negative numbers only."""
    if numerator < 0 or denominator <= 0:
        raise ValueError("round_half_up: numerator >= 0 and denominator > 0 expected")
    return (2 * numerator + denominator) // (2 * denominator)


def euro(cents: int) -> str:
    """Dutch notation of an amount in cents: 123456 -> '€ 1.234,56'."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"€ {sign}{whole:,}".replace(",", ".") + f",{rest:02d}"
