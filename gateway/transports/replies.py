"""What a reply or an exception means for the message: table 10.2, as pure functions."""

import re
import ssl
from typing import Final

import aiosmtplib

from gateway.domain.delivery import TEXT_MAX, Outcome, Phase, Verdict
from gateway.domain.ids import mask_bsn

from .sasl import Impostor, NoSecret

_ENHANCED = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

BEFORE_ENVELOPE: Final[frozenset[Phase]] = frozenset({"connect", "tls", "ehlo", "auth"})

OUR_ACCOUNT: Final = frozenset({"5.7.0", "5.1.7", "5.1.8"})  # the sender is refused: our account, not this message


def clean(text: str) -> str:
    """A text from outside, fit to be stored and logged: cut, control characters escaped, BSNs masked (SM-151)."""
    escaped = _CONTROL.sub(lambda m: f"\\x{ord(m.group()):02x}", text[: TEXT_MAX * 2])
    return mask_bsn(escaped)[:TEXT_MAX]


def enhanced_code(code: int, text: str) -> str | None:
    """The enhanced status code at the start of a reply, if its class equals the reply's first digit (SM-85)."""
    match = _ENHANCED.match(text)
    return match.group() if match and match.group(1) == str(code)[0] else None


def judge(phase: Phase, code: int, enhanced: str | None) -> tuple[Verdict, str | None]:
    """Verdict and reason of a reply that is not the one hoped for. The code decides, the enhanced code refines."""
    if phase in BEFORE_ENVELOPE:
        return "channel", {"auth": "auth", "tls": "tls"}.get(phase, "refused")
    kind = code // 100
    if kind == 4:
        return "deferred", None
    if kind == 5:
        return _permanent(phase, code, enhanced)
    if phase == "data":
        # Any 2yz after the dot is a promise; garbage there leaves us as wise as a lost connection.
        return ("submitted", None) if kind == 2 else ("uncertain", "garbage")
    return _broken_off(phase), "garbage"


def _broken_off(phase: Phase) -> Verdict:
    """A dialogue that ended without a word that counts. At RCPT the relay had worked: it may be this recipient."""
    verdicts: dict[Phase, Verdict] = {"rcpt": "deferred", "data": "uncertain"}
    return verdicts.get(phase, "channel")


def _permanent(phase: Phase, code: int, enhanced: str | None) -> tuple[Verdict, str | None]:
    if phase != "data" and (code == 530 or enhanced in OUR_ACCOUNT):
        return "channel", "account"
    if enhanced == "5.2.2":
        return "deferred", "mailbox-full"
    if enhanced == "5.3.4" or (phase == "mail" and code == 552):
        return "failed", "too-large"
    if phase != "data" and enhanced == "5.7.1":
        return "failed", "policy"
    for prefix, reason in (("5.1.", "address"), ("5.5.", "protocol")):
        if enhanced is not None and enhanced.startswith(prefix):
            return "failed", reason
    return "failed", None


EXCEPTIONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    # In this order: the first that fits counts.
    (ssl.SSLCertVerificationError, "certificate"),  # arrives bare from STARTTLS
    (ssl.SSLError, "tls"),
    (aiosmtplib.SMTPTimeoutError, "timeout"),
    (TimeoutError, "timeout"),
    (aiosmtplib.SMTPServerDisconnected, "lost"),
    (aiosmtplib.SMTPConnectError, "refused"),
    (aiosmtplib.SMTPException, "unsupported"),  # STARTTLS or AUTH not offered
    (NoSecret, "secret"),
    (Impostor, "impostor"),
    (OSError, "network"),
)


def outcome_of(error: Exception, phase: Phase) -> Outcome:
    """What an exception from the SMTP library means. Raises it again if it is none of the surroundings' making."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        enhanced = enhanced_code(error.code, error.message)
        verdict, reason = judge(phase, error.code, enhanced)
        code = error.code if error.code > 0 else None
        return Outcome(
            verdict=verdict, phase=phase, reason=reason, code=code, enhanced=enhanced, text=clean(error.message)
        )
    reason = next((word for kind, word in EXCEPTIONS if isinstance(error, kind)), None)
    if isinstance(error, aiosmtplib.SMTPConnectError) and isinstance(error.__cause__, ssl.SSLError):
        certificate = isinstance(error.__cause__, ssl.SSLCertVerificationError)
        phase, reason = "tls", "certificate" if certificate else "tls"  # implicit TLS: the library wraps it
    if reason is None:
        raise error
    return Outcome(verdict=_broken_off(phase), phase=phase, reason=reason, text=clean(str(error)))
