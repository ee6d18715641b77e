"""Every setting: its type, its bounds, its default and what it means, once.

The file that `gateway init` writes, the page docs/configuration.md and the checks at reading all come from here.
A description is a sentence for an operator; `expected` says what would be right when a value is not.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


def _means(text: str, expected: str | None = None, example: object = None) -> Meta:
    """What a setting is, what a right value looks like, and a value to show where there is no default."""
    return Meta(description=text, extra={"expected": expected, "example": example})


Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=1, le=86400)]
Address = Annotated[str, Meta(pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+$", extra={"expected": "a mail address"})]
IpAddress = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f.:]+$", extra={"expected": "an IP address"})]
Url = Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*$")]
Pins = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9+/]{43}=( [A-Za-z0-9+/]{43}=)*$",
        extra={"expected": "SHA-256 in base64, more than one with a space between"},
    ),
]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:-]+$")]
Auth = Literal["plain", "scram-sha-256", "xoauth2", "external"]
Syslog = Annotated[
    str,
    Meta(pattern=r"^(/.+|[A-Za-z0-9.-]+:[0-9]{1,5})$", extra={"expected": "a socket (/dev/log) or host:port"}),
]
Path = Annotated[str, Meta(min_length=1, extra={"expected": "a path"})]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [section] of the file."""


class Gateway(_Section, frozen=True):
    """Who runs this gateway."""

    role: Annotated[
        Literal["gemeente", "aanbieder"], _means("Which side this gateway is; everything else follows from it.")
    ]
    code: Annotated[
        str,
        Meta(pattern="^([0-9]{4}|[0-9]{8})$"),
        _means(
            "Own code in the messages: the gemeentecode of a municipality, the AGB code of a provider. In quotes.",
            'a gemeentecode ("0983", four digits) or an AGB code ("99990001", eight digits), in quotes',
            "0983",
        ),
    ]
    name: Annotated[str, Meta(min_length=1), _means("Own name, as people know it.", "a name", "Gemeente Voorbeeld")]
    address: Annotated[
        Address,
        _means("Own mail address: sender of what goes out; partners seal for it.", None, "wmo@gemeente.example"),
    ]


class Store(_Section, frozen=True):
    """Where state is kept."""

    url: Annotated[
        str,
        Meta(pattern=r"^(sqlite:///.+|postgresql://.+)$"),
        _means(
            "SQLite carries one machine; for more, PostgreSQL, with its password in GATEWAY_STORE_PASSWORD.",
            "sqlite:///file.db or postgresql://user@host/database",
        ),
    ] = "sqlite:///gateway.db"
    node: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$"),
        _means(
            "Name of this process among those that share the store: each its own, the same after a restart.",
            "a name of letters, digits, dots and hyphens",
        ),
    ] = "gateway"


class Keys(_Section, frozen=True):
    """Files with keys and certificates. Private ones have mode 0600, and are refused otherwise."""

    master: Annotated[
        Path, _means("The key that locks the store: 32 random bytes. Never in one backup with the database.")
    ] = "keys/master.key"
    master_command: Annotated[
        tuple[str, ...] | None,
        _means(
            "Command that prints that key (64 hex digits), in place of the file; run without a shell.",
            "a list of a command and its arguments",
            ["/usr/local/bin/fetch-key", "wmo"],
        ),
    ] = None
    password_file: Annotated[
        Path, _means("File with the password of the private keys, mode 0600. GATEWAY_KEYS_PASSWORD goes before it.")
    ] = "keys/keys.password"
    signing_key: Annotated[Path, _means("Private key that signs outgoing mail (encrypted PKCS#8 or PKCS#12).")] = (
        "keys/signing.key"
    )
    signing_certificate: Annotated[Path, _means("Its certificate, followed by the intermediate ones (PEM).")] = (
        "keys/signing.pem"
    )
    decryption_key: Annotated[Path, _means("Private key that opens incoming mail (encrypted PKCS#8 or PKCS#12).")] = (
        "keys/decryption.key"
    )
    decryption_certificate: Annotated[Path, _means("Its certificate, which partners seal for (PEM).")] = (
        "keys/decryption.pem"
    )
    pkcs11_module: Annotated[
        str | None,
        _means(
            "PKCS#11 library, where a key is on a token: its file then holds pkcs11:token=LABEL;object=LABEL.",
            "a path",
            "/usr/lib/softhsm/libsofthsm2.so",
        ),
    ] = None
    pkcs11_pin_file: Annotated[
        Path, _means("File with the token's PIN, mode 0600. GATEWAY_PKCS11_PIN goes before it.")
    ] = "keys/token.pin"
    anchors: Annotated[
        Path, _means("Roots that are trusted to have issued partners' certificates (PEM). None is built in.")
    ] = "keys/anchors.pem"
    revocation: Annotated[
        Path, _means("Folder with revocation lists (CRL, DER or PEM) of the authorities behind partners' certificates.")
    ] = "keys/crl"


