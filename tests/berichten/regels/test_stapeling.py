"""TR302, TR386 and TR410 against the definition itself: every pair of products compared."""

import datetime as dt
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.berichten.basis import Product
from gateway.berichten.regels.stapeling import Looptijd, gestapeld

DAG = dt.date(2025, 1, 1)


def _zelfde(een: Product | None, ander: Product | None) -> bool:
    if een is None or ander is None:
        return True
    if een.code is None or ander.code is None:
        return een.categorie == ander.categorie
    return (een.categorie, een.code) == (ander.categorie, ander.code)


def _vrij(product: Product | None) -> bool:
    return product is not None and product.categorie in {"11", "12", "13", "14"}


def _botst(een: Looptijd, ander: Looptijd) -> bool:
    zelfde_tijd = een.eind >= ander.begin and ander.eind >= een.begin
    mag = _vrij(een.product) or _vrij(ander.product)
    return zelfde_tijd and not mag and _zelfde(een.product, ander.product)


producten = st.one_of(
    st.none(),
    st.builds(Product, categorie=st.sampled_from(["01", "02", "11"]), code=st.sampled_from([None, "A", "B"])),
)
dagen = st.integers(0, 12).map(lambda n: DAG + dt.timedelta(n))
looptijden = st.builds(Looptijd, st.just("/x"), producten, dagen, st.one_of(dagen, st.just(dt.date.max)))


@settings(max_examples=400, deadline=None)
@given(st.lists(looptijden, max_size=6))
def test_the_sweep_finds_a_stack_exactly_when_some_pair_is_one(lijst):
    """Also with periods that end before they begin, which CS003 reports on its own."""
    assert any(gestapeld(lijst)) == any(_botst(een, ander) for een, ander in combinations(lijst, 2))


def test_two_products_of_which_one_may_overlap_do_not_stack():
    """The official test exempts a pair as soon as one of the two is an aid."""
    hulpmiddel = Looptijd("/1", Product(categorie="11", code=None), DAG, DAG)
    assert list(gestapeld([hulpmiddel, Looptijd("/2", None, DAG, DAG)])) == []
