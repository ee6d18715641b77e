"""WMO301 of iwmo 3.2: tree to values, values to XML. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten import wmo301 as models
from gateway.berichten.codec import basis
from gateway.berichten.codec.leaves import Node, Odd, clock, day, escape, many, moment, parts, whole

NS = "{http://www.istandaarden.nl/iwmo/3_2/wmo301/schema}"
CONTACT = (
    None,
    NS + "Adres",
    NS + "Organisatie",
    NS + "Telefoon",
    NS + "Emailadres",
    NS + "Periode",
)
RELATIE = (
    None,
    NS + "Volgorde",
    None,
    NS + "Geboortedatum",
    NS + "Geslacht",
    None,
    None,
)
TOEGEWEZEN_PRODUCT = (
    None,
    NS + "ReferentieAanbieder",
    NS + "Product",
    None,
    None,
    None,
    NS + "Einddatum",
    NS + "RedenWijziging",
    NS + "Omvang",
    NS + "Budget",
    NS + "Commentaar",
)
CLIENT = (
    None,
    None,
    None,
    None,
    NS + "Communicatie",
    NS + "JuridischeStatus",
    NS + "WettelijkeVertegenwoordiging",
    NS + "Commentaar",
    NS + "Relaties",
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


def read_contact(node: Node, odd: Odd) -> models.Contact:
    soort, adres, organisatie, telefoon, emailadres, periode = parts(node, CONTACT)
    return models.Contact(
        soort=soort.text or "",
        adres=None if adres is None else basis.read_adres(adres, odd),
        organisatie=None if organisatie is None else organisatie.text or "",
        telefoon=None if telefoon is None else basis.read_telefoonnummers(telefoon, odd),
        emailadres=None if emailadres is None else emailadres.text or "",
        periode=None if periode is None else basis.read_open_periode(periode, odd),
    )


def write_contact(value: models.Contact) -> str:
    adres = "" if value.adres is None else f"\n<Adres>{basis.write_adres(value.adres)}</Adres>"
    organisatie = "" if value.organisatie is None else f"<Organisatie>{escape(value.organisatie)}</Organisatie>"
    telefoon = "" if value.telefoon is None else f"\n<Telefoon>{basis.write_telefoonnummers(value.telefoon)}</Telefoon>"
    emailadres = "" if value.emailadres is None else f"<Emailadres>{escape(value.emailadres)}</Emailadres>"
    periode = "" if value.periode is None else f"\n<Periode>{basis.write_open_periode(value.periode)}</Periode>"
    return f"<Soort>{escape(value.soort)}</Soort>{adres}{organisatie}{telefoon}{emailadres}{periode}"


def read_relatie(node: Node, odd: Odd) -> models.Relatie:
    nummer, volgorde, soort, geboortedatum, geslacht, naam, contact = parts(node, RELATIE)
    return models.Relatie(
        nummer=nummer.text or "",
        volgorde=None if volgorde is None else whole(volgorde, odd),
        soort=soort.text or "",
        geboortedatum=None if geboortedatum is None else basis.read_geboortedatum(geboortedatum, odd),
        geslacht=None if geslacht is None else geslacht.text or "",
        naam=basis.read_volledige_naam(naam, odd),
        contact=read_contact(contact, odd),
    )


def write_relatie(value: models.Relatie) -> str:
    volgorde = "" if value.volgorde is None else f"<Volgorde>{value.volgorde:d}</Volgorde>"
    geboortedatum = (
        ""
        if value.geboortedatum is None
        else f"\n<Geboortedatum>{basis.write_geboortedatum(value.geboortedatum)}</Geboortedatum>"
    )
    geslacht = "" if value.geslacht is None else f"<Geslacht>{escape(value.geslacht)}</Geslacht>"
    return (
        f"<Nummer>{escape(value.nummer)}</Nummer>"
        f"{volgorde}"
        f"<Soort>{escape(value.soort)}</Soort>"
        f"{geboortedatum}"
        f"{geslacht}"
        f"\n<Naam>{basis.write_volledige_naam(value.naam)}</Naam>"
        f"\n<Contact>{write_contact(value.contact)}</Contact>"
    )


def read_toegewezen_product(node: Node, odd: Odd) -> models.ToegewezenProduct:
    (
        toewijzing_nummer,
        referentie_aanbieder,
        product,
        toewijzingsdatum,
        toewijzingstijd,
        ingangsdatum,
        einddatum,
        reden_wijziging,
        omvang,
        budget,
        commentaar,
    ) = parts(node, TOEGEWEZEN_PRODUCT)
    return models.ToegewezenProduct(
        toewijzing_nummer=whole(toewijzing_nummer, odd),
        referentie_aanbieder=None if referentie_aanbieder is None else referentie_aanbieder.text or "",
        product=None if product is None else basis.read_product(product, odd),
        toewijzingsdatum=day(toewijzingsdatum, odd),
        toewijzingstijd=moment(toewijzingstijd, odd),
        ingangsdatum=day(ingangsdatum, odd),
        einddatum=None if einddatum is None else day(einddatum, odd),
        reden_wijziging=None if reden_wijziging is None else reden_wijziging.text or "",
        omvang=None if omvang is None else basis.read_omvang(omvang, odd),
        budget=None if budget is None else whole(budget, odd),
        commentaar=None if commentaar is None else commentaar.text or "",
    )


def write_toegewezen_product(value: models.ToegewezenProduct) -> str:
    referentie_aanbieder = (
        ""
        if value.referentie_aanbieder is None
        else f"<ReferentieAanbieder>{escape(value.referentie_aanbieder)}</ReferentieAanbieder>"
    )
    product = "" if value.product is None else f"\n<Product>{basis.write_product(value.product)}</Product>"
    einddatum = "" if value.einddatum is None else f"<Einddatum>{value.einddatum.isoformat()}</Einddatum>"
    reden_wijziging = (
        "" if value.reden_wijziging is None else f"<RedenWijziging>{escape(value.reden_wijziging)}</RedenWijziging>"
    )
    omvang = "" if value.omvang is None else f"\n<Omvang>{basis.write_omvang(value.omvang)}</Omvang>"
    budget = "" if value.budget is None else f"<Budget>{value.budget:d}</Budget>"
    commentaar = "" if value.commentaar is None else f"<Commentaar>{escape(value.commentaar)}</Commentaar>"
    return (
        f"<ToewijzingNummer>{value.toewijzing_nummer:d}</ToewijzingNummer>"
        f"{referentie_aanbieder}"
        f"{product}"
        f"<Toewijzingsdatum>{value.toewijzingsdatum.isoformat()}</Toewijzingsdatum>"
        f"<Toewijzingstijd>{clock(value.toewijzingstijd)}</Toewijzingstijd>"
        f"<Ingangsdatum>{value.ingangsdatum.isoformat()}</Ingangsdatum>"
        f"{einddatum}"
        f"{reden_wijziging}"
        f"{omvang}"
        f"{budget}"
        f"{commentaar}"
    )


def read_client(node: Node, odd: Odd) -> models.Client:
    (
        bsn,
        geboortedatum,
        geslacht,
        naam,
        communicatie,
        juridische_status,
        wettelijke_vertegenwoordiging,
        commentaar,
        relaties,
        contactgegevens,
        toegewezen_producten,
    ) = parts(node, CLIENT)
    return models.Client(
        bsn=bsn.text or "",
        geboortedatum=basis.read_geboortedatum(geboortedatum, odd),
        geslacht=geslacht.text or "",
        naam=basis.read_volledige_naam(naam, odd),
        communicatie=None if communicatie is None else basis.read_communicatie(communicatie, odd),
        juridische_status=None if juridische_status is None else juridische_status.text or "",
        wettelijke_vertegenwoordiging=None
        if wettelijke_vertegenwoordiging is None
        else wettelijke_vertegenwoordiging.text or "",
        commentaar=None if commentaar is None else commentaar.text or "",
        relaties=many(read_relatie, relaties, odd),
        contactgegevens=many(read_contact, contactgegevens, odd),
        toegewezen_producten=many(read_toegewezen_product, toegewezen_producten, odd),
    )


def write_client(value: models.Client) -> str:
    communicatie = (
        ""
        if value.communicatie is None
        else f"\n<Communicatie>{basis.write_communicatie(value.communicatie)}</Communicatie>"
    )
    juridische_status = (
        ""
        if value.juridische_status is None
        else f"<JuridischeStatus>{escape(value.juridische_status)}</JuridischeStatus>"
    )
    wettelijke_vertegenwoordiging = (
        ""
        if value.wettelijke_vertegenwoordiging is None
        else f"<WettelijkeVertegenwoordiging>{escape(value.wettelijke_vertegenwoordiging)}</WettelijkeVertegenwoordiging>"
    )
    commentaar = "" if value.commentaar is None else f"<Commentaar>{escape(value.commentaar)}</Commentaar>"
    relaties = (
        ""
        if not value.relaties
        else "\n<Relaties>"
        + "".join([f"\n<Relatie>{write_relatie(item)}</Relatie>" for item in value.relaties])
        + "</Relaties>"
    )
    contactgegevens = (
        "\n<Contactgegevens>"
        + "".join([f"\n<Contact>{write_contact(item)}</Contact>" for item in value.contactgegevens])
        + "</Contactgegevens>"
    )
    toegewezen_producten = (
        "\n<ToegewezenProducten>"
        + "".join(
            [
                f"\n<ToegewezenProduct>{write_toegewezen_product(item)}</ToegewezenProduct>"
                for item in value.toegewezen_producten
            ]
        )
        + "</ToegewezenProducten>"
    )
    return (
        f"<Bsn>{escape(value.bsn)}</Bsn>"
        f"\n<Geboortedatum>{basis.write_geboortedatum(value.geboortedatum)}</Geboortedatum>"
        f"<Geslacht>{escape(value.geslacht)}</Geslacht>"
        f"\n<Naam>{basis.write_volledige_naam(value.naam)}</Naam>"
        f"{communicatie}"
        f"{juridische_status}"
        f"{wettelijke_vertegenwoordiging}"
        f"{commentaar}"
        f"{relaties}"
        f"{contactgegevens}"
        f"{toegewezen_producten}"
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
        '<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo301/schema" xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">'
        f"{write_bericht(value)}</Bericht>\n"
    )
