"""The register of messages, the documents of the flows, partners and the audit trail."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NoReturn

import msgspec
import pytest
import sqlalchemy as sa

from gateway.store import (
    AlreadyThere,
    AuditHead,
    BerichtIn,
    Collision,
    Conflict,
    Damaged,
    MasterKey,
    NotThere,
    StaleClaim,
    Store,
    Unit,
    records,
)
from gateway.store.sealing import Sealer
from tests.damage import alter

from .conftest import NOW, emptied, until_waiting


class Plan(msgspec.Struct, frozen=True):
    """A document of a flow."""

    status: str
    uren: int


def bericht(**changes: Any) -> BerichtIn:
    """A message to be registered."""
    values: dict[str, Any] = {
        "richting": "uit",
        "soort": "WMO301",
        "versie": "3.2",
        "afzender": "0957",
        "ontvanger": "12345678",
        "identificatie": "000000000001",
        "dagtekening": "2026-03-01",
        "xml": b"<Bericht/>",
    }
    return BerichtIn(**(values | changes))


def test_a_bericht_is_registered_once(store: Store) -> None:
    """Identity: richting, soort, afzender, identificatie."""
    with store.unit(now=NOW, actor="flow") as unit:
        first = unit.berichten.add(bericht())
        other = unit.berichten.add(bericht(identificatie="2", ontvanger="87654321"))
        with pytest.raises(AlreadyThere) as caught:
            unit.berichten.add(bericht(xml=b"<Other/>"))
        assert caught.value.existing == first
        assert unit.berichten.xml(first) == b"<Bericht/>"
        assert [b.id for b in unit.berichten.list(ontvanger="87654321")] == [other]
        with pytest.raises(TypeError, match="no such field"):
            unit.berichten.list(naam="Jansen")


@pytest.mark.postgres
def test_of_two_nodes_that_register_the_same_at_once_one_writes_nothing(postgres_url: str) -> None:
    """It looked before the other committed; it is told to look again."""
    master = MasterKey.generate()

    def register(store: Store) -> None:
        with store.unit(now=NOW, actor="flow") as unit:
            unit.records.add("verslag", "second", {})
            unit.berichten.add(bericht())

    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        with store.unit(now=NOW, actor="flow") as unit:
            unit.records.add("verslag", "first", {})  # makes the key of the day
        with ThreadPoolExecutor(1) as pool:
            with store.unit(now=NOW, actor="flow") as unit:
                unit.berichten.add(bericht())
                second = pool.submit(register, other)
                until_waiting(store, 1)
            with pytest.raises(Collision):
                second.result(timeout=60)
        with store.view(now=NOW) as view:
            assert len(view.berichten.list()) == 1
            assert [record.sleutel for record in view.records.list("verslag", dict)] == ["first"]


def test_many_berichten_are_registered_together_or_not_at_all(store: Store) -> None:
    """In the order given; one that is known stops all of them."""
    names = ["000000000003", "000000000001", "000000000002"]
    with store.unit(now=NOW, actor="test") as unit:
        numbers = unit.berichten.add_all([(bericht(identificatie=name), [f"naam:{name}"]) for name in names])
        assert [unit.berichten.get(number).identificatie for number in numbers] == names
    with pytest.raises(AlreadyThere), store.unit(now=NOW, actor="test") as unit:
        unit.berichten.add_all([(bericht(identificatie="000000000004"), ()), (bericht(identificatie=names[0]), ())])
    with store.view(now=NOW) as view:
        assert len(view.berichten.list()) == 3
        each = view.berichten.under_each([f"naam:{name}" for name in (*names, "none")])
    assert [[row.identificatie for row in each[f"naam:{name}"]] for name in (*names, "none")] == [
        *([name] for name in names),
        [],
    ]


def test_many_documents_are_added_together_or_not_at_all(store: Store) -> None:
    """Each is found by its own key; a key that is taken stops all of them."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add_all("plan", {"a": Plan("concept", 1), "b": Plan("concept", 2)})
        unit.records.add_all("plan", {})
    with pytest.raises(AlreadyThere), store.unit(now=NOW, actor="test") as unit:
        unit.records.add_all("plan", {"c": Plan("concept", 3), "b": Plan("concept", 4)})
    with store.view(now=NOW) as view:
        assert [record.body.uren for record in view.records.list("plan", Plan)] == [1, 2]
        assert view.records.get("plan", "c", Plan) is None


