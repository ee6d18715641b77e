"""`gateway partner`: the organisations that this gateway exchanges with, and how they come to be trusted."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from gateway.cli import files, output
from gateway.cli.certificate_files import fit_certificates
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.options import day
from gateway.cli.output import NO, Json, Surroundings, emit, say, show, table

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.flows.parties import PartnerRecord
    from gateway.flows.partners import Compared

app = typer.Typer(no_args_is_help=True, help="Whom this gateway exchanges with.")

Code = Annotated[str, typer.Argument(metavar="CODE", help="A partner's code or address.")]


@app.command()
def add(
    card: Annotated[Path | None, typer.Option(metavar="FILE", help="Its partner card; else the facts below.")] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Its gemeentecode or AGB code.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Its name.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Its mail address; the first gets mail. Repeatable.")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Its certificates (PEM). Repeatable.")
    ] = None,
    profile: Annotated[
        Literal["standard", "strict"] | None, typer.Option(help="Strict: AES-GCM and RSA-OAEP or EC only.")
    ] = None,
    confirm: Annotated[
        list[str] | None, typer.Option(metavar="SHA256", help="A fingerprint that was compared. Repeatable.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who compared it with the partner.")] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="HOW", help="Over which other channel than mail: telephone, in person …")
    ] = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Add a partner, or more of what is known of it. Certificates are proposals until a fingerprint is confirmed."""
    from gateway.flows.partners import record_partner
    from gateway.store import AlreadyThere

    today = day(None)
    compared = _compared(confirm or [], by, channel, today)
    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        try:
            with gateway.store.unit(now=now, actor=f"person:{by or 'cli'}"[:64]) as unit:
                if card is not None:
                    record = _by_card(unit, card, compared, today)
                else:
                    record = _by_facts(gateway, unit, code, name, address or [], certificate or [], compared, today)
                if profile is not None:
                    record = msgspec.structs.replace(record, profile=profile)
                record_partner(unit, record)
        except AlreadyThere:
            raise Surroundings(f"An address of {record.code} belongs to another partner already.") from None
        let_go(gateway, record)
        answer = partner_answer(record)
    if json:
        emit(answer)
    else:
        _tell(answer)
        _tell_missing(record)


def _compared(fingerprints: list[str], by: str | None, channel: str | None, today: date) -> "list[Compared]":
    """What a person compared; all three options or none."""
    from gateway.flows.parties import Confirmation
    from gateway.flows.partners import Compared

    if not fingerprints:
        return []
    if not by or not channel:
        raise typer.BadParameter("--confirm wants --by NAME and --channel HOW: who compared it, and how (SM-136)")
    return [Compared(text, Confirmation(by=by, on=today, channel=channel)) for text in fingerprints]


def _by_card(unit: Any, path: Path, compared: "list[Compared]", today: date) -> "PartnerRecord":
    from gateway.domain.findings import Finding, has_errors
    from gateway.flows.fitness import fit_card
    from gateway.flows.parties import partner
    from gateway.flows.partner_card import read_card
    from gateway.flows.partners import introduce

    read = read_card(files.read(path))
    if isinstance(read, Finding):
        output.findings(str(path), [read])
        raise typer.Exit(NO)
    read, found = fit_card(read, unit.now)
    output.findings(str(path), found)
    if has_errors(found):
        raise typer.Exit(NO)
    say(f"{path}: signed with a certificate with SHA-256 fingerprint")
    say(f"    {_fingerprint(read.signer.hex())}")
    record = introduce(partner(unit, read.card.code), read, today)
    return _confirmed(str(path), record, compared, lambda one: introduce(one, read, today))


def _by_facts(
    gateway: "App",
    unit: Any,
    code: str | None,
    name: str | None,
    addresses: list[str],
    paths: list[Path],
    compared: "list[Compared]",
    today: date,
) -> "PartnerRecord":
    from gateway.domain.ids import is_agb, is_gemeentecode
    from gateway.flows.parties import PartnerRecord, partner
    from gateway.flows.partners import propose
    from gateway.securemail import Agreements

    if code is None or not (is_gemeentecode(code) or is_agb(code)):
        raise typer.BadParameter("give --card FILE, or --code: a gemeentecode (4 digits) or an AGB code (8 digits)")
    lowered = tuple(_address(address) for address in addresses)
    known = partner(unit, code)
    if known is None:
        if name is None or not lowered:
            raise typer.BadParameter("a new partner wants --name and --address")
        role: Literal["gemeente", "aanbieder"] = "gemeente" if is_gemeentecode(code) else "aanbieder"
        # Software of which nobody knows that it can protect headers; a gateway comes with a card, and must (SM-57).
        known = PartnerRecord(
            code=code,
            role=role,
            name=name,
            addresses=lowered,
            agreements=Agreements(header_protection="if present"),
        )
    elif name or lowered:
        # Typed by a person here: no longer what a card says.
        facts = {"name": name or known.name, "addresses": lowered or known.addresses}
        known = msgspec.structs.replace(known, **facts, stated_by=None if lowered else known.stated_by)
    found = [der for path in paths for der in fit_certificates(gateway.us, known, path, unit.now)]
    return _confirmed(code, propose(known, found, today), compared, lambda one: one)


