"""The table of events (plan 7.3): what may happen when, by whom, under which guards, and where it leads.

Data only. Guards and effects are names of functions in this package; a test holds that each exists. The special
targets begin with @ and are worked out from the case. Two rules for this file: no code, and one event a line.
"""

from typing import NamedTuple

from gateway.plans.machine.states import (
    A_OPEN,
    ALLE,
    NIEUW,
    OPEN,
    TOT_ARRANGEMENT,
    TOT_BESCHIKT,
    VANAF_BESCHIKT,
    VANAF_TOEGEWEZEN,
    VOOR_BESLOTEN,
)


class Overgang(NamedTuple):
    """From these states to that one; `=` stays, `@name` is worked out."""

    van: frozenset[str]
    naar: str


class Event(NamedTuple):
    nr: int
    naam: str
    door: str  # letters of Partij
    gemeente: Overgang | None = None
    aanbieder: Overgang | None = None
    guards: tuple[str, ...] = ()
    effecten: tuple[str, ...] = ()
    verteld: tuple[str, ...] = ()  # K klantmanager, T team leader, A provider, C client, N new gemeente


def _van(*toestanden: str) -> frozenset[str]:
    return frozenset(toestanden)


_UITVOERING = _van("toegewezen", "in_uitvoering", "in_evaluatie")
_BIJ_GEMEENTE = _van("uitgevraagd", "plan_ontvangen", "in_beoordeling", "aanvulling_gevraagd")
_BIJ_AANBIEDER = _van("ontvangen", "in_opstelling", "ter_ondertekening", "aanvulling_gevraagd")
_UITVRAAG_GUARDS = (
    "een_open_uitvraag",
    "formaat_geldig",
    "eigen_regels_passen",
    "bijlagen_toegestaan",
    "grondslag_vastgelegd",
    "client_geinformeerd",
    "proportioneel_beoordeeld",
    "kanaal_beveiligd",
    "voorkeur_vastgelegd",
    "arrangement_met_client",
    "contract_met_aanbieder",
    "keuze_gevolgd",
    "controles_uitvragen",
)
_BESLUIT_GUARDS = (
    "bevoegd",
    "besluit_compleet",
    "grond_past_bij_toestand",
    "afgestemd",
    "gewogen",
    "concept_besproken",
    "toekenning_compleet",
    "voorstel_gevolgd_of_uitgelegd",
    "uitvoerders_elders_bekend",
    "voorkeur_vastgelegd",
    "contract_per_regel",
    "keuze_gevolgd",
)

