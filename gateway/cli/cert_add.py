"""`gateway cert add`: our own keys, the roots that are trusted and what they vouch for, revocation lists.

Works in a folder that is not complete yet: the first keys and the first root are put where the settings say.
"""

import os
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from gateway.cli import files, output
from gateway.cli.certificate_files import read_certificates
from gateway.cli.home import HERE, Dir
from gateway.cli.options import as_day
from gateway.cli.output import BROKEN, NO, Surroundings, say, show

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.domain.findings import Finding
    from gateway.securemail.keyrules import PublicKey
    from gateway.securemail.keys import KeyMaterial
    from gateway.securemail.revocation_check import Verified
    from gateway.ways import Files

OwnUse = Literal["sign", "decrypt"]


class Place(msgspec.Struct, frozen=True):
    """The gateway's folder, as far as it is there."""

    folder: Path
    settings: "Settings"
    files: "Files"


def add(
    use: Annotated[
        Literal["sign", "decrypt", "anchor", "crl"], typer.Option(help="What it is for.", show_default=False)
    ],
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Certificate and the ones above it (PEM or DER), or the revocation list. Not with a PKCS#12 --key.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Its private key (PKCS#8 or PKCS#12), or pkcs11:token=LABEL;object=LABEL; for sign and decrypt.",
        ),
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
    profile: Annotated[
        Literal["standard", "strict"] | None,
        typer.Option(help="Decrypt for partners of this profile only; else for both (SM-122)."),
    ] = None,
    partner: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="An anchor for this partner only, who trusts no other. Repeatable."),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="OID", help="An anchor: what it issues has one of these policies. Repeatable."),
    ] = None,
    serial_number_is_oin: Annotated[
        bool | None, typer.Option(help="An anchor: serialNumber is an OIN, as with PKIoverheid (SM-135).")
    ] = None,
    mailbox_validated: Annotated[
        bool | None, typer.Option(help="An anchor: it also issues to whoever reads a mailbox (SM-134).")
    ] = None,
    folder: Dir = HERE,
) -> None:
    """Put a following key beside the present one, so that both work at once; or add an authority or its list.

    The first keys and roots of a new gateway too. What an anchor vouches for can be said again later.
    """
    place = _place(folder)
    _fitting(
        use, key=key, switch=switch, profile=profile, anchor=(partner, policy, serial_number_is_oin, mailbox_validated)
    )
    opened_before = _opens(folder)
    if use in ("sign", "decrypt"):
        if key is None:
            raise typer.BadParameter("--use sign and --use decrypt want --key FILE")
        made = _own(place, "sign" if use == "sign" else "decrypt", key, certificate, key_password_file, switch, profile)
    elif certificate is None:
        raise typer.BadParameter(f"--use {use} wants --certificate FILE")
    elif use == "crl":
        made = _list(place, certificate)
    else:
        terms = {
            "partners": None if partner is None else tuple(partner),
            "policies": None if policy is None else tuple(policy),
            "serial_number_is_oin": serial_number_is_oin,
            "mailbox_validated": mailbox_validated,
        }
        made = _anchor(place, certificate, {name: said for name, said in terms.items() if said is not None})
    # A gateway that no longer opens would be worse than none added: look at once.
    faults = _faults(folder)
    if faults and opened_before:
        output.findings(str(folder), faults)
        raise typer.Exit(BROKEN)
    show(f"{made}")
    if faults:
        say(f"The gateway is not complete yet. Next: {faults[0].message}")


def _fitting(use: str, *, key: object, switch: object, profile: object, anchor: tuple[object, ...]) -> None:
    """Options that say nothing about this use are a mistake, not something to pass over."""
    if use not in ("sign", "decrypt") and key is not None:
        raise typer.BadParameter("--key goes with --use sign or --use decrypt; anchors and lists have no key here")
    if use != "sign" and switch is not None:
        raise typer.BadParameter("--switch goes with --use sign")
    if use != "decrypt" and profile is not None:
        raise typer.BadParameter("--profile goes with --use decrypt")
    if use != "anchor" and any(one is not None for one in anchor):
        raise typer.BadParameter(
            "--partner, --policy, --serial-number-is-oin and --mailbox-validated go with --use anchor"
        )


def _place(folder: Path) -> Place:
    from gateway.config import FILE, read_settings
    from gateway.ways import Files

    settings = read_settings(folder, os.environ)
    if isinstance(settings, tuple):
        output.findings(str(folder / FILE), settings)
        raise typer.Exit(BROKEN)
    return Place(folder.absolute(), settings, Files(folder.absolute(), os.environ))


def _opens(folder: Path) -> bool:
    return not _faults(folder)


def _faults(folder: Path) -> "tuple[Finding, ...]":
    from gateway.app import App
    from gateway.ways import CannotStart

    try:
        App.open(folder, os.environ).store.close()
    except CannotStart as fault:
        return fault.findings
    return ()


