"""Where a key stands in a TOML file: tomllib gives values without places, and a person wants the line."""

import re

_TABLE = re.compile(r"\s*\[\s*([A-Za-z0-9_.\"' -]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_AT = re.compile(r"\(at line (\d+), column \d+\)")


def lines_of(text: str) -> dict[str, int]:
    """`section` and `section.key` -> line, counted from 1; the first place counts.

    A scan and no parser: inside a multi-line string it may see keys that are not there. Such a string is no setting
    of ours, so at worst the line of something that is refused anyway is a few off.
    """
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            section = _plain(table.group(1))
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            found.setdefault(f"{section}.{_plain(key.group(1))}".lstrip("."), number)
    return found


def line_of_syntax_error(message: str, text: str) -> int:
    """The line that tomllib names in its message, or the last one ("at end of document")."""
    named = _AT.search(message)
    return int(named.group(1)) if named else max(1, len(text.splitlines()))


def _plain(key: str) -> str:
    return key.replace('"', "").replace("'", "").replace(" ", "")