# What a server of the mail provider wants, for mail out and in.
_PasswordCommand = Annotated[
    tuple[str, ...],
    _means(
        "Program and arguments that print the password or token: run at every log-in, in this folder. Goes before"
        " the file.",
        "a list of texts",
        ["bin/token", "--scope", "mail"],
    ),
]
_HowToLogIn = Annotated[
    Auth,
    _means(
        "How to log in, always inside TLS. xoauth2: the password is an access token, read anew each time."
        " external: by the client certificate below."
    ),
]
_ClientCertificate = Annotated[
    str | None, _means("Our certificate for TLS, where the server wants one (PEM).", "a path", "keys/client.pem")
]
_ClientKey = Annotated[str | None, _means("Its private key (PEM, mode 0600).", "a path", "keys/client.key")]
_Authority = Annotated[
    str | None,
    _means(
        "File with the roots that may have issued the server's certificate (PEM), or `system` for those of the"
        " machine. There is no default: who may vouch for the server is your choice.",
        'a path, or "system"',
        "keys/mail-roots.pem",
    ),
]
_Pin = Annotated[
    Pins | None,
    _means(
        "Keys the server may have, its certificate being right as well: SHA-256 of the SPKI. Two at a change.",
        None,
        "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
    ),
]


class Relay(_Section, frozen=True):
    """The mail provider's server for outgoing mail. Always with TLS; there is no setting for plain text."""

    kind: Annotated[
        Literal["smtp", "folder"],
        _means("The mail provider's server, or a folder where a broker or portal takes whole files from."),
    ] = "smtp"
    path: Annotated[str | None, _means("The folder (folder).", "a path", "uit")] = None
    host: Annotated[
        Host | None,
        _means("Name of the server, as in its certificate (smtp).", "a host name or address", "smtp.mail.example"),
    ] = None
    port: Annotated[Port, _means("587 for starttls, 465 for implicit.")] = 587
    tls: Annotated[
        Literal["starttls", "implicit"], _means("How TLS begins: after a word in clear, or from the first byte.")
    ] = "starttls"
    user: Annotated[
        str | None, _means("Account at the provider; its password is in the file below.", "a name", "wmo")
    ] = None
    password_file: Annotated[
        Path, _means("File with the account's password, mode 0600. GATEWAY_RELAY_PASSWORD goes before it.")
    ] = "keys/relay.password"
    password_command: _PasswordCommand = ()
    auth: _HowToLogIn = "plain"
    client_certificate: _ClientCertificate = None
    client_key: _ClientKey = None
    authority: _Authority = None
    pin: _Pin = None


