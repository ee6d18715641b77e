"""The operations log carries no personal data, whatever is thrown at it (SM-117, SM-118, SM-150, SM-151)."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway import logs
from gateway.domain.ids import mask_bsn

BSN = "999900006"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A log that writes here; structlog and the root logger are put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    out = io.StringIO()
    logs.configure(out)
    yield out
    structlog.reset_defaults()
    root.handlers, level = before
    root.setLevel(level)


def only(stream: io.StringIO) -> dict[str, Any]:
    """The single event that was written."""
    (line,) = stream.getvalue().splitlines()
    event: dict[str, Any] = json.loads(line)
    return event


def test_an_event_is_one_json_line_with_time_and_level(stream: io.StringIO) -> None:
    """SM-117: time in UTC, the stable name of the action, its context."""
    structlog.get_logger().info("submitted", partner="zorg.example", code=250)
    event = only(stream)
    assert event["event"] == "submitted"
    assert event["code"] == 250
    assert event["timestamp"].endswith("Z")


def test_values_from_outside_are_masked_escaped_and_cut(stream: io.StringIO) -> None:
    """SM-151: a partner's software may put a BSN in a Message-ID, or a line end to forge an event."""
    structlog.get_logger().info("fetched", message_id=f"<{BSN}@x>\n{{}}", names=[BSN], reply="a" * 500)
    event = only(stream)
    assert BSN not in stream.getvalue()
    assert "\\x0a" in event["message_id"]
    assert len(event["reply"]) == logs.CUT


def test_a_partners_code_is_not_taken_for_a_bsn(stream: io.StringIO) -> None:
    """SM-117: one AGB code in eleven passes the 11-test. Nine digits never pass, nor eight anywhere else."""
    code = "12345027"
    assert mask_bsn(code) != code
    structlog.get_logger().info("late", partner=code, text=code)
    assert (only(stream)["partner"], only(stream)["text"]) == (code, "*********")
    stream.truncate(stream.seek(0))
    structlog.get_logger().info("late", partner=BSN)
    assert BSN not in stream.getvalue()


def test_a_traceback_has_places_but_no_values(stream: io.StringIO) -> None:
    """SM-150: no local variables and no exception text: a BSN or a name stood in one."""
    name = "Jansen"
    try:
        raise ValueError(f"client {name} not found")
    except ValueError:
        structlog.get_logger().exception("fault", number=1)
    assert "Jansen" not in stream.getvalue()
    event = only(stream)
    assert event["exception"][0]["exc_type"] == "ValueError"
    assert event["exception"][0]["frames"][0]["name"] == "test_a_traceback_has_places_but_no_values"


def test_warnings_of_libraries_become_events_too(stream: io.StringIO) -> None:
    """One form for the whole log."""
    logging.getLogger("asyncio").warning("missed %s", BSN)
    assert only(stream)["event"] == "missed *********"


def test_of_the_scheduler_only_errors_are_written(stream: io.StringIO) -> None:
    """It warns of each run that a longer one before it made needless; the job itself says what it did."""
    logging.getLogger("apscheduler.executors.default").warning("skipped")
    logging.getLogger("apscheduler.executors.default").error("failed")
    assert only(stream)["event"] == "failed"


@pytest.mark.parametrize("name", ["pyhanko", "pyhanko_certvalidator", "imapclient", "aiosmtplib"])
def test_libraries_that_write_subjects_or_dialogues_are_silent(stream: io.StringIO, name: str) -> None:
    """SM-118, SM-150: certificate subjects and mail dialogues stay out."""
    logger = logging.getLogger(f"{name}.sub")
    logger.debug("dialogue")
    if name.startswith("pyhanko"):
        logger.warning("Subject: CN=Jansen")
    assert stream.getvalue() == ""


class Full(io.StringIO):
    """A log on a disk without room, or whose reader is gone."""

    def write(self, text: str) -> int:
        """Never."""
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nobody(stream: io.StringIO) -> None:
    """The line is lost, the work goes on: an outcome must not fail because it could not be logged."""
    logs.configure(Full())
    structlog.get_logger().info("submitted")
    logging.getLogger("library").warning("careful")
    logs.configure(stream)
    structlog.get_logger().info("room again")
    assert only(stream)["event"] == "room again"
