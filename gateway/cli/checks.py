"""What `gateway check` tests: one function a subject, each answers with what it saw and what to mend.

Nothing is sent; a server is greeted, logged in to, and left. A store of an older version is brought up to date, as at
any start.
"""

from collections.abc import Callable, Iterator, Mapping
from ctypes.util import find_library
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from gateway.cli.check import Check, Surround, failed
from gateway.cli.check_ways import check_mailbox, check_relay
from gateway.config import Settings, read_secret
from gateway.config.secret import mode_fault
from gateway.domain.findings import Finding

RENEW = timedelta(days=60)  # getting a certificate takes weeks

Subject = Callable[[Surround], Iterator[Check]]


def run_checks(settings: Settings, folder: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """Every check in turn, from the inside out."""
    around = Surround(settings, folder, environ, datetime.now(UTC))
    yield Check(check="settings", ok=True, what=f"{settings.gateway.role} {settings.gateway.code}")
    for subject in SUBJECTS:
        yield from subject(around)


def _master_and_store(around: Surround) -> Iterator[Check]:
    from gateway.store import KeyRefused, MasterKey, OpenRefused, Store
    from gateway.ways import Files, store_place

    try:
        master = MasterKey.from_file(around.path(around.settings.keys.master))
    except KeyRefused as refused:
        yield Check(check="master key", ok=False, what=str(refused), advice="Put the key back.")
        return
    yield Check(check="master key", ok=True, what="readable by its owner only")
    place = store_place(around.settings, Files(around.folder, around.environ))
    if isinstance(place, Path) and not place.exists():
        yield Check(check="store", ok=True, what="not there yet; it is made at the first start")
        return
    try:
        Store.open(place, master).close()
    except OpenRefused as refused:
        yield Check(check="store", ok=False, what=str(refused))
        return
    yield Check(check="store", ok=True, what="opens with this master key")


def _own_keys(around: Surround) -> Iterator[Check]:
    keys = around.settings.keys
    file = around.path(keys.password_file)
    password = read_secret(file, "keys.password_file", around.environ, "GATEWAY_KEYS_PASSWORD")
    if isinstance(password, Finding):
        yield failed("key password", password)
        return
    pairs = {
        "signing key": (keys.signing_key, keys.signing_certificate),
        "decryption key": (keys.decryption_key, keys.decryption_certificate),
    }
    for name, (key, certificate) in pairs.items():
        yield _pair(around, name, around.path(key), around.path(certificate), password)


def _pair(around: Surround, name: str, key: Path, certificate: Path, password: str) -> Check:
    """A private key, its mode, its certificate, whether they belong together, and until when."""
    from cryptography import x509

    from gateway.securemail import load_key, signing_key

    fault = mode_fault(key, f"keys.{key.name}")
    if fault is not None:
        return failed(name, fault)
    material = load_key(key.read_bytes(), password.encode())
    if isinstance(material, Finding):
        return failed(name, material)
    try:
        own = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError):
        return Check(check=name, ok=False, what=f"{certificate} holds no certificate (PEM).", advice="Put it there.")
    from cryptography.hazmat.primitives.serialization import Encoding

    prepared = signing_key(material.private, own.public_bytes(Encoding.DER))
    if isinstance(prepared, Finding):
        return failed(name, prepared)
    left = own.not_valid_after_utc - around.now
    until = own.not_valid_after_utc.date().isoformat()
    if left < timedelta(0):
        return Check(check=name, ok=False, what=f"its certificate expired on {until}", advice="Ask for a new one.")
    advice = "Ask for a new one now." if left < RENEW else None
    return Check(check=name, ok=True, what=f"fits its certificate, which is valid until {until}", advice=advice)


def _anchors(around: Surround) -> Iterator[Check]:
    from cryptography import x509

    path = around.path(around.settings.keys.anchors)
    try:
        roots = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        advice = "Put the roots of your partners' certificates there (PEM): without them nobody is trusted."
        yield Check(check="anchors", ok=False, what=f"{path} holds no certificates.", advice=advice)
        return
    trusted = sum(root.issuer == root.subject for root in roots)
    what = f"{trusted} trusted roots, {len(roots) - trusted} certificates of authorities below them"
    yield Check(check="anchors", ok=trusted > 0, what=what, advice=None if trusted else "Add a root (self-signed).")


def _contract(around: Surround) -> Iterator[Check]:
    name = around.settings.region.contract
    if name is None:
        return
    from gateway.reconcile.contract_bestand import laad_contract
    from gateway.ways import CannotStart, Files

    try:
        loaded, found = laad_contract(Files(around.folder, around.environ).read(name, "region.contract"))
    except CannotStart as fault:
        yield failed("contract", fault.findings[0])
        return
    if loaded is None:
        yield failed("contract", found[0])
        return
    revision = loaded.revisie or "unnamed"
    yield Check(check="contract", ok=True, what=f"{len(loaded.tarieven)} tariffs, revision {revision}")


def _region(around: Surround) -> Iterator[Check]:
    from gateway.plans import laad_formaat
    from gateway.plans.formaat import formaat_bestand

    name = around.settings.region.plan_format
    path = formaat_bestand(name) if formaat_bestand(name).exists() else around.path(name)
    try:
        loaded, found = laad_formaat(path.read_bytes())
    except OSError as error:
        yield Check(check="plan format", ok=False, what=f"{path}: {error.strerror}.", advice="See region.plan_format.")
        return
    what = (
        f"{name}: {len(found)} findings"
        if loaded is None
        else f"{loaded.formaat.naam}, version {loaded.formaat.versie}"
    )
    advice = None if loaded else f"gateway plan regio check {path}"
    yield Check(check="plan format", ok=loaded is not None, what=what, advice=advice)


def _messages(around: Surround) -> Iterator[Check]:
    """The folders that take the place of our own schemas and code lists, where the settings name them."""
    from gateway.berichten import iwmo_from, load_codelists
    from gateway.ways import CannotStart, read_folder

    named = around.settings.messages
    try:
        if named.schemas is not None:
            folder = around.path(named.schemas)
            known = read_folder(iwmo_from, folder, "messages.schemas")
            there = sum(message.path.parent == folder for message in known.messages)
            yield Check(check="schemas", ok=True, what=f"{there} of {len(known.messages)} messages by {folder}")
    except CannotStart as fault:
        yield failed("schemas", fault.findings[0])
    try:
        if named.codelists is not None:
            lists = read_folder(load_codelists, around.path(named.codelists), "messages.codelists")
            yield Check(check="code lists", ok=True, what=f"of your own: {', '.join(sorted(lists.eigen))}")
    except CannotStart as fault:
        yield failed("code lists", fault.findings[0])


def _documents(_: Surround) -> Iterator[Check]:
    """WeasyPrint is a package, Pango under it is not; looking is enough, importing takes a second."""
    if find_spec("weasyprint") is None or not _has_pango():
        advice = "Install the extra `documents` and Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0)."
        yield Check(check="documents", ok=True, what="no PDF forms: plans travel as data", advice=advice)
        return
    yield Check(check="documents", ok=True, what="PDF forms can be made")


def _has_pango() -> bool:
    return any(find_library(name) for name in ("pango-1.0", "pango-1.0-0"))


SUBJECTS: tuple[Subject, ...] = (
    _master_and_store,
    _own_keys,
    _anchors,
    _region,
    _contract,
    _messages,
    _documents,
    check_relay,
    check_mailbox,
)
