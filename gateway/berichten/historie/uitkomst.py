"""What an answer says about the message it answers, as a whole and per line."""

from typing import Any

_GEEN_OPMERKING = frozenset({"0200", "8001"})
_AL_GEBRUIKT = "9056"


def is_afkeuring(retour: Any) -> bool:
    """True if this return message (302-320) rejects the message that it answers, which then counts as not sent.

    A good message is answered by a header without codes; anything in the body means rejection of the whole (IV032).
    """
    body = getattr(retour, "client", None) or getattr(retour, "antwoord", None)
    return body is not None or bool(set(retour.header.retour_codes) - _GEEN_OPMERKING)


def gaat_over_ander(retour: Any) -> bool:
    """True if the answer refuses a second message under a name that was used before (9056): the first is untouched."""
    return _AL_GEBRUIKT in retour.header.retour_codes


def is_afgewezen_declaratie(antwoord: Any) -> bool:
    """True if a WMO325 rejects the whole declaration, at its header or at the declaration itself (IV087)."""
    body = antwoord.declaratie_antwoord
    codes = set(antwoord.header.retour_codes) | set(body.retour_codes if body is not None else ())
    return body is None or bool(codes - _GEEN_OPMERKING)


def afgewezen_regels(antwoord: Any) -> frozenset[str]:
    """The ReferentieNummers of the lines that a WMO325 returns: those are the rejected ones (OP303, IV087)."""
    body = antwoord.declaratie_antwoord
    return frozenset(
        prestatie.product_referentie.referentie_nummer
        for client in (body.clienten if body is not None else ())
        for prestatie in client.prestaties
    )
