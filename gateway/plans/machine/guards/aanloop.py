"""Guards from the melding to the uitvraag, or to the recorded deviation (events 1 to 9; PL-6 to PL-51)."""

from collections.abc import Iterator

from gateway.domain.findings import Finding
from gateway.plans.checks import controleer
from gateway.plans.contract import passend
from gateway.plans.form import is_leeg
from gateway.plans.machine.guards.basis import besluit_van, fout, lang_genoeg, uitvraag_van, waarschuwing
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import GRANTS, Afwijking, Bijlage, Traject, Uitvraag
from gateway.plans.terms import dag
from gateway.plans.uitvraag import gemeentedeel

# The grounds for exchange, as codes that a privacy officer maintains (PL-36, PL-37, G-3).
GRONDSLAGEN = frozenset({"wmo_5_1_1", "wmo_5_1_2", "publieke_taak"})
_ONDERDELEN = frozenset({"arrangement", "resultaten", "samenvatting"})


def melding_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-46: a melding with receipt, channel, reporter and the need in words."""
    assert isinstance(zaak, Traject)
    if zaak.melding is None or is_leeg(zaak.melding.vraag):
        yield fout("PL-46", "Leg de melding vast: wanneer, hoe, door wie en wat er nodig is.", "melding")
    elif dag(zaak.melding.ontvangen_op) > omgeving.vandaag:
        yield fout("PL-46", "De melding kan niet in de toekomst zijn ontvangen.", "melding.ontvangen_op")
    if is_leeg(zaak.client.bsn) or is_leeg(zaak.client.achternaam):
        yield fout("PL-46", "Leg vast om wie het gaat.", "client")


def herkomst_verhuizing(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-65: a case taken over from another municipality says so."""
    assert isinstance(zaak, Traject)
    if zaak.herkomst != "verhuizing":
        yield fout("PL-65", "Een overgenomen traject heeft herkomst verhuizing.", "herkomst")


def gesprek_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-47: date, manner and participants of the conversation."""
    assert isinstance(zaak, Traject)
    onderzoek = zaak.onderzoek
    if onderzoek.gesprek_op is None or onderzoek.wijze is None or not onderzoek.aanwezig:
        yield fout("PL-47", "Leg het gesprek vast: wanneer, hoe en wie erbij was.", "onderzoek")
    elif zaak.melding is not None and onderzoek.gesprek_op < dag(zaak.melding.ontvangen_op):
        yield fout("PL-47", "Het gesprek kan niet voor de melding zijn gevoerd.", "onderzoek.gesprek_op")


def clientondersteuning_gewezen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-56: pointing out the independent cliëntondersteuner is recorded; a warning that stays."""
    assert isinstance(zaak, Traject)
    if zaak.onderzoek.clientondersteuning_gewezen_op is None:
        tekst = "Niet vastgelegd is dat de cliënt op onafhankelijke cliëntondersteuning is gewezen."
        yield waarschuwing("PL-56", tekst, "onderzoek.clientondersteuning_gewezen_op")


def arrangement_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-14, PL-15: one to `max` lines, each with one value of every list."""
    assert isinstance(zaak, Traject)
    herhaal = omgeving.formaat.herhaling("arrangement")
    if not zaak.arrangement or (herhaal and len(zaak.arrangement) > herhaal.max):
        grens = herhaal.max if herhaal else 1
        yield fout("PL-14", f"Een arrangement heeft 1 tot {grens} regels.", "arrangement")
    for nr, regel in enumerate(zaak.arrangement, 1):
        if regel.richting is None or regel.toedeling is None or omgeving.formaat.resultaat(regel.resultaat) is None:
            yield fout("PL-15", f"Arrangement {nr}: kies resultaat, richting en toedeling.", f"arrangement.{nr}")
    codes = [regel.resultaat for regel in zaak.arrangement]
    if len(set(codes)) < len(codes):
        yield fout("PL-14", "Elk resultaat staat hoogstens één keer in het arrangement.", "arrangement")


def arrangement_met_client(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-14: the results were determined together with the client."""
    assert isinstance(zaak, Traject)
    bepaald = zaak.arrangement_met_client_op
    if bepaald is None or (zaak.melding is not None and bepaald < dag(zaak.melding.ontvangen_op)):
        tekst = "Leg vast wanneer de resultaten met de cliënt zijn bepaald."
        yield fout("PL-14", tekst, "arrangement_met_client_op")


