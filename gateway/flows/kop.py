"""Who sent a message to whom, and which message it answers: read from the header as the standard means it."""

from typing import Any

import msgspec

from gateway.berichten import SOORTEN
from gateway.store import BerichtIn
from gateway.store.berichten import Richting, Status

DECLARATIE_ANTWOORD = "WMO325"


class Kop(msgspec.Struct, frozen=True, kw_only=True):
    """Sender and receiver of this very message, its own identification, and the one of the message it answers."""

    soort: str
    afzender: str
    ontvanger: str
    identificatie: str
    dagtekening: str  # yyyy-mm-dd
    heen_soort: str | None = None
    heen_identificatie: str | None = None


def kop(soort: str, bericht: Any) -> Kop:
    """`bericht` is any typed message of kind `soort`.

    A retour message copies the header of what it answers unswapped (IV028), so there its sender is the `Ontvanger`.
    """
    header, kind = bericht.header, SOORTEN[soort]
    first = header.bericht_identificatie
    if kind.is_retour and soort != DECLARATIE_ANTWOORD:
        return Kop(
            soort=soort,
            afzender=header.ontvanger,
            ontvanger=header.afzender,
            identificatie=header.identificatie_retour,
            dagtekening=header.dagtekening_retour.isoformat(),
            heen_soort=kind.heen,
            heen_identificatie=first.identificatie,
        )
    answered = header.declaratie_identificatie.identificatie if soort == DECLARATIE_ANTWOORD else None
    return Kop(
        soort=soort,
        afzender=header.afzender,
        ontvanger=header.ontvanger,
        identificatie=first.identificatie,
        dagtekening=first.dagtekening.isoformat(),
        heen_soort="WMO323" if answered is not None else None,
        heen_identificatie=answered,
    )


def entry(
    richting: Richting,
    head: Kop,
    xml: bytes,
    status: Status,
    *,
    antwoord_op: int | None = None,
    outbox_id: int | None = None,
    dossier: str | None = None,
) -> BerichtIn:
    """The message with this head, for the register; `xml` as it travels."""
    return BerichtIn(
        richting=richting,
        soort=head.soort,
        versie=SOORTEN[head.soort].release,
        afzender=head.afzender,
        ontvanger=head.ontvanger,
        identificatie=head.identificatie,
        dagtekening=head.dagtekening,
        xml=xml,
        status=status,
        antwoord_op=antwoord_op,
        outbox_id=outbox_id,
        dossier=dossier,
    )
