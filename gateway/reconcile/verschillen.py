"""Differences for people: A01–A33 decision and order (1.2.5), B01–B13 delivery (1.3.3), R01–R05 changed orders (3.5).

A difference is a message to people. It never changes a declaration or rejects a message (OP364).
"""

from datetime import date
from typing import Literal

import msgspec

from gateway.domain.period import Period
from gateway.reconcile.omvang import Omvang

Severity = Literal["S1", "S2", "S3", "S4"]
Shown = str | int | date | Period | Omvang | None


class Soort(msgspec.Struct, frozen=True):
    """One kind of difference."""

    name: str
    severity: Severity
    who: str  # BO back office, CS case owner, AB provider, GB gateway operator
    advice: str


SOORTEN: dict[str, Soort] = {
    "A01": Soort("MISSING_ALLOCATION", "S1", "BO", "Verstuur de toewijzing die bij dit besluit hoort."),
    "A02": Soort("MISSING_BESCHIKKING", "S1", "CS", "Leg het besluit vast, of trek de toewijzing in."),
    "A03": Soort("CLIENT_DIFFERS", "S1", "BO", "Trek deze toewijzing in en wijs toe aan de juiste cliënt."),
    "A04": Soort("PROVIDER_DIFFERS", "S1", "BO", "Trek deze toewijzing in en wijs toe aan de besloten aanbieder."),
    "A05": Soort("MUNICIPALITY_DIFFERS", "S1", "BO", "Controleer welke gemeente dit besluit nam."),
    "A06": Soort("PRODUCT_DIFFERS", "S2", "BO", "Wijs het besloten product toe onder een nieuw nummer."),
    "A07": Soort("START_DIFFERS", "S2", "BO", "Stem de ingangsdatum af op het besluit, onder een nieuw nummer."),
    "A08": Soort("END_DIFFERS", "S2", "BO", "Stem de einddatum van de toewijzing af op het besluit."),
    "A09": Soort("PERIOD_UNCOVERED", "S2", "BO", "Wijs de ontbrekende periode toe."),
    "A10": Soort("PERIOD_WITHOUT_TITLE", "S1", "CS, BO", "Leg het besluit voor deze periode vast, of kort in."),
    "A11": Soort("VOLUME_DIFFERS", "S2", "BO", "Stem het volume af op het besluit."),
    "A12": Soort("UNIT_DIFFERS", "S2", "BO", "Stem de eenheid af op het besluit; zij bepaalt de declaratie."),
    "A13": Soort("FREQUENCY_DIFFERS", "S2", "BO", "Stem de frequentie af op het besluit, onder een nieuw nummer."),
    "A14": Soort("BUDGET_DIFFERS", "S2", "BO", "Stem het budget af op het besluit."),
    "A15": Soort("KIND_DIFFERS", "S2", "BO", "Wijs toe in de vorm van het besluit: met omvang of met budget."),
    "A16": Soort("STACKED", "S2", "BO", "Beëindig een van beide toewijzingen."),
    "A17": Soort("WITHDRAWN_ALLOCATION", "S1", "BO, CS", "Wijs opnieuw toe, of trek het besluit in."),
    "A18": Soort("WITHDRAWN_BESCHIKKING", "S1", "BO", "Beëindig de toewijzing met het besluit."),
    "A19": Soort("SUPERSEDED", "S2", "BO", "Verstuur de toewijzing zoals in het nieuwste besluit."),
    "A20": Soort("STACKED_DECISIONS", "S2", "CS", "Laat de besluiten op elkaar aansluiten."),
    "A21": Soort("PGB_OVERLAP", "S1", "BO", "Beëindig de toewijzing uiterlijk op de dag voor het pgb ingaat."),
    "A22": Soort("AMBIGUOUS_MATCH", "S3", "CS", "Vul bij het besluit de toewijzingsnummers in."),
    "A23": Soort("NOT_SENT", "S2", "BO, GB", "Verstuur de toewijzing, of zoek uit waarom verzenden niet lukt."),
    "A24": Soort("NOT_ACKNOWLEDGED", "S3", "BO", "Vraag de aanbieder om het retourbericht."),
    "A25": Soort("REJECTED_302", "S2", "BO", "Herstel wat is afgekeurd en verstuur opnieuw."),
    "A26": Soort("VERSION_CONFLICT", "S2", "BO", "Verstuur de juiste inhoud met een nieuw moment van toewijzen."),
    "A27": Soort("ILLEGAL_CHANGE", "S2", "BO", "Trek in en wijs toe onder een nieuw nummer."),
    "A28": Soort("INCOMPLETE_301", "S3", "BO", "Verstuur een bericht met alle lopende toewijzingen van de cliënt."),
    "A29": Soort("OPEN_UNUSED", "S4", "–", "Niets; de cliënt heeft nog geen aanbieder gekozen."),
    "A30": Soort("EXPIRING", "S3", "BO", "Verleng de einddatum voordat zij verstrijkt."),
    "A31": Soort("CHANGE_BLOCKED", "S2", "BO, AB", "Laat de aanbieder eerst crediteren wat is goedgekeurd."),
    "A32": Soort("REFERENCE_INVALID", "S3", "BO", "Laat ReferentieAanbieder leeg, of vul die van het verzoek in."),
    "A33": Soort("STRUCTURE_INVALID", "S2", "BO", "Vul precies de velden die bij deze vorm van toewijzen horen."),
    "B01": Soort("NO_START", "S4", "AB", "Vraag de aanbieder wanneer de ondersteuning begint."),
    "B02": Soort("NO_STOP_AT_END", "S3", "AB", "Meld dat de levering is gestopt."),
    "B03": Soort("NO_STOP_AFTER_WITHDRAWAL", "S3", "AB", "Meld dat de levering is gestopt, of trek de start in."),
    "B04": Soort("START_BEFORE_ALLOCATION", "S2", "AB, BO", "Controleer de begindatum en de toewijzing."),
    "B05": Soort("START_AFTER_ALLOCATION", "S2", "AB, BO", "Controleer de begindatum en de toewijzing."),
    "B06": Soort("STOP_AFTER_ALLOCATION", "S3", "AB", "Controleer de einddatum van de levering."),
    "B07": Soort("PRODUCT_DIFFERS", "S3", "AB", "Noem het product precies zoals in de toewijzing."),
    "B08": Soort("INGANGSDATUM_DIFFERS", "S4", "AB", "Neem de ingangsdatum van de toewijzing over."),
    "B09": Soort("REASON_DIFFERS", "S4", "AB", "Noem de reden die bij de wijziging van de toewijzing hoort."),
    "B10": Soort("LATE_MESSAGE", "S4", "AB", "Meld start en stop binnen vijf werkdagen."),
    "B11": Soort("DECLARED_WHILE_NOT_RUNNING", "S4", "–", "Ter kennisgeving; de declaratie blijft staan."),
    "B12": Soort("RUNNING_WITHOUT_DECLARATION", "S4", "AB", "Dien de declaraties in, of meld dat de levering stopte."),
    "B13": Soort("PAUSED_LONG", "S4", "AB", "Meld een nieuwe start, of een definitieve stop."),
    "R01": Soort("APPROVED_ON_REMOVED", "S2", "BO, AB", "Herstel de toewijzing, of laat de aanbieder crediteren."),
    "R02": Soort("APPROVED_OUTSIDE_PERIOD", "S2", "BO, AB", "Verleng de toewijzing, of laat de regel crediteren."),
    "R03": Soort("APPROVED_OVER_VOLUME", "S2", "BO, AB", "Verhoog de omvang, of laat het teveel crediteren."),
    "R04": Soort("APPROVED_OVER_BUDGET", "S2", "BO, AB", "Verhoog het budget, of laat het teveel crediteren."),
    "R05": Soort("APPROVED_OVER_PERIOD", "S2", "BO, AB", "Laat de regel crediteren en opnieuw indienen."),
}