def meer_vragen_dan_blokken(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-17, while the arrangement is written: a warning; sending is where it is refused."""
    assert isinstance(zaak, Traject)
    herhaal = omgeving.formaat.herhaling("resultaat")
    eigen = sum(regel.toedeling == "eigen" for regel in zaak.arrangement)
    if herhaal and eigen > herhaal.max:
        yield waarschuwing("PL-17", f"Meer vragen dan resultaatblokken: hoogstens {herhaal.max} voor één aanbieder.")


def client_geinformeerd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-39: the client knows that information is exchanged with the provider. No consent is asked (PL-38)."""
    assert isinstance(zaak, Traject)
    onderzoek = zaak.onderzoek
    if None in (onderzoek.geinformeerd_op, onderzoek.geinformeerd_door, onderzoek.geinformeerd_wijze):
        yield fout(
            "CLIENT_NIET_GEINFORMEERD",
            "Niet vastgelegd is dat de cliënt weet dat gegevens met de aanbieder worden gedeeld.",
            "onderzoek.geinformeerd_op",
            advies="Vertel het de cliënt en leg vast wanneer, door wie en hoe.",
        )


def een_open_uitvraag(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-72: one open uitvraag per traject, and the one to be sent was not sent before."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is None:
        yield fout("PL-12", "Er is geen uitvraag om te verzenden.", "uitvraag")
    elif uitvraag.verzonden_op is not None:
        yield fout("PL-72", "Deze uitvraag is al verzonden; maak een nieuwe.", "uitvraag")
    elif any(u.open for u in zaak.uitvraag):
        yield fout("PL-72", "Er staat al een uitvraag open. Trek die eerst in, of splits het traject.", "uitvraag")


def formaat_geldig(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-11: the uitvraag's format lists this gemeente and is valid on the day of sending."""
    assert isinstance(zaak, Traject)
    uitvraag, formaat = uitvraag_van(zaak, voorval), omgeving.formaat
    if uitvraag is None:
        return
    if (uitvraag.formaat_id, uitvraag.formaat_versie) != (formaat.formaat.id, formaat.formaat.versie):
        yield fout("FORMAAT_ONBEKEND", "Het formaat van de uitvraag is niet het formaat dat hier is geladen.")
    if not formaat.noemt(zaak.gemeente) or not formaat.geldig_op(omgeving.vandaag):
        yield fout("FORMAAT_NIET_GELDIG", "Dit formaat geldt vandaag niet voor deze gemeente.")


def eigen_regels_passen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-14, PL-17: something is asked of this provider, and no more than the form has blocks."""
    assert isinstance(zaak, Traject)
    eigen = sum(regel.toedeling == "eigen" for regel in zaak.arrangement)
    herhaal = omgeving.formaat.herhaling("resultaat")
    if eigen == 0:
        yield fout("PL-14", "Geen enkele regel is een vraag voor deze aanbieder.", "arrangement")
    elif herhaal and eigen > herhaal.max:
        tekst = f"Het formulier heeft {herhaal.max} resultaatblokken. Laat regels vallen of splits het traject."
        yield fout("PL-17", tekst, "arrangement")


def bijlagen_toegestaan(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-34, PL-35, PL-40: kinds and limits of the region, each with a purpose; the answer Ja/Nee is true."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is None:
        return
    grenzen = omgeving.formaat.bijlagen
    if len(uitvraag.bijlage) > grenzen.max_aantal:
        yield fout("BIJLAGE_NIET_TOEGESTAAN", f"Hoogstens {grenzen.max_aantal} bijlagen gaan mee.", "uitvraag.bijlage")
    for nr, bijlage in enumerate(uitvraag.bijlage, 1):
        if not _toegestaan(bijlage, omgeving):
            tekst = "Dit soort bijlage, bestand of deze grootte mag niet mee."
            yield fout("BIJLAGE_NIET_TOEGESTAAN", tekst, f"uitvraag.bijlage.{nr}")
        if is_leeg(bijlage.doel):
            yield fout("PL-40", "Noem waarvoor de aanbieder deze bijlage nodig heeft.", f"uitvraag.bijlage.{nr}.doel")
    yield from _verslag_klopt(zaak, uitvraag)


def _toegestaan(bijlage: Bijlage, omgeving: Omgeving) -> bool:
    grenzen = omgeving.formaat.bijlagen
    return (
        bijlage.soort in grenzen.soorten
        and bijlage.mediatype in grenzen.formaten
        and bijlage.omvang_bytes <= grenzen.max_bytes
        and bijlage.controle in (None, "schoon")
    )


def _verslag_klopt(zaak: Traject, uitvraag: Uitvraag) -> Iterator[Finding]:
    bij = any(bijlage.soort == "onderzoeksverslag" for bijlage in uitvraag.bijlage)
    if bij != (uitvraag.onderzoeksverslag_meegezonden == "ja"):
        tekst = "Het antwoord op 'onderzoeksverslag meegezonden' past niet bij de bijlagen."
        yield fout("PL-35", tekst, "uitvraag.onderzoeksverslag_meegezonden")
    if bij and zaak.onderzoek.verslag_akkoord_client is None:
        tekst = "Leg vast dat de cliënt akkoord is met het meesturen van het verslag, of laat het verslag weg."
        yield fout("PL-35", tekst, "onderzoek.verslag_akkoord_client")


def grondslag_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-36, PL-37: the basis of the exchange is a code of the maintained list."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is not None and uitvraag.grondslag not in GRONDSLAGEN:
        yield fout("PL-36", "Kies de wettelijke grondslag van de uitwisseling.", "uitvraag.grondslag")


def proportioneel_beoordeeld(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-40: an employee states that what is sent is proportional. There is no way round it (PL-41)."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is not None and None in (
        uitvraag.proportioneel_beoordeeld_door,
        uitvraag.proportioneel_beoordeeld_op,
    ):
        tekst = "Een medewerker moet verklaren dat dit niet meer is dan nodig."
        yield fout("PL-40", tekst, "uitvraag.proportioneel_beoordeeld_door")


def kanaal_beveiligd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-42, PL-43: a channel of the region, and a return address on it."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is not None and uitvraag.kanaal not in omgeving.formaat.formaat.kanalen:
        yield fout("KANAAL_NIET_BEVEILIGD", "Kies een beveiligd kanaal van de regio.", "uitvraag.kanaal")


def voorkeur_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-49: the client's choice is recorded, also when there is none."""
    assert isinstance(zaak, Traject)
    if not zaak.voorkeur_client:
        yield fout("PL-49", "Leg de voorkeur van de cliënt vast, of dat er geen voorkeur is.", "voorkeur_client")
    elif zaak.voorkeur_client == "niet_gecontracteerd" and is_leeg(zaak.voorkeur_client_tekst):
        yield fout("PL-49", "Leg vast wie de cliënt heeft genoemd.", "voorkeur_client_tekst")


def _aanbieders(zaak: Traject, voorval: Voorval) -> list[str | None]:
    """The providers this event would have the client go to."""
    if voorval.soort == "besluit_genomen":
        besluit = besluit_van(zaak, voorval)
        return [regel.aanbieder for regel in besluit.regel] if besluit and besluit.soort in GRANTS else []
    if voorval.soort == "afwijking_vastgelegd":
        return [zaak.afwijking.aanbieder if zaak.afwijking else None]
    uitvraag = uitvraag_van(zaak, voorval)
    return [uitvraag.aanbieder.agb if uitvraag else None]


def contract_met_aanbieder(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-50: the provider has a contract with this gemeente today."""
    assert isinstance(zaak, Traject)
    for agb in _aanbieders(zaak, voorval):
        if not passend(omgeving.contract, gemeente=zaak.gemeente, aanbieder=agb, op=omgeving.vandaag):
            yield fout("GEEN_CONTRACT", "Deze aanbieder heeft vandaag geen contract met de gemeente.")


def keuze_gevolgd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-51: another provider than the client's choice needs a reason, and the client was told. Weighing is human."""
    assert isinstance(zaak, Traject)
    if zaak.voorkeur_client in (None, "geen_voorkeur"):
        return
    if all(agb == zaak.voorkeur_client for agb in _aanbieders(zaak, voorval)):
        return
    geweigerd = any(u.weigering is not None and u.aanbieder.agb == zaak.voorkeur_client for u in zaak.uitvraag)
    if not (lang_genoeg(zaak.reden_andere_aanbieder) or geweigerd):
        tekst = "Leg uit waarom de keuze van de cliënt niet wordt gevolgd (minstens 50 tekens)."
        yield fout("KEUZE_NIET_GEVOLGD", tekst, "reden_andere_aanbieder")
    if zaak.reden_andere_aanbieder_verteld_op is None:
        tekst = "Leg vast wanneer de cliënt dit is verteld."
        yield fout("KEUZE_NIET_GEVOLGD", tekst, "reden_andere_aanbieder_verteld_op")


def controles_uitvragen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-12: blocks A to D and K are complete and within their limits."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is not None:
        deel = gemeentedeel(zaak, uitvraag, omgeving.formaat, omgeving.vandaag)
        yield from controleer(deel, omgeving.formaat, "uitvragen", vandaag=omgeving.vandaag)


def afwijking_volledig(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-7: the reason and all three conditions; whether the reason is weighty is human (H-1)."""
    assert isinstance(zaak, Traject)
    afwijking = zaak.afwijking or Afwijking()
    if not lang_genoeg(afwijking.reden):
        yield _afwijking("Leg de reden uit (minstens 50 tekens).", "reden")
    gevonden = {plaats.onderdeel for plaats in afwijking.vindplaats if not is_leeg(plaats.document)}
    for onderdeel in sorted(_ONDERDELEN - gevonden):
        yield _afwijking(f"Noem waar in het dossier het onderdeel {onderdeel} staat.", "vindplaats")
    if None in (afwijking.client_betrokken_op, afwijking.client_betrokken_wijze):
        yield _afwijking("Leg vast wanneer en hoe de cliënt bij de keuze is betrokken.", "client_betrokken_op")
    kort = (
        afwijking.aanbieder_kortgesloten_op,
        afwijking.aanbieder_kortgesloten_wijze,
        afwijking.aanbieder_kortgesloten_met,
    )
    if None in kort:
        tekst = "Leg vast wanneer, hoe en met wie het bij de aanbieder is kortgesloten."
        yield _afwijking(tekst, "aanbieder_kortgesloten_op")


def _afwijking(tekst: str, veld: str) -> Finding:
    return fout("AFWIJKING_ONVOLLEDIG", tekst, f"afwijking.{veld}")


def reden_gegeven(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """An event that goes against the stream says why."""
    if is_leeg(voorval.reden):
        yield fout("REDEN", "Geef de reden.")
