"""WMO307 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo307 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, day, escape, many, parts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo307/schema}"
STOP_PRODUCT = (
    NS + "ToewijzingNummer",
    NS + "Product",
    NS + "ToewijzingIngangsdatum",
    None,
    None,
    None,
    None,
)


def read_header(node: Node, odd: Odd) -> models.Header:
    bericht_code, bericht_versie, bericht_subversie, afzender, ontvanger, bericht_identificatie, xsd_versie = node[:]
    return models.Header(
        bericht_code=bericht_code.text or "",
        bericht_versie=whole(bericht_versie, odd),
        bericht_subversie=whole(bericht_subversie, odd),
        afzender=afzender.text or "",
        ontvanger=ontvanger.text or "",
        bericht_identificatie=basis.read_bericht_identificatie(bericht_identificatie, odd),
        xsd_versie=basis.read_xsd_versie(xsd_versie, odd),
    )


def write_header(value: models.Header) -> str:
    return (
        f"<BerichtCode>{escape(value.bericht_code)}</BerichtCode>"
        f"<BerichtVersie>{value.bericht_versie:d}</BerichtVersie>"
        f"<BerichtSubversie>{value.bericht_subversie:d}</BerichtSubversie>"
        f"<Afzender>{escape(value.afzender)}</Afzender>"
        f"<Ontvanger>{escape(value.ontvanger)}</Ontvanger>"
        f"\n<BerichtIdentificatie>{basis.write_bericht_identificatie(value.bericht_identificatie)}</BerichtIdentificatie>"
        f"\n<XsdVersie>{basis.write_xsd_versie(value.xsd_versie)}</XsdVersie>"
    )


def read_stop_product(node: Node, odd: Odd) -> models.StopProduct:
    (
        toewijzing_nummer,
        product,
        toewijzing_ingangsdatum,
        begindatum,
        reden_beeindiging,
        einddatum,
        status_aanlevering,
    ) = parts(node, STOP_PRODUCT)
    return models.StopProduct(
        toewijzing_nummer=None if toewijzing_nummer is None else whole(toewijzing_nummer, odd),
        product=None if product is None else basis.read_product(product, odd),
        toewijzing_ingangsdatum=None if toewijzing_ingangsdatum is None else day(toewijzing_ingangsdatum, odd),
        begindatum=day(begindatum, odd),
        reden_beeindiging=reden_beeindiging.text or "",
        einddatum=day(einddatum, odd),
        status_aanlevering=status_aanlevering.text or "",
    )


def write_stop_product(value: models.StopProduct) -> str:
    toewijzing_nummer = (
        "" if value.toewijzing_nummer is None else f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>"
    )
    product = "" if value.product is None else f"\n<Product>{basis.write_product(value.product)}</Product>"
    toewijzing_ingangsdatum = (
        ""
        if value.toewijzing_ingangsdatum is None
        else f"<ToewijzingIngangsdatum>{value.toewijzing_ingangsdatum.isoformat()}</ToewijzingIngangsdatum>"
    )
    return (
        f"{toewijzing_nummer}"
        f"{product}"
        f"{toewijzing_ingangsdatum}"
        f"<Begindatum>{value.begindatum.isoformat()}</Begindatum>"
        f"<RedenBeeindiging>{escape(value.reden_beeindiging)}</RedenBeeindiging>"
        f"<Einddatum>{value.einddatum.isoformat()}</Einddatum>"
        f"<StatusAanlevering>{escape(value.status_aanlevering)}</StatusAanlevering>"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    bsn, geboortedatum, geslacht, naam, stop_producten = node[:]
    return models.Client(
        bsn=bsn.text or "",
        geboortedatum=basis.read_geboortedatum(geboortedatum, odd),
        geslacht=geslacht.text or "",
        naam=basis.read_verkorte_naam(naam, odd),
        stop_producten=many(read_stop_product, stop_producten, odd),
    )


def write_client(value: models.Client) -> str:
    stop_producten = (
        "\n<StopProducten>"
        + "".join([f"\n<StopProduct>{write_stop_product(item)}</StopProduct>" for item in value.stop_producten])
        + "</StopProducten>"
    )
    return (
        f"<Bsn>{escape(value.bsn)}</Bsn>"
        f"\n<Geboortedatum>{basis.write_geboortedatum(value.geboortedatum)}</Geboortedatum>"
        f"<Geslacht>{escape(value.geslacht)}</Geslacht>"
        f"\n<Naam>{basis.write_verkorte_naam(value.naam)}</Naam>"
        f"{stop_producten}"
    )


def read_bericht(node: Node, odd: Odd) -> models.Bericht:
    header, client = node[:]
    return models.Bericht(
        header=read_header(header, odd),
        client=read_client(client, odd),
    )


def write_bericht(value: models.Bericht) -> str:
    return f"\n<Header>{write_header(value.header)}</Header>\n<Client>{write_client(value.client)}</Client>"


def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `iwmo:` for the shared parts."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo307/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
