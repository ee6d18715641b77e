"""`python -m scripts.generated`: write the generated parts of docs/ again; tests/docs checks that they are current.

A page is hand-written around two marks; what stands between them comes from the code.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from gateway.cli.main import app
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
            default = "**required**" if one.required else "none" if one.default in (None, ()) else f"`{one.default}`"
            parts.append(f"| `{one.key}` | {one.expected} | {default} | {one.text} |")
        parts.append("")
    parts += ["### Secrets and other variables", "", "| variable | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {text} |" for name, text in {**SECRETS, **OTHER_VARIABLES}.items()]
    return "\n".join(parts)


def commands() -> str:
    """docs/commands.md: usage, words and parameters of every command."""
    return "\n\n".join(_command(path, command) for path, command in leaves(typer.main.get_command(app), "gateway"))


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    for name, inside in getattr(command, "commands", {}).items():
        yield from leaves(inside, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


def _command(path: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and "--help" not in p.opts]
    usage = " ".join([path, *(_shown(p) if p.required else f"[{_shown(p)}]" for p in [*arguments, *options])])
    lines = [f"### {path}", "", " ".join((command.help or "").split()), "", "```", usage, "```"]
    if arguments or options:
        lines += ["", "| parameter | meaning |", "|---|---|"]
        lines += [f"| `{_shown(p)}` | {' '.join((p.help or '').split())} |" for p in [*arguments, *options]]
    return "\n".join(lines)


def _shown(param: Any) -> str:
    """FILE… of an argument, --today DATE of an option."""
    if param.param_type_name == "argument":
        return f"{param.metavar or param.name.upper()}{'…' if param.nargs == -1 else ''}"
    names = "/".join(param.opts)
    if param.is_flag:
        return names
    return f"{names} {param.metavar or param.name.upper()}"


PAGES: dict[str, Callable[[], str]] = {"docs/configuration.md": configuration, "docs/commands.md": commands}


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
