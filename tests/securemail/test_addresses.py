"""One address in a From field, and no doubt about which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.securemail import addresses


@pytest.mark.parametrize(
    "value",
    [
        "plan@zorg.example",
        "Plan@Zorg.Example",
        "<plan@zorg.example>",
        "Zorg BV <plan@zorg.example>",
        '"Zorg, BV" <plan@zorg.example>',
        '"a \\" b" <plan@zorg.example>',
        "=?utf-8?q?Z=C3=B3rg?= <plan@zorg.example>",
        "plan@zorg.example (Zorg)",
        "(Zorg) plan@zorg.example",
        '"x@y.example" <plan@zorg.example>',
    ],
)
def test_sm52_display_name_and_comment_are_ignored(value):
    """The addr-spec decides, in lower case."""
    assert addresses.parse_address(value) == "plan@zorg.example"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "plan",
        "plan@localhost",
        "a@b.example, c@d.example",
        "a@b.example c@d.example",
        "<a@b.example> <c@d.example>",
        "x@y.example <a@b.example>",
        "a@b.example <c@d.example>",
        "groep: a@b.example;",
        "undisclosed-recipients:;",
        "=?utf-8?q?a?=@b.example",
        "plan@zörg.example",
        "plán@zorg.example",
        "plan@zorg.example\x00",
        "plan\x00@zorg.example",
        "a@b@c.example",
        '"a b"@c.example',
        "a@-b.example",
        "a@b..example",
        ".a@b.example",
        "a@[127.0.0.1]",
        "a@" + "b" * 64 + ".example",
        "a" * 250 + "@b.example",
        '"x (" <a@b.example> (")',
        "(a@b.example)",
        "x" * 1000,
    ],
)
def test_sm52_anything_but_one_plain_address_is_refused(value):
    """Groups, lists, encoded words in the address, non-ASCII, NUL."""
    assert addresses.parse_address(value) is None


def test_sm54_the_addresses_of_a_list():
    """Commas inside quotes do not separate; what is no address is left out."""
    value = '"Zorg, BV" <plan@zorg.example>, wmo@gemeente.example, groep:;, onzin'

    assert addresses.parse_addresses(value) == ("plan@zorg.example", "wmo@gemeente.example")


def test_sm54_a_quote_that_is_not_closed_takes_the_rest():
    """Nobody knows where it ends, and looking for an end from each quote in it would take a minute for a header."""
    assert addresses.parse_addresses('wmo@gemeente.example, "a, plan@zorg.example') == ("wmo@gemeente.example",)
    assert addresses.parse_addresses('"' + '\\"' * 32_000 + ", plan@zorg.example") == ()


@given(st.text(max_size=80))
def test_sm20_any_text_is_an_answer(text):
    """Never an exception; and what is found is one bare address."""
    found = addresses.parse_address(text)

    assert found is None or addresses.is_address(found)
    assert all(map(addresses.is_address, addresses.parse_addresses(text)))


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("<a@b.example>", True),
        ("<a$1%x@b>", True),
        ("a@b.example", False),
        ("<a@b> <c@d>", False),
        ("<a b@c>", False),
        ("<a>", False),
        ("<a@b>\n", False),
        ("<" + "a" * 201 + "@b>", False),
    ],
)
def test_a_message_id_is_one_token_in_brackets(value, good):
    """Neither lists nor the obsolete forms."""
    assert addresses.is_message_id(value) is good
