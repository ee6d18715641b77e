"""Documents point to files that exist, and name no place that only its author has."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts.generated import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    """Relative links only; each target is in the repository."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_no_tracked_text_names_a_package_index_or_a_private_path() -> None:
    """Where packages come from is the business of who installs them; a path of one machine helps nobody."""
    words = ["pypi" + ".org", "python" + "hosted.org", "/home" + "/", "/wo" + "rk/"]
    command = ["git", "grep", "-IlF", *(part for word in words for part in ("-e", word))]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode > 1:
        pytest.skip("not a git checkout")
    assert found.stdout.split() == []
