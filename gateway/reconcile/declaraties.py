"""A declaration (WMO323) as the values that reconciliation C reads; made from the message by one constructor."""

from datetime import date

import msgspec

from gateway.berichten import basis, wmo323, wmo325
from gateway.domain.period import Period


class Prestatie(msgspec.Struct, frozen=True, kw_only=True):
    """One line: total of one product, one client, one allocation, one `ProductPeriode`."""

    bsn: str
    referentie_nummer: str  # compared byte for byte (0.3)
    vorig_referentie_nummer: str | None = None
    toewijzing_nummer: int
    product_categorie: str
    product_code: str
    product_periode: Period
    geleverd_volume: int
    eenheid: str
    product_tarief: int | None = None  # eurocent
    bedrag: int  # eurocent, unsigned
    debet_credit: str = "D"  # D or C
    path: str = ""  # element path in the message, for findings

    @property
    def is_credit(self) -> bool:
        return self.debet_credit == "C"

    @property
    def signed(self) -> int:
        """The amount with its sign: credits are negative (0.3)."""
        return -self.bedrag if self.is_credit else self.bedrag

    @property
    def maand(self) -> int:
        """Calendar month of delivery as yyyymm (TR389) [C19]."""
        return self.product_periode.begin.year * 100 + self.product_periode.begin.month

    def identity(self) -> tuple[object, ...]:
        """The fields that a credit must repeat unchanged (IV091) [C21]."""
        return (
            self.bsn,
            self.toewijzing_nummer,
            self.product_categorie,
            self.product_code,
            self.product_periode,
            self.geleverd_volume,
            self.eenheid,
            self.product_tarief,
            self.bedrag,
        )


class Client(msgspec.Struct, frozen=True):
    """The lines of one client, in document order."""

    bsn: str
    prestaties: tuple[Prestatie, ...]
    path: str = ""


class Declaratie(msgspec.Struct, frozen=True, kw_only=True):
    """One WMO323: header and declaration."""

    aanbieder: str  # Header.Afzender
    gemeente: str  # Header.Ontvanger
    identificatie: str
    dagtekening: date
    xsd_versie: tuple[str, str] = ("1.0.0", "1.0.0")  # BasisschemaXsdVersie, BerichtXsdVersie
    declaratie_nummer: str
    declaratie_periode: Period
    declaratie_dagtekening: date
    totaal: int  # TotaalIngediendBedrag in eurocent, credit negative
    clienten: tuple[Client, ...]

    @property
    def pair(self) -> tuple[str, str]:
        """(gemeente, aanbieder): assessment is serial per pair (5.4)."""
        return self.gemeente, self.aanbieder

    @property
    def prestaties(self) -> tuple[Prestatie, ...]:
        """All lines in document order."""
        return tuple(p for client in self.clienten for p in client.prestaties)

    @classmethod
    def from_323(cls, bericht: wmo323.Bericht) -> "Declaratie":
        """The values of a `wmo323.Bericht`."""
        header, declaratie = bericht.header, bericht.declaratie
        total = declaratie.totaal_ingediend_bedrag
        return cls(
            aanbieder=header.afzender,
            gemeente=header.ontvanger,
            identificatie=header.bericht_identificatie.identificatie,
            dagtekening=header.bericht_identificatie.dagtekening,
            xsd_versie=(header.xsd_versie.basisschema_xsd_versie, header.xsd_versie.bericht_xsd_versie),
            declaratie_nummer=declaratie.declaratie_nummer,
            declaratie_periode=_period(declaratie.declaratie_periode),
            declaratie_dagtekening=declaratie.declaratie_dagtekening,
            totaal=-total.totaal_bedrag if total.debet_credit == "C" else total.totaal_bedrag,
            clienten=tuple(_client(client, nr) for nr, client in enumerate(declaratie.clienten, start=1)),
        )


def _client(client: wmo323.Client, nr: int) -> Client:
    path = f"/Bericht/Declaratie/Clienten/Client[{nr}]"
    return Client(
        bsn=client.bsn,
        prestaties=tuple(
            prestatie_uit(regel, client.bsn, f"{path}/Prestaties/Prestatie[{n}]")
            for n, regel in enumerate(client.prestaties, start=1)
        ),
        path=path,
    )


def prestatie_uit(regel: wmo323.Prestatie | wmo325.Prestatie, bsn: str, path: str = "") -> Prestatie:
    """The values of a `Prestatie` of a WMO323 or WMO325."""
    return Prestatie(
        bsn=bsn,
        referentie_nummer=regel.product_referentie.referentie_nummer,
        vorig_referentie_nummer=regel.product_referentie.vorig_referentie_nummer,
        toewijzing_nummer=regel.toewijzing_nummer,
        product_categorie=regel.product_categorie,
        product_code=regel.product_code,
        product_periode=_period(regel.product_periode),
        geleverd_volume=regel.geleverd_volume,
        eenheid=regel.eenheid,
        product_tarief=regel.product_tarief,
        bedrag=regel.ingediend_bedrag.bedrag,
        debet_credit=regel.ingediend_bedrag.debet_credit,
        path=path,
    )


def _period(periode: basis.GeslotenPeriode) -> Period:
    return Period(periode.begindatum, periode.einddatum)
