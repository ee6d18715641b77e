"""The clock on the wall: dates, terms and nightly jobs are those of the Netherlands, summer time included."""

from typing import Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
