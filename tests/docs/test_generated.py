"""Generated parts of the documentation are current: `make docs` writes them again."""

import pytest

from scripts import generated


@pytest.mark.parametrize("page", generated.PAGES)
def test_a_generated_page_is_current(page: str) -> None:
    """What the page says is what the code says."""
    assert (generated.ROOT / page).read_text(encoding="utf-8") == generated.current(page)


@pytest.mark.parametrize("page", generated.PAGES)
def test_a_page_keeps_its_own_text(page: str) -> None:
    """The text around the marks is a person's, and stays."""
    text = (generated.ROOT / page).read_text(encoding="utf-8")
    assert text.count(generated.BEGIN) == text.count(generated.END) == 1
    assert generated.current(page).startswith(text.partition(generated.BEGIN)[0])
