"""gateway.toml and the environment -> `Settings`, or everything that is wrong with them at once.

Faults are findings with line, key (`path`) and what would be right; values are not repeated, for one of them may be a
secret in the wrong place.
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.config.describe import Described, describe, everything
from gateway.config.lines import line_of_syntax_error, lines_of
from gateway.config.settings import OTHER_VARIABLES, REQUIRED, SECRETS, SECTIONS, Settings
from gateway.domain.findings import Finding

FILE = "gateway.toml"
_SECRET_WORDS = ("password", "passphrase", "secret", "token", "wachtwoord")
_PRIVATE_KEY = "PRIVATE KEY-----"
_ELSEWHERE = (
    "Put it in a file of mode 0600 (relay.password_file, mailbox.password_file) or in the environment "
    f"({', '.join(SECRETS)}), remove it here, and replace it if others could read it."
)

Values = dict[str, dict[str, Any]]  # section -> key -> value, as TOML or the environment gave it


def read_settings(folder: Path, environ: Mapping[str, str]) -> Settings | tuple[Finding, ...]:
    """Settings of the gateway in `folder`; the environment goes before the file."""
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        return (_finding("CFG-FILE", f"{file} cannot be read: {error.strerror}.", "Make one: gateway init.", ""),)
    except UnicodeDecodeError:
        return (_finding("CFG-SYNTAX", f"{file} is not UTF-8 text.", "Save it as UTF-8.", "", 1),)
    return parse_settings(text, environ)


def parse_settings(text: str, environ: Mapping[str, str]) -> Settings | tuple[Finding, ...]:
    """Settings from the text of a gateway.toml; the environment goes before it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = line_of_syntax_error(str(error), text)
        return (
            _finding("CFG-SYNTAX", f"This is not TOML: {_lower(str(error))}.", "See toml.io for the form.", "", line),
        )
    lines = lines_of(text)
    faults = [*_structure(document, lines), *_secrets(document, lines), *_unknown_variables(environ)]
    values = {name: dict(document.get(name, {})) for name in SECTIONS if isinstance(document.get(name, {}), dict)}
    from_environment = _overlay(values, environ)
    present = [name for name in values if values[name] or name in document or name in REQUIRED]
    faults += [fault for name in present for fault in _section(name, values[name], lines, from_environment)]
    if not faults:
        settings = _build(values, present)
        faults = [fault for check in CROSS_CHECKS for fault in check(settings, lines)]
        if not faults:
            return settings
    return tuple(sorted(faults, key=lambda fault: (fault.line or 0, fault.path or "")))


def _structure(document: Mapping[str, Any], lines: Mapping[str, int]) -> list[Finding]:
    """Sections that are none, and keys that no setting has."""
    faults = []
    for name, content in document.items():
        if name not in SECTIONS or not isinstance(content, dict):
            faults.append(_unknown(name, f"[{name}]" if isinstance(content, dict) else name, SECTIONS, lines))
            continue
        known = {one.key for one in describe(name)}
        for key in content:
            if key not in known and not _looks_secret(key):
                faults.append(_unknown(f"{name}.{key}", key, known, lines))
    return faults


def _unknown(path: str, shown: str, known: Any, lines: Mapping[str, int]) -> Finding:
    near = difflib.get_close_matches(shown.strip("[]"), list(known), n=1)
    advice = f"Did you mean {near[0]}?" if near else "Known here: " + ", ".join(sorted(known)) + "."
    return _finding("CFG-UNKNOWN", f"There is no setting {shown} here.", advice, path, lines.get(path))


def _secrets(document: Mapping[str, Any], lines: Mapping[str, int]) -> list[Finding]:
    """A secret in the file, under whatever name. Its value is not shown."""
    faults = []
    for section, content in document.items():
        for key, value in (content if isinstance(content, dict) else {section: content}).items():
            path = f"{section}.{key}" if isinstance(content, dict) else section
            if _looks_secret(key) or (isinstance(value, str) and (_PRIVATE_KEY in value or _password_in_url(value))):
                faults.append(
                    _finding(
                        "CFG-SECRET",
                        "A secret does not belong in this file.",
                        _ELSEWHERE,
                        path,
                        lines.get(path),
                    )
                )
    return faults


def _looks_secret(key: str) -> bool:
    lowered = key.lower()
    return any(word in lowered for word in _SECRET_WORDS) and not lowered.endswith(("_file", "_command"))


