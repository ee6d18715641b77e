"""The composition root: from a gateway's folder to a gateway that can send, receive and decide.

Reads top to bottom: settings, store, keys, trust, the region's format, the contract, the ways out and in. Whatever is
wrong is said with all its faults at once, and nothing is started.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.berichten import codelijsten
from gateway.config import Settings, read_secret, read_settings
from gateway.domain.findings import Finding, has_errors
from gateway.flows.intake import handler
from gateway.flows.parties import Ourselves, Surroundings
from gateway.plans import Formaat, laad_formaat
from gateway.plans.contract import Contractregel
from gateway.plans.formaat import formaat_bestand
from gateway.reconcile.contract import Contract
from gateway.reconcile.contract_bestand import laad_contract
from gateway.securemail import (
    Anchor,
    DecryptionKey,
    Mailbox,
    Revocation,
    SigningKey,
    Trust,
    decryption_key,
    load_key,
    signing_key,
)
from gateway.store import MasterKey, Store, StoreError
from gateway.transports import (
    ImapMailbox,
    ImapSettings,
    MaildirMailbox,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    Transport,
    client_context,
)
from gateway.transports import Mailbox as IncomingMailbox
from gateway.worker import Clock, deliver_due, handle_inbox, pickup, system_clock
from gateway.worker.deliver import Delivery
from gateway.worker.handle import Handled
from gateway.worker.pickup import Picked

CHANNEL = "relay"


class CannotStart(Exception):
    """Something that the gateway needs is not right. `findings` say what, where and what to do."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