# fmt: off
TABEL: tuple[Event, ...] = (
    Event(1, "melding_geregistreerd", "G", Overgang(NIEUW, "aangemeld"), None, ("melding_compleet",), ("start_plan_gereed",), ("K", "C")),
    Event(2, "gesprek_gevoerd", "G", Overgang(TOT_ARRANGEMENT, "in_onderzoek"), None, ("gesprek_vastgelegd", "clientondersteuning_gewezen")),
    Event(3, "arrangement_vastgesteld", "G", Overgang(_van("in_onderzoek", "arrangement_bepaald"), "arrangement_bepaald"), None, ("gesprek_vastgelegd", "arrangement_compleet", "arrangement_met_client", "meer_vragen_dan_blokken")),
    Event(4, "client_geinformeerd", "G", Overgang(TOT_ARRANGEMENT, "="), None, ("client_geinformeerd",)),
    Event(5, "uitvraag_verzonden", "G", Overgang(_van("arrangement_bepaald"), "uitgevraagd"), None, _UITVRAAG_GUARDS, ("leg_uitvraag_vast",), ("A",)),
    Event(6, "uitvraag_bezorgd", "S", Overgang(_van("uitgevraagd"), "="), Overgang(NIEUW, "ontvangen"), (), ("uitvraag_is_bezorgd", "start_aanbieder_reactie"), ("K",)),
    Event(7, "uitvraag_niet_bezorgd", "S", Overgang(_van("uitgevraagd"), "arrangement_bepaald"), None, (), ("sluit_uitvraag_mislukt",), ("K",)),
    Event(8, "uitvraag_ingetrokken", "G", Overgang(_BIJ_GEMEENTE, "arrangement_bepaald"), Overgang(A_OPEN, "gesloten"), ("reden_gegeven",), ("trek_uitvraag_in", "versies_vervallen"), ("A",)),
    Event(9, "afwijking_vastgelegd", "G", Overgang(_van("arrangement_bepaald"), "zonder_plan"), None, ("afwijking_volledig", "client_geinformeerd", "contract_met_aanbieder", "keuze_gevolgd", "voorkeur_vastgelegd")),
    Event(10, "opstelling_begonnen", "A", None, Overgang(_van("ontvangen", "aanvulling_gevraagd"), "in_opstelling"), (), ("begin_concept",), ("K",)),
    Event(11, "opdracht_geweigerd", "AG", Overgang(_van("uitgevraagd", "aanvulling_gevraagd"), "arrangement_bepaald"), Overgang(_BIJ_AANBIEDER, "gesloten"), ("weigering_gemotiveerd",), ("versies_vervallen",), ("K",)),
    Event(12, "concept_gedeeld", "AG", Overgang(VOOR_BESLOTEN, "="), Overgang(_van("in_opstelling", "ter_ondertekening"), "="), ("deelmoment_vastgelegd",)),
    Event(13, "plan_gereed", "A", None, Overgang(_van("in_opstelling"), "ter_ondertekening"), ("controles_zonder_handtekening",), ("maak_ondertekendocument",)),
    Event(14, "terug_naar_opstelling", "A", None, Overgang(_van("ter_ondertekening"), "in_opstelling"), (), ("handtekeningen_vervallen",)),
    Event(15, "aanbieder_getekend", "A", None, Overgang(_van("ter_ondertekening"), "="), ("aanbieder_tekende_deze_versie",)),
    Event(15, "client_getekend", "AC", None, Overgang(_van("ter_ondertekening"), "="), ("client_tekende_deze_versie",)),
    Event(16, "client_niet_getekend", "A", None, Overgang(_van("ter_ondertekening"), "="), ("reden_zonder_handtekening",), ("aanbieder_tekent_opnieuw",)),
    Event(17, "plan_ingediend", "A", Overgang(_van("uitgevraagd", "aanvulling_gevraagd"), "plan_ontvangen"), Overgang(_van("ter_ondertekening"), "ingediend"), ("plan_bij_uitvraag", "controles_indienen"), ("dien_in",), ("K",)),
    Event(18, "document_ontvangen", "S", Overgang(_van("uitgevraagd", "aanvulling_gevraagd", "plan_ontvangen"), "plan_ontvangen"), None, ("plan_bij_uitvraag",), (), ("K",)),
    Event(19, "plan_afgekeurd_technisch", "SG", Overgang(_van("plan_ontvangen"), "@voor_ontvangst"), Overgang(_van("ingediend"), "in_opstelling"), ("reden_gegeven",), ("keur_versie_af", "open_volgende_versie"), ("A",)),
    Event(20, "plan_aanvaard", "SG", Overgang(_van("plan_ontvangen"), "in_beoordeling"), None, ("plan_bij_uitvraag", "controles_indienen", "tweede_persoon"), ("stop_aanbieder_reactie",), ("A", "K")),
    Event(21, "aanvulling_verzocht", "G", Overgang(_van("in_beoordeling"), "aanvulling_gevraagd"), Overgang(_van("ingediend"), "aanvulling_gevraagd"), ("reden_gegeven",), ("open_volgende_versie", "start_aanbieder_reactie"), ("A",)),
    Event(22, "besluit_genomen", "G", Overgang(_van("in_beoordeling", "zonder_plan", "in_onderzoek", "arrangement_bepaald"), "besloten"), None, _BESLUIT_GUARDS, ("plan_gereed_gehaald",)),
    Event(23, "beschikking_bekendgemaakt", "G", Overgang(_van("besloten", "toegewezen", "in_uitvoering", "in_evaluatie"), "@na_bekendmaking"), None, ("toekenning", "beschikking_bekend", "clientondersteuning_gewezen"), ("start_bezwaar",), ("C",)),
    Event(24, "toewijzing_verzonden", "G", Overgang(_van("besloten", "beschikt"), "="), None, ("bevoegd", "toekenning", "toewijzing_gelijk", "regels_voor_verzending"), (), ("A",)),
    Event(25, "toewijzing_aanvaard", "S", Overgang(_van("besloten", "beschikt"), "@na_laatste_regel"), Overgang(_van("ingediend"), "@toegewezen_of_niet"), ("toewijzing_bekend",), ("retour_aanvaard", "start_evaluatie", "start_toewijzing_einde"), ("K",)),
    Event(26, "toewijzing_afgekeurd", "S", Overgang(_van("besloten", "beschikt"), "="), None, ("toewijzing_bekend",), ("retour_afgekeurd",), ("K",)),
    Event(27, "besluit_afwijzing_bekend", "G", Overgang(_van("besloten"), "beschikt"), Overgang(_van("ingediend"), "niet_toegewezen"), ("afwijzing", "beschikking_bekend"), ("start_bezwaar",), ("C", "A")),
    Event(28, "levering_gestart", "S", Overgang(_van("toegewezen"), "in_uitvoering"), Overgang(_van("toegewezen"), "in_uitvoering"), ("beschikking_al_bekend",), (), ("K",)),
    Event(29, "evaluatie_begonnen", "SG", Overgang(_van("toegewezen", "in_uitvoering"), "in_evaluatie"), None, (), (), ("K", "A", "C")),
    Event(30, "evaluatie_afgerond", "G", Overgang(_van("in_evaluatie"), "in_uitvoering"), None, ("evaluatie_compleet",), ("volgende_evaluatie",), ("A", "C")),
    Event(31, "signaal_ontvangen", "ACG", Overgang(VANAF_BESCHIKT, "="), None, ("signaal_vastgelegd",), (), ("K",)),
    Event(31, "signaal_beoordeeld", "G", Overgang(VANAF_BESCHIKT, "="), None, ("signaal_geoordeeld",)),
    Event(32, "herziening_gestart", "G", Overgang(VANAF_BESCHIKT - {"gesloten"}, "="), None, ("reden_gegeven", "geen_open_opvolger"), ("koppel_opvolger",), ("K", "C")),
    Event(33, "opgevolgd", "S", Overgang(VANAF_BESCHIKT, "gesloten"), Overgang(A_OPEN, "gesloten"), (), ("sluit_als_opgevolgd",), ("A",)),
    Event(34, "spoed_gestart", "G", Overgang(TOT_BESCHIKT, "="), None, ("bevoegd", "spoed_compleet", "client_geinformeerd"), ("start_spoed_einde",), ("C", "A")),
    Event(34, "spoed_beeindigd", "SG", Overgang(ALLE, "="), None, ("spoed_loopt",), ("stop_spoed_einde",), ("C", "A")),
    Event(35, "bezwaar_ontvangen", "G", Overgang(VANAF_BESCHIKT | {"gesloten"}, "="), None, ("beschikking_ooit_bekend", "bezwaar_vastgelegd"), (), ("K", "T")),
    Event(35, "bezwaar_afgehandeld", "G", Overgang(VANAF_BESCHIKT | {"gesloten"}, "="), None, ("bezwaar_uitkomst",), ("koppel_opvolger",), ("K", "T")),
    Event(36, "verhuizing_gemeld", "GC", Overgang(OPEN, "="), None, ("verhuizing_vastgelegd",), (), ("K", "N")),
    Event(37, "overdracht_bevestigd", "NG", Overgang(OPEN, "="), None, ("verhuizing_vastgelegd",), (), ("K",)),
    Event(38, "traject_gesloten", "G", Overgang(OPEN, "gesloten"), Overgang(A_OPEN, "gesloten"), ("sluitreden_past", "spoed_is_beeindigd", "niets_loopt_nog", "continuiteit_bekend", "bezwaar_voorbij"), ("sluit_traject",), ("A", "C")),
    Event(39, "traject_ingetrokken", "CG", Overgang(VOOR_BESLOTEN, "gesloten"), Overgang(A_OPEN, "gesloten"), ("reden_gegeven", "spoed_is_beeindigd"), ("sluit_als_ingetrokken",), ("A",)),
    Event(40, "client_overleden", "G", Overgang(OPEN, "gesloten"), Overgang(A_OPEN, "gesloten"), ("reden_gegeven",), ("sluit_als_overleden",), ("K", "A")),
    Event(41, "termijn_waarschuwing", "S", Overgang(OPEN, "="), None, (), (), ("K",)),
    Event(41, "termijn_verstreken", "S", Overgang(OPEN, "="), None, (), ("termijn_is_verstreken",), ("K", "T", "C")),
    Event(42, "traject_gesplitst", "G", Overgang(_van("arrangement_bepaald"), "="), None, ("reden_gegeven",), ("koppel_opvolger",), ("K",)),
    Event(43, "toewijzing_gewijzigd", "G", Overgang(VANAF_TOEGEWEZEN, "="), None, ("bevoegd", "toewijzing_bekend", "reden_wijziging_mag", "continuiteit_bij_verhuizing", "regels_voor_verzending"), (), ("A",)),
    Event(44, "overdracht_ontvangen", "SG", Overgang(NIEUW, "aangemeld"), None, ("melding_compleet", "herkomst_verhuizing"), ("start_plan_gereed",), ("K",)),
    Event(45, "beeindiging_besloten", "G", Overgang(_UITVOERING, "="), None, ("bevoegd", "reden_gegeven", "beeindiging_compleet", "afgestemd_met_client")),
    Event(46, "besluit_teruggenomen", "G", Overgang(_van("besloten", "beschikt"), "@voor_besluit"), None, ("bevoegd", "reden_gegeven", "geen_toewijzing_onderweg"), ("besluit_vervalt", "plan_gereed_telt_weer"), ("C",)),
    Event(47, "aanvulling_ingetrokken", "G", Overgang(_van("aanvulling_gevraagd"), "in_beoordeling"), Overgang(_van("aanvulling_gevraagd", "in_opstelling", "ter_ondertekening"), "ingediend"), ("reden_gegeven",), ("volgende_versie_vervalt", "stop_aanbieder_reactie"), ("A",)),
    Event(48, "afwijking_ingetrokken", "G", Overgang(_van("zonder_plan"), "arrangement_bepaald"), None, ("reden_gegeven",)),
)
# fmt: on

EVENTS: dict[str, Event] = {event.naam: event for event in TABEL}
