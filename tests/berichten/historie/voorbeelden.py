"""Messages between one municipality and one provider, short to write: what a test does not name is good as it is."""

import datetime as dt
import itertools

from gateway.berichten import (
    basis,
    wmo301,
    wmo302,
    wmo305,
    wmo306,
    wmo307,
    wmo308,
    wmo315,
    wmo316,
    wmo317,
    wmo318,
    wmo319,
    wmo320,
    wmo323,
    wmo325,
)
from gateway.berichten.historie import vindplaatsen

GEMEENTE, AANBIEDER, BSN = "0384", "65656055", "999900006"
ANDERE_AANBIEDER, ANDERE_BSN = "65656056", "999900018"
VANDAAG = dt.date(2026, 3, 2)
BEGIN, EIND = dt.date(2026, 1, 5), dt.date(2026, 12, 31)
_CODES = {"WMO301": "414", "WMO305": "418", "WMO307": "420", "WMO315": "444", "WMO317": "480", "WMO319": "482"}
_CODES |= {"WMO323": "484", "WMO325": "485"}
_RETOUR = {m.__name__.rpartition(".")[2].upper(): m for m in (wmo302, wmo306, wmo308, wmo316, wmo318, wmo320)}
_VAN_GEMEENTE = {"WMO301", "WMO319", "WMO325"}
_MODULES = {"WMO301": wmo301, "WMO305": wmo305, "WMO307": wmo307, "WMO315": wmo315, "WMO317": wmo317}
_MODULES |= {"WMO319": wmo319, "WMO323": wmo323}

_volgende = itertools.count(1)
_VERSIE = basis.XsdVersie(basisschema_xsd_versie="1.0.0", bericht_xsd_versie="1.0.0")


def dag(tekst: str) -> dt.date:
    return dt.date.fromisoformat(tekst)


def kop(soort, *, id=None, dagtekening=VANDAAG, gemeente=GEMEENTE, aanbieder=AANBIEDER):
    van_gemeente = soort in _VAN_GEMEENTE
    return _MODULES[soort].Header(
        bericht_code=_CODES[soort],
        bericht_versie=3,
        bericht_subversie=2,
        afzender=gemeente if van_gemeente else aanbieder,
        ontvanger=aanbieder if van_gemeente else gemeente,
        bericht_identificatie=basis.BerichtIdentificatie(
            identificatie=id or f"B{next(_volgende)}", dagtekening=dagtekening
        ),
        xsd_versie=_VERSIE,
    )


def _verkort(module, bsn, **overig):
    naam = basis.VerkorteNaam(geslachtsnaam=basis.Achternaam(achternaam="Jansen"))
    geboren = basis.Geboortedatum(datum=dag("1950-05-05"))
    return module.Client(bsn=bsn, geboortedatum=geboren, geslacht="2", naam=naam, **overig)


def product(categorie="02", code="02A03"):
    return None if categorie is None else basis.Product(categorie=categorie, code=code)


def omvang(volume=3, eenheid="04", frequentie="2"):
    return basis.Omvang(volume=volume, eenheid=eenheid, frequentie=frequentie)


def toegewezen(nummer=101, *, categorie="02", code="02A03", moment="2026-01-02T10:00:00", **overig):
    wanneer = dt.datetime.fromisoformat(moment)
    velden = {"ingangsdatum": BEGIN, "einddatum": EIND} | overig
    if code is not None and categorie is not None:
        velden.setdefault("omvang", omvang())
    return wmo301.ToegewezenProduct(
        toewijzing_nummer=nummer,
        product=product(categorie, code),
        toewijzingsdatum=wanneer.date(),
        toewijzingstijd=wanneer.time(),
        **velden,
    )


def verwijderd(nummer=101, *, moment="2026-02-02T10:00:00", **overig):
    return toegewezen(nummer, moment=moment, einddatum=BEGIN, reden_wijziging="13", **overig)


