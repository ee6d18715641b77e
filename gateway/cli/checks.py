"""What `gateway check` tests: one function a subject, each answers with what it saw and what to mend.

Servers are greeted, logged in to, and left; then one mail goes to ourselves, if that is wanted. A store of an older
version is brought up to date, as at any start.
"""

from collections.abc import Callable, Iterator, Mapping
from ctypes.util import find_library
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.check import Check, Surround, failed
from gateway.cli.check_ways import check_ways
from gateway.config import Settings, read_secret
from gateway.domain.findings import Finding

if TYPE_CHECKING:
    from gateway.keyring import Pair
    from gateway.securemail.keys import PrivateKey
    from gateway.tokens import TokenKey

RENEW = timedelta(days=60)  # getting a certificate takes weeks

Subject = Callable[[Surround], Iterator[Check]]


def run_checks(
    settings: Settings, folder: Path, environ: Mapping[str, str], *, round_trip: bool = True
) -> Iterator[Check]:
    """Every check in turn, from the inside out."""
    around = Surround(settings, folder.absolute(), environ, datetime.now(UTC), round_trip)
    yield Check(check="settings", ok=True, what=f"{settings.gateway.role} {settings.gateway.code}")
    for subject in SUBJECTS:
        yield from subject(around)


def _master_and_store(around: Surround) -> Iterator[Check]:
    from gateway.store import KeyRefused, Store, StoreError
    from gateway.ways import Files, master_key, store_place

    try:
        master = master_key(around.settings, Files(around.folder, around.environ))
    except KeyRefused as refused:
        yield Check(check="master key", ok=False, what=str(refused), advice="Put the key back.")
        return
    yield Check(check="master key", ok=True, what="readable by its owner only")
    place = store_place(around.settings, Files(around.folder, around.environ))
    if isinstance(place, Path) and not place.exists():
        yield Check(check="store", ok=True, what="not there yet; it is made at the first start")
        return
    try:
        with Store.open(place, master) as store:
            store.check()
    except StoreError as refused:
        yield Check(check="store", ok=False, what=str(refused))
        return
    yield Check(check="store", ok=True, what="opens with this master key")


def _own_keys(around: Surround) -> Iterator[Check]:
    from gateway.keyring import pairs

    keys = around.settings.keys
    file = around.path(keys.password_file)
    password = read_secret(file, "keys.password_file", around.environ, "GATEWAY_KEYS_PASSWORD")
    if isinstance(password, Finding):
        yield failed("key password", password)
        return
    uses = {
        "signing key": (keys.signing_key, keys.signing_certificate),
        "decryption key": (keys.decryption_key, keys.decryption_certificate),
    }
    for name, (key, certificate) in uses.items():
        there = pairs(around.folder, key, certificate)
        for number, pair in enumerate(there, 1):
            called = name if len(there) == 1 else f"{name} {number}"
            yield _pair(around, called, pair, opens=name == "decryption key", last=number == len(there))
            if name == "decryption key":
                yield from _decrypts(around, called, pair)


def _pair(around: Surround, name: str, pair: "Pair", *, opens: bool, last: bool) -> Check:
    """A private key, its mode, its certificate, whether they belong together, and until when.

    One that ended is a fault only if no other follows it.
    """
    from cryptography import x509

    from gateway.securemail import decryption_key, signing_key

    read = _read_pair(around, pair)
    if isinstance(read, Finding):
        return failed(name, read)
    private, der = read
    prepared = decryption_key(private, der) if opens else signing_key(private, der)
    if isinstance(prepared, Finding):
        return failed(name, prepared)
    own = x509.load_der_x509_certificate(der)
    left = own.not_valid_after_utc - around.now
    until = own.not_valid_after_utc.date().isoformat()
    if pair.lost_file.exists():
        what, advice = "reported lost: it is used for nothing new", None if not last else "Add the next key."
        return Check(check=name, ok=not last, what=what, advice=advice)
    if left < timedelta(0):
        return Check(check=name, ok=not last, what=f"its certificate expired on {until}", advice="Ask for a new one.")
    advice = "Ask for a new one now." if last and left < RENEW else None
    if prepared.facts.to_be_phased_out and advice is None:
        advice = f"RSA of {prepared.facts.bits} bits is to be phased out: let the next be RSA-3072 or P-256 (SM-121)."
    return Check(check=name, ok=True, what=f"fits its certificate, which is valid until {until}", advice=advice)