def test_documents_of_a_kind_are_walked_a_page_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each once, no more bodies in memory than a page has; a damaged one is named and left out."""
    monkeypatch.setattr(records, "_PAGE", 3)
    read: list[int] = []
    find_all = Sealer.find_all

    def counted(self: Sealer, field: str, rows: Sequence[int]) -> dict[int, Any]:
        read.append(len(rows))
        return find_all(self, field, rows)

    monkeypatch.setattr(Sealer, "find_all", counted)
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add_all("plan", {str(number): number for number in range(7)})
        unit.records.add("other", "x", None)
        four = unit.records.get("plan", "4", int)
    assert four is not None
    alter(store, "records.body", four.id)
    damaged: list[str] = []
    with store.view(now=NOW) as view:
        walk = view.records.each("plan", int, damaged)
        assert (next(walk).body, read) == (0, [3])
        assert [record.body for record in walk] == [1, 2, 3, 5, 6]
    assert (damaged, read) == (["4"], [3, 3, 1])


def test_a_list_asks_for_all_its_bodies_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not one by one: on a server each question is a way there and back. One that was altered is said so."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add_all("plan", {str(number): number for number in range(7)})
    monkeypatch.setattr(Sealer, "find", lambda *_: pytest.fail("one by one"))
    with store.view(now=NOW) as view:
        found = view.records.list("plan", int)
    assert [record.body for record in found] == [*range(7)]
    alter(store, "records.body", found[3].id)
    with store.view(now=NOW) as view, pytest.raises(Damaged):
        view.records.list("plan", int)


def test_dossiers_begun_together_are_destroyed_one_by_one(store: Store) -> None:
    """Each has a key of its own: what is left of one says nothing of it, and the others are whole."""
    names = [f"dossier-{number}" for number in range(3)]
    with store.unit(now=NOW, actor="a") as unit:
        unit.records.add_dossiers("client", {name: ({"of": name}, {"bsn": f"99990000{name[-1]}"}) for name in names})
        unit.records.add_dossiers("client", {})
        with pytest.raises(AlreadyThere):
            unit.records.add_dossiers("client", {names[0]: ({}, {})})
    with store.unit(now=NOW, actor="a") as unit:
        asked = ["999900000", "999900001", "999900009"]
        assert unit.records.without_dossier("bsn", asked) == {"999900009"}
        assert unit.records.dossiers("bsn", "999900001") == [("client", names[1])]
        unit.dossiers.destroy(names[1])
        assert unit.records.without_dossier("bsn", asked) == {"999900001", "999900009"}
        bodies = {name: unit.records.get("client", name, dict) for name in names}
    assert {name: found and found.body for name, found in bodies.items()} == {
        names[0]: {"of": names[0]},
        names[1]: None,
        names[2]: {"of": names[2]},
    }


def test_terms_of_many_dossiers_are_what_they_are_one_by_one(store: Store) -> None:
    """New, ending early, ending late: the same term and pseudonym as `touch` gives."""
    until = NOW + timedelta(days=100)
    with store.unit(now=NOW, actor="a") as unit:
        early, late = (unit.dossiers.touch(name, NOW + timedelta(days=d)) for name, d in (("early", 10), ("late", 99)))
    with store.unit(now=NOW, actor="a") as unit:
        unit.dossiers.touch_all({"early": until, "late": until, "new": until})
        unit.dossiers.touch_all({})
        named = {name: unit.dossiers.pseudonym(name) for name in ("early", "late", "new")}
        assert sorted(unit.dossiers.terms(["early", "late", "new"])) == [NOW + timedelta(days=99), until, until]
    with store.unit(now=NOW, actor="a") as unit:
        assert {name: unit.dossiers.pseudonym(name) for name in named} == named
    assert (named["early"], named["late"]) == (early, late)
    assert len(set(named.values())) == 3


def test_an_answer_is_linked_to_its_question(store: Store) -> None:
    """A 302 answers a 301; statuses follow."""
    with store.unit(now=NOW, actor="flow") as unit:
        question = unit.berichten.add(bericht(status="sent"))
        answer = unit.berichten.add(
            bericht(richting="in", soort="WMO302", afzender="12345678", antwoord_op=question, status="accepted")
        )
        unit.berichten.set_status(question, "answered")
        assert [b.id for b in unit.berichten.answers(question)] == [answer]
        assert unit.berichten.get(question).status == "answered"
        with pytest.raises(NotThere):
            unit.berichten.set_status(99, "sent")
        with pytest.raises(NotThere):
            unit.berichten.get(99)


def test_a_document_is_put_in_place_of_what_was_read(store: Store) -> None:
    """New where nothing was; refused where somebody else wrote it since."""
    with store.unit(now=NOW, actor="flow") as unit:
        unit.records.put("stand", "laatste", {"n": 1}, None)
        with pytest.raises(AlreadyThere):
            unit.records.put("stand", "laatste", {"n": 2}, None)
        kept = unit.records.get("stand", "laatste", dict)
        unit.records.put("stand", "laatste", {"n": 3}, kept)
        with pytest.raises(Conflict):
            unit.records.put("stand", "laatste", {"n": 4}, kept)
        assert [each.body for each in unit.records.list("stand", dict)] == [{"n": 3}]


def test_a_document_is_changed_only_by_who_read_its_last_version(store: Store) -> None:
    """Optimistic locking: two consultants at one plan."""
    with store.unit(now=NOW, actor="flow") as unit:
        unit.records.add("plan", "1", Plan("concept", 2), keys={"status": "concept", "partner": ["a", "b"]})
        with pytest.raises(AlreadyThere):
            unit.records.add("plan", "1", Plan("concept", 3))
    with store.unit(now=NOW + timedelta(hours=1), actor="flow") as unit:
        assert unit.records.save("plan", "1", Plan("verzonden", 2), versie=1, keys={"status": "verzonden"}) == 2
        with pytest.raises(Conflict):
            unit.records.save("plan", "1", Plan("ingetrokken", 2), versie=1)
        with pytest.raises(NotThere):
            unit.records.save("plan", "2", Plan("ingetrokken", 2), versie=1)
    with store.view(now=NOW) as view:
        found = view.records.get("plan", "1", Plan)
        assert found is not None
        assert (found.body, found.versie) == (Plan("verzonden", 2), 2)
        assert (found.created_at, found.changed_at) == (NOW, NOW + timedelta(hours=1))
        assert view.records.list("plan", Plan, keys={"status": "concept"}) == []
        assert len(view.records.list("plan", Plan, keys={"status": "verzonden", "partner": "b"})) == 1
        assert view.records.get("plan", "2", Plan) is None


def test_gebeurtenissen_of_a_record_are_numbered_without_gaps(store: Store) -> None:
    """Append-only; a rolled back event leaves no hole."""
    with store.unit(now=NOW, actor="flow") as unit:
        for sleutel in "12":
            unit.records.add("plan", sleutel, {})
        unit.records.add_event("plan", "1", "begonnen", {"door": "consulent"})
    with pytest.raises(ZeroDivisionError), store.unit(now=NOW, actor="flow") as unit:
        assert unit.records.add_event("plan", "1", "verzonden") / 0
    with store.unit(now=NOW, actor="flow") as unit:
        assert unit.records.add_event("plan", "2", "begonnen") == 1
        assert unit.records.add_event("plan", "1", "verzonden") == 2
        events = unit.records.events("plan", "1")
        with pytest.raises(NotThere):
            unit.records.add_event("plan", "3", "begonnen")
    assert [(e.nr, e.soort, e.body) for e in events] == [
        (1, "begonnen", b'{"door":"consulent"}'),
        (2, "verzonden", b"null"),
    ]


def test_an_address_belongs_to_one_partner(store: Store) -> None:
    """SM-133; and a partner record is changed only by who read its last version."""
    with store.unit(now=NOW, actor="beheer") as unit:
        assert unit.partners.put("zorg", {"naam": "Zorg"}, keys=[("address", "plan@zorg.example")]) == 1
        with pytest.raises(Conflict):
            unit.partners.put("zorg", {"naam": "Zorg"})
        assert unit.partners.put("zorg", {"naam": "Zorg BV"}, keys=[("address", "wmo@zorg.example")], versie=1) == 2
        assert unit.partners.find("address", "plan@zorg.example") is None
        assert unit.partners.find("address", "wmo@zorg.example") == "zorg"
        assert unit.partners.get("zorg", dict) == ({"naam": "Zorg BV"}, 2)
        assert unit.partners.get("elders", dict) is None
        assert unit.partners.list(dict) == [("zorg", {"naam": "Zorg BV"})]
        with pytest.raises(AlreadyThere), unit.part():
            unit.partners.put("elders", {}, keys=[("address", "wmo@zorg.example")])


def _audit(store: Store, rows: int) -> AuditHead:
    for number in range(rows):
        with store.unit(now=NOW, actor="jansen") as unit:
            unit.audit.write("viewed", f"plan/{number}", subject="p-1", ground="toewijzing", detail={"n": number})
    with store.view(now=NOW) as view:
        return view.audit.head()


def test_the_trail_is_gapless_and_verifies(store: Store) -> None:
    """SM-149."""
    head = _audit(store, 5)
    with store.view(now=NOW) as view:
        report = view.audit.verify([head])
        assert (report.rows, report.broken_at, report.head) == (5, None, head)
        assert [e.detail for e in view.audit.list(object="plan/3")] == ['{"n":3}']


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit SET actor = 'pietersen' WHERE nr = 3", 3),
        ("UPDATE audit SET subject = NULL, ground = subject WHERE nr = 4", 4),
        ("DELETE FROM audit WHERE nr = 2", 2),
        ("DELETE FROM audit WHERE nr = 5", 5),
        ("DELETE FROM audit", 1),
    ],
)
def test_a_row_that_is_altered_or_taken_out_is_found(store: Store, place: str, tampering: str, broken_at: int) -> None:
    """Also the last ones, if the head was kept elsewhere."""
    head = _audit(store, 5)
    engine = sa.create_engine(place if "://" in place else f"sqlite:///{place}")
    with engine.begin() as conn:
        conn.execute(sa.text(tampering))
    engine.dispose()
    with store.view(now=NOW) as view:
        assert view.audit.verify([head]).broken_at == broken_at


def test_what_was_undone_is_not_in_the_trail(store: Store) -> None:
    """Neither that of a part, nor that of a unit which shares a commit, also when the trail was read meanwhile."""

    def fails(unit: Unit, about: str) -> NoReturn:
        unit.audit.write("undone", about)
        assert unit.audit.list(object=about)
        raise ZeroDivisionError

    with store.together():
        with store.unit(now=NOW, actor="jansen") as unit:
            unit.audit.write("first", "x")
            with pytest.raises(ZeroDivisionError), unit.part():
                fails(unit, "part")
        with pytest.raises(ZeroDivisionError), store.unit(now=NOW, actor="jansen") as unit:
            fails(unit, "unit")
        with store.unit(now=NOW + timedelta(seconds=1), actor="smit") as unit:
            unit.audit.write("second", "x")
    with store.view(now=NOW) as view:
        assert [(row.actor, row.action) for row in view.audit.list()] == [("jansen", "first"), ("smit", "second")]
        assert view.audit.verify().broken_at is None


@pytest.mark.postgres
def test_nobody_waits_for_the_trail_of_a_unit_that_is_not_done(postgres_url: str, master: MasterKey) -> None:
    """It is one chain, and the same for all nodes: who wrote it early would make them work one after another."""
    url = emptied(postgres_url)
    with Store.open(url, master, node="a") as one, Store.open(url, master, node="b") as other:
        with one.unit(now=NOW, actor="slow") as unit:
            unit.audit.write("begun first", "x")
            with other.unit(now=NOW, actor="quick") as meanwhile:
                meanwhile.audit.write("done first", "x")
        with one.view(now=NOW) as view:
            assert [row.action for row in view.audit.list()] == ["done first", "begun first"]
            assert view.audit.verify().broken_at is None


def test_a_job_taken_over_cannot_be_finished_by_its_former_holder(store: Store) -> None:
    """The fence: a node that slept through its lease learns it here."""
    with store.unit(now=NOW, actor="a") as unit:
        old = unit.jobs.acquire("pickup", "node-a", timedelta(minutes=1))
        assert unit.jobs.acquire("pickup", "node-b", timedelta(minutes=1)) is None
    with store.unit(now=NOW + timedelta(minutes=2), actor="b") as unit:
        new = unit.jobs.acquire("pickup", "node-b", timedelta(minutes=1))
        assert old is not None
        assert new is not None
        with pytest.raises(StaleClaim):
            unit.jobs.finish("pickup", old, result="ok")
        unit.jobs.finish("pickup", new, result="ok", detail="3 fetched")
        (state,) = unit.jobs.list()
        assert (state.result, state.detail, state.lease_owner) == ("ok", "3 fetched", None)
