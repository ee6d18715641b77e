"""Records <-> plain JSON values.

Writing gives text for decimals (binary floating point never touches a number) and leaves out what is absent. Reading
takes anything: what does not fit becomes a `Fault`, all of them at once, and the rest is still read.
"""

import types
import typing
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from gateway.plans.names import camel, snake

T = TypeVar("T")
FaultKind = Literal["type", "missing", "unknown", "depth"]
MAX_DEPTH = 20  # the deepest record of the model is 6; anything deeper is an attack or a mistake
_MAX_EXPONENT = 12  # the widest number of the model has six digits
_MAX_DIGITS = 30


class Fault(NamedTuple):
    """One value that does not fit. `path` is dotted, lists counted from 1; the value itself is never in it."""

    kind: FaultKind
    path: tuple[str, ...]
    expected: str


def to_plain(value: Any) -> Any:
    """`value` as JSON data: lowerCamelCase keys, decimals as text without superfluous zeros, absent fields left out."""
    if isinstance(value, msgspec.Struct):
        pairs = ((name, getattr(value, field)) for name, field in _wire_names(type(value)))
        return {name: plain for name, raw in pairs if (plain := to_plain(raw)) not in (None, [], {})}
    if isinstance(value, dict):
        return {camel(str(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, date):  # datetime is one too
        return value.isoformat()
    return value


def decimal_text(value: Decimal) -> str:
    """Decimal -> text in one form for equal values: 2.50 and 2.5 both give `2.5`."""
    return f"{value.normalize():f}" if value else "0"


def from_plain(kind: type[T], raw: Any, *, key: Callable[[str], str] = camel) -> tuple[T | None, list[Fault]]:
    """`raw` (parsed JSON or YAML) as a `kind`, with every fault in it. None if a required part is missing.

    `key` turns a field's name into the key used in `raw`: `camel` for JSON, the identity for region files.
    """
    faults: list[Fault] = []
    value = _Reader(faults, key).read(kind, raw, ())
    return (None if value is _BAD else typing.cast(T, value)), faults


_BAD = object()


class _Reader:
    def __init__(self, faults: list[Fault], key: Callable[[str], str]) -> None:
        self.faults = faults
        self.key = key
        self.unkey: Callable[[str], str] = snake if key is camel else str

    def fail(self, kind: FaultKind, path: tuple[str, ...], expected: str) -> object:
        self.faults.append(Fault(kind, path, expected))
        return _BAD

    def read(self, kind: Any, raw: Any, path: tuple[str, ...]) -> Any:
        if len(path) > MAX_DEPTH:
            return self.fail("depth", path, "")
        kind, optional = _strip_none(kind)
        if raw is None and optional:
            return None
        origin = typing.get_origin(kind)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, raw, path)
        if origin is tuple:
            return self.items(typing.get_args(kind)[0], raw, path)
        if origin is dict:
            return self.mapping(typing.get_args(kind)[1], raw, path)
        return self.leaf(kind, raw, path)

    def struct(self, kind: type[msgspec.Struct], raw: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(raw, dict):
            return self.fail("type", path, "object")
        values: dict[str, Any] = {}
        complete = True
        known = set()
        for name, (hint, required) in _fields(kind).items():
            key = self.key(name)
            known.add(key)
            if key in raw:
                value = self.read(hint, raw[key], (*path, key))
                if value is not _BAD:
                    values[name] = value
            elif required:
                self.fail("missing", (*path, key), "")
            complete = complete and (not required or name in values)
        for key in raw:
            if key not in known:
                self.fail("unknown", (*path, str(key)), "")
        return kind(**values) if complete else _BAD

    def items(self, kind: Any, raw: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(raw, list):
            return self.fail("type", path, "list")
        read = [self.read(kind, item, (*path, str(n))) for n, item in enumerate(raw, 1)]
        return tuple(item for item in read if item is not _BAD)

    def mapping(self, kind: Any, raw: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(raw, dict):
            return self.fail("type", path, "object")
        read = {self.unkey(str(key)): self.read(kind, item, (*path, str(key))) for key, item in raw.items()}
        return {key: item for key, item in read.items() if item is not _BAD}

    def leaf(self, kind: Any, raw: Any, path: tuple[str, ...]) -> Any:
        if isinstance(raw, str):
            raw = unicodedata.normalize("NFC", raw.strip())
        try:
            value = _convert(raw, kind)
        except (ValueError, ArithmeticError):  # msgspec.ValidationError is a ValueError
            return self.fail("type", path, expected(kind))
        if isinstance(value, Decimal) and not _plain_number(value):
            return self.fail("type", path, expected(kind))
        if isinstance(value, datetime) and value.tzinfo is None:
            return self.fail("type", path, expected(kind))
        return value


def _convert(raw: Any, kind: Any) -> Any:
    """`raw` as a `kind`. A moment or a day (`op` of a signature) is told apart by what the text is."""
    if kind == datetime | date:
        day = isinstance(raw, str) and "T" not in raw
        return msgspec.convert(raw, date if day else datetime, strict=True)
    return msgspec.convert(raw, kind, strict=True)


def _plain_number(value: Decimal) -> bool:
    """Neither NaN nor infinite, and of a size that can be written out (1E+999999 would fill the memory)."""
    return value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT and len(value.as_tuple().digits) <= _MAX_DIGITS


_EXPECTED: dict[Any, str] = {
    str: "tekst",
    int: "geheel getal",
    Decimal: "getal",
    bool: "ja of nee",
    date: "datum (jjjj-mm-dd)",
    datetime: "tijdstip met tijdzone",
    datetime | date: "datum of tijdstip",
}


def expected(kind: Any) -> str:
    """What a reader should have found, in Dutch: for a choice the choices themselves."""
    if typing.get_origin(kind) is Literal:
        return "één van: " + ", ".join(str(choice) for choice in typing.get_args(kind))
    return _EXPECTED.get(kind, "een andere waarde")


def _strip_none(kind: Any) -> tuple[Any, bool]:
    """`X | None` -> (X, True); anything else -> (kind, False)."""
    if typing.get_origin(kind) not in (types.UnionType, typing.Union):
        return kind, False
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    optional = len(parts) < len(typing.get_args(kind))
    if len(parts) == 1:
        return parts[0], optional
    union: Any = parts[0]
    for part in parts[1:]:
        union = union | part
    return union, optional


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, tuple[Any, bool]]:
    """Field name -> (type, required)."""
    hints = typing.get_type_hints(kind)
    return {f.name: (hints[f.name], f.required) for f in msgspec.structs.fields(kind)}


@cache
def _wire_names(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    return tuple((camel(name), name) for name in kind.__struct_fields__)


def walk_fields(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    """Every field of a record with its type, `None` stripped; for whoever follows a path through the types."""
    for name, (hint, _) in _fields(kind).items():
        yield name, _strip_none(hint)[0]
