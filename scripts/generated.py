"""`python -m scripts.generated`: write the generated parts of docs/ again; tests/docs checks that they are current.

A page is hand-written around two marks; what stands between them comes from the code.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from gateway.config.describe import describe
from gateway.config.settings import OTHER_VARIABLES, SECRETS, SECTIONS

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- generated: make docs -->", "<!-- end of generated -->"


def configuration() -> str:
    """docs/configuration.md: a table a section."""
    parts = []
    for name, struct in SECTIONS.items():
        parts += [f"### [{name}]", "", " ".join((struct.__doc__ or "").split()), ""]
        parts += ["| setting | right values | default | meaning |", "|---|---|---|---|"]
        for one in describe(name):
            default = "**required**" if one.required else "none" if one.default is None else f"`{one.default}`"
            parts.append(f"| `{one.key}` | {one.expected} | {default} | {one.text} |")
        parts.append("")
    parts += ["### Secrets and other variables", "", "| variable | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {text} |" for name, text in {**SECRETS, **OTHER_VARIABLES}.items()]
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {"docs/configuration.md": configuration}


def current(page: str) -> str:
    """The page as it should be: its own text around what the code says."""
    text = (ROOT / page).read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{PAGES[page]()}\n\n{END}{after}"


if __name__ == "__main__":
    for page in PAGES:
        (ROOT / page).write_text(current(page), encoding="utf-8")
        sys.stderr.write(f"{page} written\n")
