"""The operations log: one JSON object a line on standard error, without personal data (SM-117, SM-118, SM-150, SM-151).

The audit trail is something else: it is in the store, and says who did what.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from gateway.domain.ids import mask_bsn

CUT = 200  # characters kept of a value that came from outside (SM-151)
_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)]}
_CODE = re.compile(r"[0-9]{4}|[0-9]{8}")
_CHATTY = ("imapclient", "imaplib", "aiosmtplib", "aiosmtpd")  # at debug level these write whole dialogues (SM-150)
_SCHEDULER = "apscheduler"  # at warning level it writes a line for every run that a longer one made needless
_PYHANKO = ("pyhanko", "pyhanko_certvalidator")  # at warning level these write certificate subjects (SM-118)


class Unbreakable:
    """A stream that loses lines rather than stop who writes them: a full disk or a reader that is gone ends no work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """The whole line, or nothing of it."""
        with suppress(OSError, ValueError):  # ValueError: the stream is closed
            return self._stream.write(text)
        return 0

    def flush(self) -> None:
        """If that can be done."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send structlog's events and other libraries' warnings to `stream` (default: standard error)."""
    out = cast("TextIO", Unbreakable(stream or sys.stderr))
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)
        ),
        _without_messages,
        tidy,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write a line: `print` writes the line end apart, and another thread's line may come in between.
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_SCHEDULER).setLevel(logging.ERROR)
    for name in _PYHANKO:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def tidy(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut, escape and mask every text of an event."""
    return {key: value if key == "partner" and _is_code(value) else _tidied(value) for key, value in event.items()}


def _is_code(value: Any) -> bool:
    """A gemeentecode or AGB code, as our own list of partners has it: one AGB code in eleven passes for a BSN."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _tidied(value: Any) -> Any:
    if isinstance(value, str):
        return mask_bsn(value[:CUT].translate(_CONTROL))
    if isinstance(value, dict):
        return {key: _tidied(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_tidied(one) for one in value]
    return value


def _without_messages(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's own text may quote what was read: keep its type and its places."""
    for stack in event.get("exception") or []:
        if isinstance(stack, dict):
            for key in ("exc_value", "exc_notes"):
                stack.pop(key, None)
    return event
