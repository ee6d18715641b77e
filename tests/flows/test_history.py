"""Handling one message costs the same after a long history, and its outcome is that of the whole history."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway import berichten
from gateway.berichten.historie import Dossier
from gateway.demo import story
from gateway.demo.cast import AANBIEDER
from gateway.flows import declaration, history, intake
from gateway.flows.history import places
from gateway.flows.kop import entry, kop
from gateway.reconcile.historie import uit_berichten
from gateway.store import Unit
from gateway.store.berichten import Berichten

from .conftest import Pair
from .test_exchange import mail

MANY = 60  # messages about others; ten times as many change nothing, as the counts show
BSN = "999900018"


def others(pair: Pair, number: int) -> None:
    """Orders, answers, starts and declarations of other clients with the same provider."""
    order, start, declared = (
        berichten.parse(pair.xml_of(role, soort))
        for role, soort in (("gemeente", "WMO301"), ("aanbieder", "WMO305"), ("aanbieder", "WMO323"))
    )
    answer = berichten.parse(pair.xml_of("aanbieder", "WMO302"))
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        for nr in range(number):
            _keep(unit, "WMO301", _other_order(order, nr), "uit")
            _keep(unit, "WMO302", _other_answer(answer, nr), "in")
            _keep(unit, "WMO305", _other_start(start, nr), "in")
            _keep(unit, "WMO323", _other_declaration(declared, nr), "in")


def _keep(unit: Unit, soort: str, bericht: Any, richting: Any) -> None:
    head = kop(soort, bericht)
    unit.berichten.add(entry(richting, head, berichten.build(bericht), "answered"), places(bericht))


def _named(bericht: Any, nr: int, **header: Any) -> Any:
    name = msgspec.structs.replace(bericht.header.bericht_identificatie, identificatie=f"9{nr:011d}")
    return msgspec.structs.replace(
        bericht, header=msgspec.structs.replace(bericht.header, bericht_identificatie=name, **header)
    )


def _other_order(order: Any, nr: int) -> Any:
    products = tuple(
        msgspec.structs.replace(p, toewijzing_nummer=9000 + nr) for p in order.client.toegewezen_producten[:1]
    )
    client = msgspec.structs.replace(order.client, bsn=BSN, toegewezen_producten=products)
    return msgspec.structs.replace(_named(order, nr), client=client)


def _other_answer(answer: Any, nr: int) -> Any:
    return _named(answer, nr, identificatie_retour=f"R{nr:011d}")


def _other_start(start: Any, nr: int) -> Any:
    products = tuple(msgspec.structs.replace(p, toewijzing_nummer=9000 + nr) for p in start.client.start_producten[:1])
    client = msgspec.structs.replace(start.client, bsn=BSN, start_producten=products)
    return msgspec.structs.replace(_named(start, nr), client=client)


def _other_declaration(declared: Any, nr: int) -> Any:
    line = declared.declaratie.clienten[0].prestaties[0]
    reference = msgspec.structs.replace(line.product_referentie, referentie_nummer=f"Q{nr}")
    line = msgspec.structs.replace(line, toewijzing_nummer=9000 + nr, product_referentie=reference)
    client = msgspec.structs.replace(declared.declaratie.clienten[0], bsn=BSN, prestaties=(line,))
    body = msgspec.structs.replace(declared.declaratie, declaratie_nummer=f"Q{nr}", clienten=(client,))
    return msgspec.structs.replace(_named(declared, nr), declaratie=body)


class Counted:
    """How many rows of the register were read, and how many messages decrypted."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows = self.messages = 0
        for name in ("list", "under"):
            patch.setattr(Berichten, name, self._rows(getattr(Berichten, name)))
        xml = Berichten.xml
        patch.setattr(Berichten, "xml", self._message(xml))

    def _rows(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def read(*args: Any, **named: Any) -> Any:
            found = real(*args, **named)
            self.rows += len(found)
            return found

        return read

    def _message(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def read(*args: Any) -> Any:
            self.messages += 1
            return real(*args)

        return read


@pytest.fixture
def month(ordered: Pair) -> Pair:
    """Start and declaration were sent and answered."""
    ordered.run(story.start, story.declare, story.answer_declaration)
    return ordered


def next_declaration(pair: Pair) -> Any:
    """A declaration that comes after the first."""
    return _other_name(berichten.parse(pair.xml_of("aanbieder", "WMO323")))


def _other_name(declared: Any) -> Any:
    name = msgspec.structs.replace(declared.header.bericht_identificatie, identificatie="323000000055")
    header = msgspec.structs.replace(declared.header, bericht_identificatie=name)
    body = msgspec.structs.replace(declared.declaratie, declaratie_nummer="D55")
    return msgspec.structs.replace(declared, header=header, declaratie=body)


def next_start(pair: Pair) -> Any:
    """A start that comes after the first; its judgement asks for orders and starts of the client."""
    start: Any = berichten.parse(pair.xml_of("aanbieder", "WMO305"))
    name = msgspec.structs.replace(start.header.bericht_identificatie, identificatie="305000000055")
    return msgspec.structs.replace(start, header=msgspec.structs.replace(start.header, bericht_identificatie=name))


@pytest.mark.parametrize("following", [next_start, next_declaration], ids=["WMO305", "WMO323"])
def test_a_message_reads_as_much_after_a_long_history_as_after_a_short_one(
    month: Pair, monkeypatch: pytest.MonkeyPatch, following: Callable[[Pair], Any]
) -> None:
    """Architecture, Scale: cost does not grow with history. Rows read and messages decrypted are counted."""
    counts = []
    raw = mail(month, "aanbieder", following(month))
    number = month.put("gemeente", raw)
    for more in (0, MANY):
        others(month, more)
        with monkeypatch.context() as patch:
            counted = Counted(patch)
            _handle_and_forget(month, number)
        counts.append((counted.rows, counted.messages))

    assert counts[0] == counts[1]
    assert 0 < counts[0][1] < 20


class _Undo(Exception):
    pass


def _handle_and_forget(pair: Pair, number: int) -> None:
    """Handle a message and take it all back, so that the next time is the same."""
    us = pair.gemeente.us
    with pair.gemeente.store.view(now=pair.clock()) as view:
        item, raw = view.inbox.get(number), view.inbox.raw(number)
    try:
        with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
            assert intake.take_in(unit, us, item, raw).state == "handled"
            raise _Undo
    except _Undo:
        pass


def test_the_state_of_a_declaration_is_that_of_the_whole_history(month: Pair) -> None:
    """Reconciliation 5.2: for everything that the declaration names, the keys lead to the same as reading all."""
    others(month, 5)
    declared = next_declaration(month)
    with month.gemeente.store.view(now=month.clock()) as view:
        some = declaration.load_state(view, month.gemeente.us, AANBIEDER.code, declared)
        rows = view.berichten.list()
        whole = uit_berichten([berichten.parse(view.berichten.xml(row.id)) for row in rows]).state
    gemeente = month.gemeente.us.ourselves.code
    keys = {(gemeente, p.toewijzing_nummer) for c in declared.declaratie.clienten for p in c.prestaties}
    assert keys == {(gemeente, 1001), (gemeente, 1002)}
    for key in keys:
        assert some.toewijzingen[key] == whole.toewijzingen[key]
        assert some.verbruik.get(key) == whole.verbruik.get(key)
    assert {k: v for k, v in whole.by_month.items() if k[:2] in keys} == some.by_month
    for name, line in some.referenties.items():
        assert msgspec.structs.replace(line, seq=0) == msgspec.structs.replace(whole.referenties[name], seq=0)
    assert len(some.referenties) == 3
    assert some.declaratienummers <= whole.declaratienummers
    assert some.previous_period((gemeente, AANBIEDER.code), story.DAYS.afrekening) == story.DAYS.maand_begin


def test_messages_of_another_partner_do_not_count(month: Pair) -> None:
    """What matters is what was exchanged with this partner."""
    start = next_start(month)
    with month.gemeente.store.view(now=month.clock()) as view:
        assert history.earlier(view, "87654321", start).starts(_dossier(start)) == frozenset()
        assert len(history.earlier(view, AANBIEDER.code, start).starts(_dossier(start))) == 2


def test_the_history_of_many_messages_is_that_of_each(month: Pair) -> None:
    """Asked of the register at once, also for a message of another partner and for one of which nothing is known."""
    start = next_start(month)
    with month.gemeente.store.view(now=month.clock()) as view:
        asked = [(AANBIEDER.code, start), ("87654321", start), (AANBIEDER.code, start)]
        found = history.earlier_each(view, asked)
        one = [history.earlier(view, partner, bericht) for partner, bericht in asked]
        assert history.earlier_each(view, []) == []
    assert [len(each.starts(_dossier(start))) for each in found] == [2, 0, 2]
    assert [each.starts(_dossier(start)) for each in found] == [each.starts(_dossier(start)) for each in one]


def _dossier(start: Any) -> Any:
    return Dossier(start.header.ontvanger, start.header.afzender, start.client.bsn)


def test_the_register_holds_no_key_in_the_clear(month: Pair) -> None:
    """SM-146: keys may name a client."""
    data = (month.folder / "gemeente" / "gateway.db").read_bytes()
    wal = month.folder / "gemeente" / "gateway.db-wal"
    assert b"999900006" not in data + (wal.read_bytes() if wal.exists() else b"")