# -- our own keys ------------------------------------------------------------------------------------------------------


def _own(
    place: Place,
    use: OwnUse,
    key: Path,
    certificate: Path | None,
    password: Path | None,
    switch: date | None,
    profile: str | None,
) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    from gateway.domain.findings import Finding, has_errors
    from gateway.keyring import next_pair
    from gateway.securemail.material import fit_own
    from gateway.tokens import is_reference

    keys = place.settings.keys
    usage: Literal["sign", "encrypt"] = "sign" if use == "sign" else "encrypt"
    known, address, now = _authorities(place), place.settings.gateway.address, datetime.now(UTC)
    if is_reference(str(key).encode()):
        content = str(key).encode() + b"\n"
        fits, offered = _on_token(place, use, content, certificate)
        fit = fit_own(fits, offered, usage, address, now, known)
    else:
        ours = _password(place)
        material = _material(key, ours if password is None else files.read(password).split(b"\n", 1)[0])
        locked = BestAvailableEncryption(ours)
        content = material.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        offered = _offered(key, certificate, material)
        fit = fit_own(material.private.public_key(), offered, usage, address, now, known)
    where = str(certificate or key)
    if isinstance(fit, Finding):
        output.findings(where, [fit])
        raise typer.Exit(NO)
    output.findings(where, fit.findings)
    if has_errors(fit.findings):
        raise typer.Exit(NO)
    names = (
        (keys.signing_key, keys.signing_certificate)
        if use == "sign"
        else (keys.decryption_key, keys.decryption_certificate)
    )
    pair = next_pair(place.folder, *names)
    pair.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The certificate first: a key without one would keep the gateway from opening.
    pem = b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in fit.chain)
    files.write(pair.certificate, pem)
    if switch is not None:
        files.write(pair.switch_file, switch.isoformat().encode())
    if profile is not None:
        files.write(pair.serves_file, profile.encode())
    files.write(pair.key, content)
    say("A running gateway takes it up within its next look (seconds).")
    say("Send your partners a new card (gateway partner card); they confirm its fingerprint.")
    return pair.key


def _on_token(
    place: Place, use: OwnUse, reference: bytes, certificate: Path | None
) -> "tuple[PublicKey, tuple[bytes, ...]]":
    """The public key that the one on the token proved to be the other half of, and the certificates of the file."""
    from gateway.domain.findings import Finding
    from gateway.securemail import decryption_key, signing_key
    from gateway.securemail.keys import does_not_fit
    from gateway.tokens import open_key
    from gateway.ways import CannotStart

    if certificate is None:
        raise typer.BadParameter("a key on a token wants --certificate FILE")
    offered = read_certificates(certificate)
    try:
        key = open_key(reference, place.settings.keys, place.files)
    except CannotStart as fault:
        output.findings(reference.decode().strip(), fault.findings)
        raise typer.Exit(BROKEN) from None
    refused = does_not_fit()
    for der in offered:
        made = signing_key(key, der) if use == "sign" else decryption_key(key, der)
        if not isinstance(made, Finding):
            return made.facts.public, offered
        refused = made if made.message != refused.message and len(offered) == 1 else refused
    output.findings(str(certificate), [refused])
    raise typer.Exit(NO)


def _password(place: Place) -> bytes:
    """The password of our keys; made where a new gateway has none yet."""
    from gateway.keyring import password_of
    from gateway.ways import CannotStart

    keys = place.settings.keys
    file = place.folder / keys.password_file
    if not file.exists() and "GATEWAY_KEYS_PASSWORD" not in os.environ:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(file, secrets.token_urlsafe(24).encode() + b"\n")
        say(f"{file} made: the password of our private keys. Keep a copy, apart from the keys.")
    try:
        return password_of(keys, place.files)
    except CannotStart as fault:
        output.findings(str(place.folder), fault.findings)
        raise typer.Exit(BROKEN) from None


def _material(key: Path, password: bytes) -> "KeyMaterial":
    from gateway.domain.findings import Finding
    from gateway.securemail import load_key

    material = load_key(files.read(key), password)
    if isinstance(material, Finding):
        output.findings(str(key), [material])
        raise typer.Exit(NO)
    return material


def _offered(key: Path, certificate: Path | None, material: "KeyMaterial") -> tuple[bytes, ...]:
    """The certificates that came along: in their own file, or with the key."""
    if certificate is not None:
        return read_certificates(certificate)
    if material.certificate is None:
        raise Surroundings(f"{key} holds a key and no certificate: name that with --certificate FILE.")
    return (material.certificate, *material.chain)


# -- authorities -------------------------------------------------------------------------------------------------------