class Verschil(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `decided` and `ordered` are what the decision and the order say about `field`."""

    kind: str
    severity: Severity
    who: str
    advice: str
    gemeente: str
    sub_kind: str | None = None
    toewijzing_nummer: int | None = None
    beschikkingnummer: int | None = None
    regelnummer: int | None = None
    field: str | None = None
    decided: str | int | None = None
    ordered: str | int | None = None
    interval: Period | None = None
    cents_at_stake: int | None = None  # None: not computable
    equivalent: bool = False  # A12: arithmetically the same
    structural: bool = False  # A08: the standard demands an end date, the decision has none

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same difference on another day, so that it can be followed until it closes."""
        return (
            self.kind,
            self.sub_kind,
            self.gemeente,
            self.toewijzing_nummer,
            self.beschikkingnummer,
            self.regelnummer,
            self.field,
            self.interval,
        )


def verschil(
    kind: str,
    gemeente: str,
    *,
    nummer: int | None = None,
    regel: tuple[str, int, int] | None = None,
    field: str | None = None,
    decided: Shown = None,
    ordered: Shown = None,
    severity: Severity | None = None,
    interval: Period | None = None,
    sub_kind: str | None = None,
    cents: int | None = None,
    equivalent: bool = False,
    structural: bool = False,
) -> Verschil:
    """A difference of one kind, with the kind's own severity, actor and advice unless told otherwise."""
    soort = SOORTEN[kind]
    return Verschil(
        kind=kind,
        severity=severity or soort.severity,
        who=soort.who,
        advice=soort.advice,
        gemeente=gemeente,
        sub_kind=sub_kind,
        toewijzing_nummer=nummer,
        beschikkingnummer=regel[1] if regel else None,
        regelnummer=regel[2] if regel else None,
        field=field,
        decided=_shown(decided),
        ordered=_shown(ordered),
        interval=interval,
        cents_at_stake=cents,
        equivalent=equivalent,
        structural=structural,
    )


def _shown(value: Shown) -> str | int | None:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, int | str) else str(value)
