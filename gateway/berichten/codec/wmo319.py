"""WMO319 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo319 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, but_one, escape, whole


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


def read_antwoord(node: Node, odd: Odd) -> models.Antwoord:
    referentie_aanbieder, verzoek_antwoord, reden_afwijzing_verzoek = but_one(node, 3, 2)
    return models.Antwoord(
        referentie_aanbieder=referentie_aanbieder.text or "",
        verzoek_antwoord=verzoek_antwoord.text or "",
        reden_afwijzing_verzoek=None if reden_afwijzing_verzoek is None else reden_afwijzing_verzoek.text or "",
    )


def write_antwoord(value: models.Antwoord) -> str:
    reden_afwijzing_verzoek = (
        ""
        if value.reden_afwijzing_verzoek is None
        else f"<RedenAfwijzingVerzoek>{escape(value.reden_afwijzing_verzoek)}</RedenAfwijzingVerzoek>"
    )
    return (
        f"<ReferentieAanbieder>{escape(value.referentie_aanbieder)}</ReferentieAanbieder>"
        f"<VerzoekAntwoord>{escape(value.verzoek_antwoord)}</VerzoekAntwoord>"
        f"{reden_afwijzing_verzoek}"
    )


def read_bericht(node: Node, odd: Odd) -> models.Bericht:
    header, antwoord = node[:]
    return models.Bericht(
        header=read_header(header, odd),
        antwoord=read_antwoord(antwoord, odd),
    )


def write_bericht(value: models.Bericht) -> str:
    return f"\n<Header>{write_header(value.header)}</Header>\n<Antwoord>{write_antwoord(value.antwoord)}</Antwoord>"


def write(value: models.Bericht) -> str:
    """The message as XML text: default namespace for the message, `iwmo:` for the shared parts."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo319/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
