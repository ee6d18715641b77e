"""The traject that follows from another: a revision, a bezwaar that is upheld, or a part for another provider.

A submitted plan is never edited; the chain of trajecten is the history (PL-64, PL-72, events 32, 35 and 42).
"""

from collections.abc import Callable

import msgspec

from gateway.plans.machine.effects import start_plan_gereed
from gateway.plans.machine.model import Omgeving, Voorval
from gateway.plans.model import ArrangementRegel, Gebeurtenis, Melding, Onderzoek, Traject


def herziening(oud: Traject, voorval: Voorval, melding: Melding, omgeving: Omgeving) -> Traject:
    """Event 32: a new traject in in_onderzoek with its own eight weeks; its melding is what led to it (PL-64)."""
    nieuw = Traject(
        id=_nieuw_id(voorval),
        gemeente=oud.gemeente,
        zaakkenmerk=oud.zaakkenmerk,
        herkomst="herziening",
        vorig_traject=oud.id,
        client=oud.client,
        betrokkene=oud.betrokkene,
        melding=melding,
        voorkeur_client=oud.voorkeur_client,
        voorkeur_client_tekst=oud.voorkeur_client_tekst,
    )
    gestart = start_plan_gereed(nieuw, voorval, omgeving)
    assert isinstance(gestart, Traject)
    return _begin(gestart, voorval, "in_onderzoek")


def splitsing(oud: Traject, voorval: Voorval, regels: tuple[int, ...]) -> tuple[Traject, Traject]:
    """Event 42: both trajecten after a split; `regels` are the arrangement lines that go over (PL-72).

    In each of the two the other's lines are *elders*. Client, melding, onderzoek, what the client was told and the
    term are the same, so the eight weeks are too.
    """
    nieuw = Traject(
        id=_nieuw_id(voorval),
        gemeente=oud.gemeente,
        zaakkenmerk=oud.zaakkenmerk,
        herkomst="splitsing",
        vorig_traject=oud.id,
        client=oud.client,
        betrokkene=oud.betrokkene,
        melding=oud.melding,
        onderzoek=oud.onderzoek,
        arrangement=_elders(oud, lambda nr: nr not in regels),
        arrangement_met_client_op=oud.arrangement_met_client_op,
        voorkeur_client=oud.voorkeur_client,
        voorkeur_client_tekst=oud.voorkeur_client_tekst,
        afstemming=oud.afstemming,
        termijn=oud.termijn,
    )
    gebleven = msgspec.structs.replace(oud, arrangement=_elders(oud, lambda nr: nr in regels))
    return gebleven, _begin(nieuw, voorval, "arrangement_bepaald")


def na_bezwaar(oud: Traject, voorval: Voorval) -> Traject:
    """Event 35, upheld with another decision: back to the assessment with a copy of what it rested on, no new term."""
    toestand = "in_beoordeling" if oud.plan else "zonder_plan" if oud.afwijking else "in_onderzoek"
    nieuw = msgspec.structs.replace(
        oud,
        id=_nieuw_id(voorval),
        herkomst="bezwaar",
        vorig_traject=oud.id,
        volgend_traject=(),
        plan=oud.plan[-1:],
        onderzoek=oud.onderzoek if oud.plan or oud.afwijking else Onderzoek(),
        besluit=(),
        toewijzing=(),
        spoed=(),
        signaal=(),
        evaluatie=(),
        bezwaar=(),
        termijn=(),
        sluitreden=None,
        gebeurtenis=(),
    )
    return _begin(nieuw, voorval, toestand)


def _elders(oud: Traject, elders: Callable[[int], bool]) -> tuple[ArrangementRegel, ...]:
    return tuple(
        msgspec.structs.replace(regel, toedeling="elders") if elders(nr) else regel
        for nr, regel in enumerate(oud.arrangement, 1)
    )


def _nieuw_id(voorval: Voorval) -> str:
    if voorval.nieuw_traject is None:
        raise ValueError(f"{voorval.soort}: nieuw_traject is missing")
    return voorval.nieuw_traject


def _begin(traject: Traject, voorval: Voorval, toestand: str) -> Traject:
    begin = Gebeurtenis(nr=1, soort=voorval.soort, op=voorval.op, door=voorval.door, naar=toestand)
    return msgspec.structs.replace(traject, toestand=toestand, gebeurtenis=(begin,))
