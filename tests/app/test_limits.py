"""Limits and what was agreed on sending: in gateway.toml or with a partner, kept by the jobs of a running gateway."""

import asyncio
import shutil
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.app import App
from gateway.config import FILE
from gateway.demo import setup
from gateway.demo.cast import AANBIEDER, CERTIFICATES_FROM, GEMEENTE
from gateway.demo.play import contract
from gateway.domain.delivery import Outcome, Shipment
from gateway.flows.dispatch import Refused, send
from gateway.flows.parties import PartnerRecord, Sending, add_partner
from gateway.jobs import gateway_jobs
from gateway.securemail import Attachment, plan_message
from gateway.store import Outgoing
from gateway.transports import BeforeData
from gateway.worker import Worker

ENVIRON = {"GATEWAY_RELAY_PORT": "1"}  # never spoken to
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # six in the morning in the Netherlands


PROVIDER = PartnerRecord(code=AANBIEDER.code, role="aanbieder", name=AANBIEDER.name, addresses=(AANBIEDER.address,))


class Counting:
    """A way out that takes everything and knows how much it was given at a time."""

    def __init__(self) -> None:
        self.taken, self.now, self.most = 0, 0, 0

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """Take it."""
        self.now += 1
        self.most = max(self.most, self.now)
        await before_data()
        await asyncio.sleep(0)
        self.taken, self.now = self.taken + 1, self.now - 1
        return Outcome(verdict="submitted", phase="data", code=250)

    async def close(self) -> None:
        """Nothing to end."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A municipality's folder. Made once: RSA keys take time."""
    folder = tmp_path_factory.mktemp("limits")
    setup.set_up(folder, CERTIFICATES_FROM, contract())
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(made, tmp_path / "home")) / GEMEENTE.role


def set_in_file(home: Path, section: str, line: str) -> None:
    """A line at the head of a section of gateway.toml, made if it is not there."""
    text = (home / FILE).read_text()
    heading = f"[{section}]\n"
    key = line.partition(" ")[0]
    kept = [each for each in text.splitlines(keepends=True) if not each.startswith(f"{key} =")]
    text = "".join(kept)
    text = text.replace(heading, heading + line + "\n") if heading in text else f"{text}\n{heading}{line}\n"
    (home / FILE).write_text(text)


def run(app: App, name: str, now: datetime = NOW) -> str:
    """One run of a job of this gateway, as it is scheduled."""
    result = asyncio.run(Worker(app.store, gateway_jobs(app), lambda: now).run_once(name))
    assert result.result == "ok", result.detail
    return result.detail


def wait_for(app: App, count: int) -> None:
    """So many messages for the provider in the outbox."""
    with app.store.unit(now=NOW, actor="test") as unit:
        for number in range(count):
            unit.outbox.put(
                Outgoing(
                    message_id=f"<{number}@gemeente.example>",
                    kind="iwmo",
                    partner=AANBIEDER.code,
                    channel="relay",
                    sender="a@gemeente.example",
                    recipient="b@aanbieder.example",
                    wire=b"Subject: x\r\n\r\n",
                )
            )


def agree(app: App, sending: Sending) -> None:
    """What was agreed with the provider on how mail is offered."""
    with app.store.unit(now=NOW, actor="test") as unit:
        add_partner(unit, msgspec.structs.replace(PROVIDER, sending=sending))


def open_with(home: Path, out: Counting) -> App:
    """The gateway with this way out."""
    app = App.open(home, ENVIRON)
    app.transports["relay"] = out
    return app


def test_mail_larger_than_the_limit_in_the_settings_is_not_fetched(home: Path) -> None:
    """SM-93 with `limits.message_mb`: the header is kept, in quarantine."""
    set_in_file(home, "limits", "message_mb = 1")
    for name in ("new", "cur", "tmp"):
        (home / "mail" / name).mkdir(parents=True)
    record = b"From: %s\r\nSubject: x\r\n\r\n" % AANBIEDER.address.encode()
    (home / "mail" / "new" / "small").write_bytes(record + b"x" * 900_000)
    (home / "mail" / "new" / "large").write_bytes(record + b"x" * 1_100_000)
    environ = ENVIRON | {"GATEWAY_MAILBOX_KIND": "maildir", "GATEWAY_MAILBOX_PATH": "mail"}
    with App.open(home, environ) as app:
        agree(app, Sending())
        assert run(app, "pickup") == "1 new, 0 known, 1 by header"
        with app.store.view(now=NOW) as view:
            reasons = {item.size > 1_000_000: item.reason for item in view.inbox.list()}
    assert reasons == {False: None, True: "too-large"}


def test_mail_larger_than_the_limit_in_the_settings_is_not_made(home: Path) -> None:
    """SM-16 with `limits.message_mb`: refused with both numbers, and nothing is in the outbox."""
    set_in_file(home, "limits", "message_mb = 1")
    with App.open(home, ENVIRON) as app, app.store.unit(now=NOW, actor="test") as unit:
        file = Attachment("plan.pdf", "application/pdf", b"%PDF" + b"x" * 1_000_000)
        message = plan_message(GEMEENTE.address, PROVIDER.address, "12345678", b"{}", [file])
        with pytest.raises(Refused) as refused:
            send(unit, app.us, PROVIDER, message, kind="plan")
        assert [finding.code for finding in refused.value.findings] == ["OP179"]
        assert "1000000" in refused.value.findings[0].message
        assert unit.outbox.list() == []


def test_mail_is_offered_within_the_partners_window_only(home: Path) -> None:
    """Six in the morning is too early for a partner that is there from seven; what waits goes when it opens."""
    out = Counting()
    with open_with(home, out) as app:
        agree(app, Sending(window=(time(7), time(19))))
        wait_for(app, 3)
        assert run(app, "deliver") == "0 attempts, 0 submitted"
        assert run(app, "deliver", NOW + timedelta(minutes=59)) == "0 attempts, 0 submitted"
        assert run(app, "deliver", NOW + timedelta(hours=1)) == "3 attempts, 3 submitted"


def test_a_partners_rate_and_number_at_a_time_are_kept(home: Path) -> None:
    """Five a minute, one at a time; the rest stays due."""
    out = Counting()
    with open_with(home, out) as app:
        agree(app, Sending(at_once=1, per_minute=5))
        wait_for(app, 12)
        done = [run(app, "deliver", NOW + timedelta(seconds=30 * n)) for n in range(6)]
    assert [int(each.split()[0]) for each in done] == [5, 0, 5, 0, 2, 0]
    assert (out.most, out.taken) == (1, 12)


def test_the_time_after_which_a_person_gets_it_is_the_settings_or_the_partners(home: Path) -> None:
    """`limits.give_up_hours`, and an agreement over it."""
    set_in_file(home, "limits", "give_up_hours = 2")
    with open_with(home, Counting()) as app:
        assert app.policy.give_up_after == timedelta(hours=2)
        agree(app, Sending(give_up_hours=1, waits=(5, 20)))
        (own,) = app.policies(NOW).values()
    assert (own.give_up_after, own.first, own.then) == (
        timedelta(hours=1),
        (timedelta(minutes=5),),
        timedelta(minutes=20),
    )
