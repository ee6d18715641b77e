"""The municipality's part of a plan: made from the case, compared when it comes back (PL-12, PL-13, PL-40)."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import msgspec

from gateway.domain.findings import Finding
from gateway.plans.form import GEMEENTE, Plek, plekken
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Ondersteuningsplan, Traject, Uitvraag
from gateway.plans.paths import get, put


def gemeentedeel(traject: Traject, uitvraag: Uitvraag, formaat: Formaat, op: date) -> Ondersteuningsplan:
    """What goes to the provider: the fields of the format and nothing else from the case (PL-40).

    `op` is the day of sending; no plan may be dated before it (PL-19).
    """
    heel = Ondersteuningsplan(
        plan_id=uitvraag.id,
        gemeente=traject.gemeente,
        formaat_id=formaat.formaat.id,
        formaat_versie=formaat.formaat.versie,
        uitgevraagd_op=op,
        client=traject.client,
        aanbieder=uitvraag.aanbieder,
        arrangement=traject.arrangement,
        onderzoeksverslag_meegezonden=uitvraag.onderzoeksverslag_meegezonden,
        retouradres=uitvraag.retouradres,
    )
    return alleen_formaat(heel, formaat, GEMEENTE)


def alleen_formaat(plan: Ondersteuningsplan, formaat: Formaat, invullers: Collection[str]) -> Ondersteuningsplan:
    """A copy of `plan` with its identity and the fields of the format that one of `invullers` fills."""
    kaal = Ondersteuningsplan(
        plan_id=plan.plan_id,
        versie=plan.versie,
        status=plan.status,
        gemeente=plan.gemeente,
        formaat_id=plan.formaat_id,
        formaat_versie=plan.formaat_versie,
        uitgevraagd_op=plan.uitgevraagd_op,
    )
    for plek in plekken(formaat, plan, invullers):
        if plek.veld.type == "handtekening":
            continue  # a signature is put on the content, it is no part of it
        for pad in bronpaden(plek):
            waarde = get(plan, pad)
            if waarde is not None or _in_lijst(plek):
                kaal = put(kaal, pad, waarde)
    return kaal


def bronpaden(plek: Plek) -> tuple[str, ...]:
    """The paths of the model a place on the form stands for: its own, or those it is derived from."""
    return plek.veld.van if plek.veld.type == "afgeleid" else (plek.pad,)


def _in_lijst(plek: Plek) -> bool:
    """An item that is there but empty keeps its place, or the numbers of the others would shift."""
    return plek.onderdeel.herhaal is not None


def vergelijk_gemeentedeel(verzonden: Ondersteuningsplan, terug: Ondersteuningsplan, formaat: Formaat) -> list[Finding]:
    """Where the municipal part that came back differs from what was sent: GEMEENTEDEEL_GEWIJZIGD per field (PL-13).

    A difference does not refuse the plan, it sends it to a person (H-9). The values stay out of the findings.
    """
    return [
        Finding(
            code="GEMEENTEDEEL_GEWIJZIGD",
            severity="warning",
            message="Dit deel is van de gemeente en is anders teruggekomen dan het is verzonden.",
            advice="Het eigen gegeven van de gemeente geldt. Vraag de aanbieder wat met de wijziging is bedoeld.",
            path=pad,
        )
        for pad in _verschillen(verzonden, terug, formaat)
    ]


def _verschillen(verzonden: Ondersteuningsplan, terug: Ondersteuningsplan, formaat: Formaat) -> Iterator[str]:
    gezien: set[str] = set()
    for kant in (verzonden, terug):  # both, or a line that was added or taken away would not be seen
        for plek in plekken(formaat, kant, GEMEENTE):
            for pad in bronpaden(plek):
                if pad not in gezien and _gewoon(get(verzonden, pad)) != _gewoon(get(terug, pad)):
                    gezien.add(pad)
                    yield pad


def _gewoon(waarde: Any) -> Any:
    """A value without what a form adds or loses: space around text, absent against empty."""
    if isinstance(waarde, str):
        return " ".join(waarde.split()) or None
    return waarde


def met_eigen_gemeentedeel(verzonden: Ondersteuningsplan, terug: Ondersteuningsplan) -> Ondersteuningsplan:
    """The plan as it came back, with the municipality's own record in the municipal part (PL-13)."""
    return msgspec.structs.replace(
        terug,
        gemeente=verzonden.gemeente,
        formaat_id=verzonden.formaat_id,
        formaat_versie=verzonden.formaat_versie,
        uitgevraagd_op=verzonden.uitgevraagd_op,
        client=verzonden.client,
        aanbieder=verzonden.aanbieder,
        arrangement=verzonden.arrangement,
        onderzoeksverslag_meegezonden=verzonden.onderzoeksverslag_meegezonden,
        retouradres=verzonden.retouradres,
    )
