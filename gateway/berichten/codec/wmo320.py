"""WMO320 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo320 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, day, escape, parts, texts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo320/schema}"
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


def read_antwoord(node: Node, odd: Odd) -> models.Antwoord:
    referentie_aanbieder, verzoek_antwoord, reden_afwijzing_verzoek, retour_codes = but_one(node, 4, 2)
    return models.Antwoord(
        referentie_aanbieder=referentie_aanbieder.text or "",
        verzoek_antwoord=verzoek_antwoord.text or "",
        reden_afwijzing_verzoek=None if reden_afwijzing_verzoek is None else reden_afwijzing_verzoek.text or "",
        retour_codes=texts(retour_codes),
    )


def write_antwoord(value: models.Antwoord) -> str:
    reden_afwijzing_verzoek = (
        ""
        if value.reden_afwijzing_verzoek is None
        else f"<RedenAfwijzingVerzoek>{escape(value.reden_afwijzing_verzoek)}</RedenAfwijzingVerzoek>"
    )
    retour_codes = (
        "\n<RetourCodes>"
        + "".join([f"<RetourCode>{escape(item)}</RetourCode>" for item in value.retour_codes])
        + "</RetourCodes>"
    )
    return (
        f"<ReferentieAanbieder>{escape(value.referentie_aanbieder)}</ReferentieAanbieder>"
        f"<VerzoekAntwoord>{escape(value.verzoek_antwoord)}</VerzoekAntwoord>"
        f"{reden_afwijzing_verzoek}"
        f"{retour_codes}"
    )


def read_bericht(node: Node, odd: Odd) -> models.Bericht:
    header, antwoord = but_one(node, 2, 1)
    return models.Bericht(
        header=read_header(header, odd),
        antwoord=None if antwoord is None else read_antwoord(antwoord, odd),
    )


def write_bericht(value: models.Bericht) -> str:
    antwoord = "" if value.antwoord is None else f"\n<Antwoord>{write_antwoord(value.antwoord)}</Antwoord>"
    return f"\n<Header>{write_header(value.header)}</Header>{antwoord}"


def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `iwmo:` for the shared parts."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo320/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
