"""What messages that took effect still owe their sender, written for several of them at once.

The effects of messages that share a commit are written one by one, each undone by itself if it fails; what answers
them (return message, receipt, the identity that names the receipt) is sealed and written at the end of that same
transaction. Who looks for something that is still owed has it written first, so that nobody sees the difference.
"""

from collections.abc import Iterable

import msgspec

from gateway.flows.dispatch import Each, Letter, post_berichten, seal_berichten
from gateway.flows.history import places
from gateway.flows.parties import Surroundings
from gateway.securemail import Opened
from gateway.store import Outgoing, Unit


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What one accepted message owes."""

    inbox_id: int
    opened: Opened
    letter: Letter | None = None  # the return message that the standard asks for
    receipt: Outgoing | None = None


class Owed:
    """Answers that are not written yet; they are, in the transaction of the effects, or nothing of both is."""

    def __init__(self, us: Surroundings, each: Each = map) -> None:
        self._us, self._each = us, each  # `each` may seal several beside each other
        self._owed: tuple[Answers, ...] = ()
        self._found_by: frozenset[str] = frozenset()

    def add(self, answers: Answers) -> None:
        """Owe this."""
        self._owed = (*self._owed, answers)
        found_by = {_name(answers.opened.partner.id, answers.opened.headers.message_id), answers.opened.mic.hex()}
        self._found_by |= found_by | (places(answers.letter.bericht) if answers.letter else set())

    def mark(self) -> tuple[tuple[Answers, ...], frozenset[str]]:
        """What is owed now, for `back_to`."""
        return self._owed, self._found_by

    def back_to(self, mark: tuple[tuple[Answers, ...], frozenset[str]]) -> None:
        """What was done since then is undone."""
        self._owed, self._found_by = mark

    def write_if_found_by(self, unit: Unit, keys: Iterable[str]) -> None:
        """Write all if one is registered under one of these keys: somebody is about to look."""
        if not self._found_by.isdisjoint(keys):
            self.write(unit)

    def write_if_accepted(self, unit: Unit, partner: str, message_id: str, mic: bytes) -> None:
        """Write all if this message is one of those that were accepted."""
        self.write_if_found_by(unit, (_name(partner, message_id), mic.hex()))

    def write(self, unit: Unit) -> None:
        """Seal and write everything that is owed."""
        owed, self._owed, self._found_by = self._owed, (), frozenset()
        letters = [answers.letter for answers in owed if answers.letter is not None]
        post_berichten(unit, self._us, seal_berichten(unit, self._us, letters, self._each))
        numbers = iter(unit.outbox.put_all([answers.receipt for answers in owed if answers.receipt is not None]))
        for answers in owed:
            opened = answers.opened
            unit.identities.register(
                opened.partner.id,
                opened.headers.message_id,
                opened.mic,
                outcome="handled",
                cms_sha256=opened.cms_sha256,
                inbox_id=answers.inbox_id,
                receipt_id=None if answers.receipt is None else next(numbers),
            )


def _name(partner: str, message_id: str) -> str:
    return f"identity:{partner}:{message_id}"
