"""YAML 1.2 -> plain data and the line of every node."""

from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gateway.domain.findings import Finding

Lines = dict[tuple[str, ...], int]
MAX_BYTES = 1_000_000  # the first region's file is 16 kB
_MAX_NODES = 50_000
_MAX_DEPTH = 20


def read(source: bytes) -> tuple[Any, Lines, list[Finding]]:
    """The document as dicts, lists and scalars (numbers with a point as Decimal), and path -> line (from 1)."""
    if len(source) > MAX_BYTES:
        return None, {}, [_fault(f"Het bestand is groter dan {MAX_BYTES} bytes.", None)]
    reader = YAML(typ="rt", pure=True)
    reader.version = (1, 2)
    lines: Lines = {(): 1}
    try:
        return _plain(reader.load(source.decode("utf-8-sig")), (), lines), lines, []
    except UnicodeDecodeError:
        return None, {}, [_fault("Het bestand is geen UTF-8.", None)]
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return None, {}, [_fault("Het bestand is geen geldige YAML.", line)]
    except (YAMLError, RecursionError, ValueError):
        return None, {}, [_fault("Het bestand is geen geldige YAML.", None)]


def _plain(node: Any, path: tuple[str, ...], lines: Lines) -> Any:
    if len(lines) > _MAX_NODES or len(path) > _MAX_DEPTH:
        raise ValueError("aliases that multiply or nest without end")
    if isinstance(node, CommentedMap):
        for key in node:
            lines[(*path, str(key))] = node.lc.key(key)[0] + 1
        return {str(key): _plain(value, (*path, str(key)), lines) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            lines[(*path, str(index + 1))] = node.lc.item(index)[0] + 1
        return [_plain(value, (*path, str(index)), lines) for index, value in enumerate(node, 1)]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, float):
        return Decimal(repr(float(node)))
    if isinstance(node, int):
        return int(node)
    return str(node) if isinstance(node, str) else node


def _fault(message: str, line: int | None) -> Finding:
    return Finding(code="REGIO_YAML", severity="error", message=message, line=line)


def line_of(lines: Lines, path: tuple[str, ...]) -> int | None:
    """Line of the node at `path`, or of the nearest node around it."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path)
