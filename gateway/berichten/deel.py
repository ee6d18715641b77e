"""What every part of every message has in common."""

import msgspec


class Deel(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, rename="camel", forbid_unknown_fields=True
):
    """A part of a message: an immutable value. In JSON its fields carry the element's name in lowerCamelCase.

    `gc=False`: frozen values cannot form a cycle, and a large declaration has hundreds of thousands of them.
    """
