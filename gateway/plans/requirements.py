"""The requirements that this room cites: number, words of our own, what the gateway does with it and where.

`python -m gateway.plans.requirements > docs/plannen.md` writes the table for readers.
"""

import csv
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Status = Literal["enforced", "recorded", "human", "later"]

_KINDS = {
    "PL": "Rules about plans",
    "PLD": "Rules about documents",
    "H": "What a person decides",
    "A": "Assumptions",
    "G": "Gaps in the sources, and what was chosen",
}
_INTRO = """# Support plans: requirements

Every number that code, tests and screens of `gateway/plans` cite. Made from `gateway/plans/eisen.csv`; do not edit:

    python -m gateway.plans.requirements > docs/plannen.md

- **enforced**: the gateway refuses, warns or proves it; **recorded**: it is kept and can be shown; **human**: a person
  decides and the gateway shows what is needed; **later**: not yet.
- *where* is the module or function below `gateway.plans`.
"""


class Eis(msgspec.Struct, frozen=True):
    """One requirement. `where` is a module or function below `gateway.plans`, empty for what people do."""

    code: str
    status: Status
    where: str
    text: str

    @property
    def soort(self) -> str:
        return self.code.partition("-")[0]


@cache
def eisen() -> tuple[Eis, ...]:
    """All requirements, in the order of their numbers."""
    text = resources.files("gateway.plans").joinpath("eisen.csv").read_text("utf-8")
    return tuple(msgspec.convert(row, Eis) for row in csv.DictReader(text.splitlines()))


def document() -> str:
    """The table as Markdown."""
    parts = [_INTRO]
    for soort, titel in _KINDS.items():
        parts.append(f"## {titel}\n\n| no. | status | rule | where |\n| --- | --- | --- | --- |")
        parts += [f"| {e.code} | {e.status} | {e.text} | {_code(e.where)} |" for e in eisen() if e.soort == soort]
        parts.append("")
    return "\n".join(parts)


def _code(where: str) -> str:
    return f"`{where}`" if where else ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
