"""publiccode.yml holds what the publiccode standard asks, so that catalogues can show the project."""

import tomllib
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.generated import ROOT


@pytest.fixture(scope="module")
def publiccode() -> dict[str, Any]:
    """The file as values."""
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    return loaded


def test_mandatory_keys_are_there(publiccode: dict[str, Any]) -> None:
    """Those without which a catalogue refuses the file."""
    assert {
        "publiccodeYmlVersion", "name", "url", "releaseDate", "platforms", "categories", "developmentStatus",
        "softwareType", "description", "legal", "maintenance", "localisation",
    } <= publiccode.keys()  # fmt: skip
    assert publiccode["maintenance"]["contacts"]


def test_texts_keep_to_their_lengths(publiccode: dict[str, Any]) -> None:
    """A generic name of 35 characters, a short description of 150, a long one of 500 to 10 000, features of 100."""
    for texts in publiccode["description"].values():
        assert len(texts["genericName"]) <= 35
        assert len(texts["shortDescription"]) <= 150
        assert 500 <= len(texts["longDescription"]) <= 10_000
        assert texts["features"]
        assert all(len(feature) <= 100 for feature in texts["features"])


def test_version_and_licence_are_those_of_the_package(publiccode: dict[str, Any]) -> None:
    """One fact, said twice because two readers need it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert publiccode["softwareVersion"] == project["version"]
    assert publiccode["legal"]["license"] == project["license"]
