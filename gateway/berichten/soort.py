"""A kind of message: what its schema says about who sends it to whom, and which message answers it."""

from typing import Literal

import msgspec

from gateway.berichten.schema_model import ComplexType, Element, Schema, SimpleType

Rol = Literal["gemeente", "aanbieder"]


class Soort(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of message of one release."""

    soort: str  # WMO301
    standaard: str  # iwmo
    release: str  # 3.2
    bericht_code: str  # 414 (list COD002)
    namespace: str  # target namespace of its schema
    afzender: Rol  # who the element Afzender names; a retour keeps the sender of its heenbericht (IV028)
    ontvanger: Rol  # who the element Ontvanger names
    is_retour: bool  # carries RetourCodes: 302, 306, 308, 316, 318, 320 and the answer 325
    heen: str | None = None  # of a retour: the message that it answers
    retour: str | None = None  # of a heenbericht: the message that answers it


def soorten_of(schemas: list[Schema]) -> tuple[Soort, ...]:
    """The kinds that a release's schemas describe, in order of name.

    A retour answers the nearest lower-numbered message that is no retour: 302 answers 301, 325 answers 323.
    """
    found: list[Soort] = []
    heen: Soort | None = None
    for schema in sorted(schemas, key=lambda s: s.soort):
        kind = _soort(schema, heen)
        if kind.is_retour and heen is not None and heen.retour is None:
            found[found.index(heen)] = msgspec.structs.replace(heen, retour=kind.soort)
        elif not kind.is_retour:
            heen = kind
        found.append(kind)
    return tuple(found)


def _soort(schema: Schema, heen: Soort | None) -> Soort:
    header = {e.name: e for e in _children(_children(schema.root)[0])}
    is_retour = "RetourCodes" in header
    return Soort(
        soort=schema.soort,
        standaard=schema.standaard,
        release=schema.release,
        bericht_code=_simple(header["BerichtCode"]).patterns[0],
        namespace=schema.namespace,
        afzender=_rol(header["Afzender"]),
        ontvanger=_rol(header["Ontvanger"]),
        is_retour=is_retour,
        heen=heen.soort if is_retour and heen is not None else None,
    )


def _rol(element: Element) -> Rol:
    return "gemeente" if _simple(element).name == "LDT_Gemeente" else "aanbieder"


def _children(element: Element) -> tuple[Element, ...]:
    return element.type.elements if isinstance(element.type, ComplexType) else ()


def _simple(element: Element) -> SimpleType:
    assert isinstance(element.type, SimpleType)
    return element.type
