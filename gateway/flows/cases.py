"""Cases in the store: a municipality's traject, a provider's uitvraag, and the documents that belong to them."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from gateway.domain.findings import Finding
from gateway.flows.dispatch import Refused
from gateway.plans.model import Bijlage, OntvangenUitvraag, Traject
from gateway.securemail import Attachment
from gateway.store import Record, Unit

TRAJECT, UITVRAAG, DOCUMENT = "traject", "uitvraag", "document"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a case, byte for byte as it was made or came in."""

    naam: str
    mediatype: str
    inhoud: bytes

    @property
    def sha256(self) -> str:
        """Hash of the content, hex."""
        return hashlib.sha256(self.inhoud).hexdigest()

    def attachment(self) -> Attachment:
        """The document as a part of a message."""
        return Attachment(self.naam, self.mediatype, self.inhoud)


def open_traject(unit: Unit, traject: Traject) -> None:
    """A new case. Its client is found by BSN through a keyed hash only (SM-146)."""
    personal = {"bsn": traject.client.bsn} if traject.client.bsn else None
    unit.records.add(TRAJECT, traject.id, traject, dossier=traject.id, personal=personal)
    unit.audit.write("case_opened", f"traject/{traject.id}")


def get_traject(unit: Unit, id: str) -> Record[Traject]:
    """The case with this id; Refused if there is none."""
    return _found(unit.records.get(TRAJECT, id, Traject), "traject")


def get_uitvraag(unit: Unit, plan_id: str) -> Record[OntvangenUitvraag]:
    """The request with this plan code, on the provider's side; Refused if there is none."""
    return _found(unit.records.get(UITVRAAG, plan_id, OntvangenUitvraag), "uitvraag")


def traject_of_plan(unit: Unit, plan_id: str) -> Record[Traject] | None:
    """The case whose uitvraag has this plan code."""
    found = unit.records.list(TRAJECT, Traject, keys={"plan": plan_id})
    return found[0] if found else None


def traject_of_toewijzing(unit: Unit, nummer: int) -> Record[Traject] | None:
    """The case whose decision led to this ToewijzingNummer (PL-29)."""
    found = unit.records.list(TRAJECT, Traject, keys={"toewijzing": str(nummer)})
    return found[0] if found else None


def save_traject(
    unit: Unit,
    record: Record[Traject],
    traject: Traject,
    event: str,
    keys: Mapping[str, str | Sequence[str]] | None = None,
) -> None:
    """Write a changed case and the event that changed it (plan 7.3)."""
    unit.records.save(TRAJECT, traject.id, traject, versie=record.versie, keys=keys)
    unit.records.add_event(TRAJECT, traject.id, event, {"van": record.body.toestand, "naar": traject.toestand})
    unit.audit.write(event, f"traject/{traject.id}")


def save_uitvraag(unit: Unit, record: Record[OntvangenUitvraag], uitvraag: OntvangenUitvraag, event: str) -> None:
    """Write a provider's changed request and the event that changed it."""
    keys = {"toewijzing": [str(nummer) for nummer in uitvraag.toewijzing_nummer]}
    unit.records.save(UITVRAAG, uitvraag.id, uitvraag, versie=record.versie, keys=keys)
    unit.records.add_event(UITVRAAG, uitvraag.id, event, {"van": record.body.toestand, "naar": uitvraag.toestand})
    unit.audit.write(event, f"uitvraag/{uitvraag.id}")


def expect(toestand: str | None, event: str, *allowed: str | None) -> None:
    """Refuse an event in a state that does not list it; nothing changes (plan 7.3)."""
    if toestand not in allowed:
        raise Refused(
            [
                Finding(
                    code="TOESTAND",
                    severity="error",
                    message=f"De gebeurtenis {event} past niet bij de toestand {toestand or 'nieuw'}.",
                    advice="Bekijk het traject; misschien is deze stap al gezet.",
                )
            ]
        )


def keep_documents(unit: Unit, dossier: str, documents: Sequence[Document]) -> None:
    """Keep files under their hash; a file that is there already stays as it is."""
    for document in documents:
        if unit.records.get(DOCUMENT, document.sha256, Document) is None:
            unit.records.add(DOCUMENT, document.sha256, document, dossier=dossier)


def documents_of(unit: Unit, bijlagen: Sequence[Bijlage]) -> list[Document]:
    """The files behind these descriptions, those that are here."""
    found = (unit.records.get(DOCUMENT, bijlage.sha256, Document) for bijlage in bijlagen)
    return [record.body for record in found if record is not None]


def _found(record: Record[msgspec.Struct] | None, what: str) -> Record:  # type: ignore[type-arg]
    if record is None:
        raise Refused([Finding(code="ONBEKEND", severity="error", message=f"Er is geen {what} met dit kenmerk.")])
    return record
