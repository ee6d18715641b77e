"""WMO325 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo325 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, escape, many, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo325/schema}"
AFZENDER = NS + "Afzender"
BERICHT_CODE = NS + "BerichtCode"
BERICHT_IDENTIFICATIE = NS + "BerichtIdentificatie"
BERICHT_SUBVERSIE = NS + "BerichtSubversie"
BERICHT_VERSIE = NS + "BerichtVersie"
CLIENTEN = NS + "Clienten"
DECLARATIE_ANTWOORD = NS + "DeclaratieAntwoord"
DECLARATIE_IDENTIFICATIE = NS + "DeclaratieIdentificatie"
DECLARATIE_NUMMER = NS + "DeclaratieNummer"
EENHEID = NS + "Eenheid"
GELEVERD_VOLUME = NS + "GeleverdVolume"
HEADER = NS + "Header"
INGEDIEND_BEDRAG = NS + "IngediendBedrag"
ONTVANGER = NS + "Ontvanger"
PRODUCT_CATEGORIE = NS + "ProductCategorie"
PRODUCT_CODE = NS + "ProductCode"
PRODUCT_PERIODE = NS + "ProductPeriode"
PRODUCT_REFERENTIE = NS + "ProductReferentie"
PRODUCT_TARIEF = NS + "ProductTarief"
RETOUR_CODES = NS + "RetourCodes"
TOEWIJZING_NUMMER = NS + "ToewijzingNummer"
TOTAAL_INGEDIEND_BEDRAG = NS + "TotaalIngediendBedrag"
TOTAAL_TOEGEKEND_BEDRAG = NS + "TotaalToegekendBedrag"
XSD_VERSIE = NS + "XsdVersie"
XSD_VERSIE_DECLARATIE = NS + "XsdVersieDeclaratie"
XSLT_VERSIE = NS + "XsltVersie"


def read_header(node: Node, odd: Odd) -> models.Header:
    kids = {kid.tag: kid for kid in node}
    xslt_versie = kids.get(XSLT_VERSIE)
    return models.Header(
        bericht_code=kids[BERICHT_CODE].text or "",
        bericht_versie=whole(kids[BERICHT_VERSIE], odd),
        bericht_subversie=whole(kids[BERICHT_SUBVERSIE], odd),
        afzender=kids[AFZENDER].text or "",
        ontvanger=kids[ONTVANGER].text or "",
        bericht_identificatie=basis.read_bericht_identificatie(kids[BERICHT_IDENTIFICATIE], odd),
        xsd_versie=basis.read_xsd_versie(kids[XSD_VERSIE], odd),
        declaratie_identificatie=basis.read_bericht_identificatie(kids[DECLARATIE_IDENTIFICATIE], odd),
        xslt_versie=None if xslt_versie is None else xslt_versie.text or "",
        xsd_versie_declaratie=basis.read_xsd_versie(kids[XSD_VERSIE_DECLARATIE], odd),
        retour_codes=texts(kids[RETOUR_CODES]),
    )


def write_header(value: models.Header) -> str:
    xslt_versie = "" if value.xslt_versie is None else f"<XsltVersie>{escape(value.xslt_versie)}</XsltVersie>"
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<BerichtCode>{escape(value.bericht_code)}</BerichtCode>"
        f"<BerichtVersie>{value.bericht_versie:d}</BerichtVersie>"
        f"<BerichtSubversie>{value.bericht_subversie:d}</BerichtSubversie>"
        f"<Afzender>{escape(value.afzender)}</Afzender>"
        f"<Ontvanger>{escape(value.ontvanger)}</Ontvanger>"
        f"\n<BerichtIdentificatie>{basis.write_bericht_identificatie(value.bericht_identificatie)}</BerichtIdentificatie>"
        f"\n<XsdVersie>{basis.write_xsd_versie(value.xsd_versie)}</XsdVersie>"
        f"\n<DeclaratieIdentificatie>{basis.write_bericht_identificatie(value.declaratie_identificatie)}</DeclaratieIdentificatie>"
        f"{xslt_versie}"
        f"\n<XsdVersieDeclaratie>{basis.write_xsd_versie(value.xsd_versie_declaratie)}</XsdVersieDeclaratie>"
        f"{retour_codes}"
    )


def read_prestatie(node: Node, odd: Odd) -> models.Prestatie:
    kids = {kid.tag: kid for kid in node}
    product_tarief = kids.get(PRODUCT_TARIEF)
    return models.Prestatie(
        product_referentie=basis.read_referentie(kids[PRODUCT_REFERENTIE], odd),
        toewijzing_nummer=whole(kids[TOEWIJZING_NUMMER], odd),
        product_categorie=kids[PRODUCT_CATEGORIE].text or "",
        product_code=kids[PRODUCT_CODE].text or "",
        product_periode=basis.read_gesloten_periode(kids[PRODUCT_PERIODE], odd),
        geleverd_volume=whole(kids[GELEVERD_VOLUME], odd),
        eenheid=kids[EENHEID].text or "",
        product_tarief=None if product_tarief is None else whole(product_tarief, odd),
        ingediend_bedrag=basis.read_bedrag_met_dc(kids[INGEDIEND_BEDRAG], odd),
        retour_codes=texts(kids[RETOUR_CODES]),
    )


def write_prestatie(value: models.Prestatie) -> str:
    product_tarief = "" if value.product_tarief is None else f"<ProductTarief>{value.product_tarief:d}</ProductTarief>"
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"\n<ProductReferentie>{basis.write_referentie(value.product_referentie)}</ProductReferentie>"
        f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>"
        f"<ProductCategorie>{escape(value.product_categorie)}</ProductCategorie>"
        f"<ProductCode>{escape(value.product_code)}</ProductCode>"
        f"\n<ProductPeriode>{basis.write_gesloten_periode(value.product_periode)}</ProductPeriode>"
        f"<GeleverdVolume>{value.geleverd_volume:d}</GeleverdVolume>"
        f"<Eenheid>{escape(value.eenheid)}</Eenheid>"
        f"{product_tarief}"
        f"\n<IngediendBedrag>{basis.write_bedrag_met_dc(value.ingediend_bedrag)}</IngediendBedrag>"
        f"{retour_codes}"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    bsn, prestaties, retour_codes = node
    return models.Client(
        bsn=bsn.text or "",
        prestaties=many(read_prestatie, prestaties, odd),
        retour_codes=texts(retour_codes),
    )


def write_client(value: models.Client) -> str:
    prestaties = (
        "\n<Prestaties>"
        + "".join([f"\n<Prestatie>{write_prestatie(item)}</Prestatie>" for item in value.prestaties])
        + "</Prestaties>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return f"<Bsn>{escape(value.bsn)}</Bsn>{prestaties}{retour_codes}"


def read_declaratie_antwoord(node: Node, odd: Odd) -> models.DeclaratieAntwoord:
    kids = {kid.tag: kid for kid in node}
    clienten = kids.get(CLIENTEN)
    return models.DeclaratieAntwoord(
        declaratie_nummer=kids[DECLARATIE_NUMMER].text or "",
        totaal_ingediend_bedrag=basis.read_totaal_bedrag_met_dc(kids[TOTAAL_INGEDIEND_BEDRAG], odd),
        totaal_toegekend_bedrag=basis.read_totaal_bedrag_met_dc(kids[TOTAAL_TOEGEKEND_BEDRAG], odd),
        clienten=many(read_client, clienten, odd),
        retour_codes=texts(kids[RETOUR_CODES]),
    )


def write_declaratie_antwoord(value: models.DeclaratieAntwoord) -> str:
    clienten = (
        ""
        if not value.clienten
        else "\n<Clienten>"
        + "".join([f"\n<Client>{write_client(item)}</Client>" for item in value.clienten])
        + "</Clienten>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<DeclaratieNummer>{escape(value.declaratie_nummer)}</DeclaratieNummer>"
        f"\n<TotaalIngediendBedrag>{basis.write_totaal_bedrag_met_dc(value.totaal_ingediend_bedrag)}</TotaalIngediendBedrag>"
        f"\n<TotaalToegekendBedrag>{basis.write_totaal_bedrag_met_dc(value.totaal_toegekend_bedrag)}</TotaalToegekendBedrag>"
        f"{clienten}"
        f"{retour_codes}"
    )


def read_bericht(node: Node, odd: Odd) -> models.Bericht:
    kids = {kid.tag: kid for kid in node}
    declaratie_antwoord = kids.get(DECLARATIE_ANTWOORD)
    return models.Bericht(
        header=read_header(kids[HEADER], odd),
        declaratie_antwoord=None if declaratie_antwoord is None else read_declaratie_antwoord(declaratie_antwoord, odd),
    )


def write_bericht(value: models.Bericht) -> str:
    declaratie_antwoord = (
        ""
        if value.declaratie_antwoord is None
        else f"\n<DeclaratieAntwoord>{write_declaratie_antwoord(value.declaratie_antwoord)}</DeclaratieAntwoord>"
    )
    return f"\n<Header>{write_header(value.header)}</Header>{declaratie_antwoord}"


def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `iwmo:` for the shared parts."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo325/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
