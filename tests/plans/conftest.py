"""The example case of the room, ready for a test to spoil one thing in it."""

from datetime import date

import pytest

from gateway.plans import voorbeeld
from gateway.plans.contract import Contractregel
from gateway.plans.formaat import Formaat, meegeleverd
from gateway.plans.model import Ondersteuningsplan, Traject
from gateway.plans.uitvraag import gemeentedeel

START = date(2026, 5, 1)


@pytest.fixture(scope="session")
def formaat() -> Formaat:
    return meegeleverd("mlo-2018")


@pytest.fixture(scope="session")
def dagen() -> voorbeeld.Dagen:
    return voorbeeld.dagen_voor(START)


@pytest.fixture(scope="session")
def contract(dagen: voorbeeld.Dagen, formaat: Formaat) -> tuple[Contractregel, ...]:
    return voorbeeld.contract(dagen, formaat)


@pytest.fixture(scope="session")
def traject(dagen: voorbeeld.Dagen) -> Traject:
    return voorbeeld.traject(dagen)


@pytest.fixture(scope="session")
def deel(traject: Traject, formaat: Formaat, dagen: voorbeeld.Dagen) -> Ondersteuningsplan:
    """The municipal part as sent."""
    return gemeentedeel(traject, traject.uitvraag[0], formaat, dagen.uitvraag)


@pytest.fixture(scope="session")
def plan(deel: Ondersteuningsplan, dagen: voorbeeld.Dagen) -> Ondersteuningsplan:
    """The plan filled in and signed by both."""
    return voorbeeld.ondertekend(voorbeeld.ingevuld(deel, dagen), dagen)


@pytest.fixture(scope="session")
def opnieuw_getekend(dagen: voorbeeld.Dagen):
    """A function that signs a changed plan again, so that only the change is found."""

    def tekenen(plan: Ondersteuningsplan) -> Ondersteuningsplan:
        return voorbeeld.ondertekend(plan, dagen)

    return tekenen
