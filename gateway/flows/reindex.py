"""A new index key: every personal search key is written anew, in batches, while the gateway goes on (SM-146).

The store keeps keyed hashes only, so what they are made of is read from the documents and messages themselves.
"""

from datetime import datetime
from typing import Any

from gateway import berichten
from gateway.flows import cases, dossiers
from gateway.flows.history import places
from gateway.store import Store, Unit

ACTOR = "flow:reindex"
BATCH = 200  # documents or messages in one transaction: others wait no longer than that


def reindex(store: Store, now: datetime) -> int:
    """Begin, or go on with what was broken off; how many documents and messages were written anew.

    Old and new hashes are both found until the end; then the old key is destroyed. StoreError, and the old key stays,
    if anything is left under it.
    """
    store.begin_index(now)
    done = sum(_documents(store, now, soort) for soort in (cases.TRAJECT, cases.UITVRAAG, dossiers.CLIENT))
    done += _messages(store, now)
    version = store.end_index()
    with store.unit(now=now, actor=ACTOR) as unit:
        unit.audit.write("index_key_replaced", "store", detail={"version": version, "rows": done})
    return done


def _documents(store: Store, now: datetime, soort: str) -> int:
    after = done = 0
    while True:
        with store.unit(now=now, actor=ACTOR) as unit:
            found = unit.records.list(soort, dict[str, Any], after=after, limit=BATCH)
            for record in found:
                if bsn := _bsn(soort, record.body):
                    unit.records.reindex(record.id, {dossiers.BSN: bsn})
                    done += 1
        if not found:
            return done
        after = found[-1].id


def _bsn(soort: str, body: dict[str, Any]) -> str | None:
    return body.get("bsn") if soort == dossiers.CLIENT else cases.bsn_of(soort, body)


def _messages(store: Store, now: datetime) -> int:
    after = done = 0
    while True:
        with store.unit(now=now, actor=ACTOR) as unit:
            found = unit.berichten.list(after=after, limit=BATCH)
            done += sum(_message(unit, row.id) for row in found)
        if not found:
            return done
        after = found[-1].id


def _message(unit: Unit, number: int) -> bool:
    """False for one whose dossier was destroyed: it has no keys any more."""
    if not unit.berichten.is_kept(number):
        return False
    unit.berichten.reindex(number, places(berichten.parse(unit.berichten.xml(number))))
    return True
