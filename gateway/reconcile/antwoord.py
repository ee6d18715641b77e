"""The answer to a declaration: what the WMO325 says, and the message itself (4.1, 4.2)."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from gateway.berichten import basis, wmo325
from gateway.domain.workdays import NL, WorkCalendar
from gateway.reconcile.declaraties import Client, Declaratie, Prestatie
from gateway.reconcile.uitslag import Outcome, Regelverdict

TECHNISCH, AKKOORD, NIET_BEOORDEELD, VOLLEDIG = "0001", "0200", "0233", "8001"
_BERICHT_CODE = "485"
_TERMIJN = 10  # working days after receipt (OP090x4)
_WAARSCHUW = (7, 9)


class Termijn(msgspec.Struct, frozen=True):
    """When a declaration must have been answered, and when to warn people while it is not."""

    uiterlijk: date
    waarschuw: tuple[date, ...]


def termijn(received_on: date, calendar: WorkCalendar = NL) -> Termijn:
    """The term for the 325; past it the municipality contacts the provider outside the messages (4.2)."""
    return Termijn(
        calendar.nth_workday_after(received_on, _TERMIJN),
        tuple(calendar.nth_workday_after(received_on, n) for n in _WAARSCHUW),
    )


class ClientAntwoord(msgspec.Struct, frozen=True):
    """One client in the 325: its own codes and the lines that are returned, each with its codes."""

    bsn: str
    codes: tuple[str, ...]
    prestaties: tuple[tuple[Prestatie, tuple[str, ...]], ...]


class Antwoord(msgspec.Struct, frozen=True, kw_only=True):
    """The decision of a 325, without the sender's own identification. Amounts in signed eurocents."""

    declaratie: Declaratie
    header_codes: tuple[str, ...]
    declaratie_codes: tuple[str, ...] = ()  # empty: no DeclaratieAntwoord
    toegekend: int = 0
    clienten: tuple[ClientAntwoord, ...] = ()

    @property
    def teruggegeven(self) -> int:
        """Sum of the lines that are returned, with their signs."""
        return sum(p.signed for client in self.clienten for p, _ in client.prestaties)

    def is_balanced(self) -> bool:
        """TR342: returned = submitted − granted, where a DeclaratieAntwoord decided about lines (4.2)."""
        if self.declaratie_codes not in ((AKKOORD,), (VOLLEDIG,)):
            return True
        return self.teruggegeven == self.declaratie.totaal - self.toegekend

    def bericht(self, identificatie: str, dagtekening: date, xsd_versie: tuple[str, str]) -> wmo325.Bericht:
        """The WMO325 with the municipality's own `identificatie` and date (4.1)."""
        d = self.declaratie
        header = wmo325.Header(
            bericht_code=_BERICHT_CODE,
            bericht_versie=3,
            bericht_subversie=2,
            afzender=d.gemeente,
            ontvanger=d.aanbieder,
            bericht_identificatie=basis.BerichtIdentificatie(identificatie=identificatie, dagtekening=dagtekening),
            xsd_versie=_xsd(xsd_versie),
            declaratie_identificatie=basis.BerichtIdentificatie(
                identificatie=d.identificatie, dagtekening=d.dagtekening
            ),
            xsd_versie_declaratie=_xsd(d.xsd_versie),
            retour_codes=self.header_codes,
        )
        return wmo325.Bericht(header=header, declaratie_antwoord=self._declaratie() if self.declaratie_codes else None)

    def _declaratie(self) -> wmo325.DeclaratieAntwoord:
        return wmo325.DeclaratieAntwoord(
            declaratie_nummer=self.declaratie.declaratie_nummer,
            totaal_ingediend_bedrag=_totaal(self.declaratie.totaal),
            totaal_toegekend_bedrag=_totaal(self.toegekend),
            clienten=tuple(
                wmo325.Client(
                    bsn=client.bsn,
                    prestaties=tuple(_prestatie(p, codes) for p, codes in client.prestaties),
                    retour_codes=client.codes,
                )
                for client in self.clienten
            ),
            retour_codes=self.declaratie_codes,
        )


def op_bericht(declaratie: Declaratie, codes: tuple[str, ...]) -> Antwoord:
    """S1 and S2: the header only (0001, or the codes)."""
    return Antwoord(declaratie=declaratie, header_codes=codes)


def op_declaratie(declaratie: Declaratie, codes: tuple[str, ...]) -> Antwoord:
    """S3: the declaration is refused as a whole; nothing granted, no lines returned."""
    return Antwoord(declaratie=declaratie, header_codes=(AKKOORD,), declaratie_codes=codes)


def op_prestaties(
    declaratie: Declaratie, lines: Sequence[Regelverdict], client_codes: Mapping[int, tuple[str, ...]]
) -> Antwoord:
    """S4 and S5: what was rejected comes back, what was approved is granted.

    `lines` are all lines in document order; `client_codes` the codes of rejected clients by their position. Raises
    ValueError if submitted, granted and returned do not add up (TR342): then the gateway itself is wrong.
    """
    rest = iter(lines)
    per_client = [(client, [next(rest) for _ in client.prestaties]) for client in declaratie.clienten]
    returned = tuple(
        ClientAntwoord(client.bsn, client_codes.get(nr, (AKKOORD,)), refused)
        for nr, (client, judged) in enumerate(per_client)
        if (refused := _refused(client, judged))
    )
    antwoord = Antwoord(
        declaratie=declaratie,
        header_codes=(AKKOORD,),
        declaratie_codes=(AKKOORD,) if returned else (VOLLEDIG,),
        toegekend=sum(line.prestatie.signed for line in lines if line.outcome is Outcome.APPROVED),
        clienten=returned,
    )
    if not antwoord.is_balanced():
        raise ValueError("TR342: submitted, granted and returned amounts do not add up")
    return antwoord


def _refused(client: Client, judged: Sequence[Regelverdict]) -> tuple[tuple[Prestatie, tuple[str, ...]], ...]:
    return tuple(
        (p, line.codes)
        for p, line in zip(client.prestaties, judged, strict=True)
        if line.outcome is not Outcome.APPROVED
    )


def _prestatie(p: Prestatie, codes: tuple[str, ...]) -> wmo325.Prestatie:
    """All values as they were in the 323, also wrong ones (TR366, TR367)."""
    return wmo325.Prestatie(
        product_referentie=basis.Referentie(
            referentie_nummer=p.referentie_nummer, vorig_referentie_nummer=p.vorig_referentie_nummer
        ),
        toewijzing_nummer=p.toewijzing_nummer,
        product_categorie=p.product_categorie,
        product_code=p.product_code,
        product_periode=basis.GeslotenPeriode(begindatum=p.product_periode.begin, einddatum=p.product_periode.last),
        geleverd_volume=p.geleverd_volume,
        eenheid=p.eenheid,
        product_tarief=p.product_tarief,
        ingediend_bedrag=basis.BedragMetDC(bedrag=p.bedrag, debet_credit=p.debet_credit),
        retour_codes=codes,
    )


def _totaal(cents: int) -> basis.TotaalBedragMetDC:
    return basis.TotaalBedragMetDC(totaal_bedrag=abs(cents), debet_credit="C" if cents < 0 else "D")


def _xsd(versies: tuple[str, str]) -> basis.XsdVersie:
    return basis.XsdVersie(basisschema_xsd_versie=versies[0], bericht_xsd_versie=versies[1])