def _confirmed(where: str, record: Any, compared: "list[Compared]", again: Any) -> "PartnerRecord":
    """After each comparison; a fingerprint that fits nothing ends the command with exit code 1, nothing written."""
    from gateway.domain.findings import Finding
    from gateway.flows.partners import confirm

    for one in compared:
        if not isinstance(record, Finding):
            record = confirm(record, one)
    if isinstance(record, Finding):
        output.findings(where, [record])
        raise typer.Exit(NO)
    return again(record)  # type: ignore[no-any-return]


@app.command("list")
def list_(folder: Dir = HERE, json: Json = False) -> None:
    """The partners of this gateway."""
    from gateway.flows.parties import partners

    with open_gateway(folder) as gateway, gateway.store.view(now=datetime.now(UTC)) as unit:
        records = partners(unit)
    if json:
        for record in records:
            emit(partner_answer(record))
        return
    rows = [(r.code, r.name, r.address, _profile(r), len(r.usable), _proposed(r)) for r in records]
    table(("code", "name", "address", "profile", "certificates", "proposed"), rows)


def _profile(record: "PartnerRecord") -> str:
    until = record.profile_until
    return f"{record.profile} until {until}" if record.profile == "standard" and until else record.profile


def _proposed(record: "PartnerRecord") -> int:
    return sum(one.state in ("proposed", "automatic") for one in record.certificates)


@app.command("show")
def show_(party: Code, folder: Dir = HERE, json: Json = False) -> None:
    """Everything that is recorded of one partner: facts, agreements, certificates and who confirmed them."""
    from gateway.flows.capabilities import capabilities, suggestion

    with open_gateway(folder) as gateway:
        record = known_partner(gateway, party)
        with gateway.store.view(now=datetime.now(UTC)) as unit:
            told = capabilities(unit, record.code)
    advice = suggestion(record, told)
    answer = partner_answer(record) | {"capabilities": told, "suggestion": advice}
    if json:
        emit(answer)
        return
    _tell(answer)
    for term, value in answer["agreements"].items():
        show(f"  {term}: {value}")
    if told is not None:
        show(f"  its software says it reads: {', '.join(told.ciphers)} (seen {told.seen_at:%Y-%m-%d})")
    if advice is not None:
        show(f"    → {advice}")
    _tell_missing(record)


