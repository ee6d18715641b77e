"""Shared parts of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import basis as models
from gateway.berichten.codec.leaves import Node, Odd, but_one, day, escape, parts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/basisschema/schema}"
VOLLEDIGE_NAAM = (
    None,
    NS + "Partnernaam",
    NS + "Voornamen",
    NS + "Voorletters",
    None,
)
HUIS = (
    None,
    NS + "Huisletter",
    NS + "HuisnummerToevoeging",
    NS + "AanduidingWoonadres",
)
ADRES = (
    NS + "Huis",
    NS + "Postcode",
    NS + "Straatnaam",
    NS + "Plaatsnaam",
    NS + "LandCode",
)
OPEN_PERIODE = (
    NS + "Begindatum",
    NS + "Einddatum",
)
VERKORTE_NAAM = (
    None,
    NS + "Voornamen",
    NS + "Voorletters",
)
VERWIJZER = (
    None,
    NS + "Naam",
    NS + "ZorgverlenerCode",
)


def read_bericht_identificatie(node: Node, odd: Odd) -> models.BerichtIdentificatie:
    identificatie, dagtekening = node[:]
    return models.BerichtIdentificatie(
        identificatie=identificatie.text or "",
        dagtekening=day(dagtekening, odd),
    )


def write_bericht_identificatie(value: models.BerichtIdentificatie) -> str:
    return (
        f"<iwmo:Identificatie>{escape(value.identificatie)}</iwmo:Identificatie>"
        f"<iwmo:Dagtekening>{value.dagtekening.isoformat()}</iwmo:Dagtekening>"
    )


def read_xsd_versie(node: Node, odd: Odd) -> models.XsdVersie:
    basisschema_xsd_versie, bericht_xsd_versie = node[:]
    return models.XsdVersie(
        basisschema_xsd_versie=basisschema_xsd_versie.text or "",
        bericht_xsd_versie=bericht_xsd_versie.text or "",
    )


def write_xsd_versie(value: models.XsdVersie) -> str:
    return (
        f"<iwmo:BasisschemaXsdVersie>{escape(value.basisschema_xsd_versie)}</iwmo:BasisschemaXsdVersie>"
        f"<iwmo:BerichtXsdVersie>{escape(value.bericht_xsd_versie)}</iwmo:BerichtXsdVersie>"
    )


def read_geboortedatum(node: Node, odd: Odd) -> models.Geboortedatum:
    datum, datum_gebruik = but_one(node, 2, 1)
    return models.Geboortedatum(
        datum=day(datum, odd),
        datum_gebruik=None if datum_gebruik is None else datum_gebruik.text or "",
    )


def write_geboortedatum(value: models.Geboortedatum) -> str:
    datum_gebruik = (
        "" if value.datum_gebruik is None else f"<iwmo:DatumGebruik>{escape(value.datum_gebruik)}</iwmo:DatumGebruik>"
    )
    return f"<iwmo:Datum>{value.datum.isoformat()}</iwmo:Datum>{datum_gebruik}"


def read_achternaam(node: Node, odd: Odd) -> models.Achternaam:
    achternaam, voorvoegsel = but_one(node, 2, 1)
    return models.Achternaam(
        achternaam=achternaam.text or "",
        voorvoegsel=None if voorvoegsel is None else voorvoegsel.text or "",
    )


def write_achternaam(value: models.Achternaam) -> str:
    voorvoegsel = (
        "" if value.voorvoegsel is None else f"<iwmo:Voorvoegsel>{escape(value.voorvoegsel)}</iwmo:Voorvoegsel>"
    )
    return f"<iwmo:Achternaam>{escape(value.achternaam)}</iwmo:Achternaam>{voorvoegsel}"


def read_volledige_naam(node: Node, odd: Odd) -> models.VolledigeNaam:
    geslachtsnaam, partnernaam, voornamen, voorletters, naam_gebruik = parts(node, VOLLEDIGE_NAAM)
    return models.VolledigeNaam(
        geslachtsnaam=read_achternaam(geslachtsnaam, odd),
        partnernaam=None if partnernaam is None else read_achternaam(partnernaam, odd),
        voornamen=None if voornamen is None else voornamen.text or "",
        voorletters=None if voorletters is None else voorletters.text or "",
        naam_gebruik=naam_gebruik.text or "",
    )


def write_volledige_naam(value: models.VolledigeNaam) -> str:
    partnernaam = (
        ""
        if value.partnernaam is None
        else f"\n<iwmo:Partnernaam>{write_achternaam(value.partnernaam)}</iwmo:Partnernaam>"
    )
    voornamen = "" if value.voornamen is None else f"<iwmo:Voornamen>{escape(value.voornamen)}</iwmo:Voornamen>"
    voorletters = (
        "" if value.voorletters is None else f"<iwmo:Voorletters>{escape(value.voorletters)}</iwmo:Voorletters>"
    )
    return (
        f"\n<iwmo:Geslachtsnaam>{write_achternaam(value.geslachtsnaam)}</iwmo:Geslachtsnaam>"
        f"{partnernaam}"
        f"{voornamen}"
        f"{voorletters}"
        f"<iwmo:NaamGebruik>{escape(value.naam_gebruik)}</iwmo:NaamGebruik>"
    )


def read_communicatie(node: Node, odd: Odd) -> models.Communicatie:
    vorm, taal = but_one(node, 2, 1)
    return models.Communicatie(
        vorm=vorm.text or "",
        taal=None if taal is None else taal.text or "",
    )


def write_communicatie(value: models.Communicatie) -> str:
    taal = "" if value.taal is None else f"<iwmo:Taal>{escape(value.taal)}</iwmo:Taal>"
    return f"<iwmo:Vorm>{escape(value.vorm)}</iwmo:Vorm>{taal}"


def read_huis(node: Node, odd: Odd) -> models.Huis:
    huisnummer, huisletter, huisnummer_toevoeging, aanduiding_woonadres = parts(node, HUIS)
    return models.Huis(
        huisnummer=whole(huisnummer, odd),
        huisletter=None if huisletter is None else huisletter.text or "",
        huisnummer_toevoeging=None if huisnummer_toevoeging is None else huisnummer_toevoeging.text or "",
        aanduiding_woonadres=None if aanduiding_woonadres is None else aanduiding_woonadres.text or "",
    )


def write_huis(value: models.Huis) -> str:
    huisletter = "" if value.huisletter is None else f"<iwmo:Huisletter>{escape(value.huisletter)}</iwmo:Huisletter>"
    huisnummer_toevoeging = (
        ""
        if value.huisnummer_toevoeging is None
        else f"<iwmo:HuisnummerToevoeging>{escape(value.huisnummer_toevoeging)}</iwmo:HuisnummerToevoeging>"
    )
    aanduiding_woonadres = (
        ""
        if value.aanduiding_woonadres is None
        else f"<iwmo:AanduidingWoonadres>{escape(value.aanduiding_woonadres)}</iwmo:AanduidingWoonadres>"
    )
    return (
        f"<iwmo:Huisnummer>{value.huisnummer:d}</iwmo:Huisnummer>"
        f"{huisletter}"
        f"{huisnummer_toevoeging}"
        f"{aanduiding_woonadres}"
    )


def read_adres(node: Node, odd: Odd) -> models.Adres:
    huis, postcode, straatnaam, plaatsnaam, land_code = parts(node, ADRES)
    return models.Adres(
        huis=None if huis is None else read_huis(huis, odd),
        postcode=None if postcode is None else postcode.text or "",
        straatnaam=None if straatnaam is None else straatnaam.text or "",
        plaatsnaam=None if plaatsnaam is None else plaatsnaam.text or "",
        land_code=None if land_code is None else land_code.text or "",
    )


def write_adres(value: models.Adres) -> str:
    huis = "" if value.huis is None else f"\n<iwmo:Huis>{write_huis(value.huis)}</iwmo:Huis>"
    postcode = "" if value.postcode is None else f"<iwmo:Postcode>{escape(value.postcode)}</iwmo:Postcode>"
    straatnaam = "" if value.straatnaam is None else f"<iwmo:Straatnaam>{escape(value.straatnaam)}</iwmo:Straatnaam>"
    plaatsnaam = "" if value.plaatsnaam is None else f"<iwmo:Plaatsnaam>{escape(value.plaatsnaam)}</iwmo:Plaatsnaam>"
    land_code = "" if value.land_code is None else f"<iwmo:LandCode>{escape(value.land_code)}</iwmo:LandCode>"
    return f"{huis}{postcode}{straatnaam}{plaatsnaam}{land_code}"


def read_telefoon(node: Node, odd: Odd) -> models.Telefoon:
    telefoonnummer, landnummer = node[:]
    return models.Telefoon(
        telefoonnummer=telefoonnummer.text or "",
        landnummer=landnummer.text or "",
    )


def write_telefoon(value: models.Telefoon) -> str:
    return (
        f"<iwmo:Telefoonnummer>{escape(value.telefoonnummer)}</iwmo:Telefoonnummer>"
        f"<iwmo:Landnummer>{escape(value.landnummer)}</iwmo:Landnummer>"
    )


def read_telefoonnummers(node: Node, odd: Odd) -> models.Telefoonnummers:
    telefoon01, telefoon02 = but_one(node, 2, 1)
    return models.Telefoonnummers(
        telefoon01=read_telefoon(telefoon01, odd),
        telefoon02=None if telefoon02 is None else read_telefoon(telefoon02, odd),
    )


def write_telefoonnummers(value: models.Telefoonnummers) -> str:
    telefoon02 = (
        "" if value.telefoon02 is None else f"\n<iwmo:Telefoon02>{write_telefoon(value.telefoon02)}</iwmo:Telefoon02>"
    )
    return f"\n<iwmo:Telefoon01>{write_telefoon(value.telefoon01)}</iwmo:Telefoon01>{telefoon02}"


def read_open_periode(node: Node, odd: Odd) -> models.OpenPeriode:
    begindatum, einddatum = parts(node, OPEN_PERIODE)
    return models.OpenPeriode(
        begindatum=None if begindatum is None else day(begindatum, odd),
        einddatum=None if einddatum is None else day(einddatum, odd),
    )


def write_open_periode(value: models.OpenPeriode) -> str:
    begindatum = (
        "" if value.begindatum is None else f"<iwmo:Begindatum>{value.begindatum.isoformat()}</iwmo:Begindatum>"
    )
    einddatum = "" if value.einddatum is None else f"<iwmo:Einddatum>{value.einddatum.isoformat()}</iwmo:Einddatum>"
    return f"{begindatum}{einddatum}"


def read_product(node: Node, odd: Odd) -> models.Product:
    categorie, code = but_one(node, 2, 1)
    return models.Product(
        categorie=categorie.text or "",
        code=None if code is None else code.text or "",
    )


def write_product(value: models.Product) -> str:
    code = "" if value.code is None else f"<iwmo:Code>{escape(value.code)}</iwmo:Code>"
    return f"<iwmo:Categorie>{escape(value.categorie)}</iwmo:Categorie>{code}"


def read_omvang(node: Node, odd: Odd) -> models.Omvang:
    volume, eenheid, frequentie = node[:]
    return models.Omvang(
        volume=whole(volume, odd),
        eenheid=eenheid.text or "",
        frequentie=frequentie.text or "",
    )


def write_omvang(value: models.Omvang) -> str:
    return (
        f"<iwmo:Volume>{value.volume:d}</iwmo:Volume>"
        f"<iwmo:Eenheid>{escape(value.eenheid)}</iwmo:Eenheid>"
        f"<iwmo:Frequentie>{escape(value.frequentie)}</iwmo:Frequentie>"
    )


def read_verkorte_naam(node: Node, odd: Odd) -> models.VerkorteNaam:
    geslachtsnaam, voornamen, voorletters = parts(node, VERKORTE_NAAM)
    return models.VerkorteNaam(
        geslachtsnaam=read_achternaam(geslachtsnaam, odd),
        voornamen=None if voornamen is None else voornamen.text or "",
        voorletters=None if voorletters is None else voorletters.text or "",
    )


def write_verkorte_naam(value: models.VerkorteNaam) -> str:
    voornamen = "" if value.voornamen is None else f"<iwmo:Voornamen>{escape(value.voornamen)}</iwmo:Voornamen>"
    voorletters = (
        "" if value.voorletters is None else f"<iwmo:Voorletters>{escape(value.voorletters)}</iwmo:Voorletters>"
    )
    return f"\n<iwmo:Geslachtsnaam>{write_achternaam(value.geslachtsnaam)}</iwmo:Geslachtsnaam>{voornamen}{voorletters}"


def read_verwijzer(node: Node, odd: Odd) -> models.Verwijzer:
    type, naam, zorgverlener_code = parts(node, VERWIJZER)
    return models.Verwijzer(
        type=type.text or "",
        naam=None if naam is None else naam.text or "",
        zorgverlener_code=None if zorgverlener_code is None else zorgverlener_code.text or "",
    )


def write_verwijzer(value: models.Verwijzer) -> str:
    naam = "" if value.naam is None else f"<iwmo:Naam>{escape(value.naam)}</iwmo:Naam>"
    zorgverlener_code = (
        ""
        if value.zorgverlener_code is None
        else f"<iwmo:ZorgverlenerCode>{escape(value.zorgverlener_code)}</iwmo:ZorgverlenerCode>"
    )
    return f"<iwmo:Type>{escape(value.type)}</iwmo:Type>{naam}{zorgverlener_code}"


def read_gesloten_periode(node: Node, odd: Odd) -> models.GeslotenPeriode:
    begindatum, einddatum = node[:]
    return models.GeslotenPeriode(
        begindatum=day(begindatum, odd),
        einddatum=day(einddatum, odd),
    )


def write_gesloten_periode(value: models.GeslotenPeriode) -> str:
    return (
        f"<iwmo:Begindatum>{value.begindatum.isoformat()}</iwmo:Begindatum>"
        f"<iwmo:Einddatum>{value.einddatum.isoformat()}</iwmo:Einddatum>"
    )


def read_totaal_bedrag_met_dc(node: Node, odd: Odd) -> models.TotaalBedragMetDC:
    totaal_bedrag, debet_credit = node[:]
    return models.TotaalBedragMetDC(
        totaal_bedrag=whole(totaal_bedrag, odd),
        debet_credit=debet_credit.text or "",
    )


def write_totaal_bedrag_met_dc(value: models.TotaalBedragMetDC) -> str:
    return (
        f"<iwmo:TotaalBedrag>{value.totaal_bedrag:d}</iwmo:TotaalBedrag>"
        f"<iwmo:DebetCredit>{escape(value.debet_credit)}</iwmo:DebetCredit>"
    )


def read_referentie(node: Node, odd: Odd) -> models.Referentie:
    referentie_nummer, vorig_referentie_nummer = but_one(node, 2, 1)
    return models.Referentie(
        referentie_nummer=referentie_nummer.text or "",
        vorig_referentie_nummer=None if vorig_referentie_nummer is None else vorig_referentie_nummer.text or "",
    )


def write_referentie(value: models.Referentie) -> str:
    vorig_referentie_nummer = (
        ""
        if value.vorig_referentie_nummer is None
        else f"<iwmo:VorigReferentieNummer>{escape(value.vorig_referentie_nummer)}</iwmo:VorigReferentieNummer>"
    )
    return f"<iwmo:ReferentieNummer>{escape(value.referentie_nummer)}</iwmo:ReferentieNummer>{vorig_referentie_nummer}"


def read_bedrag_met_dc(node: Node, odd: Odd) -> models.BedragMetDC:
    bedrag, debet_credit = node[:]
    return models.BedragMetDC(
        bedrag=whole(bedrag, odd),
        debet_credit=debet_credit.text or "",
    )


def write_bedrag_met_dc(value: models.BedragMetDC) -> str:
    return (
        f"<iwmo:Bedrag>{value.bedrag:d}</iwmo:Bedrag><iwmo:DebetCredit>{escape(value.debet_credit)}</iwmo:DebetCredit>"
    )
