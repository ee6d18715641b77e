"""Every command has help, and every parameter says what it is: a person and the documentation read the same words."""

from typing import Any

import pytest
import typer

from gateway.cli.main import app
from scripts.generated import leaves

LEAVES = dict(leaves(typer.main.get_command(app), "gateway"))


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_and_its_parameters_have_help(path: str) -> None:
    """No command without a sentence, no option without a meaning."""
    command: Any = LEAVES[path]
    assert command.help
    for param in command.params:
        assert param.help or "--help" in param.opts, param.name
