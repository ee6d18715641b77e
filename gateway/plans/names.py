"""One name, two spellings: snake_case in Python and region files, lowerCamelCase in JSON; no third (plan 5.1)."""

import re

_UPPER = re.compile(r"[A-Z]")


def camel(name: str) -> str:
    """`uren_per_week` -> `urenPerWeek`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def snake(name: str) -> str:
    """`urenPerWeek` -> `uren_per_week`; the inverse of `camel` for every name the region loader lets through."""
    return _UPPER.sub(lambda m: "_" + m.group().lower(), name)


def json_path(path: str) -> str:
    """`resultaat.2.uren_per_week` -> `resultaat.2.urenPerWeek`."""
    return ".".join(camel(part) for part in path.split("."))


def pdf_name(path: str) -> str:
    """`resultaat.2.toelichting` -> `resultaat-2-toelichting`: a partial field name may hold no full stop (PLD-9)."""
    return path.replace(".", "-")
