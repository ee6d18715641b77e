"""Our own keys, when one is lost or no longer needed: what was sealed to it, whom to warn, what still needs it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from cryptography import x509

from gateway.domain.findings import Finding
from gateway.flows import tasks
from gateway.flows.parties import partners
from gateway.securemail import DecryptionKey
from gateway.securemail.sealed_to import sealed_to
from gateway.store import Damaged, InboxItem, NotThere, Unit
from gateway.store.states import HEADER_ONLY, InState

KEPT_FOR: Final = timedelta(days=90)  # after its certificate ended a decryption key may go (6.4)
_OPEN: Final[tuple[InState, ...]] = ("new", "quarantined")
_BATCH: Final = 200
_NAMED: Final = 20


class SealedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that came in, sealed to a key of ours. `partner` None: it was never proven who sent it."""

    inbox: int
    received_at: datetime
    partner: str | None
    message_id: str | None
    state: str


class Loss(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the loss of a key means: whom to warn, and what whoever has the key can read (SM-141)."""

    sha256: str
    use: Literal["sign", "decrypt"]
    next: str | None  # SHA-256 of the certificate that signs, or is sealed to, from now on; None: there is none
    partners: tuple[str, ...]  # codes of all that know the certificate
    messages: tuple[SealedMessage, ...] = ()
    unknown: int = 0  # messages of which it can no longer be seen


def sealed_messages(
    unit: Unit, key: DecryptionKey, states: tuple[InState, ...] | None = None
) -> tuple[list[SealedMessage], list[SealedMessage]]:
    """Every message kept here that was sealed to the key; and those of which that cannot be seen any more.

    Reads the envelopes of all mail that is kept: minutes for a million, and it is done rarely.
    """
    found, unknown = [], []
    for item in _inbox(unit, states):
        if item.reason in HEADER_ONLY:  # the rest was never fetched, and a header needs no key
            continue
        try:
            named = sealed_to(unit.inbox.raw(item.id), (key,))
        except (NotThere, Damaged):  # destroyed with its dossier
            continue
        if named is None:
            unknown.append(_told(item))
        elif named:
            found.append(_told(item))
    return found, unknown


def _inbox(unit: Unit, states: tuple[InState, ...] | None) -> Iterator[InboxItem]:
    after = 0
    while batch := unit.inbox.list(states=states, after=after, limit=_BATCH):
        yield from batch
        after = batch[-1].id


def _told(item: InboxItem) -> SealedMessage:
    return SealedMessage(
        inbox=item.id,
        received_at=item.received_at,
        partner=item.partner,
        message_id=item.message_id,
        state=item.state,
    )


def report_loss(
    unit: Unit, *, sha256: str, use: Literal["sign", "decrypt"], next: str | None, key: DecryptionKey | None, why: str
) -> Loss:
    """Record that a key is lost, and make the one task that names whom to warn; `key` if it is one that decrypts."""
    found, unknown = ([], []) if key is None else sealed_messages(unit, key)
    told = Loss(
        sha256=sha256,
        use=use,
        next=next,
        partners=tuple(record.code for record in partners(unit)),
        messages=tuple(found),
        unknown=len(unknown),
    )
    detail = {"sha256": sha256, "use": use, "messages": len(found), "partners": list(told.partners)}
    unit.audit.write("own_key_lost", f"key/{sha256[:16]}", ground=why[:160], detail=detail)
    tasks.raise_task(unit, f"key/{sha256[:16]}", _task(told))
    return told


def _task(told: Loss) -> tasks.Task:
    what = "ondertekenen" if told.use == "sign" else "ontcijferen"
    named = ", ".join(told.partners[:_NAMED]) + (" en verder" if len(told.partners) > _NAMED else "")
    read = f" Wie hem heeft kan {len(told.messages)} bewaarde berichten lezen." if told.use == "decrypt" else ""
    return tasks.Task(
        what=f"Onze sleutel om te {what} ({told.sha256[:16]}…) is als verloren gemeld.{read}",
        who=f"Bel deze partners: {named}." if named else "Geen partner kent hem.",
        advice=(
            "Laat de uitgever het certificaat intrekken. Partners zetten het af (gateway partner refuse) en krijgen "
            "een nieuwe kaart. Beoordeel of het een datalek is."
        ),
        weight="alarm",
    )


def still_needed(unit: Unit, key: DecryptionKey, *, others: int, early: bool = False) -> list[Finding]:
    """Why a decryption key may not be destroyed yet; nothing: nothing here needs it any more (SM-47).

    `others` is how many decryption keys remain; `early`: a person says that no partner seals for it any more. Mail that
    still stands in the mailbox is the caller's to look for.
    """
    found = []
    if others == 0:
        text = "Het is de enige sleutel om mee te ontcijferen."
        found.append(_finding(text, "Voeg eerst een volgende toe: gateway cert add --use decrypt."))
    ends = x509.load_der_x509_certificate(key.certificate).not_valid_after_utc
    if not early and unit.now < ends + KEPT_FOR:
        text = f"Partners kunnen tot {ends:%d-%m-%Y} voor deze sleutel versleutelen; post kan nog onderweg zijn."
        found.append(
            _finding(text, f"Wacht tot {ends + KEPT_FOR:%d-%m-%Y}, of geef --early als zij het certificaat kwijt zijn.")
        )
    sealed, unknown = sealed_messages(unit, key, _OPEN)
    for one in (*sealed, *unknown):
        what = "is ermee versleuteld" if one in sealed else "heeft een envelop die niet te lezen is"
        text = f"Bericht {one.inbox} ({one.state}) {what} en is nog niet afgehandeld."
        found.append(_finding(text, f"gateway inbox show {one.inbox}; verwerk het opnieuw of leg het weg."))
    return found


def _finding(message: str, advice: str) -> Finding:
    return Finding(code="SM-47", severity="error", message=message, advice=advice)
