"""Level 1: the rules that the XSD enforces, found back from the facet that a value breaks."""

import functools
from collections.abc import Mapping
from types import MappingProxyType

from gateway.berichten.regels import tabel


@functools.cache
def nummers() -> Mapping[tuple[str, str], str]:
    """(data type, facet) -> number of the rule that says the same: (LDT_Bedrag, maxInclusive) is RS005.

    Patterns that a message puts on one element (BerichtVersie, DeclaratieNummer) stand under that element's data type.
    """
    return MappingProxyType(
        {
            (datatype, facet): rij.code
            for rij in tabel.regels().values()
            if rij.status == "schema"
            for datatype, facet in (plek.split(":") for plek in rij.where.split())
        }
    )
