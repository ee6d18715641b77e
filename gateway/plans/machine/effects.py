"""What an event changes besides the state: hashes, versions, terms, links. Named in the table, pure like the rest."""

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from gateway.plans import terms
from gateway.plans.digest import inhoud_sha256
from gateway.plans.form import met_lege_blokken
from gateway.plans.machine.guards.basis import besluit_van, uitvraag_van
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import (
    Besluit,
    Handtekeningen,
    Ondersteuningsplan,
    OntvangenUitvraag,
    ToewijzingBericht,
    ToewijzingKoppeling,
    Traject,
    Uitvraag,
)
from gateway.plans.model.plan import Planstatus
from gateway.plans.model.traject import Sluitreden
from gateway.plans.signing import volgende_versie, zonder_handtekeningen
from gateway.plans.uitvraag import alleen_formaat, gemeentedeel

Effect = Callable[[Zaak, Voorval, Omgeving], Zaak]
_ALLEN = frozenset({"gemeente", "aanbieder", "client"})

# --- uitvraag


def _met_uitvraag(zaak: Traject, uitvraag: Uitvraag) -> Traject:
    lijst = tuple(uitvraag if u.id == uitvraag.id else u for u in zaak.uitvraag)
    return msgspec.structs.replace(zaak, uitvraag=lijst)


