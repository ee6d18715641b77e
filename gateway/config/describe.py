"""What `settings.py` says about each setting, as plain values for the checks, the written file and the docs page."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.config.settings import SECTIONS


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, described."""

    section: str
    key: str
    type: Any  # what msgspec converts to, bounds included
    text: str
    expected: str  # what a right value looks like: "a whole number from 1 to 65535"
    example: object
    required: bool
    default: object  # None: no default

    @property
    def path(self) -> str:
        """relay.port"""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """GATEWAY_RELAY_PORT: the environment variable that goes before the file."""
        return f"GATEWAY_{self.section}_{self.key}".upper()


def describe(section: str) -> tuple[Described, ...]:
    """Every setting of one section, in the order of the file."""
    struct = SECTIONS[section]
    hints = get_type_hints(struct, include_extras=True)
    return tuple(_described(section, field, hints[field.name]) for field in msgspec.structs.fields(struct))


def everything() -> tuple[Described, ...]:
    """Every setting of every section."""
    return tuple(one for section in SECTIONS for one in describe(section))


def _described(section: str, field: msgspec.structs.FieldInfo, hint: Any) -> Described:
    metas = _metas(hint)
    extra: dict[str, Any] = {}
    for meta in metas:
        extra |= {key: value for key, value in (meta.extra or {}).items() if value is not None}
    return Described(
        section=section,
        key=field.name,
        type=hint,
        text=next(meta.description for meta in metas if meta.description),
        expected=extra.get("expected") or _expected(hint, metas),
        example=extra.get("example") or next(iter(_choices(hint)), None),
        required=field.required,
        default=None if field.required else field.default,
    )


def _metas(hint: Any) -> list[msgspec.Meta]:
    """Every Meta on a type, those inside a union or an alias included."""
    if get_origin(hint) is Annotated:
        inside, *found = get_args(hint)
        return [*_metas(inside), *(meta for meta in found if isinstance(meta, msgspec.Meta))]
    if get_origin(hint) in (Union, UnionType):
        return [meta for one in get_args(hint) for meta in _metas(one)]
    return []


def _expected(hint: Any, metas: list[msgspec.Meta]) -> str:
    """A sentence's end on what would be right, from the type alone."""
    if choices := _choices(hint):
        return "one of " + ", ".join(f'"{choice}"' for choice in choices)
    if _bare(hint) is int:
        low = next(meta.ge for meta in metas if meta.ge is not None)
        high = next(meta.le for meta in metas if meta.le is not None)
        return f"a whole number from {low} to {high}"
    return "text in quotes"


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values of a Literal; nothing for any other type."""
    bare = _bare(hint)
    return get_args(bare) if get_origin(bare) is Literal else ()


def _bare(hint: Any) -> Any:
    """The type without annotations and without None."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return _bare(next(one for one in get_args(hint) if one is not type(None)))
    return hint
