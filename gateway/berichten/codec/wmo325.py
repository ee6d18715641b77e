"""WMO325 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo325 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, escape, many, texts, whole


def read_header(node: Node, odd: Odd) -> models.Header:
    (
        bericht_code,
        bericht_versie,
        bericht_subversie,
        afzender,
        ontvanger,
        bericht_identificatie,
        xsd_versie,
        declaratie_identificatie,
        xslt_versie,
        xsd_versie_declaratie,
        retour_codes,
    ) = but_one(node, 11, 8)
    return models.Header(
        bericht_code=bericht_code.text or "",
        bericht_versie=whole(bericht_versie, odd),
        bericht_subversie=whole(bericht_subversie, odd),
        afzender=afzender.text or "",
        ontvanger=ontvanger.text or "",
        bericht_identificatie=basis.read_bericht_identificatie(bericht_identificatie, odd),
        xsd_versie=basis.read_xsd_versie(xsd_versie, odd),
        declaratie_identificatie=basis.read_bericht_identificatie(declaratie_identificatie, odd),
        xslt_versie=None if xslt_versie is None else xslt_versie.text or "",
        xsd_versie_declaratie=basis.read_xsd_versie(xsd_versie_declaratie, odd),
        retour_codes=texts(retour_codes),
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
    (
        product_referentie,
        toewijzing_nummer,
        product_categorie,
        product_code,
        product_periode,
        geleverd_volume,
        eenheid,
        product_tarief,
        ingediend_bedrag,
        retour_codes,
    ) = but_one(node, 10, 7)
    return models.Prestatie(
        product_referentie=basis.read_referentie(product_referentie, odd),
        toewijzing_nummer=whole(toewijzing_nummer, odd),
        product_categorie=product_categorie.text or "",
        product_code=product_code.text or "",
        product_periode=basis.read_gesloten_periode(product_periode, odd),
        geleverd_volume=whole(geleverd_volume, odd),
        eenheid=eenheid.text or "",
        product_tarief=None if product_tarief is None else whole(product_tarief, odd),
        ingediend_bedrag=basis.read_bedrag_met_dc(ingediend_bedrag, odd),
        retour_codes=texts(retour_codes),
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
    bsn, prestaties, retour_codes = node[:]
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
    declaratie_nummer, totaal_ingediend_bedrag, totaal_toegekend_bedrag, clienten, retour_codes = but_one(node, 5, 3)
    return models.DeclaratieAntwoord(
        declaratie_nummer=declaratie_nummer.text or "",
        totaal_ingediend_bedrag=basis.read_totaal_bedrag_met_dc(totaal_ingediend_bedrag, odd),
        totaal_toegekend_bedrag=basis.read_totaal_bedrag_met_dc(totaal_toegekend_bedrag, odd),
        clienten=many(read_client, clienten, odd),
        retour_codes=texts(retour_codes),
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
    header, declaratie_antwoord = but_one(node, 2, 1)
    return models.Bericht(
        header=read_header(header, odd),
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
