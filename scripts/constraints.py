"""`python -m scripts.constraints`: write constraints.txt, the exact versions with which the tests ran.

Names and versions only: where packages come from is the business of who installs them.
"""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Exact versions with which the tests ran; used by make demo and make test (pip install -c constraints.txt).
# Written by `make constraints`; names and versions only.
"""
HELD = {
    "soupsieve": "2.10",  # newer ones want Python 3.11.5; Debian 12 has 3.11.2
}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")


def normalised(name: str) -> str:
    """A project name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(wanted: list[str]) -> dict[str, str]:
    """Name -> version of every installed distribution that `wanted` leads to, extras included."""
    found: dict[str, str] = {}
    todo = [*wanted]
    seen: set[str] = set()
    while todo:
        line = todo.pop()
        match = _REQUIREMENT.match(line)
        if match is None or line in seen:
            continue
        seen.add(line)
        name, extras = match.group(1), {e.strip() for e in (match.group(2) or "").split(",") if e.strip()}
        try:
            dist = distribution(name)
        except PackageNotFoundError:
            continue  # for another Python or platform
        found[normalised(dist.metadata["Name"])] = dist.version
        for need in dist.requires or []:
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", need)
            if extra is None or extra.group(1) in extras:
                todo.append(need)
    return found


def text() -> str:
    """constraints.txt as it should be for the running environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
    ]
    versions = {**closure(wanted), **HELD}
    return HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


if __name__ == "__main__":
    (ROOT / "constraints.txt").write_text(text())
    sys.stderr.write("constraints.txt written\n")
