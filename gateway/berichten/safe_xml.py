"""Bytes to a tree, or the reason why not: nothing in a file may reach the disk, the network or a lot of memory."""

import functools
import re

from lxml import etree

from gateway.berichten.faults import Fault

SIZE_LIMIT = 25_000_000  # bytes (OP179)
_TEXT_LIMIT = 10_000_000  # libxml2 refuses longer values unless told otherwise

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_SPACE = re.compile(rb"[ \t\r\n]*")

# libxml2's error numbers (xmlerror.h), by what they mean for the reader
_KINDS = {
    4: "not xml",  # no element at the start
    9: "character",  # invalid character
    26: "entity",  # undeclared entity
    27: "entity",
    81: "encoding",  # invalid encoding
    114: "deep",  # resource limit: 256 levels of elements, 2,048 in a large file
}
# Something is unfinished: attribute, comment, CDATA, tag, document. At the end of the file: it was cut off.
_UNFINISHED = {5, 39, 40, 41, 45, 47, 63, 68, 73, 74, 77}


def parse_xml(data: bytes) -> etree._Element | Fault:
    """The root element, without comments and instructions, or the one fault that makes the file unreadable."""
    fault = _refusal(data)
    if fault is not None:
        return fault
    try:
        return etree.fromstring(data, _parser(_only_elements(data), len(data) > _TEXT_LIMIT))
    except etree.XMLSyntaxError as error:
        return _syntax(error, data)


def _only_elements(data: bytes) -> bool:
    """True if nothing but elements and text follows the XML declaration.

    Then the blanks between elements, half the nodes of an indented file, need not be kept. Next to a comment or CDATA a
    blank may be part of a value. One byte is searched for first: two at a time is ten times slower.
    """
    start = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    return all(data.find(mark[1:], start) < 0 or data.find(mark, start) < 0 for mark in (b"<!", b"<?"))


@functools.cache
def _parser(drop_blanks: bool, large: bool) -> etree.XMLParser[etree._Element]:
    """A parser that reaches nothing outside. Shared: lxml gives every parse a context of its own."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=drop_blanks,
        collect_ids=False,
        # Also lifts the limit on depth to 2,048 and on entities, of which there are none without a DTD.
        huge_tree=large,
    )


def _refusal(data: bytes) -> Fault | None:
    if len(data) > SIZE_LIMIT:
        return Fault(kind="size", words={"size": len(data)})
    if data.startswith(_BOMS):
        return Fault(kind="bom" if data.startswith(_BOMS[0]) else "encoding", line=1)
    if b"\0" in data[:4]:
        return Fault(kind="encoding", line=1)
    if not data or data.isspace():
        return Fault(kind="empty")
    declared = _DECLARED.match(data)
    if declared and declared[1].upper() != b"UTF-8":
        return Fault(kind="declared", line=1)
    doctype = _doctype_line(data)
    return Fault(kind="dtd", line=doctype) if doctype else None


def _doctype_line(data: bytes) -> int | None:
    """Line of a DOCTYPE before the root element, in linear time whatever stands before it."""
    position = 0
    while True:
        match = _SPACE.match(data, position)
        position = match.end() if match else position
        for start, end in ((b"<?", b"?>"), (b"<!--", b"-->")):
            if data.startswith(start, position):
                found = data.find(end, position + len(start))
                if found < 0:
                    return None
                position = found + len(end)
                break
        else:
            return data.count(b"\n", 0, position) + 1 if data.startswith(b"<!DOCTYPE", position) else None


def _syntax(error: etree.XMLSyntaxError, data: bytes) -> Fault:
    kind = _KINDS.get(error.code, "syntax")
    line, column = error.position
    if error.code in _UNFINISHED and line is not None:
        last = data.rsplit(b"\n", 1)[-1]
        kind = "truncated" if line > data.count(b"\n") and column >= len(last.decode("utf-8", "ignore")) - 1 else kind
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        kind, line = "encoding", data.count(b"\n", 0, wrong.start) + 1
    return Fault(kind=kind, line=line)