def _password_in_url(value: str) -> bool:
    authority = value.partition("://")[2].split("/", 1)[0]
    return "@" in authority and ":" in authority.rpartition("@")[0]


def _unknown_variables(environ: Mapping[str, str]) -> list[Finding]:
    """GATEWAY_… variables that mean nothing: most likely a misspelt setting that would go unnoticed."""
    known = {one.variable for one in everything()} | SECRETS.keys() | OTHER_VARIABLES.keys()
    return [
        _unknown(name, name, known, {}) for name in sorted(environ) if name.startswith("GATEWAY_") and name not in known
    ]


def _overlay(values: Values, environ: Mapping[str, str]) -> set[str]:
    """Put the environment's values over the file's; the paths that came from there."""
    taken = set()
    for one in everything():
        if one.variable in environ and one.section in values:
            text = environ[one.variable]
            values[one.section][one.key] = _from_text(one, text)
            taken.add(one.path)
    return taken


def _from_text(one: Described, text: str) -> object:
    """A value as the file would have it; in a list blanks part the items."""
    if isinstance(one.default, tuple):
        return text.split()
    return int(text) if _is_number(one) and text.strip().isdigit() else text


def _is_number(one: Described) -> bool:
    return "whole number" in one.expected


def _section(name: str, values: dict[str, Any], lines: Mapping[str, int], from_environment: set[str]) -> list[Finding]:
    """What is missing in one section, and what has a wrong value."""
    faults = []
    for one in describe(name):
        if one.key not in values:
            if one.required:
                faults.append(
                    _finding("CFG-MISSING", f"{one.path} is missing.", _right(one), one.path, lines.get(name))
                )
            continue
        try:
            msgspec.convert(values[one.key], one.type)
        except msgspec.ValidationError:
            place = one.variable if one.path in from_environment else one.path
            faults.append(_finding("CFG-VALUE", f"{place} has a wrong value.", _right(one), place, lines.get(place)))
    return faults


def _right(one: Described) -> str:
    return f"Right would be {one.expected}. {one.text}"


def _build(values: Values, present: list[str]) -> Settings:
    known = {name: {one.key for one in describe(name)} for name in present}
    return msgspec.convert(
        {name: {key: value for key, value in values[name].items() if key in known[name]} for name in present}, Settings
    )


def _code_fits_role(settings: Settings, lines: Mapping[str, int]) -> list[Finding]:
    """A municipality has four digits, a provider eight."""
    own = settings.gateway
    digits, kind = (4, "gemeentecode") if own.role == "gemeente" else (8, "AGB code")
    if len(own.code) == digits:
        return []
    advice = f'Right would be a {kind} of {digits} digits, in quotes, for role "{own.role}".'
    path = "gateway.code"
    return [_finding("CFG-VALUE", f"{path} does not fit gateway.role.", advice, path, lines.get(path))]


_NEEDED = {  # by kind of way: what it cannot do without
    "smtp": ("host", "authority"),
    "imap": ("host", "user", "authority"),
    "pop3": ("host", "user", "authority"),
    "maildir": ("path",),
    "folder": ("path",),
}


def _ways_are_complete(settings: Settings, lines: Mapping[str, int]) -> list[Finding]:
    """Each kind of way out and in needs its own keys; who may vouch for a server is never left open (SM-79)."""
    found = []
    for section, way in (("relay", settings.relay), ("mailbox", settings.mailbox)):
        if way is None:
            continue
        needed = list(_NEEDED[way.kind])
        if way.auth == "external" or way.client_certificate or way.client_key:
            needed += ["client_certificate", "client_key"]
        found += [_missing(section, key, way.kind, lines) for key in needed if getattr(way, key) is None]
    return found


def _missing(section: str, key: str, kind: str, lines: Mapping[str, int]) -> Finding:
    right = ': a file of roots (PEM), or "system" for those of this machine' if key == "authority" else ""
    return _finding(
        "CFG-MISSING",
        f'{section}.{key} is missing: kind "{kind}" needs it.',
        f"Add it to [{section}]{right}. Or set GATEWAY_{section.upper()}_{key.upper()}.",
        f"{section}.{key}",
        lines.get(section),
    )


CROSS_CHECKS: tuple[Callable[[Settings, Mapping[str, int]], list[Finding]], ...] = (
    _code_fits_role,
    _ways_are_complete,
)


def _finding(code: str, message: str, advice: str, path: str, line: int | None = None) -> Finding:
    return Finding(code=code, severity="error", message=message, advice=advice, path=path or None, line=line)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
