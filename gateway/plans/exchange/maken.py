"""Plans -> bytes for the other gateway."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from gateway.plans.digest import canoniek, inhoud_sha256
from gateway.plans.exchange.model import SCHEMA, FormaatVerwijzing, MeegezondenBijlage, Partij, Soort, Uitwisseling
from gateway.plans.form import AANBIEDER_EN_CLIENT, GEMEENTE
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Bijlage, Ondersteuningsplan
from gateway.plans.plain import to_plain
from gateway.plans.uitvraag import alleen_formaat


def maak_uitvraag(
    plan: Ondersteuningsplan,
    formaat: Formaat,
    *,
    verzonden_op: datetime,
    reageer_voor: date | None = None,
    bijlagen: Iterable[Bijlage] = (),
) -> bytes:
    """The municipal part as canonical JSON: the fields of the format and nothing else (PL-40)."""
    deel = alleen_formaat(plan, formaat, GEMEENTE)
    envelop = _envelop("uitvraag", deel, verzonden_op)
    meegezonden = tuple(_meegezonden(bijlage) for bijlage in bijlagen)
    return _bytes(msgspec.structs.replace(envelop, reageer_voor=reageer_voor, bijlage=meegezonden))


def maak_retour(
    plan: Ondersteuningsplan, formaat: Formaat, *, verzonden_op: datetime, bijlagen: Iterable[Bijlage] = ()
) -> bytes:
    """A plan version as canonical JSON: the fields of the format, the signatures and `concept_gedeeld` (PL-44)."""
    inhoud = alleen_formaat(plan, formaat, GEMEENTE | AANBIEDER_EN_CLIENT)
    deel = msgspec.structs.replace(inhoud, handtekening=plan.handtekening)
    envelop = _envelop("retour", deel, verzonden_op)
    meegezonden = tuple(_meegezonden(bijlage) for bijlage in bijlagen)
    return _bytes(msgspec.structs.replace(envelop, bijlage=meegezonden, concept_gedeeld=plan.concept_gedeeld))


def _envelop(soort: Soort, plan: Ondersteuningsplan, verzonden_op: datetime) -> Uitwisseling:
    gemeente = Partij(soort="gemeente", code=plan.gemeente or "")
    aanbieder = Partij(soort="aanbieder", code=plan.aanbieder.agb or "")
    heen = soort == "uitvraag"
    return Uitwisseling(
        schema=SCHEMA,
        soort=soort,
        formaat=FormaatVerwijzing(id=plan.formaat_id or "", versie=plan.formaat_versie or 0),
        plan_id=plan.plan_id,
        versie=plan.versie,
        afzender=gemeente if heen else aanbieder,
        ontvanger=aanbieder if heen else gemeente,
        verzonden_op=verzonden_op,
        plan=plan,
        sha256=inhoud_sha256(plan),
    )


def _meegezonden(bijlage: Bijlage) -> MeegezondenBijlage:
    return MeegezondenBijlage(
        soort=bijlage.soort,  # type: ignore[arg-type]  # PL-34 refuses the other kinds before this is reached
        naam=bijlage.naam,
        mediatype=bijlage.mediatype,
        omvang_bytes=bijlage.omvang_bytes,
        sha256=bijlage.sha256,
        doel=bijlage.doel,
    )


def _bytes(uitwisseling: Uitwisseling) -> bytes:
    return canoniek(to_plain(uitwisseling))
