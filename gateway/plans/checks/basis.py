"""What every check gets and gives."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from gateway.plans.contract import Contractregel
from gateway.plans.formaat.model import Fase, Formaat, Regel
from gateway.plans.model import Ondersteuningsplan


class Vraag(NamedTuple):
    """A plan to be checked, and what the answer depends on. `contract` None: the register is not at hand."""

    plan: Ondersteuningsplan
    formaat: Formaat
    fase: Fase
    vandaag: date
    contract: tuple[Contractregel, ...] | None
    regel: Regel


class Melding(NamedTuple):
    """Where, and what the person reads. Never a person's data (plan 6)."""

    pad: str
    tekst: str


Controle = Callable[[Vraag], Iterator[Melding]]


def product_label(vraag: Vraag, product_id: str) -> str:
    """The label on the form, or a fixed text for an id the format does not know (it came from outside)."""
    product = vraag.formaat.product(product_id)
    return product.label_samenvatting if product else "Een onbekend product"