def leg_uitvraag_vast(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """The municipal part as sent is kept as it was, with its hash (plan 5.6)."""
    assert isinstance(zaak, Traject)
    uitvraag = uitvraag_van(zaak, voorval)
    assert uitvraag is not None  # guard een_open_uitvraag
    deel = gemeentedeel(zaak, uitvraag, omgeving.formaat, omgeving.vandaag)
    verzonden = msgspec.structs.replace(
        uitvraag, verzonden_op=voorval.op, momentopname=deel, sha256=inhoud_sha256(deel)
    )
    return _met_uitvraag(zaak, verzonden)


def _stempel(zaak: Zaak, voorval: Voorval, veld: Literal["bezorgd_op", "mislukt_op", "ingetrokken_op"]) -> Zaak:
    if not isinstance(zaak, Traject):
        return zaak
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is None:
        return zaak
    return _met_uitvraag(zaak, msgspec.structs.replace(uitvraag, **{veld: voorval.op}))


def uitvraag_is_bezorgd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _stempel(zaak, voorval, "bezorgd_op")


def sluit_uitvraag_mislukt(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return stop_aanbieder_reactie(_stempel(zaak, voorval, "mislukt_op"), voorval, omgeving)


def trek_uitvraag_in(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return stop_aanbieder_reactie(_stempel(zaak, voorval, "ingetrokken_op"), voorval, omgeving)


# --- versions of the plan (5.12)


def _met_versies(zaak: Zaak, plan: tuple[Ondersteuningsplan, ...]) -> Zaak:
    return msgspec.structs.replace(zaak, plan=plan)


def _laatste(zaak: Zaak, plan: Ondersteuningsplan) -> Zaak:
    return _met_versies(zaak, (*zaak.plan[:-1], plan))


def versies_vervallen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """Open versions of a closed uitvraag lapse (plan 5.12.4)."""
    gesloten: Planstatus = "vervallen"
    return _met_versies(
        zaak,
        tuple(
            msgspec.structs.replace(p, status=gesloten) if p.status not in ("afgekeurd", "vervangen") else p
            for p in zaak.plan
        ),
    )


def begin_concept(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """A draft with one block per question, prefilled from the catalogue; a draft that is there stays."""
    assert isinstance(zaak, OntvangenUitvraag)
    if zaak.plan and zaak.plan[-1].status == "concept":
        return zaak
    return _met_versies(zaak, (*zaak.plan, met_lege_blokken(zaak.uitvraag, omgeving.formaat)))


def maak_ondertekendocument(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """Fill first, sign after (PLD-15): the content is the fields of the format, no signature under it yet."""
    plan = alleen_formaat(zaak.plan[-1], omgeving.formaat, _ALLEN)
    return _laatste(
        zaak,
        msgspec.structs.replace(plan, status="ter_ondertekening", concept_gedeeld=zaak.plan[-1].concept_gedeeld),
    )


def handtekeningen_vervallen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _laatste(zaak, msgspec.structs.replace(zonder_handtekeningen(zaak.plan[-1]), status="concept"))


def aanbieder_tekent_opnieuw(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """The explanation is part of what the provider signs (PL-23)."""
    return _laatste(zaak, msgspec.structs.replace(zaak.plan[-1], handtekening=Handtekeningen()))


def dien_in(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """From here the version is immutable and has its hash; the one before it is replaced (plan 5.12)."""
    plan = zaak.plan[-1]
    ingediend = msgspec.structs.replace(plan, status="ingediend", sha256=inhoud_sha256(plan))
    if isinstance(zaak, Traject):
        ingediend = msgspec.structs.replace(ingediend, ontvangen_op=ingediend.ontvangen_op or voorval.op)
    eerder = tuple(
        msgspec.structs.replace(p, status="vervangen") if p.status == "ingediend" else p for p in zaak.plan[:-1]
    )
    return _met_versies(zaak, (*eerder, ingediend))


def keur_versie_af(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _laatste(zaak, msgspec.structs.replace(zaak.plan[-1], status="afgekeurd"))


def open_volgende_versie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """A copy without signatures, on the provider's side only: the gemeente never holds a draft of the provider."""
    if isinstance(zaak, Traject):
        return zaak
    return _met_versies(zaak, (*zaak.plan, volgende_versie(zaak.plan[-1])))


def volgende_versie_vervalt(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """Event 47: the draft lapses, the submitted version counts."""
    if isinstance(zaak, Traject) or zaak.plan[-1].status == "ingediend":
        return zaak
    return _met_versies(zaak, zaak.plan[:-1])


# --- besluit and toewijzing


def besluit_vervalt(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    lijst = tuple(msgspec.structs.replace(b, status="vervallen") if b is besluit else b for b in zaak.besluit)
    return msgspec.structs.replace(zaak, besluit=lijst)


def retour_aanvaard(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    if isinstance(zaak, OntvangenUitvraag):
        return msgspec.structs.replace(zaak, toewijzing_nummer=voorval.toewijzing_nummer)
    return _retour(zaak, voorval, "aanvaard")


def retour_afgekeurd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    return _retour(zaak, voorval, "afgekeurd")


def _retour(zaak: Traject, voorval: Voorval, uitkomst: Literal["aanvaard", "afgekeurd"]) -> Traject:
    """The WMO302 on the last WMO301 of each number (PL-71)."""

    def beantwoord(koppeling: ToewijzingKoppeling) -> ToewijzingKoppeling:
        if koppeling.toewijzing_nummer not in voorval.toewijzing_nummer or not koppeling.bericht:
            return koppeling
        laatste: ToewijzingBericht = msgspec.structs.replace(koppeling.bericht[-1], retour=uitkomst)
        return msgspec.structs.replace(koppeling, bericht=(*koppeling.bericht[:-1], laatste))

    return msgspec.structs.replace(zaak, toewijzing=tuple(beantwoord(k) for k in zaak.toewijzing))


def alle_regels_toegewezen(zaak: Traject, besluit: Besluit | None) -> bool:
    """True once every granted line has a toewijzing that was accepted (event 25)."""
    aanvaard = {
        koppeling.regel
        for koppeling in zaak.toewijzing
        if besluit and koppeling.besluit == besluit.id and any(b.retour == "aanvaard" for b in koppeling.bericht)
    }
    return besluit is not None and bool(besluit.regel) and aanvaard >= {regel.nr for regel in besluit.regel}


# --- terms (7.4)


def start_plan_gereed(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    assert zaak.melding is not None  # guard melding_compleet
    return _start(zaak, "plan_gereed", terms.dag(zaak.melding.ontvangen_op), omgeving)


def start_aanbieder_reactie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _start(zaak, "aanbieder_reactie", terms.dag(voorval.op), omgeving) if isinstance(zaak, Traject) else zaak


def stop_aanbieder_reactie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    if not isinstance(zaak, Traject):
        return zaak
    return msgspec.structs.replace(zaak, termijn=terms.zonder(zaak.termijn, "aanbieder_reactie"))


def plan_gereed_gehaald(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """G-16: the eight weeks are met by the decision, the strictest reading that fits."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    op = terms.dag(besluit.genomen_op if besluit and besluit.genomen_op else voorval.op)
    return msgspec.structs.replace(zaak, termijn=terms.gehaald(zaak.termijn, "plan_gereed", op))


def plan_gereed_telt_weer(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    return msgspec.structs.replace(zaak, termijn=terms.weer_lopend(zaak.termijn, "plan_gereed"))


def start_bezwaar(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    if not isinstance(zaak, Traject):
        return zaak
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.bekendgemaakt_op is None:
        return zaak
    return _start(zaak, "bezwaar", besluit.bekendgemaakt_op, omgeving)


def start_evaluatie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    besluit = besluit_van(zaak, voorval) if isinstance(zaak, Traject) else None
    if not isinstance(zaak, Traject) or besluit is None or besluit.evaluatie_op is None:
        return zaak
    begin = besluit.ingangsdatum or terms.dag(voorval.op)
    return _op_dag(zaak, "evaluatie", begin, besluit.evaluatie_op)


def start_toewijzing_einde(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    besluit = besluit_van(zaak, voorval) if isinstance(zaak, Traject) else None
    einden = [regel.einddatum for regel in besluit.regel if regel.einddatum] if besluit else []
    if not isinstance(zaak, Traject) or not einden:
        return zaak
    return _op_dag(zaak, "toewijzing_einde", terms.dag(voorval.op), min(einden))


def volgende_evaluatie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    laatste = zaak.evaluatie[-1]
    gehaald = terms.gehaald(zaak.termijn, "evaluatie", laatste.gehouden_op or terms.dag(voorval.op))
    zaak = msgspec.structs.replace(zaak, termijn=gehaald)
    if laatste.volgende_evaluatie_op is None:
        return zaak
    return _op_dag(zaak, "evaluatie", terms.dag(voorval.op), laatste.volgende_evaluatie_op)


def start_spoed_einde(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    return _op_dag(zaak, "spoed_einde", zaak.spoed[-1].begin, zaak.spoed[-1].eind)


def stop_spoed_einde(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    assert isinstance(zaak, Traject)
    laatste = msgspec.structs.replace(zaak.spoed[-1], beeindigd_op=terms.dag(voorval.op))
    return msgspec.structs.replace(
        zaak, spoed=(*zaak.spoed[:-1], laatste), termijn=terms.zonder(zaak.termijn, "spoed_einde")
    )


def termijn_is_verstreken(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """PL-57: noted and told; nothing is refused or granted because of it."""
    assert isinstance(zaak, Traject)
    soort, op = voorval.gegevens.get("termijn"), terms.dag(voorval.op)
    lijst = tuple(
        msgspec.structs.replace(t, verstreken_op=op) if t.soort == soort and not t.gehaald_op else t
        for t in zaak.termijn
    )
    return msgspec.structs.replace(zaak, termijn=lijst)


def _start(
    zaak: Traject,
    soort: Literal["plan_gereed", "bezwaar", "aanbieder_reactie"],
    start: date,
    omgeving: Omgeving,
) -> Traject:
    nieuw = terms.met_duur(soort, start, omgeving.formaat, omgeving.kalender)
    return msgspec.structs.replace(zaak, termijn=terms.met(zaak.termijn, nieuw))


def _op_dag(
    zaak: Traject, soort: Literal["evaluatie", "toewijzing_einde", "spoed_einde"], start: date, einde: date
) -> Traject:
    return msgspec.structs.replace(zaak, termijn=terms.met(zaak.termijn, terms.op_dag(soort, start, einde)))


# --- other trajecten, and closing


def koppel_opvolger(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    """The link to the traject that follows from this one; the new one is made by `machine.succession`."""
    assert isinstance(zaak, Traject)
    if voorval.nieuw_traject is None:
        return zaak
    return msgspec.structs.replace(zaak, volgend_traject=(*zaak.volgend_traject, voorval.nieuw_traject))


def _sluit(zaak: Zaak, voorval: Voorval, omgeving: Omgeving, reden: Sluitreden | None) -> Zaak:
    """Timers stop, an open uitvraag is withdrawn; the bezwaar term goes on, it is the client's."""
    if not isinstance(zaak, Traject):
        return zaak
    uitvragen = tuple(
        msgspec.structs.replace(u, ingetrokken_op=voorval.op) if u.open and not zaak.besluit else u
        for u in zaak.uitvraag
    )
    termijnen = tuple(t for t in zaak.termijn if t.gehaald_op or t.soort == "bezwaar")
    return msgspec.structs.replace(zaak, sluitreden=reden, uitvraag=uitvragen, termijn=termijnen)


def sluit_traject(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    reden = msgspec.convert(voorval.sluitreden, Sluitreden) if isinstance(zaak, Traject) else None
    return _sluit(zaak, voorval, omgeving, reden)


def sluit_als_opgevolgd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _sluit(zaak, voorval, omgeving, "opgevolgd")


def sluit_als_ingetrokken(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _sluit(zaak, voorval, omgeving, "ingetrokken")


def sluit_als_overleden(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Zaak:
    return _sluit(zaak, voorval, omgeving, "overleden")


EFFECTEN: dict[str, Effect] = {
    naam: functie
    for naam, functie in list(globals().items())
    if getattr(functie, "__module__", None) == __name__ and callable(functie) and not naam.startswith("_")
}
