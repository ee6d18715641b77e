"""A new index key while the gateway goes on: persons stay found, and nothing is left of the old hashes (SM-146)."""

from datetime import datetime

import pytest

from gateway.demo import story
from gateway.flows import cases, reindex
from gateway.store import Store

from .conftest import Pair


def hashes(store: Store, bsn: str, now: datetime) -> set[bytes]:
    """What the index holds, and what a BSN is kept under."""
    with store.connection(write=False) as conn:
        found = conn.exec_driver_sql(
            "SELECT value FROM bericht_keys UNION SELECT value FROM record_keys WHERE key_version IS NOT NULL"
        )
        values = {row[0].encode() for row in found}
    with store.view(now=now) as view:
        assert view.records._sealer.blind("bsn", bsn).encode() in values
    return values


def test_every_person_and_message_is_found_under_the_new_key(ordered: Pair) -> None:
    """Cases by BSN, earlier messages by what they name; of the old hashes not one is left, in the file neither."""
    for role, app in ordered.apps.items():
        traject = ordered.traject()
        assert traject is not None
        assert traject.client.bsn
        before = hashes(app.store, traject.client.bsn, ordered.clock())
        assert reindex.reindex(app.store, ordered.clock()) >= 3
        after = hashes(app.store, traject.client.bsn, ordered.clock())
        assert before & after == set()
        assert len(before) == len(after)
        app.store.clean()
        assert app.store.path is not None
        files = b"".join(f.read_bytes() for f in app.store.path.parent.glob(f"{app.store.path.name}*"))
        assert [value for value in before if value in files] == [], role
        with app.store.view(now=ordered.clock()) as view:
            assert view.audit.verify().broken_at is None
    ordered.run(story.start, story.declare, story.answer_declaration)  # the rules still find what came before
    row = ordered.bericht("aanbieder", "WMO323")
    assert row is not None
    assert row.status == "answered"


def test_a_rewriting_that_was_broken_off_goes_on(ordered: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it under the new key: everything is found, and the next run ends it."""
    store, traject = ordered.gemeente.store, ordered.traject()
    assert traject is not None

    def stops(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reindex, "_messages", stops)
        with pytest.raises(KeyboardInterrupt):
            reindex.reindex(store, ordered.clock())
    with store.view(now=ordered.clock()) as view:
        assert len(cases.trajecten(view, traject.client.bsn)) == 1
        order = ordered.bericht("gemeente", "WMO301")
        assert order is not None
    ordered.run(story.start)  # judged by the order, which is still found under the old key
    assert reindex.reindex(store, ordered.clock()) > 3
    with store.connection(write=False) as conn:
        versions = conn.exec_driver_sql("SELECT version FROM keys WHERE purpose = 'index'").scalars().all()
    assert versions == [2]
