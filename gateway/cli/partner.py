"""`gateway partner`: the organisations that this gateway exchanges with."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import files
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.options import day
from gateway.cli.output import Json, Surroundings, emit, show, table

if TYPE_CHECKING:
    from gateway.flows.parties import PartnerRecord

app = typer.Typer(no_args_is_help=True, help="Whom this gateway exchanges with.")


@app.command()
def add(
    code: Annotated[str, typer.Option(metavar="CODE", help="Its gemeentecode or AGB code.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name.")],
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="Its mail address.")],
    certificate: Annotated[list[Path], typer.Option(metavar="FILE", help="Its certificates (PEM). Repeatable.")],
    confirmed_by: Annotated[
        str, typer.Option(metavar="PERSON", help="Who compared the fingerprints with the partner.")
    ],
    channel: Annotated[str, typer.Option(metavar="HOW", help="Over which other channel: telephone, in person …")],
    profile: Annotated[Literal["standard", "strict"], typer.Option(help="Strict: AES-GCM and RSA-OAEP or EC only.")] = (
        "standard"
    ),
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Add a partner, or replace what is known of it. Its fingerprints are shown: compare them first (SM-136)."""
    from gateway.domain.ids import is_agb, is_gemeentecode
    from gateway.flows.parties import ConfirmedCertificate, PartnerRecord, add_partner
    from gateway.store import AlreadyThere

    if not (is_gemeentecode(code) or is_agb(code)):
        raise typer.BadParameter("a code is a gemeentecode (4 digits) or an AGB code (8 digits)")
    today = day(None)
    found = [der for path in certificate for der in _certificates(path)]
    confirmed = tuple(
        ConfirmedCertificate(der=der, confirmed_by=confirmed_by, confirmed_on=today, channel=channel) for der in found
    )
    record = PartnerRecord(
        code=code,
        role="gemeente" if is_gemeentecode(code) else "aanbieder",
        name=name,
        address=address,
        profile=profile,
        certificates=confirmed,
    )
    with open_gateway(folder) as gateway:
        try:
            with gateway.store.unit(now=datetime.now(UTC), actor=f"person:{confirmed_by}") as unit:
                add_partner(unit, record)
        except AlreadyThere:
            raise Surroundings(f"{address} belongs to another partner already.") from None
    if json:
        emit(_answer(record))
        return
    show(f"{code} {name} <{address}>, profile {profile}, certificates confirmed by {confirmed_by} ({channel}):")
    for der in found:
        show(f"  SHA-256 {sha256(der).hexdigest()}")


@app.command("list")
def list_(folder: Dir = HERE, json: Json = False) -> None:
    """The partners of this gateway."""
    from gateway.flows.parties import PartnerRecord

    with open_gateway(folder) as gateway, gateway.store.view(now=datetime.now(UTC)) as unit:
        records = [record for _, record in unit.partners.list(PartnerRecord)]
    if json:
        for record in records:
            emit(_answer(record))
        return
    table(
        ("code", "name", "address", "profile", "certificates"),
        [(r.code, r.name, r.address, r.profile, len(r.certificates)) for r in records],
    )


def _certificates(path: Path) -> list[bytes]:
    """Certificates of a PEM file, DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return [c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(files.read(path))]
    except ValueError:
        raise Surroundings(f"{path} holds no certificate (PEM).") from None


def _answer(record: "PartnerRecord") -> dict[str, object]:
    certificates = [
        {
            "sha256": sha256(c.der).hexdigest(),
            "confirmedBy": c.confirmed_by,
            "confirmedOn": c.confirmed_on.isoformat(),
            "channel": c.channel,
        }
        for c in record.certificates
    ]
    known = {"code": record.code, "role": record.role, "name": record.name, "address": record.address}
    return {**known, "profile": record.profile, "certificates": certificates}
