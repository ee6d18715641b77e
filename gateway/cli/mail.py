"""`gateway mail`: sealing and opening on files, with the keys and partners of a gateway. Nothing is sent or stored."""

import hashlib
import mimetypes
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli import files, output
from gateway.cli.acting import By, actor
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, show
from gateway.cli.partner import known_partner

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.domain.findings import Finding
    from gateway.securemail import Message, Opened, Part, Refused

app = typer.Typer(no_args_is_help=True, help="Seal and open secure mail, on files.")

mimetypes.add_type("application/json", ".json")
mimetypes.add_type("application/xml", ".xml")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a moment is like 2026-03-31T09:00:00+02:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=_moment,
        metavar="MOMENT",
        help="When: else now to seal, its own date to open.",
    ),
]


@app.command()
def seal(
    file: Annotated[list[Path], typer.Argument(metavar="FILE", help="What to send; one iWmo message, or any files.")],
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="A partner: its code or its address.")],
    sender: Annotated[
        str | None, typer.Option("--from", metavar="PARTY", help="Own code or address; checked if given.")
    ] = None,
    profile: Annotated[Literal["standard", "strict"] | None, typer.Option(help="Instead of the partner's own.")] = None,
    at: At = None,
    out: Annotated[Path | None, typer.Option("-o", metavar="OUT.eml", help="File; else standard output.")] = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Make the sealed mail that a partner can open."""
    from gateway import securemail
    from gateway.domain.findings import Finding

    now = at or datetime.now(UTC)
    if json and out is None:
        raise typer.BadParameter("--json wants -o OUT.eml: standard output is for the answer then")
    with open_gateway(folder) as gateway:
        us = gateway.us
        if sender is not None and sender not in {us.ourselves.code, us.ourselves.address}:
            raise Surroundings(f"{sender} is not this gateway ({us.ourselves.code}, {us.ourselves.address}).")
        record = known_partner(gateway, to)
        partner = record.mail_partner(now.date())
        chosen = securemail.choose_certificates(partner, record.address, us.trust, us.revocation, now, us.verdicts)
        if isinstance(chosen, Finding):
            raise _refused(to, chosen)
        message = _message(us.ourselves.address, record.address, file)
        sealed = securemail.seal(message, us.signer, chosen, profile or partner.profile, now)
        if isinstance(sealed, Finding):
            raise _refused(to, sealed)
    files.write(out, sealed.raw)
    if json:
        emit(
            {
                "file": str(out),
                "messageId": sealed.message_id,
                "partner": record.code,
                "profile": profile or partner.profile,
                "certificates": [hashlib.sha256(one.certificate).hexdigest() for one in chosen],
                "bytes": len(sealed.raw),
                "mic": sealed.mic.hex(),
            }
        )


@app.command("open")
def open_(
    file: Annotated[Path, typer.Argument(metavar="FILE.eml", help="A mail as it came in.")],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Folder for the parts.")] = None,
    at: At = None,
    by: By = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why its content is looked at: in the trail.")] = "",
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Open a mail as the running gateway would: who signed it, whether it may be believed, what is in it."""
    from gateway import securemail
    from gateway.flows.parties import partner_book
    from gateway.securemail.kinds import written_at

    raw = files.read(file)
    now = datetime.now(UTC)
    # A file does not know when it came in: its own date is a claim, so the check of the date says nothing.
    received = at or written_at(raw) or now
    with open_gateway(folder) as gateway:
        us = gateway.us
        with gateway.store.view(now=now) as unit:
            book = partner_book(unit)
        opened = securemail.open(raw, us.mailbox, book, us.trust, us.revocation, received, now, cache=us.verdicts)
        if to is not None and isinstance(opened, securemail.Opened):
            _note_reading(gateway, opened, now, actor(by), reason)
    if isinstance(opened, securemail.Refused):
        answer = _quarantined(opened)
    else:
        answer = _accepted(opened)
        if to is not None:
            _write_parts(to, opened.parts)
    if json:
        emit(answer)
    else:
        _tell(file, answer)
    raise typer.Exit(GOOD if answer["verdict"] == "accepted" else NO)