@app.command("card")
def card_(
    out: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="File; else standard output.")] = None,
    profile: Annotated[
        Literal["standard", "strict"] | None,
        typer.Option(help="For whom: standard for software that can do no more; else the best that our keys can."),
    ] = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Our own card, for partners: signed; tell them its fingerprint over another channel than mail."""
    from hashlib import sha256

    from gateway.domain.findings import Finding
    from gateway.flows.partner_card import own_card

    if json and out is None:
        raise typer.BadParameter("--json wants -o FILE: standard output is for the answer then")

    with open_gateway(folder) as gateway:
        limit = gateway.settings.limits.message_mb * 1_000_000
        made = own_card(gateway.us, max_message=limit, now=datetime.now(UTC), profile=profile)
        certificate = gateway.us.signer.certificate
    if isinstance(made, Finding):
        output.findings("gateway partner card", [made])
        raise typer.Exit(NO)
    files.write(out, made)
    if json:
        emit({"file": str(out), "code": gateway.us.ourselves.code, "sha256": sha256(certificate).hexdigest()})
        return
    say("Partners compare this SHA-256 fingerprint with you, by telephone or in person:")
    say(f"    {_fingerprint(sha256(certificate).hexdigest())}")


def known_partner(gateway: "App", party: str) -> "PartnerRecord":
    """The partner with this code or address; exit code 2 with the ones there are."""
    from gateway.flows.parties import find_partner, partners

    with gateway.store.view(now=datetime.now(UTC)) as unit:
        if (found := find_partner(unit, party)) is not None:
            return found
        names = ", ".join(record.code for record in partners(unit)) or "none yet"
    raise Surroundings(f"There is no partner {party} here. Known: {names}.")


def let_go(gateway: "App", record: "PartnerRecord") -> None:
    """What was held for this partner is decided about again (SM-116)."""
    from gateway.flows.routes import reconsider_all

    gone = reconsider_all(gateway.store, gateway.us, datetime.now(UTC), record.code)
    if gone:
        say(f"{len(gone)} held messages for {record.code} may go now.")


def _address(text: str) -> str:
    from gateway.securemail.addresses import is_address

    if not is_address(text):
        raise typer.BadParameter(f"{text} is no plain mail address")
    return text.lower()


def _fingerprint(sha256: str) -> str:
    """As `openssl x509 -fingerprint -sha256` writes it, so that both sides read the same."""
    return ":".join(sha256[i : i + 2] for i in range(0, 64, 2)).upper()


def partner_answer(record: "PartnerRecord") -> dict[str, Any]:
    """The record as JSON: `usable` counts the certificates that may be used."""
    facts = {"code": record.code, "role": record.role, "name": record.name, "address": record.address}
    terms = msgspec.to_builtins(record.agreements)
    return {
        **facts,
        "addresses": list(record.addresses),
        "profile": record.profile,
        "profileUntil": None if record.profile_until is None else record.profile_until.isoformat(),
        "binding": record.binding,
        "oin": record.oin,
        "planFormats": list(record.formats),
        "agreements": {_camel(name): value for name, value in terms.items()},
        "sending": {_camel(name): value for name, value in msgspec.to_builtins(record.sending).items()},
        "certificates": [_certificate_answer(c) for c in record.certificates],
        "usable": len(record.usable),
    }


def _certificate_answer(certificate: Any) -> dict[str, Any]:
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(certificate.der)
    confirmed = certificate.confirmed
    return {
        "sha256": certificate.sha256,
        "state": certificate.state,
        "subject": parsed.subject.rfc4514_string(),
        "notAfter": parsed.not_valid_after_utc.isoformat(),
        "proposedOn": certificate.proposed_on.isoformat(),
        "card": certificate.card,
        "confirmedBy": None if confirmed is None else confirmed.by,
        "confirmedOn": None if confirmed is None else confirmed.on.isoformat(),
        "channel": None if confirmed is None else confirmed.channel,
        "activeFrom": None if certificate.active_from is None else certificate.active_from.isoformat(),
        "announcedBy": certificate.announced_by,
        "refusedBy": None if certificate.refused is None else certificate.refused.by,
        "refusedFor": None if certificate.refused is None else certificate.refused.reason,
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _tell(answer: dict[str, Any]) -> None:
    until = f" until {answer['profileUntil']}, then strict" if answer["profileUntil"] else ""
    older = " (older algorithms, for software that can do no more)" if answer["profile"] == "standard" else ""
    show(f"{answer['code']} {answer['name']} <{answer['address']}>, {answer['role']}")
    show(f"  profile {answer['profile']}{until}{older}")
    for one in answer["certificates"]:
        how = "PROPOSED, not used"
        if one["announcedBy"]:
            how = "announced by its own mail: believed as signer; PROPOSED to encrypt for"
        if one["state"] == "confirmed":
            how = f"confirmed by {one['confirmedBy']} on {one['confirmedOn']} ({one['channel']})"
        elif one["state"] == "automatic":
            how = f"encrypted for from {one['activeFrom'][:16]} on, as agreed; no person compared it"
        elif one["state"] == "refused":
            how = f"REFUSED by {one['refusedBy']}: {one['refusedFor']}"
        show(f"  {one['subject']}, until {one['notAfter'][:10]}: {how}")
        show(f"    SHA-256 {_fingerprint(one['sha256'])}")


def _tell_missing(record: "PartnerRecord") -> None:
    open_ones = [one.sha256 for one in record.certificates if one.state in ("proposed", "automatic")]
    if not open_ones and record.usable:
        return
    if not record.certificates:
        say("Missing: its certificates. Ask the partner for its card (gateway partner card).")
        return
    if any(one.sha256 == record.stated_by and one.state == "refused" for one in record.certificates):
        say("Missing: facts that somebody vouches for. The card they came on was signed with a refused certificate.")
        say(
            f"    Take a new card, or type them: gateway partner add --code {record.code} --name NAME --address ADDRESS"
        )
        return
    asked = [record.stated_by] if record.stated_by is not None else open_ones
    say("Missing: a confirmed fingerprint. Compare it with the partner, by telephone or in person, then:")
    for sha256 in asked:
        say(f"    gateway partner add --code {record.code} --confirm {sha256} --by NAME --channel telefoon")
