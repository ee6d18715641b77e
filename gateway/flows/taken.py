"""What became of one message that came in."""

from typing import Literal

import msgspec

from gateway.domain.findings import Finding


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `intake.take_in`."""

    state: Literal["handled", "duplicate", "quarantined"]
    kind: str | None = None  # plan, receipt, WMO301 …; None if it was not opened
    reason: str | None = None  # of section 12 of the secure-mail specification
    findings: tuple[Finding, ...] = ()
