"""The nightly comparison of a municipality's own decisions and orders: a few at a time, whatever cannot be read."""

import re
from typing import Any

import msgspec
import pytest

from gateway import berichten, jobs
from gateway.app import App
from gateway.berichten import wmo301
from gateway.demo.scene import Scene
from gateway.flows import comparison
from gateway.flows.cases import TRAJECT, Plain
from gateway.flows.history import places
from gateway.flows.kop import entry, kop
from gateway.reconcile.vergelijking import Vergelijking
from gateway.store import Damaged
from gateway.store.berichten import Berichten
from tests.damage import alter

from .conftest import Pair

BSNS = ("999900018", "999900043", "999900067")


def compared(pair: Scene) -> Vergelijking:
    """The sum of all parts; nothing was left out."""
    left_out: list[str] = []
    with pair.gemeente.store.view(now=pair.clock()) as view:
        parts = list(comparison.compare(view, pair.gemeente.us, pair.clock().date(), left_out))
    assert left_out == []
    return _sum(parts)


def _sum(parts: list[Vergelijking]) -> Vergelijking:
    return Vergelijking(
        sum(part.compared for part in parts),
        sum(part.equal for part in parts),
        tuple(sorted((v for part in parts for v in part.verschillen), key=msgspec.json.encode)),
    )


def others(pair: Pair) -> list[str]:
    """Three more cases of three clients, each with its order; the volume of the first line of each is one less."""
    ids = []
    sent: Any = berichten.parse(pair.xml_of("gemeente", "WMO301"))
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        (known,) = unit.records.list(TRAJECT, Plain)
        for nr, bsn in enumerate(BSNS):
            ids.append(id := f"case-{nr}")
            unit.records.add(TRAJECT, id, _case(known.body, id, bsn, nr), dossier=id)
            order = _order(sent, bsn, nr)
            row = entry("uit", kop("WMO301", order), berichten.build(order), "sent", dossier=id)
            unit.berichten.add(row, places(order))
    return ids


def _case(body: Plain, id: str, bsn: str, nr: int) -> Plain:
    (besluit,) = body["besluit"]
    links = [{**k, "besluit": id, "toewijzingNummer": 2000 + 2 * nr + i} for i, k in enumerate(body["toewijzing"])]
    besluit = {**besluit, "id": id, "beschikkingnummer": 300 + nr}
    return body | {"id": id, "client": body["client"] | {"bsn": bsn}, "besluit": [besluit], "toewijzing": links}


def _order(sent: wmo301.Bericht, bsn: str, nr: int) -> wmo301.Bericht:
    replace = msgspec.structs.replace
    first, *rest = sent.client.toegewezen_producten
    assert first.omvang is not None
    less = replace(first, omvang=replace(first.omvang, volume=first.omvang.volume - 1))
    products = tuple(replace(p, toewijzing_nummer=2000 + 2 * nr + i) for i, p in enumerate((less, *rest)))
    name = replace(sent.header.bericht_identificatie, identificatie=f"90{nr}")
    return replace(
        sent,
        header=replace(sent.header, bericht_identificatie=name),
        client=replace(sent.client, bsn=bsn, toegewezen_producten=products),
    )


def record(app: App, pair: Scene, id: str) -> int:
    """The number of a case in the store."""
    with app.store.view(now=pair.clock()) as view:
        found = view.records.get(TRAJECT, id, Plain)
    assert found is not None
    return found.id


def test_decision_and_order_are_equal(ordered: Pair) -> None:
    """Reconciliation A on the gateway's own state."""
    assert compared(ordered) == Vergelijking(2, 2, ())


def test_a_destroyed_dossier_does_not_stop_the_comparison_of_the_others(ordered: Pair) -> None:
    """SM-147: its messages are gone, their rows are not."""
    traject = ordered.traject()
    assert traject is not None
    with ordered.gemeente.store.unit(now=ordered.clock(), actor="test") as unit:
        unit.dossiers.destroy(traject.id)
    assert compared(ordered) == Vergelijking(0, 0, ())


def test_no_more_is_read_at_a_time_than_belongs_together(ordered: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more cases than memory holds: of the rest no more is kept than what it is named by."""
    others(ordered)
    together = compared(ordered)
    read: list[int] = []
    xmls = Berichten.xmls

    def counted(self: Berichten, numbers: list[int]) -> dict[int, bytes]:
        read.append(len(numbers))
        return xmls(self, numbers)

    monkeypatch.setattr(Berichten, "xmls", counted)
    monkeypatch.setattr(comparison, "_BATCH", 1)
    apart = compared(ordered)
    assert apart == together
    assert (apart.compared, apart.equal) == (8, 5)
    assert [v.kind for v in apart.verschillen].count("A11") == 3
    assert sorted(read) == [1, 1, 1, 2]  # an order; the first with its answer


@pytest.mark.parametrize(("broken", "differences"), [("case", 2), ("form", 2), ("WMO301", 2), ("WMO302", 3)])
def test_what_cannot_be_read_leaves_out_its_case_and_stops_no_other(
    ordered: Pair, broken: str, differences: int
) -> None:
    """A bad disk: an order would seem to have no decision, or a decision no order. The run fails, but not before."""
    *_, last = others(ordered)
    app, named = ordered.gemeente, f"traject {last}"
    if broken == "case":
        alter(app.store, "records.body", record(app, ordered, last))
    elif broken == "form":  # a decision that was made known, with a line that has no first day
        with app.store.unit(now=ordered.clock(), actor="test") as unit:
            found = unit.records.get(TRAJECT, last, Plain)
            assert found is not None
            found.body["besluit"][0]["regel"][0]["ingangsdatum"] = None
            unit.records.save(TRAJECT, last, found.body, versie=found.versie)
    else:
        with app.store.view(now=ordered.clock()) as view:
            row = view.berichten.list(soort=broken)[-1]
        alter(app.store, "berichten.xml", row.id)
        named = f"{broken} {row.identificatie}"
    told = f"6 compared, {differences} differences; 1 cannot be read and were left out with their case: {named}"
    with pytest.raises(Damaged, match=f"^{re.escape(told)}$"):
        jobs.reconcile(app, ordered.clock())
