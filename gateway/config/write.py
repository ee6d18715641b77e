"""`Settings` -> the text of gateway.toml: every setting explained in place, defaults as comments."""

import json
import textwrap

from gateway.config.describe import Described, describe
from gateway.config.settings import SECRETS, SECTIONS, Settings

_HEAD = f"""\
# Configuration of one gateway. Review it like code: everything it does is decided here.
#
# - '#key = value' shows a default or an example; remove the '#' to change it.
# - A path is full, or relative to the folder of this file.
# - The environment goes before this file: GATEWAY_<SECTION>_<KEY>, for instance GATEWAY_RELAY_PORT.
# - No secrets here: they are files of mode 0600, or in the environment:
#   {", ".join(SECRETS)}.
# - `gateway check` reads this file and tests what it names.
"""


def render(settings: Settings) -> str:
    """The file. Reading it back gives the same settings."""
    return "\n".join([_HEAD, *(_section(settings, name) for name in SECTIONS)])


def _section(settings: Settings, name: str) -> str:
    values = getattr(settings, name)
    off = "" if values is not None else "#"  # an optional section that this gateway does not use
    lines = [*_comment(SECTIONS[name].__doc__ or ""), f"{off}[{name}]"]
    for one in describe(name):
        lines += ["", *_comment(f"{one.text} ({one.expected})"), _line(one, getattr(values, one.key, None))]
    return "\n".join(lines) + "\n"


def _line(one: Described, value: object) -> str:
    """`key = value`, as a comment when it only shows the default or an example."""
    if one.required and value is not None:
        return f"{one.key} = {toml(value)}"
    if value is not None and value != one.default:
        return f"{one.key} = {toml(value)}"
    shown = one.example if one.default in (None, ()) else one.default
    return f"#{one.key} = {toml(shown)}"


def toml(value: object) -> str:
    """A TOML value: JSON's strings and numbers are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(" ".join(text.split()), 110)]
