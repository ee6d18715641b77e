"""The states of both sides (plan 7.1, 7.2) and the groups in which the table of events speaks of them."""

GEMEENTE_TOESTANDEN: dict[str, str] = {
    "aangemeld": "De melding is vastgelegd.",
    "in_onderzoek": "Het gesprek is gepland of gevoerd.",
    "arrangement_bepaald": "De resultaten zijn met de cliënt bepaald; de aanbieder moet nog worden gekozen.",
    "uitgevraagd": "De uitvraag is verzonden; de aanbieder is aan zet.",
    "zonder_plan": "Vastgelegd is waarom geen plan is gevraagd.",
    "plan_ontvangen": "Een plan of document is ontvangen; het wordt gecontroleerd.",
    "in_beoordeling": "De klantmanager beoordeelt het plan.",
    "aanvulling_gevraagd": "De aanbieder is om een aanvulling gevraagd.",
    "besloten": "Het besluit is genomen; de beschikking is niet bekendgemaakt en de toewijzing niet aanvaard.",
    "beschikt": "De beschikking is bekendgemaakt; de toewijzing is nog niet aanvaard, of komt er niet.",
    "toegewezen": "De toewijzing is aanvaard.",
    "in_uitvoering": "De levering is begonnen.",
    "in_evaluatie": "De evaluatie loopt.",
    "gesloten": "Het traject is gesloten.",
}

AANBIEDER_TOESTANDEN: dict[str, str] = {
    "ontvangen": "De uitvraag is bezorgd.",
    "in_opstelling": "Het plan wordt opgesteld.",
    "ter_ondertekening": "De inhoud is compleet; de handtekeningen of de reden ontbreken nog.",
    "ingediend": "Het plan is ingediend.",
    "aanvulling_gevraagd": "De gemeente vraagt een volgende versie.",
    "toegewezen": "De toewijzing is gekoppeld en aanvaard.",
    "niet_toegewezen": "Er volgt geen opdracht.",
    "in_uitvoering": "De levering is begonnen.",
    "gesloten": "Afgerond, geweigerd, ingetrokken of verlopen.",
}

_VOLGORDE = tuple(GEMEENTE_TOESTANDEN)


def _tot_en_met(eerste: str, laatste: str) -> frozenset[str]:
    return frozenset(_VOLGORDE[_VOLGORDE.index(eerste) : _VOLGORDE.index(laatste) + 1])


ALLE = frozenset(_VOLGORDE)
OPEN = ALLE - {"gesloten"}
VOOR_BESLOTEN = _tot_en_met("aangemeld", "aanvulling_gevraagd")
TOT_ARRANGEMENT = _tot_en_met("aangemeld", "arrangement_bepaald")
TOT_BESCHIKT = _tot_en_met("aangemeld", "beschikt")
VANAF_BESCHIKT = _tot_en_met("beschikt", "in_evaluatie")
VANAF_TOEGEWEZEN = _tot_en_met("toegewezen", "gesloten")
A_OPEN = frozenset(AANBIEDER_TOESTANDEN) - {"gesloten"}
NIEUW = frozenset({""})  # no case yet
