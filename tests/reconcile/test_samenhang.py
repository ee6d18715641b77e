"""Comparing what belongs together, a set at a time, gives what comparing everything at once gives."""

import random
from datetime import date
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.contract import Contract
from gateway.reconcile.samenhang import Samenhang, namen_van_regel, namen_van_versie
from gateway.reconcile.toewijzingen import ToewijzingVersie, toewijzingen
from gateway.reconcile.vergelijking import Vergelijking, vergelijk
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, B3
from tests.reconcile.test_vergelijking import besluit, moment, order

TODAY = date(2025, 8, 20)
CONTRACT = Contract(eigen_codes=frozenset({ref.GEMEENTE}))
CLIENTS = st.sampled_from([B1, B2, B3, ref.ONBEKEND])
PRODUCTS = st.sampled_from(["02/02A03", "02/02A05"])
TERMS = st.sampled_from(["2025-07-07..2025-09-07", "2025-01-01..2025-08-31", "2025-09-08..2025-12-31"])
NUMBERS = st.integers(1, 12)


@st.composite
def decisions(draw: Any) -> BeschikkingRegel:
    replaced = draw(st.none() | NUMBERS)
    return besluit(
        draw(NUMBERS),
        draw(TERMS),
        draw(st.sampled_from(["3 04 2", "4 04 2"])),
        draw(PRODUCTS),
        gemeente=draw(st.sampled_from([ref.GEMEENTE, "0957"])),
        regelnummer=draw(st.integers(1, 2)),
        besluitmoment=moment(draw(st.sampled_from(["2025-06-01", "2025-06-02"]))),
        bsn=draw(CLIENTS),
        status="ACTIEF" if replaced is None else draw(st.sampled_from(["VERVANGEN", "VERNIETIGD"])),
        vervangen_door=replaced,
        leveringsvorm=draw(st.sampled_from(["ZIN", "ZIN", "ZIN", "PGB"])),
        toewijzing_nummers=tuple(draw(st.lists(NUMBERS, max_size=2))),
    )


@st.composite
def orders(draw: Any) -> ToewijzingVersie:
    return order(
        draw(NUMBERS),
        draw(TERMS),
        draw(st.sampled_from(["3 04 2", "4 04 2"])),
        product=draw(PRODUCTS),
        bsn=draw(CLIENTS),
        reden=draw(st.sampled_from([None, None, "13"])),
        vastgesteld=draw(st.sampled_from(["2025-06-01", "2025-06-30"])),
    )


def told(parts: list[Vergelijking]) -> tuple[int, int, list[bytes]]:
    """The sum of the parts, and every difference in an order of our own."""
    found = sorted(msgspec.json.encode(v) for part in parts for v in part.verschillen)
    return sum(part.compared for part in parts), sum(part.equal for part in parts), found


def compare(regels: list[BeschikkingRegel], versies: list[ToewijzingVersie]) -> Vergelijking:
    return vergelijk(regels, toewijzingen(versies), TODAY, contract=CONTRACT)


@settings(max_examples=100, deadline=None)
@given(st.lists(decisions(), max_size=12), st.lists(orders(), max_size=12))
def test_the_whole_is_the_sum_of_what_belongs_together(
    regels: list[BeschikkingRegel], versies: list[ToewijzingVersie]
) -> None:
    """Every kind of difference, also those that reach over clients, numbers, decisions and municipalities."""
    found = Samenhang()
    rows: list[BeschikkingRegel | ToewijzingVersie] = [*regels, *versies]
    for nr, row in enumerate(rows):
        found.add(nr, namen_van_regel(row) if isinstance(row, BeschikkingRegel) else namen_van_versie(row))
    groups = [[rows[nr] for nr in group] for group in found.groups()]
    assert sum(map(len, groups)) == len(rows)
    parts = [
        compare(
            [row for row in group if isinstance(row, BeschikkingRegel)],
            [row for row in group if isinstance(row, ToewijzingVersie)],
        )
        for group in groups
    ]
    assert told(parts) == told([compare(regels, versies)])


@given(st.randoms(use_true_random=False))
def test_rows_that_share_a_name_are_one_group_however_they_come(rnd: random.Random) -> None:
    """Over any number of others; rows that share none stay apart, in the order in which they were added."""
    chain = [(nr, {("n", nr), ("n", nr + 1)}) for nr in range(30)]
    alone = [(nr, {("n", nr)}) for nr in range(100, 103)]
    rnd.shuffle(chain)
    found = Samenhang()
    for row, names in (*chain, *alone):
        found.add(row, names)
    assert [list(group) for group in found.groups()] == [[nr for nr, _ in chain], [100], [101], [102]]
