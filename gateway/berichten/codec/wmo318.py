"""WMO318 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo318 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, day, escape, many, parts, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo318/schema}"
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
TE_WIJZIGEN_PRODUCT = (
    None,
    None,
    NS + "Einddatum",
    NS + "Omvang",
    NS + "Budget",
    None,
)
NIEUW_PRODUCT = (
    NS + "Product",
    None,
    NS + "Einddatum",
    NS + "Omvang",
    NS + "Budget",
    None,
)
VERZOEK = (
    None,
    None,
    NS + "OngewijzigdeProducten",
    NS + "TeWijzigenProducten",
    NS + "NieuweProducten",
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


def read_ongewijzigd_product(node: Node, odd: Odd) -> models.OngewijzigdProduct:
    toewijzing_nummer, retour_codes = node[:]
    return models.OngewijzigdProduct(
        toewijzing_nummer=whole(toewijzing_nummer, odd),
        retour_codes=texts(retour_codes),
    )


def write_ongewijzigd_product(value: models.OngewijzigdProduct) -> str:
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>{retour_codes}"


def read_te_wijzigen_product(node: Node, odd: Odd) -> models.TeWijzigenProduct:
    toewijzing_nummer, gewenste_ingangsdatum, einddatum, omvang, budget, retour_codes = parts(node, TE_WIJZIGEN_PRODUCT)
    return models.TeWijzigenProduct(
        toewijzing_nummer=whole(toewijzing_nummer, odd),
        gewenste_ingangsdatum=day(gewenste_ingangsdatum, odd),
        einddatum=None if einddatum is None else day(einddatum, odd),
        omvang=None if omvang is None else basis.read_omvang(omvang, odd),
        budget=None if budget is None else whole(budget, odd),
        retour_codes=texts(retour_codes),
    )


def write_te_wijzigen_product(value: models.TeWijzigenProduct) -> str:
    einddatum = "" if value.einddatum is None else f"<Einddatum>{value.einddatum.isoformat()}</Einddatum>"
    omvang = "" if value.omvang is None else f"\n<Omvang>{basis.write_omvang(value.omvang)}</Omvang>"
    budget = "" if value.budget is None else f"<Budget>{value.budget:d}</Budget>"
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>"
        f"<GewensteIngangsdatum>{value.gewenste_ingangsdatum.isoformat()}</GewensteIngangsdatum>"
        f"{einddatum}"
        f"{omvang}"
        f"{budget}"
        f"{retour_codes}"
    )


def read_nieuw_product(node: Node, odd: Odd) -> models.NieuwProduct:
    product, gewenste_ingangsdatum, einddatum, omvang, budget, retour_codes = parts(node, NIEUW_PRODUCT)
    return models.NieuwProduct(
        product=None if product is None else basis.read_product(product, odd),
        gewenste_ingangsdatum=day(gewenste_ingangsdatum, odd),
        einddatum=None if einddatum is None else day(einddatum, odd),
        omvang=None if omvang is None else basis.read_omvang(omvang, odd),
        budget=None if budget is None else whole(budget, odd),
        retour_codes=texts(retour_codes),
    )


def write_nieuw_product(value: models.NieuwProduct) -> str:
    product = "" if value.product is None else f"\n<Product>{basis.write_product(value.product)}</Product>"
    einddatum = "" if value.einddatum is None else f"<Einddatum>{value.einddatum.isoformat()}</Einddatum>"
    omvang = "" if value.omvang is None else f"\n<Omvang>{basis.write_omvang(value.omvang)}</Omvang>"
    budget = "" if value.budget is None else f"<Budget>{value.budget:d}</Budget>"
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"{product}"
        f"<GewensteIngangsdatum>{value.gewenste_ingangsdatum.isoformat()}</GewensteIngangsdatum>"
        f"{einddatum}"
        f"{omvang}"
        f"{budget}"
        f"{retour_codes}"
    )


def read_verzoek(node: Node, odd: Odd) -> models.Verzoek:
    (
        referentie_aanbieder,
        reden_verzoek,
        ongewijzigde_producten,
        te_wijzigen_producten,
        nieuwe_producten,
        retour_codes,
    ) = parts(node, VERZOEK)
    return models.Verzoek(
        referentie_aanbieder=referentie_aanbieder.text or "",
        reden_verzoek=reden_verzoek.text or "",
        ongewijzigde_producten=many(read_ongewijzigd_product, ongewijzigde_producten, odd),
        te_wijzigen_producten=many(read_te_wijzigen_product, te_wijzigen_producten, odd),
        nieuwe_producten=many(read_nieuw_product, nieuwe_producten, odd),
        retour_codes=texts(retour_codes),
    )


def write_verzoek(value: models.Verzoek) -> str:
    ongewijzigde_producten = (
        ""
        if not value.ongewijzigde_producten
        else "\n<OngewijzigdeProducten>"
        + "".join(
            [
                f"\n<OngewijzigdProduct>{write_ongewijzigd_product(item)}</OngewijzigdProduct>"
                for item in value.ongewijzigde_producten
            ]
        )
        + "</OngewijzigdeProducten>"
    )
    te_wijzigen_producten = (
        ""
        if not value.te_wijzigen_producten
        else "\n<TeWijzigenProducten>"
        + "".join(
            [
                f"\n<TeWijzigenProduct>{write_te_wijzigen_product(item)}</TeWijzigenProduct>"
                for item in value.te_wijzigen_producten
            ]
        )
        + "</TeWijzigenProducten>"
    )
    nieuwe_producten = (
        ""
        if not value.nieuwe_producten
        else "\n<NieuweProducten>"
        + "".join([f"\n<NieuwProduct>{write_nieuw_product(item)}</NieuwProduct>" for item in value.nieuwe_producten])
        + "</NieuweProducten>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<ReferentieAanbieder>{escape(value.referentie_aanbieder)}</ReferentieAanbieder>"
        f"<RedenVerzoek>{escape(value.reden_verzoek)}</RedenVerzoek>"
        f"{ongewijzigde_producten}"
        f"{te_wijzigen_producten}"
        f"{nieuwe_producten}"
        f"{retour_codes}"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    bsn, verzoek, retour_codes = node[:]
    return models.Client(
        bsn=bsn.text or "",
        verzoek=read_verzoek(verzoek, odd),
        retour_codes=texts(retour_codes),
    )


def write_client(value: models.Client) -> str:
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return f"<Bsn>{escape(value.bsn)}</Bsn>\n<Verzoek>{write_verzoek(value.verzoek)}</Verzoek>{retour_codes}"


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
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo318/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