class App:
    """A gateway, ready for work. Use it as a context manager: it closes what it opened."""

    def __init__(self, folder: Path, settings: Settings, environ: Mapping[str, str]) -> None:
        self.folder, self.settings = folder, settings
        self._environ = environ
        self.us = self._surroundings()
        self.store = self._open_store()
        self.transports: dict[str, Transport] = {CHANNEL: self._relay()} if settings.relay else {}
        self.mailbox = self._mailbox() if settings.mailbox else None

    @classmethod
    def open(cls, folder: Path, environ: Mapping[str, str]) -> "App":
        """The gateway in `folder`. Raises CannotStart with every fault of the first thing that is not right."""
        settings = read_settings(folder, environ)
        if isinstance(settings, tuple):
            raise CannotStart(settings)
        return cls(folder, settings, environ)

    def __enter__(self) -> "App":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    # -- work --------------------------------------------------------------------------------------------------------

    async def deliver(self, clock: Clock) -> list[Delivery]:
        """Attempt everything in the outbox that is due."""
        return await deliver_due(self.store, self.transports, clock)

    async def receive(self, clock: Clock) -> tuple[Picked, list[Handled]]:
        """Fetch what stands in the mailbox and handle everything that waits."""
        picked = Picked() if self.mailbox is None else await pickup(self.store, self.mailbox, clock)
        return picked, await handle_inbox(self.store, handler(self.store, self.us), clock)

    async def close_connections(self) -> None:
        """End what the ways out and in hold open."""
        for transport in self.transports.values():
            await transport.close()
        if self.mailbox is not None:
            await self.mailbox.close()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _surroundings(self) -> Surroundings:
        own = self.settings.gateway
        formaat, contract = self._formaat(), self._contract()
        return Surroundings(
            Ourselves(role=own.role, code=own.code, name=own.name, address=own.address),
            signer=self._signer(),
            mailbox=Mailbox(frozenset({own.address}), (self._decrypter(),)),
            trust=Trust(tuple(Anchor(certificate=der) for der in self._certificates(self.settings.keys.anchors))),
            revocation=Revocation(self._revocation_lists()),
            formaat=formaat,
            contract=contract,
            products=() if contract is None else tuple(_products(contract, formaat)),
            sources={"gemeentecodes": codelijsten.get("GEMEENTEN")},
            channel=CHANNEL,
        )

    def _open_store(self) -> Store:
        url = self.settings.store.url
        try:
            master = MasterKey.from_file(self.folder / self.settings.keys.master)
            where = self.folder / url.removeprefix("sqlite:///") if url.startswith("sqlite:") else url
            return Store.open(where, master)
        except StoreError as error:
            raise _cannot("CFG-STORE", str(error), "store.url") from error

    def _signer(self) -> SigningKey:
        keys = self.settings.keys
        leaf, *chain = self._certificates(keys.signing_certificate)
        made = signing_key(self._private(keys.signing_key, "keys.signing_key"), leaf, chain)
        if isinstance(made, Finding):
            raise CannotStart((made,))
        return made

    def _decrypter(self) -> DecryptionKey:
        keys = self.settings.keys
        leaf = self._certificates(keys.decryption_certificate)[0]
        made = decryption_key(self._private(keys.decryption_key, "keys.decryption_key"), leaf)
        if isinstance(made, Finding):
            raise CannotStart((made,))
        return made

    def _private(self, name: str, key: str):  # type: ignore[no-untyped-def]  # RSA or EC, as the file says
        file = self.folder / name
        password = self._secret(self.settings.keys.password_file, "keys.password_file", "GATEWAY_KEYS_PASSWORD")
        material = load_key(self._bytes(file, key), password.encode())
        if isinstance(material, Finding):
            raise CannotStart((material,))
        return material.private

    def _certificates(self, name: str) -> list[bytes]:
        """Certificates of a PEM file, in its order, DER."""
        data = self._bytes(self.folder / name, "keys")
        try:
            return [c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(data)]
        except ValueError:
            raise _cannot("CFG-PEM", f"{self.folder / name} holds no certificate in PEM form.", "keys") from None

    def _revocation_lists(self) -> Iterator[bytes]:
        folder = self.folder / self.settings.keys.revocation
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            data = file.read_bytes()
            if data.startswith(b"-----"):
                data = x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
            yield data

    def _formaat(self) -> Formaat:
        name = self.settings.region.plan_format
        file = self.folder / name
        if not file.is_file():
            file = formaat_bestand(name)
        formaat, findings = laad_formaat(self._bytes(file, "region.plan_format"))
        if formaat is None:
            raise CannotStart(tuple(findings))
        return formaat

    def _contract(self) -> Contract | None:
        name = self.settings.region.contract
        if name is None:
            return None
        contract, findings = laad_contract(self._bytes(self.folder / name, "region.contract"))
        if contract is None or has_errors(findings):
            raise CannotStart(findings)
        return contract

    def _relay(self) -> SmtpTransport:
        relay = self.settings.relay
        assert relay is not None
        password = None
        if relay.user is not None:
            password = self._secret(relay.password_file, "relay.password_file", "GATEWAY_RELAY_PASSWORD")
        settings = SmtpSettings(host=relay.host, port=relay.port, tls=relay.tls, username=relay.user, password=password)
        return SmtpTransport(settings, client_context(self._authority(relay.authority)))

    def _mailbox(self) -> IncomingMailbox:
        box = self.settings.mailbox
        assert box is not None
        if box.kind == "maildir":
            return MaildirMailbox(self.folder / (box.path or ""), self.settings.gateway.address)
        password = self._secret(box.password_file, "mailbox.password_file", "GATEWAY_MAILBOX_PASSWORD")
        context = client_context(self._authority(box.authority))
        host, user = box.host or "", box.user or ""
        if box.kind == "imap":
            imap = ImapSettings(host=host, username=user, password=password, port=box.port or 993, folder=box.folder)
            return ImapMailbox(imap, context)
        return Pop3Mailbox(
            Pop3Settings(host=host, username=user, password=password, port=box.port or 995), context, system_clock
        )

    def _authority(self, name: str | None) -> str | None:
        return None if name is None else self._bytes(self.folder / name, "authority").decode("ascii", "replace")

    def _secret(self, name: str, key: str, variable: str) -> str:
        secret = read_secret(self.folder / name, key, self._environ, variable)
        if isinstance(secret, Finding):
            raise CannotStart((secret,))
        return secret

    def _bytes(self, file: Path, key: str) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            raise _cannot("CFG-FILE", f"{file} cannot be read: {error.strerror}.", key) from None


def _products(contract: Contract, formaat: Formaat) -> Iterator[Contractregel]:
    """Who delivers what, in the words of the region's format: a line for each tariff of a product of the form."""
    for tarief in contract.tarieven:
        for product in formaat.producten:
            if tarief.product_code in product.iwmo.codes:
                minuut = ("01",) if tarief.eenheid == "04" and tarief.minuten else ()
                yield Contractregel(
                    gemeente=tarief.gemeente,
                    aanbieder=tarief.aanbieder,
                    product=product.id,
                    categorie=product.iwmo.categorie,
                    code=tarief.product_code,
                    eenheden=(tarief.eenheid, *minuut),
                    geldig_vanaf=tarief.geldig.begin,
                    geldig_tot=tarief.geldig.eind,
                )


def _cannot(code: str, message: str, path: str) -> CannotStart:
    return CannotStart((Finding(code=code, severity="error", message=message, path=path),))