def m301(*producten, bsn=BSN, **header):
    adres = basis.Adres(
        huis=basis.Huis(huisnummer=1), postcode="1111AA", straatnaam="Dorpsstraat", plaatsnaam="Diemen", land_code="NL"
    )
    client = wmo301.Client(
        bsn=bsn,
        geboortedatum=basis.Geboortedatum(datum=dag("1950-05-05")),
        geslacht="2",
        naam=basis.VolledigeNaam(geslachtsnaam=basis.Achternaam(achternaam="Jansen"), naam_gebruik="1"),
        contactgegevens=(wmo301.Contact(soort="01", adres=adres),),
        toegewezen_producten=producten or (toegewezen(),),
    )
    return wmo301.Bericht(header=kop("WMO301", **header), client=client)


def start(nummer=101, *, categorie="02", code="02A03", begindatum=BEGIN, status="1"):
    return wmo305.StartProduct(
        toewijzing_nummer=nummer,
        product=product(categorie, code),
        begindatum=begindatum,
        status_aanlevering=status,
    )


def m305(*starts, bsn=BSN, **header):
    client = _verkort(wmo305, bsn, start_producten=starts or (start(),))
    return wmo305.Bericht(header=kop("WMO305", **header), client=client)


def stop(nummer=101, *, reden="19", einddatum=VANDAAG, categorie="02", code="02A03", begindatum=BEGIN, status="1"):
    return wmo307.StopProduct(
        toewijzing_nummer=nummer,
        product=product(categorie, code),
        begindatum=begindatum,
        reden_beeindiging=reden,
        einddatum=einddatum,
        status_aanlevering=status,
    )


def m307(*stops, bsn=BSN, **header):
    client = _verkort(wmo307, bsn, stop_producten=stops or (stop(),))
    return wmo307.Bericht(header=kop("WMO307", **header), client=client)


def aangevraagd(referentie="VOT-1", *, categorie="02", code="02A03", **overig):
    velden = {"toewijzing_ingangsdatum": dag("2026-03-16"), "omvang": omvang(), "toewijzing_einddatum": EIND} | overig
    return wmo315.AangevraagdProduct(
        referentie_aanbieder=referentie,
        product=product(categorie, code),
        verwijzer=basis.Verwijzer(type="01", naam="Huisarts De Wit"),
        **velden,
    )


def m315(*producten, bsn=BSN, **header):
    client = _verkort(wmo315, bsn, aangevraagde_producten=producten or (aangevraagd(),))
    return wmo315.Bericht(header=kop("WMO315", **header), client=client)


def ongewijzigd(nummer=101):
    return wmo317.OngewijzigdProduct(toewijzing_nummer=nummer)


def te_wijzigen(nummer=101, **overig):
    velden = {"gewenste_ingangsdatum": BEGIN, "einddatum": EIND, "omvang": omvang(5)} | overig
    return wmo317.TeWijzigenProduct(toewijzing_nummer=nummer, **velden)


def nieuw(*, categorie="07", code="07A01", **overig):
    velden = {"gewenste_ingangsdatum": dag("2026-04-01"), "einddatum": EIND, "omvang": omvang()} | overig
    return wmo317.NieuwProduct(product=product(categorie, code), **velden)


def m317(*producten, referentie="VOW-1", bsn=BSN, **header):
    soorten = (wmo317.OngewijzigdProduct, wmo317.TeWijzigenProduct, wmo317.NieuwProduct)
    delen = [tuple(p for p in producten or (te_wijzigen(),) if isinstance(p, soort)) for soort in soorten]
    verzoek = wmo317.Verzoek(
        referentie_aanbieder=referentie,
        reden_verzoek="1",
        ongewijzigde_producten=delen[0],
        te_wijzigen_producten=delen[1],
        nieuwe_producten=delen[2],
    )
    client = wmo317.Client(bsn=bsn, verzoek=verzoek)
    return wmo317.Bericht(header=kop("WMO317", **header), client=client)


def m319(referentie="VOT-1", antwoord="1", **header):
    reden = "1" if antwoord == "1" else None
    inhoud = wmo319.Antwoord(referentie_aanbieder=referentie, verzoek_antwoord=antwoord, reden_afwijzing_verzoek=reden)
    return wmo319.Bericht(header=kop("WMO319", **header), antwoord=inhoud)


