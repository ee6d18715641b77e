"""Signatures as records: put under one version, void for every other (PL-22 to PL-24)."""

from datetime import date, datetime
from typing import Literal

import msgspec

from gateway.plans.digest import inhoud_sha256
from gateway.plans.model import Handtekening, Handtekeningen, Ondersteuningsplan


def teken(
    plan: Ondersteuningsplan,
    rol: Literal["aanbieder", "client"],
    *,
    naam: str,
    op: datetime | date,
    wijze: Literal["pades", "portaal", "papier_scan"],
    namens: Literal["zelf", "vertegenwoordiger"] | None = None,
    bewijs: str | None = None,
) -> Ondersteuningsplan:
    """`plan` with a signature under its present version and content.

    The client's is stored as having taken note, never as agreement (PL-24).
    """
    handtekening = Handtekening(
        naam=naam,
        namens=namens if rol == "aanbieder" else namens or "zelf",
        betekenis="opgesteld" if rol == "aanbieder" else "kennisgenomen",
        wijze=wijze,
        op=op,
        versie=plan.versie,
        sha256=inhoud_sha256(plan),
        bewijs=bewijs,
    )
    gezet = {"aanbieder": plan.handtekening.aanbieder, "client": plan.handtekening.client, rol: handtekening}
    return msgspec.structs.replace(plan, handtekening=Handtekeningen(**gezet))


def zonder_handtekeningen(plan: Ondersteuningsplan) -> Ondersteuningsplan:
    """The same content with no signature under it (events 14 and 16, plan 5.12)."""
    return msgspec.structs.replace(plan, handtekening=Handtekeningen())


def volgende_versie(plan: Ondersteuningsplan) -> Ondersteuningsplan:
    """A draft of version + 1: a copy without signatures, hash and receipt (PL-33, plan 5.12)."""
    return msgspec.structs.replace(
        plan,
        versie=plan.versie + 1,
        status="concept",
        handtekening=Handtekeningen(),
        ontvangen_op=None,
        ontvangen_als=None,
        overgenomen_door=None,
        gecontroleerd_door=None,
        document=(),
        sha256=None,
    )
