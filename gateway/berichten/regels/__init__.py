"""The standard's rules as small pure functions, their table and their register."""

from gateway.berichten.regels import (  # noqa: F401  (importing a module registers its rules)
    adres,
    datums,
    declaratie,
    niveau3,
    niveau3_antwoord,
    niveau3_levering,
    niveau3_toewijzing,
    niveau3_verzoek,
    niveau4,
    personen,
    producten,
    sleutels,
    stapeling,
    toewijzing,
)
from gateway.berichten.regels.controle import Report, check, met_regels, validate
from gateway.berichten.regels.registry import (
    Bron,
    Context,
    Hit,
    finding,
    hits,
    niet_gecontroleerd,
    regel,
    registraties,
    rules,
)
from gateway.berichten.regels.tabel import Regel, regels

__all__ = [
    "Bron",
    "Context",
    "Hit",
    "Regel",
    "Report",
    "check",
    "finding",
    "hits",
    "met_regels",
    "niet_gecontroleerd",
    "regel",
    "regels",
    "registraties",
    "rules",
    "validate",
]
