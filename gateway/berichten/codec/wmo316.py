"""WMO316 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo316 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, day, escape, many, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo316/schema}"
AANGEVRAAGDE_PRODUCTEN = NS + "AangevraagdeProducten"
AFZENDER = NS + "Afzender"
BERICHT_CODE = NS + "BerichtCode"
BERICHT_IDENTIFICATIE = NS + "BerichtIdentificatie"
BERICHT_SUBVERSIE = NS + "BerichtSubversie"
BERICHT_VERSIE = NS + "BerichtVersie"
BESCHIKKING_INGANGSDATUM = NS + "BeschikkingIngangsdatum"
BESCHIKKING_NUMMER = NS + "BeschikkingNummer"
BSN = NS + "Bsn"
BUDGET = NS + "Budget"
CLIENT = NS + "Client"
COMMENTAAR = NS + "Commentaar"
DAGTEKENING_RETOUR = NS + "DagtekeningRetour"
GEBOORTEDATUM = NS + "Geboortedatum"
GESLACHT = NS + "Geslacht"
HEADER = NS + "Header"
IDENTIFICATIE_RETOUR = NS + "IdentificatieRetour"
NAAM = NS + "Naam"
OMVANG = NS + "Omvang"
ONTVANGER = NS + "Ontvanger"
PRODUCT = NS + "Product"
RAAMCONTRACT = NS + "Raamcontract"
REFERENTIE_AANBIEDER = NS + "ReferentieAanbieder"
RETOUR_CODES = NS + "RetourCodes"
TOEWIJZING_EINDDATUM = NS + "ToewijzingEinddatum"
TOEWIJZING_INGANGSDATUM = NS + "ToewijzingIngangsdatum"
VERWIJZER = NS + "Verwijzer"
XSD_VERSIE = NS + "XsdVersie"
XSD_VERSIE_RETOUR = NS + "XsdVersieRetour"
XSLT_VERSIE = NS + "XsltVersie"


def read_header(node: Node, odd: Odd) -> models.Header:
    kids = {kid.tag: kid for kid in node}
    xslt_versie = kids.get(XSLT_VERSIE)
    retour_codes = kids.get(RETOUR_CODES)
    return models.Header(
        bericht_code=kids[BERICHT_CODE].text or "",
        bericht_versie=whole(kids[BERICHT_VERSIE], odd),
        bericht_subversie=whole(kids[BERICHT_SUBVERSIE], odd),
        afzender=kids[AFZENDER].text or "",
        ontvanger=kids[ONTVANGER].text or "",
        bericht_identificatie=basis.read_bericht_identificatie(kids[BERICHT_IDENTIFICATIE], odd),
        xsd_versie=basis.read_xsd_versie(kids[XSD_VERSIE], odd),
        identificatie_retour=kids[IDENTIFICATIE_RETOUR].text or "",
        dagtekening_retour=day(kids[DAGTEKENING_RETOUR], odd),
        xslt_versie=None if xslt_versie is None else xslt_versie.text or "",
        xsd_versie_retour=basis.read_xsd_versie(kids[XSD_VERSIE_RETOUR], odd),
        retour_codes=texts(retour_codes),
    )


def write_header(value: models.Header) -> str:
    xslt_versie = "" if value.xslt_versie is None else f"<XsltVersie>{escape(value.xslt_versie)}</XsltVersie>"
    retour_codes = (
        ""
        if not value.retour_codes
        else "\n<RetourCodes>"
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
        f"<IdentificatieRetour>{escape(value.identificatie_retour)}</IdentificatieRetour>"
        f"<DagtekeningRetour>{value.dagtekening_retour.isoformat()}</DagtekeningRetour>"
        f"{xslt_versie}"
        f"\n<XsdVersieRetour>{basis.write_xsd_versie(value.xsd_versie_retour)}</XsdVersieRetour>"
        f"{retour_codes}"
    )


def read_aangevraagd_product(node: Node, odd: Odd) -> models.AangevraagdProduct:
    kids = {kid.tag: kid for kid in node}
    beschikking_nummer = kids.get(BESCHIKKING_NUMMER)
    product = kids.get(PRODUCT)
    beschikking_ingangsdatum = kids.get(BESCHIKKING_INGANGSDATUM)
    toewijzing_einddatum = kids.get(TOEWIJZING_EINDDATUM)
    omvang = kids.get(OMVANG)
    budget = kids.get(BUDGET)
    raamcontract = kids.get(RAAMCONTRACT)
    commentaar = kids.get(COMMENTAAR)
    return models.AangevraagdProduct(
        referentie_aanbieder=kids[REFERENTIE_AANBIEDER].text or "",
        beschikking_nummer=None if beschikking_nummer is None else whole(beschikking_nummer, odd),
        product=None if product is None else basis.read_product(product, odd),
        beschikking_ingangsdatum=None if beschikking_ingangsdatum is None else day(beschikking_ingangsdatum, odd),
        toewijzing_ingangsdatum=day(kids[TOEWIJZING_INGANGSDATUM], odd),
        toewijzing_einddatum=None if toewijzing_einddatum is None else day(toewijzing_einddatum, odd),
        omvang=None if omvang is None else basis.read_omvang(omvang, odd),
        budget=None if budget is None else whole(budget, odd),
        verwijzer=basis.read_verwijzer(kids[VERWIJZER], odd),
        raamcontract=None if raamcontract is None else raamcontract.text or "",
        commentaar=None if commentaar is None else commentaar.text or "",
        retour_codes=texts(kids[RETOUR_CODES]),
    )


def write_aangevraagd_product(value: models.AangevraagdProduct) -> str:
    beschikking_nummer = (
        ""
        if value.beschikking_nummer is None
        else f"<BeschikkingNummer>{value.beschikking_nummer:d}</BeschikkingNummer>"
    )
    product = "" if value.product is None else f"\n<Product>{basis.write_product(value.product)}</Product>"
    beschikking_ingangsdatum = (
        ""
        if value.beschikking_ingangsdatum is None
        else f"<BeschikkingIngangsdatum>{value.beschikking_ingangsdatum.isoformat()}</BeschikkingIngangsdatum>"
    )
    toewijzing_einddatum = (
        ""
        if value.toewijzing_einddatum is None
        else f"<ToewijzingEinddatum>{value.toewijzing_einddatum.isoformat()}</ToewijzingEinddatum>"
    )
    omvang = "" if value.omvang is None else f"\n<Omvang>{basis.write_omvang(value.omvang)}</Omvang>"
    budget = "" if value.budget is None else f"<Budget>{value.budget:d}</Budget>"
    raamcontract = "" if value.raamcontract is None else f"<Raamcontract>{escape(value.raamcontract)}</Raamcontract>"
    commentaar = "" if value.commentaar is None else f"<Commentaar>{escape(value.commentaar)}</Commentaar>"
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<ReferentieAanbieder>{escape(value.referentie_aanbieder)}</ReferentieAanbieder>"
        f"{beschikking_nummer}"
        f"{product}"
        f"{beschikking_ingangsdatum}"
        f"<ToewijzingIngangsdatum>{value.toewijzing_ingangsdatum.isoformat()}</ToewijzingIngangsdatum>"
        f"{toewijzing_einddatum}"
        f"{omvang}"
        f"{budget}"
        f"\n<Verwijzer>{basis.write_verwijzer(value.verwijzer)}</Verwijzer>"
        f"{raamcontract}"
        f"{commentaar}"
        f"{retour_codes}"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    kids = {kid.tag: kid for kid in node}
    commentaar = kids.get(COMMENTAAR)
    return models.Client(
        bsn=kids[BSN].text or "",
        geboortedatum=basis.read_geboortedatum(kids[GEBOORTEDATUM], odd),
        geslacht=kids[GESLACHT].text or "",
        naam=basis.read_verkorte_naam(kids[NAAM], odd),
        commentaar=None if commentaar is None else commentaar.text or "",
        aangevraagde_producten=many(read_aangevraagd_product, kids[AANGEVRAAGDE_PRODUCTEN], odd),
        retour_codes=texts(kids[RETOUR_CODES]),
    )


def write_client(value: models.Client) -> str:
    commentaar = "" if value.commentaar is None else f"<Commentaar>{escape(value.commentaar)}</Commentaar>"
    aangevraagde_producten = (
        "\n<AangevraagdeProducten>"
        + "".join(
            [
                f"\n<AangevraagdProduct>{write_aangevraagd_product(item)}</AangevraagdProduct>"
                for item in value.aangevraagde_producten
            ]
        )
        + "</AangevraagdeProducten>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<Bsn>{escape(value.bsn)}</Bsn>"
        f"\n<Geboortedatum>{basis.write_geboortedatum(value.geboortedatum)}</Geboortedatum>"
        f"<Geslacht>{escape(value.geslacht)}</Geslacht>"
        f"\n<Naam>{basis.write_verkorte_naam(value.naam)}</Naam>"
        f"{commentaar}"
        f"{aangevraagde_producten}"
        f"{retour_codes}"
    )


def read_bericht(node: Node, odd: Odd) -> models.Bericht:
    kids = {kid.tag: kid for kid in node}
    client = kids.get(CLIENT)
    return models.Bericht(
        header=read_header(kids[HEADER], odd),
        client=None if client is None else read_client(client, odd),
    )


def write_bericht(value: models.Bericht) -> str:
    client = "" if value.client is None else f"\n<Client>{write_client(value.client)}</Client>"
    return f"\n<Header>{write_header(value.header)}</Header>{client}"


def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `iwmo:` for the shared parts."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo316/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
