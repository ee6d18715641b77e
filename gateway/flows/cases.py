"""Cases in the store: a municipality's traject, a provider's uitvraag, and the documents that belong to them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from gateway.domain.findings import Finding
from gateway.flows.dispatch import Refused
from gateway.plans.model import Bijlage, OntvangenUitvraag, Traject
from gateway.plans.plain import from_plain, to_plain
from gateway.securemail import Attachment
from gateway.store import Record, Unit

C = TypeVar("C", Traject, OntvangenUitvraag)
Plain = dict[str, Any]

TRAJECT, UITVRAAG, DOCUMENT = "traject", "uitvraag", "document"
RECEIVED = "ontvangen"


class Case(msgspec.Struct, Generic[C], frozen=True):
    """A case as it stands in the store. `versie` is quoted when it is saved: a change in between is a Conflict."""

    body: C
    versie: int


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
    unit.records.add(TRAJECT, traject.id, to_plain(traject), dossier=traject.id, personal=personal)
    unit.audit.write("case_opened", f"traject/{traject.id}")


def open_uitvraag(unit: Unit, uitvraag: OntvangenUitvraag, message_id: str) -> None:
    """A request that came in with this Message-ID, on the provider's side."""
    bsn = uitvraag.uitvraag.client.bsn
    personal = {"bsn": bsn} if bsn else None
    unit.records.add(UITVRAAG, uitvraag.id, to_plain(uitvraag), dossier=uitvraag.id, personal=personal)
    unit.records.add_event(UITVRAAG, uitvraag.id, RECEIVED, {"messageId": message_id})


def get_traject(unit: Unit, id: str) -> Case[Traject]:
    """The case with this id; Refused if there is none."""
    return _found(unit.records.get(TRAJECT, id, Plain), Traject)


def get_uitvraag(unit: Unit, plan_id: str) -> Case[OntvangenUitvraag]:
    """The request with this plan code, on the provider's side; Refused if there is none."""
    return _found(unit.records.get(UITVRAAG, plan_id, Plain), OntvangenUitvraag)


def dispatch_of(unit: Unit, plan_id: str) -> str | None:
    """Message-ID of the mail that brought a request."""
    for event in unit.records.events(UITVRAAG, plan_id):
        if event.soort == RECEIVED:
            return str(msgspec.json.decode(event.body)["messageId"])
    return None


def knows_uitvraag(unit: Unit, plan_id: str) -> bool:
    """True if a request with this plan code came in before."""
    return unit.records.get(UITVRAAG, plan_id, Plain) is not None


def trajecten(unit: Unit) -> list[Case[Traject]]:
    """All cases of a municipality, oldest first."""
    return [_found(record, Traject) for record in unit.records.list(TRAJECT, Plain)]


def uitvragen(unit: Unit, bsn: str | None = None) -> list[Case[OntvangenUitvraag]]:
    """All requests at a provider, oldest first; of one client if `bsn` is given."""
    personal = {"bsn": bsn} if bsn else None
    return [_found(record, OntvangenUitvraag) for record in unit.records.list(UITVRAAG, Plain, personal=personal)]


def traject_of_plan(unit: Unit, plan_id: str) -> Case[Traject] | None:
    """The case whose uitvraag has this plan code."""
    found = unit.records.list(TRAJECT, Plain, keys={"plan": plan_id})
    return _found(found[0], Traject) if found else None


def traject_of_toewijzing(unit: Unit, nummer: int) -> Case[Traject] | None:
    """The case whose decision led to this ToewijzingNummer (PL-29)."""
    found = unit.records.list(TRAJECT, Plain, keys={"toewijzing": str(nummer)})
    return _found(found[0], Traject) if found else None


def save_traject(
    unit: Unit,
    case: Case[Traject],
    traject: Traject,
    event: str,
    keys: Mapping[str, str | Sequence[str]] | None = None,
) -> None:
    """Write a changed case and the event that changed it (plan 7.3)."""
    unit.records.save(TRAJECT, traject.id, to_plain(traject), versie=case.versie, keys=keys)
    unit.records.add_event(TRAJECT, traject.id, event, {"van": case.body.toestand, "naar": traject.toestand})
    unit.audit.write(event, f"traject/{traject.id}")


def save_uitvraag(unit: Unit, case: Case[OntvangenUitvraag], uitvraag: OntvangenUitvraag, event: str) -> None:
    """Write a provider's changed request and the event that changed it."""
    keys = {"toewijzing": [str(nummer) for nummer in uitvraag.toewijzing_nummer]}
    unit.records.save(UITVRAAG, uitvraag.id, to_plain(uitvraag), versie=case.versie, keys=keys)
    unit.records.add_event(UITVRAAG, uitvraag.id, event, {"van": case.body.toestand, "naar": uitvraag.toestand})
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


def _found(record: Record[Plain] | None, kind: type[C]) -> Case[C]:
    if record is None:
        raise Refused([Finding(code="ONBEKEND", severity="error", message="Er is geen zaak met dit kenmerk.")])
    body, faults = from_plain(kind, record.body)
    if body is None or faults:
        raise ValueError(f"{record.soort} {record.id} in the store is not what this version writes")
    return Case(body, record.versie)
