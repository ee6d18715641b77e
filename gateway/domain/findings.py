"""A finding: one fault in bad input, as a value (never an exception).

Shape and field names of the JSON form: docs/commands.md, "A finding".
"""

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "info", "unchecked"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What is wrong, where, which rule says so, what to do.

    Texts never repeat a person's data; `value` is left out where it would.
    """

    code: str  # a rule's number (TR339), or XSD, XML, OP179, a plan check's id
    severity: Severity  # `unchecked`: the rule's source was missing, so nothing may be concluded
    message: str  # what is wrong, in the reader's language
    advice: str | None = None  # what to do now
    retourcode: str | None = None  # code of list WJ001 that a return message carries for it
    level: int | None = None  # control level 1-4 of the standard
    path: str | None = None  # /Bericht/Client/...; an index where an element repeats, counted from 1
    line: int | None = None  # line in the file, counted from 1
    value: str | None = None  # the offending value, never personal data


def has_errors(findings: "list[Finding] | tuple[Finding, ...]") -> bool:
    """True if at least one finding stops the message."""
    return any(f.severity == "error" for f in findings)
