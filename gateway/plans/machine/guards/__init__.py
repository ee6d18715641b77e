"""Every guard that the table of events names, by its name. A guard yields findings; an error refuses the event."""

from types import ModuleType

from gateway.plans.machine.guards import aanloop, besluit, loop, plan
from gateway.plans.machine.guards.basis import Guard


def _uit(module: ModuleType) -> dict[str, Guard]:
    return {
        naam: functie
        for naam, functie in vars(module).items()
        if getattr(functie, "__module__", None) == module.__name__ and callable(functie) and not naam.startswith("_")
    }


GUARDS: dict[str, Guard] = {**_uit(aanloop), **_uit(plan), **_uit(besluit), **_uit(loop)}
