"""The dotted path is the identity of a field: `resultaat.2.toelichting` (plan 5.1). Lists count from 1."""

import typing
from typing import Any, TypeVar

import msgspec

from gateway.plans.plain import walk_fields

R = TypeVar("R", bound=msgspec.Struct)


def get(record: Any, path: str) -> Any:
    """The value at `path`, or None where any part of it is absent. KeyError for a name the model does not know."""
    value = record
    for part in path.split("."):
        if value is None:
            return None
        value = _step(value, part)
    return value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, msgspec.Struct):
        if part not in value.__struct_fields__:
            raise KeyError(part)
        return getattr(value, part)
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, tuple) and part.isdigit():
        index = int(part)
        return value[index - 1] if 1 <= index <= len(value) else None
    raise KeyError(part)


def put(record: R, path: str, value: Any) -> R:
    """A copy of `record` with `value` at `path`. Absent list items and mapping keys on the way are made.

    KeyError for a name the model does not know; nothing else is checked here, the checks of section 6 do that.
    """
    head, _, rest = path.partition(".")
    kind = type_at(type(record), head)
    if kind is None:
        raise KeyError(head)
    changed = _put(getattr(record, head), kind, rest, value) if rest else value
    return msgspec.structs.replace(record, **{head: changed})


def _put(current: Any, kind: Any, path: str, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return put(kind() if current is None else current, path, value)
    head, _, rest = path.partition(".")
    item_kind = typing.get_args(kind)
    if origin is dict:
        items = dict(current or {})
        items[head] = _put(items.get(head), item_kind[1], rest, value) if rest else value
        return items
    if origin is tuple and head.isdigit() and 1 <= int(head) <= len(current or ()) + 1:
        row = list(current or ())
        index = int(head) - 1
        if index == len(row):
            row.append(None)
        row[index] = _put(row[index], item_kind[0], rest, value) if rest else value
        return tuple(row)
    raise KeyError(head)


def type_at(kind: type[msgspec.Struct], path: str) -> Any:
    """The type of the field at `path` in the data model (numbers for list items optional), or None if there is none.

    `samenvatting.*.duur` and `samenvatting.begeleiding_groep.duur` both find the type of `duur`: keys of a mapping
    are the region's.
    """
    current: Any = kind
    for part in path.split("."):
        origin = typing.get_origin(current)
        if origin is tuple:
            current = typing.get_args(current)[0]
            if part.isdigit():
                continue
        elif origin is dict:
            current = typing.get_args(current)[1]
            continue
        if not (isinstance(current, type) and issubclass(current, msgspec.Struct)):
            return None
        current = dict(walk_fields(current)).get(part)
        if current is None:
            return None
    return current
