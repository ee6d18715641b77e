"""A region's format as values: the grammar of plan 8.1. The file's keys are the field names."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Fase = Literal["uitvragen", "indienen", "beoordelen"]
Invuller = Literal["gemeente", "aanbieder", "client"]
Veldtype = Literal[
    "tekst",
    "tekst_lang",
    "lijst",
    "getal",
    "datum",
    "keuze",
    "vinkjes",
    "periode",
    "productcode",
    "bsn",
    "agb",
    "telefoon",
    "email",
    "afgeleid",
    "verwijzing",
    "handtekening",
]
Voorwaarde = Literal[
    "product_gekozen", "omvang_per_periode", "duur_gevuld", "client_getekend", "geen_handtekening_gemotiveerd"
]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Gemeente(_Part, frozen=True, kw_only=True):
    code: str
    naam: str


class Kop(_Part, frozen=True, kw_only=True):
    """Identity and validity. `id` + `versie` never changes once an uitvraag used it."""

    id: str
    versie: int
    naam: str
    titel: str
    ondertitel: str | None = None
    regio: str
    wet: Literal["wmo"]
    taal: str
    geldig_vanaf: date
    geldig_tot: date | None = None
    gemeenten: tuple[Gemeente, ...]
    kanalen: tuple[str, ...]
    retourvormen: tuple[Literal["gateway", "pdf_formulier", "docx_formulier", "scan"], ...]
    inleiding: str


class TermijnRegel(_Part, frozen=True, kw_only=True):
    """One term: `duur`, or a `keuze` with its `standaard`; ISO 8601 durations."""

    duur: str | None = None
    keuze: tuple[str, ...] = ()
    standaard: str | None = None
    vanaf: str
    waarschuw_voor: tuple[str, ...] = ()
    verschuif_naar_werkdag: bool | None = None  # None: as plan 7.4 says for this term
    bron: str


class BijlageRegels(_Part, frozen=True, kw_only=True):
    soorten: tuple[str, ...]
    formaten: tuple[str, ...]
    max_aantal: int
    max_bytes: int


class Periode(_Part, frozen=True, kw_only=True):
    """A period of the form. `frequentie` None: the standard has no code for it (G-10)."""

    label: str
    frequentie: str | None = None
    opties: tuple[Literal["per_maand_gedeeld_door_3", "totaal_over_looptijd"], ...] = ()


class Keuze(_Part, frozen=True, kw_only=True):
    code: str
    label: str


class CatalogusResultaat(_Part, frozen=True, kw_only=True):
    code: str
    tekst: str


class IwmoProduct(_Part, frozen=True, kw_only=True):
    categorie: str
    codes: tuple[str, ...] = ()
    voorbeeld: bool = False  # an example, shown as such until replaced


class Omvang(_Part, frozen=True, kw_only=True):
    eenheid: str
    label: str
    grondslag: Literal["per_periode", "per_keer"]
    perioden: tuple[str, ...] = ()


class Frequentie(_Part, frozen=True, kw_only=True):
    betekenis: Literal["contactmomenten", "vermenigvuldiger"]
    perioden: tuple[str, ...]


class FijnereEenheid(_Part, frozen=True, kw_only=True):
    eenheid: str
    factor: int


class Product(_Part, frozen=True, kw_only=True):
    id: str
    label: str
    label_samenvatting: str
    iwmo: IwmoProduct
    omvang: Omvang
    frequentie: Frequentie
    fijnere_eenheid: FijnereEenheid | None = None


class Verplicht(_Part, frozen=True, kw_only=True):
    """When a field must be filled. `verplicht: true` in the file is read as `altijd`."""

    altijd: bool = False
    als: Voorwaarde | None = None
    en: Voorwaarde | None = None
    tenzij: Voorwaarde | None = None


class Veld(_Part, frozen=True, kw_only=True):
    pad: str
    label: str
    type: Veldtype
    kop: str | None = None
    help: str | None = None
    tekst: str | None = None
    lijst: str | None = None
    van: tuple[str, ...] = ()
    naar: str | None = None
    max: Decimal | None = None
    min: Decimal | None = None
    decimalen: int | None = None
    regels: int | None = None
    min_gevuld: int | None = None
    verplicht: Verplicht = Verplicht()
    herkomst: Literal["formulier", "aangevuld"]
    weergave: Literal["rondjes"] | None = None
    tonen: bool = True


class VoorElk(_Part, frozen=True, kw_only=True):
    lijst: str
    waar: dict[str, str] = msgspec.field(default_factory=dict)


class Herhaal(_Part, frozen=True, kw_only=True):
    pad: str
    min: int = 0
    max: int
    voor_elk: VoorElk | None = None


class Onderdeel(_Part, frozen=True, kw_only=True):
    """A block of the form, in printing order."""

    id: str
    titel: str | None = None
    invuller: tuple[Invuller, ...]
    herhaal: Herhaal | None = None
    per: Literal["producten"] | None = None
    velden: tuple[Veld, ...]


class Regel(_Part, frozen=True, kw_only=True):
    """A check of section 6 switched on, with its parameters."""

    id: str
    ernst: Literal["fout", "waarschuwing"]
    fase: tuple[Fase, ...]
    tolerantie: Decimal | None = None
    tolerantie_dagen: int | None = None


class Kenmerk(_Part, frozen=True, kw_only=True):
    qr: bool
    tekst: bool
    elke_pagina: bool


class Document(_Part, frozen=True, kw_only=True):
    papier: Literal["A4"]
    paginas: tuple[tuple[str, ...], ...]
    kenmerk: Kenmerk


class Formaat(_Part, frozen=True, kw_only=True):
    """One region's format, loaded and found sound."""

    schema: str
    formaat: Kop
    codelijsten: dict[str, str]
    termijnen: dict[str, TermijnRegel | None]
    bijlagen: BijlageRegels
    perioden: dict[str, Periode]
    keuzelijsten: dict[str, tuple[Keuze, ...]]
    resultaten: tuple[CatalogusResultaat, ...]
    producten: tuple[Product, ...]
    onderdelen: tuple[Onderdeel, ...]
    regels: tuple[Regel, ...]
    document: Document

    def product(self, product_id: str) -> Product | None:
        return next((p for p in self.producten if p.id == product_id), None)

    def resultaat(self, code: str | None) -> CatalogusResultaat | None:
        return next((r for r in self.resultaten if r.code == code), None)

    def regel(self, check_id: str) -> Regel | None:
        return next((r for r in self.regels if r.id == check_id), None)

    def onderdeel(self, block_id: str) -> Onderdeel | None:
        return next((o for o in self.onderdelen if o.id == block_id), None)

    def herhaling(self, path: str) -> Herhaal | None:
        """The repetition of the block whose list is `path` (`arrangement`, `resultaat`)."""
        return next((o.herhaal for o in self.onderdelen if o.herhaal and o.herhaal.pad == path), None)

    def geldig_op(self, day: date) -> bool:
        """True if this format may be used on `day` (PL-11)."""
        return self.formaat.geldig_vanaf <= day and (self.formaat.geldig_tot is None or day <= self.formaat.geldig_tot)

    def noemt(self, gemeente: str) -> bool:
        """True if the format lists this gemeente (PL-11)."""
        return any(g.code == gemeente for g in self.formaat.gemeenten)

    def label(self, lijst: str, code: str | None) -> str:
        """Label of a code in one of the choice lists; the code itself where the list does not know it."""
        return next((k.label for k in self.keuzelijsten.get(lijst, ()) if k.code == code), code or "")
