"""`gateway cert`: our own keys and certificates, those of authorities, and what ends when."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from gateway.cli import files, output
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.options import as_day
from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, say, show, table

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.flows.certificates import Ending
    from gateway.keyring import Pair

app = typer.Typer(no_args_is_help=True, help="Keys and certificates, and what ends when.")

At = Annotated[date | None, typer.Option("--today", parser=as_day, metavar="DATE", help="As if it were this day.")]


@app.command("list")
def list_(at: At = None, folder: Dir = HERE, json: Json = False) -> None:
    """Every certificate and revocation list, first to end first, with the days that are left."""
    endings = _overview(folder, at)
    if json:
        for ending in endings:
            emit(_answer(ending))
        return
    rows = [(e.days, e.not_after.date(), e.kind, e.who, e.state, e.subject) for e in endings]
    table(("days", "ends", "kind", "who", "state", "subject"), rows)


@app.command()
def forecast(
    days: Annotated[int, typer.Option(min=0, metavar="DAYS", help="How far to look.")] = 120,
    at: At = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """What ends within so many days and what breaks then, by partner; exit code 1 if there is anything."""
    from gateway.flows.certificates import forecast as ends_within

    found = ends_within(_overview(folder, at), days)
    for ending in found:
        if json:
            emit(_answer(ending))
            continue
        whom = f" ({', '.join(ending.partners)})" if ending.partners else ""
        show(f"{ending.not_after.date()}  {ending.days} days  {ending.kind} {ending.subject}")
        show(f"    {ending.breaks}{whom}")
        show(f"    → {ending.advice}")
    if not found:
        say(f"Nothing ends within {days} days.")
    raise typer.Exit(NO if found else GOOD)


@app.command()
def add(
    use: Annotated[
        Literal["sign", "decrypt", "anchor", "crl"], typer.Option(help="What it is for.", show_default=False)
    ],
    certificate: Annotated[
        Path, typer.Option(metavar="FILE", help="Certificate and the ones above it (PEM); or the revocation list.")
    ],
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key (PKCS#8 or PKCS#12); for sign and decrypt.")
    ] = None,
    key_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the key's password; else that of our keys.")
    ] = None,
    switch: Annotated[
        date | None,
        typer.Option(
            parser=as_day,
            metavar="DATE",
            help="Sign with it from this day; else 14 days before the present one ends.",
        ),
    ] = None,
    folder: Dir = HERE,
) -> None:
    """Put a following key beside the present one, so that both work at once; or add an authority or its list."""
    with open_gateway(folder) as gateway:
        if use in ("anchor", "crl"):
            place = _authority(gateway, use, certificate)
        else:
            if key is None:
                raise typer.BadParameter("--use sign and --use decrypt want --key FILE")
            place = _own(gateway, use, key, certificate, key_password_file, switch)
    # A gateway that no longer opens would be worse than none added: look at once.
    with open_gateway(folder):
        show(f"{place}")


def _overview(folder: Path, at: date | None) -> "list[Ending]":
    from gateway.flows.certificates import overview
    from gateway.flows.parties import partners

    now = datetime.now(UTC) if at is None else datetime.combine(at, datetime.min.time(), UTC)
    with open_gateway(folder) as gateway:
        with gateway.store.view(now=now) as unit:
            records = partners(unit)
        signing = [key.certificate for _, key in gateway.signers.turns]
        return overview(gateway.us, records, signing, now)


def _answer(ending: "Ending") -> dict[str, object]:
    answer: dict[str, object] = msgspec.to_builtins(ending)
    return answer


def _own(gateway: "App", use: str, key: Path, certificate: Path, password: Path | None, switch: date | None) -> Path:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    from gateway.domain.findings import Finding
    from gateway.keyring import certificates, next_pair, password_of
    from gateway.securemail import decryption_key, load_key, signing_key
    from gateway.ways import CannotStart, Files

    keys, own = gateway.settings.keys, gateway.own_files
    opened = password_of(keys, own) if password is None else files.read(password).split(b"\n", 1)[0]
    material = load_key(files.read(key), opened)
    if isinstance(material, Finding):
        raise _refused(key, material)
    try:
        leaf, *chain = certificates(Files(Path(), {}), certificate.absolute())
    except CannotStart as fault:
        raise Surroundings(fault.findings[0].message) from None
    prepared: object = (
        signing_key(material.private, leaf, chain) if use == "sign" else decryption_key(material.private, leaf)
    )
    if isinstance(prepared, Finding):
        raise _refused(certificate, prepared)
    names = (
        (keys.signing_key, keys.signing_certificate)
        if use == "sign"
        else (keys.decryption_key, keys.decryption_certificate)
    )
    place = next_pair(gateway.folder, *names)
    _put(place, files.read(certificate), switch if use == "sign" else None)
    locked = BestAvailableEncryption(password_of(keys, own))
    files.write(place.key, material.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    say("Send your partners a new card (gateway partner card); they confirm its fingerprint.")
    return place.key


def _put(place: "Pair", certificate: bytes, switch: date | None) -> None:
    """The certificate first: a key without one would keep the gateway from opening."""
    files.write(place.certificate, certificate)
    if switch is not None:
        files.write(place.switch_file, switch.isoformat().encode())


def _authority(gateway: "App", use: str, path: Path) -> Path:
    """A root or an authority below it is added to the anchors; a revocation list gets its place."""
    from hashlib import sha256

    from cryptography import x509

    data, keys = files.read(path), gateway.settings.keys
    try:
        if use == "crl":
            load = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
            issuer = load(data).issuer.public_bytes()
            place = gateway.folder / keys.revocation / f"{sha256(issuer).hexdigest()[:16]}.crl"
            place.parent.mkdir(parents=True, exist_ok=True)
            files.write(place, data)
            return place
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise Surroundings(f"{path} holds no {'revocation list' if use == 'crl' else 'certificate'}.") from None
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    place = gateway.folder / keys.anchors
    present = place.read_bytes()
    new = [c for c in found if c not in x509.load_pem_x509_certificates(present)]
    files.write(place, present.rstrip() + b"\n" + b"".join(c.public_bytes(Encoding.PEM) for c in new))
    for one in found:
        say(f"{one.subject.rfc4514_string()}: compare with what the authority publishes:")
        say(f"    SHA-256 {one.fingerprint(SHA256()).hex(':').upper()}")
    return place


def _refused(path: Path, finding: object) -> typer.Exit:
    output.findings(str(path), [finding])  # type: ignore[list-item]
    return typer.Exit(NO)
