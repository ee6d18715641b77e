"""The requirements on secure mail: number, words of our own, where each is kept, which tests show it, what is missing.

`python -m gateway.securemail.requirements > docs/secure-mail.md` writes the page for readers.
"""

import csv
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Status = Literal["implemented", "partly", "planned", "process"]

#: Sections of the page, in order, with what each is about.
SECTIONS = {
    "profiles": "A profile says which algorithms a partner and we use: `standard`, or `strict` without older ones.",
    "sealing": "Sign, then encrypt, then write as mail; sealed once, and every attempt sends the same bytes.",
    "opening": "Fourteen steps, each only after the one before; every failure is a reason, never an exception.",
    "certificates": "Whom we trust, for what, at which moment, and what happens when a certificate ends.",
    "sender": "A valid signature says that somebody signed; here is how that becomes: this partner sent it, to us.",
    "layout": "How our mail looks, and how header fields are protected (RFC 9788).",
    "receipts": "A signed receipt proves that the other side has exactly these bytes; a bounce proves nothing.",
    "submission": "One recipient a transaction, TLS or nothing, and an outcome for every way in which it can end.",
    "pickup": "Commit first, then let the mailbox let go.",
    "quarantine": "What cannot be believed is kept whole and waits for a person.",
    "at rest": "What lies in the database, under which key, and how it is destroyed.",
    "route": "Over which network a message may go: NTA 7516, the provider's domain book, or none.",
    "logging": "What is written down of all this, and what never is.",
}

_INTRO = """# Secure mail: requirements

Every number SM-1 to SM-151 that code, tests and findings of the gateway cite. Made from
`gateway/securemail/eisen.csv` and `bedreigingen.csv`; do not edit:

    python -m gateway.securemail.requirements > docs/secure-mail.md

`gateway regels --soort SM` lists the same numbers.

- **implemented**: the gateway does it, and a test shows it; **partly**: what stands below it is missing;
  **planned**: not yet; **process**: people do it.
- *where* is a module, function or class below `gateway`; *tests* are files below `tests`.
"""
_THREATS = """## Threats

What an attacker may try, what the gateway does about it, and the test that plays the attack.

| attack | answer | requirements | tests |
| --- | --- | --- | --- |"""


class Eis(msgspec.Struct, frozen=True):
    """One requirement. `where` are modules, functions or classes below `gateway`, `tests` files below `tests`."""

    code: str
    section: str
    status: Status
    where: tuple[str, ...]
    tests: tuple[str, ...]
    text: str
    missing: str  #: `partly` and `planned`: what is not there, in Dutch like the text


class Threat(msgspec.Struct, frozen=True):
    """One attack and the tests (`file::function`) that play it."""

    attack: str
    answer: str
    requirements: tuple[str, ...]
    tests: tuple[str, ...]


@cache
def eisen() -> tuple[Eis, ...]:
    """All requirements, in the order of their numbers."""
    return tuple(msgspec.convert(_split(row, "where", "tests"), Eis) for row in _rows("eisen.csv"))


@cache
def threats() -> tuple[Threat, ...]:
    """All attacks, in the order of the page."""
    return tuple(msgspec.convert(_split(row, "requirements", "tests"), Threat) for row in _rows("bedreigingen.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("gateway.securemail").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _split(row: dict[str, str], *lists: str) -> dict[str, object]:
    """A row with these columns as lists of words."""
    return {name: tuple(value.split()) if name in lists else value for name, value in row.items()}


def document() -> str:
    """The page as Markdown."""
    parts = [_INTRO, _counts(), ""]
    for section, about in SECTIONS.items():
        parts += [f"## {section.capitalize()}", "", about, ""]
        parts.append("| no. | status | requirement | where | tests |\n| --- | --- | --- | --- | --- |")
        parts += [_line(eis) for eis in eisen() if eis.section == section]
        parts.append("")
    parts.append(_THREATS)
    parts += [
        f"| {one.attack} | {one.answer} | {' '.join(one.requirements)} | {_codes(one.tests)} |" for one in threats()
    ]
    return "\n".join([*parts, ""])


def _counts() -> str:
    counted = {status: sum(eis.status == status for eis in eisen()) for status in ("implemented", "partly", "planned")}
    return f"Of {len(eisen())}: " + ", ".join(f"{number} {status}" for status, number in counted.items()) + "."


def _line(eis: Eis) -> str:
    text = f"{eis.text} *Nog niet: {eis.missing}.*" if eis.missing else eis.text
    return f"| {eis.code} | {eis.status} | {text} | {_codes(eis.where)} | {_codes(eis.tests)} |"


def _codes(names: tuple[str, ...]) -> str:
    return " ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