def _note_reading(gateway: "App", opened: "Opened", now: datetime, who: str, reason: str) -> None:
    """Whose content was taken out, by whom and why, before it is (NEN 7513)."""
    with gateway.store.unit(now=now, actor=who) as unit:
        partner, headers = opened.partner.id, opened.headers
        first = unit.identities.look_up(partner, headers.message_id, opened.mic).first
        item = None if first is None or first.inbox_id is None else unit.inbox.get(first.inbox_id)
        subject = None if item is None or item.dossier is None else unit.dossiers.pseudonym(item.dossier)
        about = "mail" if item is None else f"inbox/{item.id}"
        unit.audit.write("read", about, subject=subject, partner=partner, ground=reason[:160] or None)


def _message(sender: str, recipient: str, paths: list[Path]) -> "Message":
    """One iWmo message travels as such; anything else as attachments under a neutral subject (SM-58)."""
    from gateway import berichten, securemail
    from gateway.flows.kop import kop

    contents = [(path, files.read(path)) for path in paths]
    if len(contents) == 1:
        xml = contents[0][1]
        reading = berichten.read(xml)
        if reading.bericht is not None and reading.soort is not None:
            head = kop(reading.soort, reading.bericht)
            return securemail.iwmo_message(sender, recipient, head.soort, head.identificatie, xml)
    parts = tuple(
        securemail.Attachment(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", content)
        for path, content in contents
    )
    return securemail.Message(sender=sender, recipient=recipient, subject="Bestanden", parts=parts)


def _refused(party: str, finding: "Finding") -> typer.Exit:
    """Sealing is refused: nothing weaker is made (SM-3)."""
    output.findings(party, [finding])
    return typer.Exit(NO)


def _accepted(opened: "Opened") -> dict[str, Any]:
    signer = opened.signer
    return {
        "messageId": opened.headers.message_id,
        "partner": opened.partner.id,
        "signer": {"subject": signer.subject, "address": opened.headers.sender, "valid": True, "reason": None},
        "encrypted": opened.encrypted,
        "profile": opened.profile,
        "parts": [
            {"name": part.shown_name or None, "type": part.type, "bytes": len(part.content), "sha256": part.sha256}
            for part in opened.parts
        ],
        "verdict": "accepted",
        "reasons": [],
    }


def _quarantined(refused: "Refused") -> dict[str, Any]:
    """Nothing in it may be believed; what its outer header claims is not repeated as fact (SM-105)."""
    from gateway.securemail.conclusions import QUARANTINE

    told = QUARANTINE[refused.reason]
    return {
        "messageId": refused.message_id,
        "partner": refused.partner,
        "signer": {"subject": None, "address": None, "valid": False, "reason": refused.reason},
        "encrypted": None,
        "profile": None,
        "parts": [],
        "verdict": "quarantined",
        "reasons": [
            {"reason": refused.reason, "detail": refused.detail, "message": told.what, "advice": told.advice},
        ],
    }


def _write_parts(folder: Path, parts: "tuple[Part, ...]") -> None:
    """Each part under a number: the name that a stranger chose is never a path (SM-142)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number, part in enumerate(parts, start=1):
        suffix = mimetypes.guess_extension(part.type) or ".bin"
        files.write(folder / f"{number:02}{suffix}", part.content)


def _tell(file: Path, answer: dict[str, Any]) -> None:
    if answer["verdict"] == "quarantined":
        (why,) = answer["reasons"]
        detail = f" ({why['detail']})" if why["detail"] else ""
        show(f"{file}: quarantine: {why['reason']}{detail}")
        show(f"    {why['message']}")
        show(f"    → {why['advice']}")
        return
    show(f"{file}: accepted; signed by {answer['signer']['subject']} ({answer['signer']['address']})")
    for part in answer["parts"]:
        show(f"  {part['name'] or '(no name)'}  {part['type']}  {part['bytes']} bytes  {part['sha256']}")
