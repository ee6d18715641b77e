"""Messages against xsdata, the usual generator of XML classes in Python: its parse and render, without validation."""

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gateway import berichten
from gateway.berichten.schema_sets import iwmo
from tests.bench.bench_berichten import declaration
from tests.bench.rows import Row, best_ms

LINES = 1_000


def rows() -> list[Row]:
    """A declaration of 1,000 lines, both ways; ours includes validation."""
    data = declaration(LINES)
    with tempfile.TemporaryDirectory() as folder:
        kind = _generated(Path(folder))
        parse, render = _xsdata(kind, data)
    bericht = berichten.parse(data)
    ours_in = best_ms(lambda: berichten.parse(data), number=3)
    ours_out = best_ms(lambda: berichten.build(bericht), number=3)
    return [
        Row(name="WMO323 1,000 lines: xsdata parse", measured=parse, reference=ours_in, against="berichten.parse",
            target=6, better="higher"),
        Row(name="WMO323 1,000 lines: xsdata render", measured=render, reference=ours_out, against="berichten.build",
            target=8, better="higher"),
    ]  # fmt: skip


def _generated(folder: Path) -> type[Any]:
    """xsdata's classes for our schema, made in `folder`."""
    schema = iwmo().by_soort("WMO323")
    assert schema is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(
        [sys.executable, "-m", "xsdata", "generate", str(schema.path), "--package", "xsdata_bench"],
        cwd=folder, check=True, capture_output=True, env={**os.environ, "PATH": path},
    )  # fmt: skip
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module("xsdata_bench")
    finally:
        sys.path.remove(str(folder))
    found = module.Bericht
    assert isinstance(found, type)
    return found


def _xsdata(kind: type[Any], data: bytes) -> tuple[float, float]:
    """Milliseconds of its parse (lxml handler) and its render (lxml writer)."""
    from xsdata.formats.dataclass.context import XmlContext
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.handlers import LxmlEventHandler
    from xsdata.formats.dataclass.serializers import XmlSerializer
    from xsdata.formats.dataclass.serializers.writers import LxmlEventWriter

    context = XmlContext()
    parser = XmlParser(context=context, handler=LxmlEventHandler)
    serializer = XmlSerializer(context=context, writer=LxmlEventWriter)
    value = parser.from_bytes(data, kind)
    parse = best_ms(lambda: parser.from_bytes(data, kind), repeat=3, number=1)
    return parse, best_ms(lambda: serializer.render(value), repeat=3, number=1)
