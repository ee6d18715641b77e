"""`gateway partner agree` and `gateway partner check`: what was agreed with a partner, and what is still missing."""

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from gateway.cli import output
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.options import as_day, day
from gateway.cli.output import GOOD, NO, Json, emit, show
from gateway.cli.partner import Code, known_partner, let_go, partner_answer

if TYPE_CHECKING:
    from gateway.flows.parties import PartnerRecord

MEGA = 1_000_000


def _window(text: str) -> tuple[time, time]:
    """07:00-19:00 as two times, the first of them earlier."""
    begin, _, end = text.partition("-")
    try:
        window = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise typer.BadParameter("two times with a hyphen between, such as 07:00-19:00") from None
    if window[0] >= window[1]:
        raise typer.BadParameter("the first time is the earlier one, on the same day")
    return window


def _minutes(text: str) -> tuple[int, ...]:
    """5,15,60 as numbers, each from 1 minute to a day."""
    try:
        waits = tuple(int(part) for part in text.split(","))
    except ValueError:
        waits = ()
    if not waits or not all(1 <= wait <= 1440 for wait in waits):
        raise typer.BadParameter("minutes with commas between, such as 5,15,60; each from 1 to 1440")
    return waits


def agree(
    party: Code,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who agreed it with the partner.")],
    profile: Annotated[Literal["standard", "strict"] | None, typer.Option(help="Which algorithms (section 3).")] = None,
    profile_until: Annotated[
        date | None, typer.Option(parser=as_day, metavar="DATE", help="Last day of standard; after it strict.")
    ] = None,
    internet_route: Annotated[
        bool | None, typer.Option(help="Sealed mail may go outside the secure network (13.4).")
    ] = None,
    receipts: Annotated[
        bool | None, typer.Option("--receipts/--no-receipts", help="Its software answers with signed receipts (SM-64).")
    ] = None,
    encrypt_receipts: Annotated[bool | None, typer.Option(help="Receipts travel encrypted too.")] = None,
    plain_return: Annotated[
        bool | None, typer.Option(help="A form may come back by its own secure mail, for a person to take in (SM-107).")
    ] = None,
    header_protection: Annotated[
        Literal["required", "if present"] | None, typer.Option(help="Whether its mail protects its header (SM-57).")
    ] = None,
    usage_extension: Annotated[
        Literal["required", "if present"] | None,
        typer.Option(help="Whether its certificates must name e-mail as purpose (SM-34)."),
    ] = None,
    signer_change: Annotated[
        Literal["confirm", "auto"] | None, typer.Option(help="A new signing certificate: by a person, or not (SM-134).")
    ] = None,
    recipient_change: Annotated[
        Literal["confirm", "auto"] | None,
        typer.Option(help="A new certificate to encrypt for: by a person, or 24 hours after it came (SM-44)."),
    ] = None,
    shared_certificate: Annotated[
        bool | None, typer.Option(help="Its certificate serves other partners too (SM-133).")
    ] = None,
    binding: Annotated[
        Literal["san-email", "pinned", "oin"] | None, typer.Option(help="How a signer belongs to it (SM-51).")
    ] = None,
    oin: Annotated[str | None, typer.Option(metavar="OIN", help="For --binding oin.")] = None,
    transport_only_until: Annotated[
        date | None,
        typer.Option(parser=as_day, metavar="DATE", help="Plans signed, not encrypted, until this day (SM-115)."),
    ] = None,
    transport_only_reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    no_transport_only: Annotated[bool, typer.Option("--no-transport-only", help="End that exception.")] = False,
    max_message_mb: Annotated[int | None, typer.Option(min=1, help="Largest mail its system takes.")] = None,
    max_file_mb: Annotated[int | None, typer.Option(min=1, help="Largest file before sealing (OP179).")] = None,
    window: Annotated[
        str | None,
        typer.Option(parser=_window, metavar="07:00-19:00", help="Offer mail between these times only (Dutch clock)."),
    ] = None,
    waits: Annotated[
        str | None,
        typer.Option(
            parser=_minutes,
            metavar="5,15,60",
            help="Minutes to wait after the first, second … attempt; the last repeats.",
        ),
    ] = None,
    give_up_hours: Annotated[
        int | None, typer.Option(min=1, max=240, help="Age at which a message is given to a person.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(min=1, max=4, help="Transmissions to it at a time.")] = None,
    per_minute: Annotated[int | None, typer.Option(min=1, help="Attempts to it begun in a minute.")] = None,
    usual_sending: Annotated[
        bool, typer.Option("--usual-sending", help="Take back what was agreed on sending; what is given here counts.")
    ] = False,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Record what was agreed with a partner. What waits for it is looked at again at once."""
    from gateway.domain.findings import Finding
    from gateway.flows.partner_terms import except_transport
    from gateway.flows.partners import record_partner

    terms = {
        "internet_route": internet_route,
        "receipts_expected": receipts,
        "encrypt_receipts": encrypt_receipts,
        "plain_return": plain_return,
        "header_protection": header_protection,
        "usage_extension": usage_extension,
        "signer_change": signer_change,
        "recipient_change": recipient_change,
        "shared_certificate": shared_certificate,
        "max_message": None if max_message_mb is None else max_message_mb * MEGA,
        "max_file": None if max_file_mb is None else max_file_mb * MEGA,
    }
    sending = {
        "window": window,
        "waits": waits,
        "give_up_hours": give_up_hours,
        "at_once": at_once,
        "per_minute": per_minute,
    }
    facts = {"profile": profile, "profile_until": profile_until, "binding": binding, "oin": oin}
    with open_gateway(folder) as gateway:
        record = _sending(_with(known_partner(gateway, party), facts, terms), sending, afresh=usual_sending)
        if no_transport_only:
            agreements = msgspec.structs.replace(record.agreements, transport_only=None)
            record = msgspec.structs.replace(record, agreements=agreements)
        if transport_only_until is not None:
            excepted = except_transport(record, transport_only_until, transport_only_reason, day(None))
            if isinstance(excepted, Finding):
                output.findings(record.code, [excepted])
                raise typer.Exit(NO)
            record = excepted
        with gateway.store.unit(now=datetime.now(UTC), actor=f"person:{by}"[:64]) as unit:
            record_partner(unit, record)
        let_go(gateway, record)
    if json:
        emit(partner_answer(record))
        return
    show(f"{record.code} {record.name}: profile {record.profile}")
    for term, value in msgspec.to_builtins(record.agreements).items():
        show(f"  {term}: {value}")
    for term, value in msgspec.to_builtins(record.sending).items():
        show(f"  sending {term}: {value if value else 'as usual'}")


def _sending(record: "PartnerRecord", given: dict[str, Any], *, afresh: bool) -> "PartnerRecord":
    """The record with what was given on how mail is offered."""
    from gateway.flows.parties import Sending

    before = Sending() if afresh else record.sending
    sending = msgspec.structs.replace(before, **{k: v for k, v in given.items() if v is not None})
    return msgspec.structs.replace(record, sending=sending)


def _with(record: "PartnerRecord", facts: dict[str, Any], terms: dict[str, Any]) -> "PartnerRecord":
    """The record with what was given; the rest stays."""
    agreements = msgspec.structs.replace(record.agreements, **{k: v for k, v in terms.items() if v is not None})
    given = {k: v for k, v in facts.items() if v is not None}
    if given.get("profile") == "strict":
        given["profile_until"] = None  # an end of `standard` means nothing any more
    return msgspec.structs.replace(record, agreements=agreements, **given)


def refuse(
    party: Code,
    fingerprint: Annotated[
        str, typer.Argument(metavar="SHA256", help="Fingerprint of the certificate, 64 hex digits.")
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decided it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why: the partner lost its key, it is not his …")],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """A certificate of this partner is not used any more, from now on: not to encrypt for, not to believe.

    It stays in the record and is not proposed again; only its own fingerprint, compared anew, brings it back.
    """
    from gateway.domain.findings import Finding
    from gateway.flows.parties import Withdrawal
    from gateway.flows.partners import record_partner
    from gateway.flows.partners import refuse as refused

    with open_gateway(folder) as gateway:
        record = refused(known_partner(gateway, party), fingerprint, Withdrawal(by=by, on=day(None), reason=reason))
        if isinstance(record, Finding):
            output.findings(party, [record])
            raise typer.Exit(NO)
        now = datetime.now(UTC)
        with gateway.store.unit(now=now, actor=f"person:{by}"[:64]) as unit:
            record_partner(unit, record)
        gateway.recheck(now)  # what was sealed for it and waits is sealed again, or held
    if json:
        emit(partner_answer(record))
        return
    show(f"{record.code} {record.name}: the certificate is not used any more; {len(record.usable)} may be used.")


def check(
    party: Code,
    canary: Annotated[
        bool, typer.Option("--canary", help="Also send a message without content that the partner's gateway answers.")
    ] = False,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """What stands between this partner and safe exchange; exit code 1 if mail would be held or refused."""
    from gateway.domain.findings import has_errors
    from gateway.flows.canary import last_canary, send_canary
    from gateway.flows.partner_terms import shortcomings

    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        record = known_partner(gateway, party)
        if canary:
            with gateway.store.unit(now=now, actor="person:cli") as unit:
                send_canary(unit, gateway.us, record)
        with gateway.store.view(now=now) as unit:
            found = shortcomings(unit, gateway.us, record)
            last = last_canary(unit, record.code)
    proven = None if last is None else {"state": last.state, "sentAt": last.created_at.isoformat()}
    ok = not has_errors(found)
    if json:
        emit({"code": record.code, "ok": ok, "canary": proven, "findings": found})
    else:
        output.findings(record.code, found, show)
        show(f"{record.code} {record.name}: {'mail can be exchanged' if ok else 'NOT READY'}")
    raise typer.Exit(GOOD if ok else NO)