class Mailbox(_Section, frozen=True):
    """Where incoming mail is picked up."""

    kind: Annotated[
        Literal["imap", "pop3", "maildir", "folder"],
        _means("Protocol; or a maildir that a local mail server fills, or a folder where a broker drops whole files."),
    ]
    host: Annotated[
        str | None,
        _means("Name of the server, as in its certificate (imap, pop3).", "a host name", "imap.mail.example"),
    ] = None
    port: Annotated[Port | None, _means("Left out: 993 for imap, 995 for pop3 (both with TLS).", None, 993)] = None
    user: Annotated[str | None, _means("Account at the provider (imap, pop3).", "a name", "wmo")] = None
    password_file: Annotated[
        Path, _means("File with the account's password, mode 0600. GATEWAY_MAILBOX_PASSWORD goes before it.")
    ] = "keys/mailbox.password"
    password_command: _PasswordCommand = ()
    auth: _HowToLogIn = "plain"
    client_certificate: _ClientCertificate = None
    client_key: _ClientKey = None
    folder: Annotated[str, Meta(min_length=1), _means("Folder that is read (imap).", "a folder's name")] = "INBOX"
    authserv_id: Annotated[
        Host | None,
        _means(
            "Name under which the mail provider writes Authentication-Results, removing those of others. Needed for"
            " partners with plain_return.",
            "a host name",
            "mx.mail.example",
        ),
    ] = None
    after: Annotated[
        Literal["move", "delete"],
        _means(
            "What becomes of fetched mail: moved to the folder Verwerkt, or deleted once it is as old as"
            " retention.processed_mail_days. pop3 has no folders: always the latter."
        ),
    ] = "move"
    path: Annotated[str | None, _means("The folder (maildir, folder).", "a path", "mail")] = None
    authority: _Authority = None
    pin: _Pin = None


class Route(_Section, frozen=True):
    """How it is known which mail domains are reached over a secure route. What is not known is held, not sent."""

    domain_book: Annotated[
        str | None,
        _means(
            "The mail provider's list of domains inside its secure network: an https address or a file, read daily.",
            "an https address or a path",
            "https://mail.example/domainbook.txt",
        ),
    ] = None
    resolver: Annotated[
        IpAddress | None,
        _means(
            "Address of a resolver that validates DNSSEC, for NTA 7516; without it no domain qualifies.",
            "an IP address",
            "127.0.0.1",
        ),
    ] = None
    resolver_port: Annotated[Port, _means("Its port.")] = 53
    resolver_trusted: Annotated[
        bool, _means("Whether a resolver on another machine is believed: only over a path that nobody else is on.")
    ] = False


class Schedule(_Section, frozen=True):
    """How often the running gateway looks."""

    dispatch_seconds: Annotated[Seconds, _means("Time between two looks in the outbox.")] = 10
    pickup_seconds: Annotated[Seconds, _means("Time between two looks in the mailbox.")] = 30


class RevocationData(_Section, frozen=True):
    """Where to learn which certificates were revoked. Lists in the folder of keys.revocation are used as well."""

    lists: Annotated[
        tuple[Url, ...],
        _means(
            "Addresses of revocation lists (CRL) of the authorities behind partners' certificates.",
            "a list of web addresses",
            ["http://crl.authority.example/issuing.crl"],
        ),
    ] = ()
    responders: Annotated[
        tuple[Url, ...],
        _means(
            "Responders (OCSP): asked about a partner's certificate that names an address beginning with one of these.",
            "a list of web addresses, each with the slash after the host",
            ["http://ocsp.authority.example/"],
        ),
    ] = ()
    lists_minutes: Annotated[int, Meta(ge=5, le=1440), _means("Time between two fetches of a list.")] = 60
    responders_hours: Annotated[int, Meta(ge=1, le=168), _means("Time between two questions about a certificate.")] = 6
    grace_hours: Annotated[
        int, Meta(ge=0, le=168), _means("So long after their end data still count; then mail waits for newer ones.")
    ] = 24


class Health(_Section, frozen=True):
    """What a supervisor and a monitoring system ask the running gateway, on this machine only (127.0.0.1)."""

    port: Annotated[
        Port | None, _means("Serves /healthz, /readyz and /metrics there; left out: nowhere.", None, 9464)
    ] = None


class Limits(_Section, frozen=True):
    """Bounds on what comes in and goes out."""

    message_mb: Annotated[
        int, Meta(ge=1, le=200), _means("Largest mail that is opened or made; larger is quarantined or refused.")
    ] = 50
    give_up_hours: Annotated[
        int, Meta(ge=1, le=240), _means("After this time a message that nobody accepts is given to a person.")
    ] = 120


