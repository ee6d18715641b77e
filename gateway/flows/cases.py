"""Cases in the store: a municipality's traject, a provider's uitvraag, and the documents that belong to them.

A case moves by the events of the one table only (plan 7.3): `happen` for what must be possible, `offer` for what came
from outside and may come too early or too late.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

import msgspec

from gateway.domain.findings import Finding
from gateway.domain.zone import AMSTERDAM
from gateway.flows.dispatch import Refused
from gateway.flows.dossiers import touch
from gateway.flows.parties import Surroundings
from gateway.plans import Omgeving, Voorval, apply
from gateway.plans.machine.model import Partij
from gateway.plans.model import OntvangenUitvraag, Traject
from gateway.plans.orders import ToegewezenProduct
from gateway.plans.plain import from_plain, to_plain
from gateway.securemail import Attachment
from gateway.store import Record, Unit

C = TypeVar("C", Traject, OntvangenUitvraag)
Plain = dict[str, Any]

TRAJECT, UITVRAAG, DOCUMENT = "traject", "uitvraag", "document"
ATTENTION, NOT_YET = "aandachtspunt", "niet_verwerkt"


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


def occurrence(unit: Unit, soort: str, partij: Partij, **details: Any) -> Voorval:
    """Something that happens now, by whoever works in this unit; `details` are fields of `Voorval`."""
    return Voorval(soort=soort, partij=partij, **{"door": unit.actor, "op": unit.now, **details})


def told_by(unit: Unit, soort: str, partij: Partij, partner: str, message_id: str, **details: Any) -> Voorval:
    """Something that a partner's message tells; who that is stands with it."""
    return occurrence(unit, soort, partij, door=f"partner/{partner}", bericht_id=message_id, **details)


def open_traject(unit: Unit, us: Surroundings, traject: Traject, *voorvallen: Voorval) -> None:
    """A new case, moved by the events that began it. Its client is found by BSN through a keyed hash only (SM-146)."""
    body, warnings = _play(traject, voorvallen, _omgeving(unit, us))
    personal = {"bsn": traject.client.bsn} if traject.client.bsn else None
    unit.records.add(TRAJECT, body.id, to_plain(body), dossier=body.id, personal=personal)
    unit.audit.write("case_opened", f"traject/{body.id}", subject=touch(unit, us, body.id))
    _log(unit, traject, body, warnings)


def open_uitvraag(unit: Unit, us: Surroundings, uitvraag: OntvangenUitvraag, voorval: Voorval) -> None:
    """A request that came in, on the provider's side."""
    body, warnings = _play(uitvraag, (voorval,), _omgeving(unit, us))
    bsn = body.uitvraag.client.bsn
    personal = {"bsn": bsn} if bsn else None
    unit.records.add(UITVRAAG, body.id, to_plain(body), dossier=body.id, personal=personal)
    touch(unit, us, body.id)
    _log(unit, uitvraag, body, warnings)


def happen(
    unit: Unit, us: Surroundings, case: Case[C], *voorvallen: Voorval, lopend: Iterable[ToegewezenProduct] = ()
) -> Case[C]:
    """Let these events happen, in order, and write the case. Refused with every reason of the first that may not."""
    body, warnings = _play(case.body, voorvallen, _omgeving(unit, us, lopend))
    touch(unit, us, body.id)
    return _write(unit, case, body, warnings)


def offer(unit: Unit, us: Surroundings, case: Case[C], voorval: Voorval) -> Case[C]:
    """An event that came from outside: where it may not happen, the case keeps a note of it and stays (PL-73).

    The changed body of `case` is written either way.
    """
    try:
        return happen(unit, us, case, voorval)
    except Refused as refused:
        written = _write(unit, case, case.body, ())
        note = {"gebeurtenis": voorval.soort, "codes": sorted({finding.code for finding in refused.findings})}
        unit.records.add_event(_soort(case.body), case.body.id, NOT_YET, note)
        return written


def save(unit: Unit, case: Case[C]) -> Case[C]:
    """Write what was filled in without an event: a draft, a date of delivery."""
    return _write(unit, case, case.body, ())


def attention(unit: Unit, case: Case[C], findings: Iterable[Finding]) -> None:
    """Keep findings that a person should look at, without their texts."""
    for finding in findings:
        unit.records.add_event(_soort(case.body), case.body.id, ATTENTION, {"code": finding.code, "pad": finding.path})


def get_traject(unit: Unit, id: str) -> Case[Traject]:
    """The case with this id; Refused if there is none."""
    return _found(unit.records.get(TRAJECT, id, Plain), Traject)


def get_uitvraag(unit: Unit, plan_id: str) -> Case[OntvangenUitvraag]:
    """The request with this plan code, on the provider's side; Refused if there is none."""
    return _found(unit.records.get(UITVRAAG, plan_id, Plain), OntvangenUitvraag)


def dispatch_of(uitvraag: OntvangenUitvraag) -> str | None:
    """Message-ID of the mail that brought a request."""
    return next((g.bericht_id for g in uitvraag.gebeurtenis if g.soort == "uitvraag_bezorgd"), None)