def _decrypts(around: Surround, name: str, pair: "Pair") -> Iterator[Check]:
    """What a key that decrypts is for: profiles (SM-122), and whether PKCS#1 v1.5 may be tried (SM-139)."""
    from gateway.keyring import serves
    from gateway.securemail import decryption_key
    from gateway.ways import CannotStart

    read = _read_pair(around, pair)
    try:
        made = read if isinstance(read, Finding) else decryption_key(*read, serves(pair))
    except CannotStart as fault:
        yield failed(name, fault.findings[0])
        return
    if isinstance(made, Finding) or made.facts.kind != "rsa":
        return  # said already; or EC, to which neither matters
    if len(made.profiles) > 1:
        what = "one RSA key serves both profiles: what a strict partner seals can be wrapped again as an older form"
        advice = "Add a key for strict partners only: gateway cert add --use decrypt --profile strict (SM-122)."
        yield Check(check=f"{name} profiles", ok=True, what=what, advice=advice)
    if not made.pkcs1 and "standard" in made.profiles:
        what = "RSA PKCS#1 v1.5 is off: this OpenSSL does not hide a bad block (no implicit rejection, SM-139)"
        advice = "Partners that seal with it cannot reach us. Use an OpenSSL of 3.2 or later."
        yield Check(check=f"{name} PKCS#1 v1.5", ok=True, what=what, advice=advice)


def _read_pair(around: Surround, pair: "Pair") -> "tuple[PrivateKey | TokenKey, bytes] | Finding":
    """The private key, or the one on a token that its file names, and the certificate."""
    from gateway.keyring import certificates, private_key
    from gateway.ways import CannotStart, Files

    place = Files(around.folder, around.environ)
    try:
        private = private_key(pair.key, f"keys.{pair.key.name}", around.settings.keys, place)
        return private, certificates(place, pair.certificate)[0]
    except CannotStart as fault:
        return fault.findings[0]


def _anchors(around: Surround) -> Iterator[Check]:
    from gateway.anchors import read_trust
    from gateway.ways import CannotStart, Files

    advice = "Add the roots of your partners' certificates, or nobody is trusted: gateway cert add --use anchor."
    try:
        trust = read_trust(around.settings.keys, Files(around.folder, around.environ))
    except CannotStart as fault:
        yield Check(check="anchors", ok=False, what=fault.findings[0].message, advice=advice)
        return
    own = sum(len(anchors) for anchors in trust.own.values())
    what = f"{len(trust.every)} trusted roots, {len(trust.intermediates)} certificates of authorities below them"
    what += f"; {own} roots for one partner" if own else ""
    yield Check(check="anchors", ok=bool(trust.every), what=what, advice=None if trust.every else advice)


def _certificates(around: Surround) -> Iterator[Check]:
    """Partners' keys that are to be phased out, counted (SM-121), where the gateway is complete enough to know them."""
    from gateway.app import App
    from gateway.flows.parties import partners
    from gateway.securemail.keyrules import KeyFacts, certificate_facts
    from gateway.ways import CannotStart, Files, store_place

    place = store_place(around.settings, Files(around.folder, around.environ))
    if isinstance(place, Path) and not place.exists():
        return  # a check makes no store
    try:
        app = App.open(around.folder, around.environ)
    except CannotStart:
        return  # the other checks say why
    with app, app.store.view(now=around.now) as view:
        facts = [(r.code, certificate_facts(c.der)) for r in partners(view) for c in r.usable]
    old = sorted({code for code, one in facts if isinstance(one, KeyFacts) and one.to_be_phased_out})
    advice = f"To be phased out (NCSC); ask for RSA-3072 or P-256: {', '.join(old)}." if old else None
    what = f"{len(facts)} of partners may be used, {len(old)} partners with RSA below 3072 bits"
    yield Check(check="certificates", ok=True, what=what, advice=advice)


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
    _certificates,
    _region,
    _contract,
    _messages,
    _documents,
    check_ways,
)
