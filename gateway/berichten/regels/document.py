"""docs/regels.md, made from the rule table and the register.

python -m gateway.berichten.regels.document > docs/regels.md
"""

import sys
from collections import Counter
from collections.abc import Iterable

from gateway.berichten.regels import rules
from gateway.berichten.regels.tabel import Regel

_KOP = """# Rules of iWmo 3.2

Every rule of the standard, what the gateway does with it and where. Made from the rule table
(`gateway/berichten/data/iwmo_3_2/regels.csv`) and the register of rule functions; do not edit:

    python -m gateway.berichten.regels.document > docs/regels.md

Numbers, levels and retourcodes are those of the standard; the words are ours and are what a person reads in a finding.

- **implemented**: a function checks it; *where* names it. **schema**: the XSD enforces it; *where* names data type and
  facet, and a finding carries the rule's number. **planned**: not yet.
- **process**: a rule about people and organisations. *enforced* by the rules or the room that *where* names,
  *recorded* (the gateway keeps what was sent and received, and when; people watch the term), or for *people*.
- Level 1 is the schema, 2 within the message, 3 against earlier messages, 4 against outside sources.
- A rule that lacks its source is reported as not checked: never as good.

Where the official texts, schemas and level-2 test contradict each other, the official test decides: so the rules about
BSN, birth date, name, language and address also run on the return messages that repeat them, and TR319, a rule of
level 3, is also part of level 2. Blanks around a date, leading zeros and a plus sign weigh as they do in that test,
which reads some values as text.

Two things differ on purpose. A date outside the years 1 to 9999, which an XSD allows, is refused on level 1. A comment
in the middle of a value does not split the value.
"""
_SOORTEN = {
    "CD": "Conditions within a message",
    "CS": "Constraints within a message",
    "RS": "Restrictions of the schema",
    "TR": "Technical rules",
    "OP": "Business rules",
    "IV": "Filling instructions",
    "UP": "Principles",
}


def pagina(regels: Iterable[Regel]) -> str:
    """The page, as Markdown."""
    alle = tuple(regels)
    delen = [_KOP, _telling(alle)]
    for soort, titel in _SOORTEN.items():
        delen.append(f"\n## {soort}: {titel}\n\n{_tabel([r for r in alle if r.soort == soort])}")
    return "\n".join(delen)


def _telling(regels: tuple[Regel, ...]) -> str:
    statussen = sorted({r.status for r in regels})
    aantal = Counter((r.soort, r.status) for r in regels)
    rijen = [[soort, *(str(aantal[soort, status] or "") for status in statussen)] for soort in _SOORTEN]
    return _rijen(["kind", *statussen], rijen)


def _tabel(regels: list[Regel]) -> str:
    proces = all(r.status == "process" for r in regels)
    if proces:
        return _rijen(
            ["rule", "messages", "text", "how", "where"], [[*_eerste(r), r.how, _code(r.where)] for r in regels]
        )
    kop = ["rule", "level", "retourcode", "messages", "text", "status", "where", "tests"]
    return _rijen(kop, [_rij(r) for r in regels])


def _rij(regel: Regel) -> list[str]:
    code, berichten, tekst = _eerste(regel)
    tests = _code(" ".join(t.removeprefix("tests/") for t in regel.tests))
    return [
        code,
        str(regel.level or ""),
        regel.retourcode or "",
        berichten,
        tekst,
        regel.status,
        _code(regel.where),
        tests,
    ]


def _eerste(regel: Regel) -> list[str]:
    return [regel.code, " ".join(b.removeprefix("WMO") for b in regel.berichten), regel.text]


def _code(plekken: str) -> str:
    return " ".join(f"`{plek.removeprefix('gateway.')}`" for plek in plekken.split())


def _rijen(kop: list[str], rijen: list[list[str]]) -> str:
    lijnen = [kop, ["---"] * len(kop), *rijen]
    return "".join(f"| {' | '.join(cel.replace('|', '/') for cel in lijn)} |\n" for lijn in lijnen)


if __name__ == "__main__":
    sys.stdout.write(pagina(rules()))
