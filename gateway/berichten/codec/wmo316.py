"""WMO316 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo316 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, day, escape, many, parts, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo316/schema}"
HEADER = (
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    NS + "XsltVersie",
    None,
    NS + "RetourCodes",
)
AANGEVRAAGD_PRODUCT = (
    None,
    NS + "BeschikkingNummer",
    NS + "Product",
    NS + "BeschikkingIngangsdatum",
    None,
    NS + "ToewijzingEinddatum",
    NS + "Omvang",
    NS + "Budget",
    None,
    NS + "Raamcontract",
    NS + "Commentaar",
    None,
)


def read_header(node: Node, odd: Odd) -> models.Header:
    (
        bericht_code,
        bericht_versie,
        bericht_subversie,
        afzender,
        ontvanger,
        bericht_identificatie,
        xsd_versie,
        identificatie_retour,
        dagtekening_retour,
        xslt_versie,
        xsd_versie_retour,
        retour_codes,
    ) = parts(node, HEADER)
    return models.Header(
        bericht_code=bericht_code.text or "",
        bericht_versie=whole(bericht_versie, odd),
        bericht_subversie=whole(bericht_subversie, odd),
        afzender=afzender.text or "",
        ontvanger=ontvanger.text or "",
        bericht_identificatie=basis.read_bericht_identificatie(bericht_identificatie, odd),
        xsd_versie=basis.read_xsd_versie(xsd_versie, odd),
        identificatie_retour=identificatie_retour.text or "",
        dagtekening_retour=day(dagtekening_retour, odd),
        xslt_versie=None if xslt_versie is None else xslt_versie.text or "",
        xsd_versie_retour=basis.read_xsd_versie(xsd_versie_retour, odd),
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
    (
        referentie_aanbieder,
        beschikking_nummer,
        product,
        beschikking_ingangsdatum,
        toewijzing_ingangsdatum,
        toewijzing_einddatum,
        omvang,
        budget,
        verwijzer,
        raamcontract,
        commentaar,
        retour_codes,
    ) = parts(node, AANGEVRAAGD_PRODUCT)
    return models.AangevraagdProduct(
        referentie_aanbieder=referentie_aanbieder.text or "",
        beschikking_nummer=None if beschikking_nummer is None else whole(beschikking_nummer, odd),
        product=None if product is None else basis.read_product(product, odd),
        beschikking_ingangsdatum=None if beschikking_ingangsdatum is None else day(beschikking_ingangsdatum, odd),
        toewijzing_ingangsdatum=day(toewijzing_ingangsdatum, odd),
        toewijzing_einddatum=None if toewijzing_einddatum is None else day(toewijzing_einddatum, odd),
        omvang=None if omvang is None else basis.read_omvang(omvang, odd),
        budget=None if budget is None else whole(budget, odd),
        verwijzer=basis.read_verwijzer(verwijzer, odd),
        raamcontract=None if raamcontract is None else raamcontract.text or "",
        commentaar=None if commentaar is None else commentaar.text or "",
        retour_codes=texts(retour_codes),
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
    bsn, geboortedatum, geslacht, naam, commentaar, aangevraagde_producten, retour_codes = but_one(node, 7, 4)
    return models.Client(
        bsn=bsn.text or "",
        geboortedatum=basis.read_geboortedatum(geboortedatum, odd),
        geslacht=geslacht.text or "",
        naam=basis.read_verkorte_naam(naam, odd),
        commentaar=None if commentaar is None else commentaar.text or "",
        aangevraagde_producten=many(read_aangevraagd_product, aangevraagde_producten, odd),
        retour_codes=texts(retour_codes),
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
    header, client = but_one(node, 2, 1)
    return models.Bericht(
        header=read_header(header, odd),
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
