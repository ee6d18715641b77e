"""State from messages already exchanged: 301, 302, 323 and 325 (5.2), without a gateway's own log.

What was answered is booked as it was answered, never judged anew (5.6). A 323 without its 325 is open (5.4).
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from gateway.berichten import wmo301, wmo302, wmo323, wmo325
from gateway.berichten.deel import Deel
from gateway.domain.findings import Finding
from gateway.reconcile.antwoord import AKKOORD, NIET_BEOORDEELD, VOLLEDIG
from gateway.reconcile.declaraties import Declaratie
from gateway.reconcile.state import Effects, State
from gateway.reconcile.toewijzingen import Antwoord301, Key, ToewijzingVersie, versies_uit_301
from gateway.reconcile.uitslag import Outcome
from gateway.reconcile.werkstand import Werkstand, boek

_Id = tuple[str, str, str, date]  # afzender, ontvanger, Identificatie, Dagtekening of the message that was sent


_Moment = tuple[date, str]


class _Answer(msgspec.Struct, frozen=True):
    """A WMO302: which 301 it answers, and how."""

    to: _Id
    verdict: Antwoord301
    codes: tuple[str, ...]


class Historie(msgspec.Struct, frozen=True):
    """What messages tell: the state after them, and what did not fit together."""

    state: State
    findings: tuple[Finding, ...]


def uit_berichten(messages: Iterable[Deel], behalve: Deel | None = None) -> Historie:
    """The state after these messages, in whatever order they come; other kinds and doubles do not matter.

    `behalve` is the declaration about to be assessed, in case it lies among them.
    """
    orders: list[tuple[_Moment, tuple[ToewijzingVersie, ...]]] = []
    answers: list[tuple[_Moment, _Answer]] = []
    sent: list[Declaratie] = []
    answered: list[wmo325.Bericht] = []
    # Of each message no more is kept than counts: there may be hundreds of thousands.
    for message in messages:
        if behalve is not None and message == behalve:
            continue
        if isinstance(message, wmo301.Bericht):
            orders.append((_moment(message), versies_uit_301(message)))
        elif isinstance(message, wmo302.Bericht):
            answers.append((_moment(message), _answer(message)))
        elif isinstance(message, wmo323.Bericht):
            sent.append(Declaratie.from_323(message))
        elif isinstance(message, wmo325.Bericht):
            answered.append(message)
    findings: list[Finding] = []
    state = State()
    for _, versies in sorted(orders, key=_by_moment):
        state.record(versies)
    _record_302s(state, [answer for _, answer in sorted(answers, key=_by_moment)], findings)
    _record_declarations(state, sent, answered, findings)
    return Historie(state, tuple(findings))


def _by_moment(found: tuple[_Moment, Any]) -> _Moment:
    return found[0]


def _moment(message: wmo301.Bericht | wmo302.Bericht) -> _Moment:
    sent = message.header.bericht_identificatie
    return sent.dagtekening, sent.identificatie


def _answer(message: wmo302.Bericht) -> _Answer:
    header = message.header
    sent = header.bericht_identificatie
    verdict = Antwoord301.REJECTED if header.retour_codes else Antwoord301.ACCEPTED
    return _Answer(
        (header.afzender, header.ontvanger, sent.identificatie, sent.dagtekening), verdict, _codes_302(message)
    )


def _record_302s(state: State, answers: list[_Answer], findings: list[Finding]) -> None:
    sent_in = _allocations_by_301(state)
    for answer in answers:
        keys = sent_in.get(answer.to, [])
        _, _, identificatie, dagtekening = answer.to
        if not keys:
            findings.append(_loose("302", identificatie, "het 301-bericht waarop het antwoordt"))
        for key in keys:
            known = state.toewijzingen[key]
            state.toewijzingen[key] = known.with_answer(identificatie, dagtekening, answer.verdict, answer.codes)


def _allocations_by_301(state: State) -> dict[_Id, list[Key]]:
    found: dict[_Id, list[Key]] = {}
    for key, toewijzing in state.toewijzingen.items():
        sent = {
            (v.gemeente, v.aanbieder, s.identificatie, s.dagtekening)
            for v in (*toewijzing.versies, *toewijzing.conflicten)
            for s in v.verzendingen
        }
        for one in sorted(sent):
            found.setdefault(one, []).append(key)
    return found


def _codes_302(message: wmo302.Bericht) -> tuple[str, ...]:
    """The retourcodes that say something, of header, client and products."""
    client = message.client
    groups = [message.header.retour_codes]
    if client is not None:
        groups += [client.retour_codes, *(p.retour_codes for p in client.toegewezen_producten)]
    codes = (code for group in groups for code in group)
    return tuple(dict.fromkeys(code for code in codes if code not in (AKKOORD, NIET_BEOORDEELD)))


def _record_declarations(
    state: State, sent: list[Declaratie], answers: list[wmo325.Bericht], findings: list[Finding]
) -> None:
    declared = {_id_323(d): d for d in sent}
    answered: set[_Id] = set()
    for message in sorted(answers, key=lambda m: (m.header.bericht_identificatie.dagtekening, *_id_325(m))):
        key = _id_325(message)
        declaratie = declared.get(key)
        if declaratie is None:
            findings.append(_loose("325", key[2], "het 323-bericht waarop het antwoordt"))
        elif key not in answered:
            answered.add(key)
            state.commit(_booked(state, declaratie, message, findings))
    for key, declaratie in sorted(declared.items(), key=lambda item: (item[0][3], item[0])):
        if key not in answered:
            state.commit(Werkstand(state, declaratie).effects("", held=True))


def _id_323(declaratie: Declaratie) -> _Id:
    return declaratie.aanbieder, declaratie.gemeente, declaratie.identificatie, declaratie.dagtekening


def _id_325(message: wmo325.Bericht) -> _Id:
    header, of = message.header, message.header.declaratie_identificatie
    return header.ontvanger, header.afzender, of.identificatie, of.dagtekening


def _booked(state: State, declaratie: Declaratie, message: wmo325.Bericht, findings: list[Finding]) -> Effects:
    """The effects of an answered declaration, as the 325 says (4.5: lines that are not in it are approved)."""
    body = message.declaratie_antwoord
    decided = message.header.retour_codes == (AKKOORD,) and body is not None
    if not decided or body is None or body.retour_codes not in ((AKKOORD,), (VOLLEDIG,)):
        return Effects(pair=declaratie.pair, identificatie=declaratie.identificatie)  # counts as not sent [C23]
    returned = {
        (client.bsn, p.product_referentie): p.retour_codes for client in body.clienten for p in client.prestaties
    }
    references = {
        (bsn, (r.referentie_nummer, r.vorig_referentie_nummer)): codes for (bsn, r), codes in returned.items()
    }
    outcomes = []
    for p in declaratie.prestaties:
        codes = references.get((p.bsn, (p.referentie_nummer, p.vorig_referentie_nummer)))
        outcomes.append((_outcome(codes), codes or ()))
    effects, loose = boek(state, declaratie, outcomes)
    findings += [_loose("323", referentie, "de regel die deze terugboeking noemt") for referentie in loose]
    return effects


def _outcome(codes: tuple[str, ...] | None) -> Outcome:
    if codes is None:
        return Outcome.APPROVED
    return Outcome.NOT_ASSESSED if codes == (NIET_BEOORDEELD,) else Outcome.REJECTED


def _loose(soort: str, nummer: str, missing: str) -> Finding:
    return Finding(
        code="HISTORIE",
        severity="warning",
        message=f"Bij {soort} {nummer} ontbreekt {missing}.",
        advice="Voeg het ontbrekende bericht toe; zonder dat kan de uitkomst onvolledig zijn.",
    )
