"""The base of every record in this room, and the types that several of them share (plan 5.1)."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A value of the data model: Dutch snake_case in Python, mechanical lowerCamelCase in JSON (plan 5.1).

    Almost every field may be absent: drafts are incomplete, and the checks of section 6 say what is missing.
    """