class Audit(_Section, frozen=True):
    """Where the end of the audit trail goes every day: there whoever owns the database should not be able to write."""

    heads: Annotated[
        Path, _means("File that gets a line a day: number and MAC. Best on another machine's disk, or copied there.")
    ] = "audit-heads.txt"
    syslog: Annotated[
        Syslog | None, _means("Also to this syslog: a socket, or host:port (UDP).", None, "log.gemeente.example:514")
    ] = None


class Region(_Section, frozen=True):
    """What differs from region to region, as files."""

    plan_format: Annotated[
        Path, _means("The region's form of the support plan: a file, or the name of one that comes with the gateway.")
    ] = "mlo-2018"
    contract: Annotated[
        str | None,
        _means(
            "Products and tariffs agreed with providers. Without it declarations are held, not judged.",
            "a path",
            "contract.json",
        ),
    ] = None


class Messages(_Section, frozen=True):
    """What iWmo messages are judged by, where it is not what comes with the gateway."""

    schemas: Annotated[
        str | None, _means("Folder with the publisher's XSDs of iWmo 3.2. Left out: our own.", "a path", "xsd")
    ] = None
    codelists: Annotated[
        str | None,
        _means(
            "Folder with code lists: municipalities, products, AGB codes (docs/codelijsten.md).", "a path", "lijsten"
        ),
    ] = None


class Retention(_Section, frozen=True):
    """How long things are kept. What is past its term is destroyed by `gateway purge`, never by itself."""

    dossier_years: Annotated[
        int,
        Meta(ge=1, le=100),
        _means("A client's dossier, after the last thing that happened in it (Wmo 2015, article 5.3.4: 15 years)."),
    ] = 15
    declaration_years: Annotated[
        int, Meta(ge=1, le=100), _means("Declarations and their answers, which are about many clients, after the last.")
    ] = 7
    mail_days: Annotated[
        int,
        Meta(ge=90, le=36500),
        _means("The mail itself, as sent and received, after it is done; what it carried stays in its dossier."),
    ] = 730

    backup_days: Annotated[
        int, Meta(ge=1, le=35), _means("Age at which the last backup expires: only then is a destroyed dossier gone.")
    ] = 35
    processed_mail_days: Annotated[
        int, Meta(ge=1, le=365), _means("Age at which picked-up mail is removed from the provider's mailbox.")
    ] = 30


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in gateway.toml. A gateway without `relay` sends nothing, one without `mailbox` picks nothing up."""

    gateway: Gateway
    store: Store = Store()
    keys: Keys = Keys()
    relay: Relay | None = None
    mailbox: Mailbox | None = None
    route: Route = Route()
    schedule: Schedule = Schedule()
    revocation: RevocationData = RevocationData()
    health: Health = Health()
    limits: Limits = Limits()
    audit: Audit = Audit()
    region: Region = Region()
    messages: Messages = Messages()
    retention: Retention = Retention()


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "gateway": Gateway,
    "store": Store,
    "keys": Keys,
    "relay": Relay,
    "mailbox": Mailbox,
    "route": Route,
    "schedule": Schedule,
    "revocation": RevocationData,
    "health": Health,
    "limits": Limits,
    "audit": Audit,
    "region": Region,
    "messages": Messages,
    "retention": Retention,
}
REQUIRED = ("gateway",)
SECRETS = {
    "GATEWAY_STORE_PASSWORD": "password of the PostgreSQL account in store.url",
    "GATEWAY_KEYS_PASSWORD": "password of the private keys",
    "GATEWAY_PKCS11_PIN": "PIN of the token that keys are on",
    "GATEWAY_RELAY_PASSWORD": "password of relay.user",
    "GATEWAY_MAILBOX_PASSWORD": "password of mailbox.user",
}
OTHER_VARIABLES = {
    "GATEWAY_DIR": "the gateway's folder, for commands without --dir",
    "GATEWAY_REPORT": "file for a report on a fault of the gateway itself",
}
