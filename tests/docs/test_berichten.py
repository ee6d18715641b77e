"""docs/berichten.md: its examples run, one after the other, on a real message."""

import re
from pathlib import Path

import pytest

from gateway import berichten
from tests.berichten.historie import voorbeelden as v

PAGE = Path(__file__).parents[2] / "docs" / "berichten.md"


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies works, and its asserts hold."""
    (tmp_path / "eerder").mkdir()
    (tmp_path / "lijsten").mkdir()
    (tmp_path / "lijsten" / "WMO021.csv").write_text("categorie,code\n02,02A03\n")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"xml": berichten.build(v.m301(v.toegewezen()))}
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(examples) == 4
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
