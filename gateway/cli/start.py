"""Entry point of `gateway`: imports nothing before it can answer an interruption."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; interrupted at any moment it ends with 130, as a shell expects, and without a traceback."""
    try:
        from gateway.cli.main import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
