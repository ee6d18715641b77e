"""What a partner's software says it can do, kept beside its record: a suggestion for a person, never more (SM-2)."""

from datetime import datetime
from typing import Final

import msgspec

from gateway.flows.parties import PartnerRecord
from gateway.securemail import PROFILES, Opened
from gateway.store import Unit

SOORT: Final = "partner-mogelijkheden"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content ciphers that a signed message of the partner listed (SMIMECapabilities)."""

    ciphers: tuple[str, ...]
    seen_at: datetime


def keep_capabilities(unit: Unit, opened: Opened) -> None:
    """Remember what an accepted message lists, if that changed. Nothing that is sent depends on it."""
    if not opened.capabilities:
        return
    code = opened.partner.id
    kept = unit.records.get(SOORT, code, Capabilities)
    told = Capabilities(ciphers=opened.capabilities, seen_at=unit.now)
    if kept is None or kept.body.ciphers != told.ciphers:
        unit.records.put(SOORT, code, told, kept)


def capabilities(unit: Unit, code: str) -> Capabilities | None:
    """What the partner's software last said."""
    kept = unit.records.get(SOORT, code, Capabilities)
    return None if kept is None else kept.body


def suggestion(record: PartnerRecord, told: Capabilities | None) -> str | None:
    """What a person may want to agree, in a sentence; None: nothing."""
    if told is None:
        return None
    modern = PROFILES["strict"].content_ciphers.intersection(told.ciphers)
    if record.profile == "standard" and modern:
        return f"De software zegt {', '.join(sorted(modern))} te kunnen: vraag of profiel strict kan."
    if record.profile == "strict" and not modern:
        return "De software noemt niets wat bij profiel strict hoort: vraag of zij onze berichten kan openen."
    return None
