"""WMO306 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo306 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, day, escape, many, parts, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo306/schema}"
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
START_PRODUCT = (
    NS + "ToewijzingNummer",
    NS + "Product",
    NS + "ToewijzingIngangsdatum",
    None,
    None,
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


def read_start_product(node: Node, odd: Odd) -> models.StartProduct:
    toewijzing_nummer, product, toewijzing_ingangsdatum, begindatum, status_aanlevering, retour_codes = parts(
        node, START_PRODUCT
    )
    return models.StartProduct(
        toewijzing_nummer=None if toewijzing_nummer is None else whole(toewijzing_nummer, odd),
        product=None if product is None else basis.read_product(product, odd),
        toewijzing_ingangsdatum=None if toewijzing_ingangsdatum is None else day(toewijzing_ingangsdatum, odd),
        begindatum=day(begindatum, odd),
        status_aanlevering=status_aanlevering.text or "",
        retour_codes=texts(retour_codes),
    )


def write_start_product(value: models.StartProduct) -> str:
    toewijzing_nummer = (
        "" if value.toewijzing_nummer is None else f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>"
    )
    product = "" if value.product is None else f"\n<Product>{basis.write_product(value.product)}</Product>"
    toewijzing_ingangsdatum = (
        ""
        if value.toewijzing_ingangsdatum is None
        else f"<ToewijzingIngangsdatum>{value.toewijzing_ingangsdatum.isoformat()}</ToewijzingIngangsdatum>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"{toewijzing_nummer}"
        f"{product}"
        f"{toewijzing_ingangsdatum}"
        f"<Begindatum>{value.begindatum.isoformat()}</Begindatum>"
        f"<StatusAanlevering>{escape(value.status_aanlevering)}</StatusAanlevering>"
        f"{retour_codes}"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    bsn, geboortedatum, geslacht, naam, start_producten, retour_codes = node[:]
    return models.Client(
        bsn=bsn.text or "",
        geboortedatum=basis.read_geboortedatum(geboortedatum, odd),
        geslacht=geslacht.text or "",
        naam=basis.read_verkorte_naam(naam, odd),
        start_producten=many(read_start_product, start_producten, odd),
        retour_codes=texts(retour_codes),
    )


def write_client(value: models.Client) -> str:
    start_producten = (
        "\n<StartProducten>"
        + "".join([f"\n<StartProduct>{write_start_product(item)}</StartProduct>" for item in value.start_producten])
        + "</StartProducten>"
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
        f"{start_producten}"
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
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo306/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
