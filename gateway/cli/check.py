"""What a check sees and says; see `gateway check`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from gateway.config import Settings
from gateway.domain.findings import Finding


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was tested."""

    check: str  # settings, master key, store, signing key …
    ok: bool
    what: str
    advice: str | None = None


class Surround(msgspec.Struct, frozen=True):
    """What the checks look at."""

    settings: Settings
    folder: Path
    environ: Mapping[str, str]
    now: datetime
    round_trip: bool = True

    def path(self, setting: str) -> Path:
        """A path from the settings; relative ones are inside the gateway's folder."""
        return self.folder / setting


def failed(name: str, finding: Finding) -> Check:
    """The check that ends in a finding."""
    return Check(check=name, ok=False, what=finding.message, advice=finding.advice)