def knows_uitvraag(unit: Unit, plan_id: str) -> bool:
    """True if a request with this plan code came in before."""
    return unit.records.get(UITVRAAG, plan_id, Plain) is not None


def trajecten(unit: Unit, bsn: str | None = None) -> list[Case[Traject]]:
    """All cases of a municipality, oldest first; of one client if `bsn` is given."""
    personal = {"bsn": bsn} if bsn else None
    return [_found(record, Traject) for record in unit.records.list(TRAJECT, Plain, personal=personal)]


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


def uitvraag_of_toewijzing(unit: Unit, nummer: int, gemeente: str) -> Case[OntvangenUitvraag] | None:
    """The request of this gemeente that led to this ToewijzingNummer."""
    found = [_found(r, OntvangenUitvraag) for r in unit.records.list(UITVRAAG, Plain, keys={"toewijzing": str(nummer)})]
    return next((case for case in found if case.body.gemeente == gemeente), None)


def keep_documents(unit: Unit, dossier: str, documents: Sequence[Document]) -> None:
    """Keep files under their hash, for each dossier its own: they are destroyed with it. One that is there stays."""
    for document in documents:
        sleutel = f"{document.sha256}/{dossier}"[:128]
        if unit.records.get(DOCUMENT, sleutel, Document) is None:
            unit.records.add(DOCUMENT, sleutel, document, dossier=dossier)


def _omgeving(unit: Unit, us: Surroundings, lopend: Iterable[ToegewezenProduct] = ()) -> Omgeving:
    return Omgeving(us.formaat, today(unit), us.products, lopend=tuple(lopend))


def today(unit: Unit) -> date:
    """The day of this unit of work in the Netherlands."""
    return unit.now.astimezone(AMSTERDAM).date()


def _play(body: C, voorvallen: Sequence[Voorval], omgeving: Omgeving) -> tuple[C, tuple[Finding, ...]]:
    """The case after these events and their warnings, each once."""
    warnings: dict[tuple[str, str | None], Finding] = {}
    for voorval in voorvallen:
        uitkomst = apply(body, voorval, omgeving)
        if uitkomst.zaak is None:
            raise Refused(uitkomst.findings)
        body = uitkomst.zaak
        warnings |= {(finding.code, finding.path): finding for finding in uitkomst.findings}
    return body, tuple(warnings.values())


def _write(unit: Unit, case: Case[C], body: C, warnings: Iterable[Finding]) -> Case[C]:
    personal = {"bsn": bsn} if (bsn := _bsn(body)) != _bsn(case.body) and bsn else None
    versie = unit.records.save(
        _soort(body), body.id, to_plain(body), versie=case.versie, keys=_keys(body), personal=personal
    )
    _log(unit, case.body, body, warnings)
    return Case(body, versie)


def _log(unit: Unit, before: C, body: C, warnings: Iterable[Finding]) -> None:
    """Every event in the log of the case and in the audit trail, in the transaction of the change (plan 7.3)."""
    for gebeurtenis in body.gebeurtenis[len(before.gebeurtenis) :]:
        unit.records.add_event(_soort(body), body.id, gebeurtenis.soort, to_plain(gebeurtenis))
        about = f"{_soort(body)}/{body.id}"
        unit.audit.write(gebeurtenis.soort, about, subject=unit.dossiers.pseudonym(body.id))
    attention(unit, Case(body, 0), warnings)


def bsn_of(soort: str, body: Plain) -> str | None:
    """The BSN in a case as the store keeps it."""
    case: Traject | OntvangenUitvraag
    case = (from_plain(Traject, body) if soort == TRAJECT else from_plain(OntvangenUitvraag, body))[0]  # type: ignore[assignment]
    return _bsn(case)


def _bsn(body: Traject | OntvangenUitvraag) -> str | None:
    return body.client.bsn if isinstance(body, Traject) else body.uitvraag.client.bsn


def _soort(body: Traject | OntvangenUitvraag) -> str:
    return TRAJECT if isinstance(body, Traject) else UITVRAAG


def _keys(body: Traject | OntvangenUitvraag) -> dict[str, list[str]]:
    """What a message can find the case by."""
    if isinstance(body, OntvangenUitvraag):
        return {"toewijzing": [str(nummer) for nummer in body.toewijzing_nummer]}
    return {
        "plan": [uitvraag.id for uitvraag in body.uitvraag if uitvraag.verzonden_op is not None],
        "toewijzing": [str(koppeling.toewijzing_nummer) for koppeling in body.toewijzing],
    }


def _found(record: Record[Plain] | None, kind: type[C]) -> Case[C]:
    if record is None:
        raise Refused([Finding(code="ONBEKEND", severity="error", message="Er is geen zaak met dit kenmerk.")])
    body, faults = from_plain(kind, record.body)
    if body is None or faults:
        raise ValueError(f"{record.soort} {record.id} in the store is not what this version writes")
    return Case(body, record.versie)
