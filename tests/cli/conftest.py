"""Messages as files, and the command line run in this process."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway import berichten
from gateway.cli.main import run
from tests.berichten.messages import random_message

Answer = tuple[int, str, str]  # exit code, standard output, standard error


@pytest.fixture
def gateway(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Answer]:
    """Run one command line; exit code, standard output, standard error."""

    def call(*arguments: object) -> Answer:
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        shown = capfdbinary.readouterr()
        return code, shown.out.decode(), shown.err.decode()

    return call


@pytest.fixture
def message(tmp_path: Path) -> Callable[..., Path]:
    """A file with a schema-valid message of a kind, made up by its schema."""

    def make(soort: str, seed: int = 1) -> Path:
        schema = berichten.iwmo().by_soort(soort, "3.2").schema  # type: ignore[union-attr]
        path = tmp_path / f"{soort}-{seed}.xml"
        path.write_bytes(etree.tostring(random_message(schema, random.Random(seed)), encoding="UTF-8"))
        return path

    return make


def lines(text: str) -> list[dict[str, Any]]:
    """Standard output as JSON, a document a line; fails if anything else stands there."""
    return [json.loads(line) for line in text.splitlines()]
