"""SM-107: what our mail provider says of a mail counts only where it alone can have written it."""

import pytest

from gateway.securemail import attached, vouched

OWN = "mx1.provider.example"
BY_US = "Received: from out.zorg.example by mx1.provider.example with ESMTPS; Mon, 2 Mar 2026 10:00:00 +0100"
BY_THEM = "Received: from desk by out.zorg.example; Mon, 2 Mar 2026 09:59:00 +0100"
GOOD = f"Authentication-Results: {OWN}; dkim=pass header.d=zorg.example; spf=pass; dmarc=pass header.from=zorg.example"
FROM = "From: Zorg <plan@zorg.example>"


def mail(*lines: str) -> bytes:
    return "\r\n".join((*lines, "Message-ID: <1@zorg.example>", "", "x", "")).encode()


def judged(*lines: str) -> bool:
    return vouched(mail(*lines), ("plan@zorg.example",), OWN)


@pytest.mark.parametrize(
    "results",
    [
        GOOD,
        GOOD.replace(OWN, OWN + " 1").replace("dkim=pass", "dkim = pass (2048-bit key)"),
        GOOD.replace("header.d=zorg.example", "header.i=@post.zorg.example"),
        GOOD.replace("dkim=pass", 'dkim=fail reason="no key; sorry" header.d=x.example; dkim=pass'),
        f"Authentication-Results: {OWN};\r\n\tdkim=pass\r\n\theader.d=zorg.example; dmarc=pass",
    ],
)
def test_a_pass_of_our_provider_for_the_domain_of_the_sender_counts(results):
    """However it is written (RFC 8601); above what came in from elsewhere."""
    assert judged(results, BY_US, BY_THEM, FROM)
    assert judged("Received: from mx1 by store.provider.example (LMTP)", results, BY_US, BY_THEM, FROM)


@pytest.mark.parametrize(
    "lines",
    [
        (BY_US, BY_THEM, FROM),
        (BY_US, BY_THEM, GOOD, FROM),
        (BY_THEM, GOOD, FROM),
        (GOOD, GOOD, BY_US, FROM),
        (GOOD.replace(OWN, "mx1.elders.example"), BY_US, FROM),
        (GOOD.replace("dmarc=pass", "dmarc=fail"), BY_US, FROM),
        (GOOD.replace("dmarc=pass", "dmarc=fail; dmarc=pass"), BY_US, FROM),
        (GOOD.replace("dkim=pass", "dkim=none"), BY_US, FROM),
        (GOOD.replace("header.d=zorg.example", "header.d=elders.example"), BY_US, FROM),
        (GOOD.replace("header.d=zorg.example", "header.d=example"), BY_US, FROM),
        (GOOD.replace("header.d=zorg.example", "header.d=kwaadzorg.example"), BY_US, FROM),
        (GOOD.replace("header.from=zorg.example", "header.from=elders.example"), BY_US, FROM),
        (
            f'Authentication-Results: {OWN}; dkim=fail reason="; dkim=pass header.d=zorg.example; dmarc=pass"',
            BY_US,
            FROM,
        ),
        (f"Authentication-Results: {OWN}; spf=pass (; dkim=pass header.d=zorg.example; dmarc=pass)", BY_US, FROM),
        (f"Authentication-Results: {OWN}; dkim=pass header.d=zorg.example; dmarc=pass (", BY_US, FROM),
        (GOOD, BY_US, "From: plan@elders.example"),
        (GOOD, BY_US, FROM, FROM),
        (GOOD, BY_US, "From: plan@zorg.example, x@elders.example"),
    ],
    ids=[
        "nothing",
        "below-our-own",
        "below-theirs",
        "twice",
        "another-server",
        "dmarc-fails",
        "dmarc-twice",
        "no-dkim",
        "dkim-of-another",
        "dkim-of-the-top",
        "dkim-alike",
        "dmarc-of-another",
        "in-a-quoted-string",
        "in-a-comment",
        "comment-without-end",
        "another-sender",
        "from-twice",
        "two-senders",
    ],
)
def test_anything_else_does_not(lines):
    """Anybody can write such a field, or have a domain of his own pass."""
    assert not judged(*lines)


def test_below_our_own_host_is_below_the_first_of_another():
    """A provider with several hosts: what stands among theirs is theirs."""
    assert judged("Received: from a by store.provider.example", GOOD, BY_US, BY_THEM, FROM)
    assert not judged("Received: from a by store.provider.example", BY_THEM, GOOD, FROM)


def test_what_cannot_be_read_has_no_parts_and_no_voucher():
    """Never an error."""
    assert attached(b"no header") == ()
    assert not vouched(b"no header", ("plan@zorg.example",), OWN)