def _anchor(place: Place, path: Path, said: dict[str, object]) -> Path:
    """A root or an authority below it is added to the anchors; what was said of the roots stands beside them."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from gateway.anchors import Terms, fault_in, is_root, read_terms, terms_file, write_terms
    from gateway.domain.findings import has_errors
    from gateway.keyring import certificates
    from gateway.securemail.material import unfit_authority
    from gateway.ways import CannotStart

    given = read_certificates(path)
    for der in given:
        found = unfit_authority(der, datetime.now(UTC))
        output.findings(str(path), found)
        if has_errors(found):
            raise typer.Exit(NO)
    roots = [der for der in given if is_root(der)]
    if said and not roots:
        raise Surroundings(f"{path} holds no root: only of a root it can be said whom and what it vouches for.")
    file = place.folder / place.settings.keys.anchors
    try:
        present = certificates(place.files, place.settings.keys.anchors) if file.exists() else []
        terms = read_terms(file)
    except CannotStart as fault:
        output.findings(str(file), fault.findings)
        raise typer.Exit(BROKEN) from None
    for der in roots if said else []:
        terms[_sha256(der)] = msgspec.structs.replace(terms.get(_sha256(der), Terms()), **said)
    for sha256, root_terms in terms.items():
        if (mistake := fault_in(sha256, root_terms)) is not None:
            raise typer.BadParameter(mistake)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    both = [*present, *(der for der in given if der not in present)]
    files.write(file, b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in both))
    if said:  # after the roots: terms of a root that is not there keep the gateway from opening
        files.write(terms_file(file), write_terms(terms))
    say("A running gateway trusts it after a restart.")
    for der in given:
        subject = x509.load_der_x509_certificate(der).subject
        say(f"{subject.rfc4514_string()}: compare with what the authority publishes:")
        say(f"    SHA-256 {':'.join(_sha256(der)[i : i + 2] for i in range(0, 64, 2)).upper()}")
    return file


def _sha256(der: bytes) -> str:
    from hashlib import sha256

    return sha256(der).hexdigest()


_LIST_FAULTS = {
    "unreadable": ("it is no revocation list (CRL, PEM or DER)", "Fetch it again, without changing it."),
    "delta": ("it holds only the changes to another list", "Give the whole list."),
    "no-next-update": (
        "it does not say when the next one comes (nextUpdate)",
        "Ask the authority for a list that does.",
    ),
    "from-the-future": ("it is from the future", "Look at the clock of this machine."),
}


def _list(place: Place, path: Path) -> Path:
    """A revocation list gets its place in the folder. One that is older than what is known is not taken (SM-137)."""
    from hashlib import sha256

    from cryptography import x509

    from gateway.securemail.revocation_check import read_list

    data = files.read(path)
    found = read_list(data, _authorities(place), datetime.now(UTC))
    if isinstance(found, str) and found != "signer":
        what, advice = _LIST_FAULTS[found]
        raise Surroundings(f"{path}: {what}. {advice}")
    load = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
    crl = load(data)
    if found == "signer":
        say(f"{path}: its authority, {crl.issuer.rfc4514_string()}, is not among the anchors, or did not sign it.")
        say("    → Add the authority (gateway cert add --use anchor), or nobody's certificate is judged by this list.")
    elif not isinstance(found, str):
        _refuse_older(place, path, found)
        if found.next_update < datetime.now(UTC):
            say(f"{path}: it ended on {found.next_update:%Y-%m-%d}; fetch the present one.")
    where = place.folder / place.settings.keys.revocation / f"{sha256(crl.issuer.public_bytes()).hexdigest()[:16]}.crl"
    where.parent.mkdir(parents=True, exist_ok=True)
    files.write(where, data)
    return where


def _authorities(place: Place) -> tuple[bytes, ...]:
    """The roots and what stands below them, DER; none where they are not there yet."""
    from gateway.anchors import read_trust
    from gateway.ways import CannotStart

    try:
        trust = read_trust(place.settings.keys, place.files)
    except CannotStart:
        return ()
    return (*(anchor.certificate for anchor in trust.every), *trust.intermediates)


def _refuse_older(place: Place, path: Path, found: "Verified") -> None:
    """Exit code 1 if the store knows a newer one; a gateway without a store knows none."""
    from gateway.app import App
    from gateway.flows.revocation import newer_known
    from gateway.ways import CannotStart

    try:
        app = App.open(place.folder, os.environ)
    except CannotStart:
        return
    with app, app.store.view(now=datetime.now(UTC)) as view:
        newer = newer_known(view, found)
    if newer is not None:
        say(f"{path}: a newer list of this authority is known, of {newer.this_update:%Y-%m-%d %H:%M} UTC. Not taken.")
        say("    → An older list hides what was revoked since. Fetch the present one.")
        raise typer.Exit(NO)
