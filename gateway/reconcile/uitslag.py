"""What a rule and a line come to, with the record that people can check afterwards (1.4.1, 1.4.10)."""

from enum import Enum
from typing import Literal

import msgspec

from gateway.berichten.regels.tabel import regels
from gateway.reconcile.contract import Tarief
from gateway.reconcile.declaraties import Prestatie
from gateway.reconcile.toewijzingen import ToewijzingVersie

Reason = Literal[
    "NEED_TARIFF",
    "NEED_CONTRACT_UNIT",
    "NEED_PRODUCTLIST",
    "TARIFF_AMBIGUOUS",
    "VERSION_RACE",
    "WAITING_EARLIER",
    "MANUAL_HOLD",
]
Compared = str | int | None


class Result(Enum):
    """Result of one rule."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    SKIPPED = "SKIPPED"


class Outcome(Enum):
    """Outcome of one line; the values are those of the JSON answer."""

    APPROVED = "approved"
    REJECTED = "rejected"
    NOT_ASSESSED = "notAssessed"
    UNDECIDED = "undecided"


class Uitslag(msgspec.Struct, frozen=True, gc=False):  # scalars only, and there are many
    """Result of one rule on one line, with the two values that were compared."""

    regel: str  # TR339
    result: Result
    code: str | None = None  # retourcode, with FAIL
    reason: Reason | None = None  # with UNKNOWN
    actual: Compared = None  # what the message says
    expected: Compared = None  # what the rule compares it with


class Ruimte(msgspec.Struct, frozen=True, kw_only=True):
    """What the allocation allows and what was used before, in one unit (base unit of 2.2; budgets are eurocent)."""

    unit: str
    max_period: int | None = None
    max_total: int | None = None
    used_before: int = 0


class HandmatigBesluit(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about an undecided line, or a hold put on it (6.3)."""

    action: Literal["approve", "reject", "hold"]
    codes: tuple[str, ...] = ()  # with reject: codes of rules that were UNKNOWN
    by: str = ""
    why: str = ""


class Regelverdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict record of one line (1.4.10). Only `codes` go into the 325."""

    prestatie: Prestatie
    outcome: Outcome
    codes: tuple[str, ...] = ()  # in the order of 1.4.3
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Reason, ...] = ()  # unverified, yet approved by policy `approve_and_flag`
    uitslagen: tuple[Uitslag, ...] = ()
    versie: ToewijzingVersie | None = None  # the version that judged the line
    bekend: ToewijzingVersie | None = None  # the version known to the sender, if different
    race_codes: tuple[str, ...] = ()  # codes under A_now, kept with VERSION_RACE
    ruimte: Ruimte | None = None
    used_after: int | None = None
    tarief: Tarief | None = None  # the contract row whose tariff the line has
    revisie: str = ""  # of the configuration
    besluit: HandmatigBesluit | None = None

    def result_of(self, regel: str) -> Result:
        """Result of one rule; SKIPPED if it was not evaluated."""
        return next((u.result for u in self.uitslagen if u.regel == regel), Result.SKIPPED)


def failed(regel: str, actual: Compared = None, expected: Compared = None) -> Uitslag:
    """The rule is broken; the retourcode comes from the rule table."""
    return Uitslag(regel, Result.FAIL, code=retourcode(regel), actual=actual, expected=expected)


def passed(regel: str, actual: Compared = None, expected: Compared = None) -> Uitslag:
    """The rule holds."""
    return Uitslag(regel, Result.PASS, actual=actual, expected=expected)


def judged(regel: str, good: bool, actual: Compared = None, expected: Compared = None) -> Uitslag:
    """PASS or FAIL."""
    return passed(regel, actual, expected) if good else failed(regel, actual, expected)


def unknown(regel: str, reason: Reason, actual: Compared = None, expected: Compared = None) -> Uitslag:
    """The receiver lacks what it needs to judge."""
    return Uitslag(regel, Result.UNKNOWN, reason=reason, actual=actual, expected=expected)


def skipped(regel: str) -> Uitslag:
    """The rule does not apply here, or a gate of 1.4.3 keeps it away."""
    return Uitslag(regel, Result.SKIPPED)


def retourcode(regel: str) -> str:
    """The retourcode (list WJ001) that the rule table gives for a rule."""
    code = regels()[regel].retourcode
    if code is None:
        raise ValueError(f"{regel} has no retourcode")
    return code
