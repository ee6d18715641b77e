"""What messages that took effect still have to be written of them, for several of them at once.

Messages that share a commit are judged one by one, each undone by itself if it fails. What is the same for all of them
(the place in the register, a new client's dossier, return message, receipt, the identity that names the receipt, the
state of the inbox row) is made and written at the end of that same transaction, a statement for all. Who looks for
something that is still owed has it written first, so that nobody sees the difference.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gateway.flows import dossiers, tasks
from gateway.flows.capabilities import keep_capabilities
from gateway.flows.dispatch import Each, post_berichten, seal_berichten
from gateway.flows.dossiers import Placing
from gateway.flows.history import places, under_among
from gateway.flows.kop import Kop
from gateway.flows.looked import NOTHING, Looked, Name, name_of
from gateway.flows.parties import Surroundings
from gateway.flows.payload import Placed
from gateway.flows.taken import new_identity, settled
from gateway.securemail import Opened
from gateway.store import Act, Bericht, Identity, Outgoing, Unit


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """One message that took effect."""

    inbox_id: int
    opened: Opened
    kind: str  # of its payload
    placed: Placed
    receipt: Outgoing | None = None


class Owed:
    """What is not written yet; it is, in the transaction of the effects, or nothing of both is."""

    def __init__(self, us: Surroundings, each: Each = map, looked: Looked = NOTHING) -> None:
        self._us, self._each = us, each  # `each` may seal several beside each other
        self._looked = looked  # until something is written
        self._owed: tuple[Took, ...] = ()
        self._found_by: frozenset[str] = frozenset()

    def add(self, took: Took) -> None:
        """Owe this."""
        placed, opened = took.placed, took.opened
        found_by = {_identity(opened.partner.id, opened.headers.message_id), opened.mic.hex(), *placed.keys}
        if placed.entry is not None:
            found_by.add(_registered((placed.entry.soort, placed.entry.afzender, placed.entry.identificatie)))
        if placed.begins is not None:
            found_by.add(_client(placed.begins.bsn))
        if placed.reply is not None:
            found_by |= places(placed.reply.bericht)
        self._owed = (*self._owed, took)
        self._found_by |= found_by

    def mark(self) -> tuple[tuple[Took, ...], frozenset[str]]:
        """What is owed now, for `back_to`."""
        return self._owed, self._found_by

    def back_to(self, mark: tuple[tuple[Took, ...], frozenset[str]]) -> None:
        """What was done since then is undone."""
        self._owed, self._found_by = mark

    # -- what is in the store, and what is owed to it ----------------------------------------------------------------

    def ask_again(self, *what: str) -> None:
        """Something else is written that was asked about: these answers hold no more."""
        self._looked = msgspec.structs.replace(self._looked, **{name: getattr(NOTHING, name) for name in what})

    def is_ours(self, unit: Unit, message_id: str) -> bool:
        """Whether the Message-ID is one of ours."""
        return message_id not in self._looked.foreign and unit.outbox.is_ours(message_id)

    def accepted(self, unit: Unit, partner: str, message_id: str, mic: bytes) -> Identity | None:
        """The first message that was accepted with this name or these contents."""
        self._write_if_found_by(unit, (_identity(partner, message_id), mic.hex()))
        if (partner, message_id) in self._looked.names and (partner, mic) in self._looked.contents:
            return None
        return unit.identities.look_up(partner, message_id, mic).first

    def named(self, unit: Unit, head: Kop) -> Bericht | None:
        """The message that came in under this name."""
        name = name_of(head)
        self._write_if_found_by(unit, (_registered(name),))
        if name in self._looked.named:
            return self._looked.named[name]
        return unit.berichten.find("in", *name)

    def under(self, unit: Unit, keys: frozenset[str]) -> Sequence[Bericht]:
        """The messages that are registered under one or more of these keys."""
        self._write_if_found_by(unit, keys)
        return under_among(self._looked.under, keys, unit)

    def place(self, unit: Unit, bericht: Any) -> Placing:
        """The dossier of a message."""
        if (bsn := dossiers.client_of(bericht)) is not None:
            self._write_if_found_by(unit, (_client(bsn),))
        return dossiers.place(unit, bericht, self._looked.without_dossier)

    def _write_if_found_by(self, unit: Unit, keys: Iterable[str]) -> None:
        if not self._found_by.isdisjoint(keys):
            self.write(unit)

    def write_register(self, unit: Unit) -> None:
        """Write all if a message is to be registered: somebody looks in the register for more than can be foreseen.

        And will write in it, so what was asked before is asked again.
        """
        if any(one.placed.entry or one.placed.reply or one.placed.begins for one in self._owed):
            self.write(unit)
        else:
            self.ask_again("named", "under", "without_dossier")

    # -- writing -----------------------------------------------------------------------------------------------------

    def write(self, unit: Unit) -> None:
        """Seal and write everything that is owed. What was asked before it is asked again."""
        self._looked = NOTHING
        took, self._owed, self._found_by = self._owed, (), frozenset()
        begun = {one.placed.dossier: one.placed.begins for one in took if one.placed.begins and one.placed.dossier}
        dossiers.begin_all(unit, begun)
        entries = {one.inbox_id: (one.placed.entry, one.placed.keys) for one in took if one.placed.entry is not None}
        numbers = dict(zip(entries, unit.berichten.add_all(list(entries.values())), strict=True))
        letters = [
            msgspec.structs.replace(one.placed.reply, answers=numbers.get(one.inbox_id))
            for one in took
            if one.placed.reply is not None
        ]
        post_berichten(unit, self._us, seal_berichten(unit, self._us, letters, self._each))
        receipts = iter(unit.outbox.put_all([one.receipt for one in took if one.receipt is not None]))
        unit.identities.register_all(
            [
                new_identity(one.inbox_id, one.opened, "handled", None if one.receipt is None else next(receipts))
                for one in took
            ]
        )
        for opened in {one.opened.partner.id: one.opened for one in took}.values():
            keep_capabilities(unit, opened)
        unit.inbox.settle_all([settled(one.inbox_id, "handled", one.opened, one.placed.dossier) for one in took])
        tasks.all_done(unit, [_object(one) for one in took], "het bericht is alsnog verwerkt")
        subjects = dossiers.touch_all(unit, self._us, {one.placed.dossier for one in took if one.placed.dossier})
        unit.audit.write_all([_act(one, subjects.get(one.placed.dossier or "")) for one in took])


def _act(took: Took, subject: str | None) -> Act:
    # What was accepted with a certificate that turns out revoked is found by it (SM-138).
    by = {"kind": took.kind, "certificate": took.opened.signer.fingerprint}
    return Act(action="opened", object=_object(took), subject=subject, partner=took.opened.partner.id, detail=by)


def _object(took: Took) -> str:
    return f"inbox/{took.inbox_id}"


def _identity(partner: str, message_id: str) -> str:
    return f"identity:{partner}:{message_id}"


def _client(bsn: str) -> str:
    return f"dossier:{bsn}"


def _registered(name: Name) -> str:
    return ":".join(("in", *name))