def retour_op(heen, *codes):
    """The header of the return message; with codes a rejection."""
    soort = "WMO" + str(int(type(heen).__module__[-3:]) + 1)
    module, h = _RETOUR[soort], heen.header
    header = module.Header(
        bericht_code=str(int(h.bericht_code) + 1),
        bericht_versie=3,
        bericht_subversie=2,
        afzender=h.afzender,
        ontvanger=h.ontvanger,
        bericht_identificatie=h.bericht_identificatie,
        xsd_versie=h.xsd_versie,
        identificatie_retour="R1",
        dagtekening_retour=h.bericht_identificatie.dagtekening,
        xsd_versie_retour=_VERSIE,
        retour_codes=codes,
    )
    return module.Bericht(header=header)


def prestatie(referentie="P1", *, vorig=None, nummer=101):
    periode = basis.GeslotenPeriode(begindatum=dag("2026-02-01"), einddatum=dag("2026-02-28"))
    return wmo323.Prestatie(
        product_referentie=basis.Referentie(referentie_nummer=referentie, vorig_referentie_nummer=vorig),
        toewijzing_nummer=nummer,
        product_categorie="02",
        product_code="02A03",
        product_periode=periode,
        geleverd_volume=12,
        eenheid="04",
        product_tarief=6000,
        ingediend_bedrag=basis.BedragMetDC(bedrag=72000, debet_credit="C" if vorig else "D"),
    )


def m323(*prestaties, bsn=BSN, **header):
    client = wmo323.Client(bsn=bsn, prestaties=prestaties or (prestatie(),))
    declaratie = wmo323.Declaratie(
        declaratie_nummer="D1",
        declaratie_periode=basis.GeslotenPeriode(begindatum=dag("2026-02-01"), einddatum=dag("2026-02-28")),
        declaratie_dagtekening=VANDAAG,
        totaal_ingediend_bedrag=basis.TotaalBedragMetDC(totaal_bedrag=72000, debet_credit="D"),
        clienten=(client,),
    )
    return wmo323.Bericht(header=kop("WMO323", **header), declaratie=declaratie)


def m325(declaratie, *, kop_codes=("0200",), codes=("8001",), afgewezen=(), id="A1"):
    """The answer to a declaration; `afgewezen` are lines of it that are returned."""
    h, inhoud = declaratie.header, declaratie.declaratie
    terug = tuple(
        wmo325.Prestatie(**{n: getattr(p, n) for n in p.__struct_fields__}, retour_codes=("9338",)) for p in afgewezen
    )
    clienten = (wmo325.Client(bsn=BSN, prestaties=terug, retour_codes=("0200",)),) if terug else ()
    header = wmo325.Header(
        bericht_code="485",
        bericht_versie=3,
        bericht_subversie=2,
        afzender=h.ontvanger,
        ontvanger=h.afzender,
        bericht_identificatie=basis.BerichtIdentificatie(identificatie=id, dagtekening=VANDAAG),
        xsd_versie=_VERSIE,
        declaratie_identificatie=h.bericht_identificatie,
        xsd_versie_declaratie=h.xsd_versie,
        retour_codes=kop_codes,
    )
    if kop_codes != ("0200",):
        return wmo325.Bericht(header=header)
    totaal = inhoud.totaal_ingediend_bedrag
    antwoord = wmo325.DeclaratieAntwoord(
        declaratie_nummer=inhoud.declaratie_nummer,
        totaal_ingediend_bedrag=totaal,
        totaal_toegekend_bedrag=totaal,
        clienten=clienten,
        retour_codes=codes,
    )
    return wmo325.Bericht(header=header, declaratie_antwoord=antwoord)


class Kast:
    """A store in small: messages by key, and a count of what was handed out."""

    def __init__(self, berichten=()):
        self.berichten, self.per_sleutel, self.uitgegeven = [], {}, 0
        for bericht in berichten:
            self.add(bericht)

    def add(self, bericht):
        for sleutel in vindplaatsen(bericht):
            self.per_sleutel.setdefault(sleutel, set()).add(len(self.berichten))
        self.berichten.append(bericht)

    def zoek(self, sleutels):
        gevonden = set().union(*(self.per_sleutel.get(sleutel, ()) for sleutel in sleutels))
        self.uitgegeven += len(gevonden)
        return [self.berichten[plaats] for plaats in sorted(gevonden)]


HEENBERICHTEN = (m301, m305, m307, m315, m317, m319)
