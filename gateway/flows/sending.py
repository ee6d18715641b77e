"""Messages that another application made: judged, sealed, registered and queued, many in one unit of work.

The application of a back office holds the case and writes the message; the gateway is its way out. What is sent is
the bytes that it wrote. A message is known by its name (kind, sender, BerichtIdentificatie): the same one again is not
sent twice, another one under a name that was used is refused (TR056).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from gateway.berichten import SOORTEN
from gateway.berichten.historie import soort_van, vindplaatsen, vragen
from gateway.berichten.regels import Context, check, met_regels
from gateway.domain.findings import Finding, has_errors
from gateway.flows import declaration, dossiers
from gateway.flows.cases import today
from gateway.flows.dispatch import Letter, Refused, SealedLetter, in_dossier, post_berichten, seal_berichten
from gateway.flows.history import earlier_each
from gateway.flows.kop import Kop, kop
from gateway.flows.parties import Surroundings, partner
from gateway.store import AlreadyThere, Bericht, Collision, Store, Unit

TOGETHER = 100  # messages in one unit of work


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A message that its schema accepts, as it was read."""

    bericht: Any  # typed
    xml: bytes  # as it will travel
    oddities: Mapping[str, str] = {}  # of its reading


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one message. `held`: it waits in the outbox for a safe route, the finding says why."""

    result: Literal["queued", "held", "already", "refused"]
    outbox: int | None = None  # its number there
    findings: tuple[Finding, ...] = ()


def send_made(store: Store, us: Surroundings, made: Iterable[Made], now: datetime, *, actor: str) -> Iterator[Sent]:
    """Send messages in this order; what came of each.

    One that breaks a rule is refused with everything that is wrong with it, and the others go. Each is judged by what
    was exchanged before it, those before it in `made` among them.
    """
    for run in _runs(made):
        try:
            answers = _send(store, us, run, now, actor)
        except (Collision, AlreadyThere):  # on a server: another process sent one between our look and our commit
            answers = _send(store, us, run, now, actor)
        yield from answers


def _runs(made: Iterable[Made]) -> Iterator[list[Made]]:
    """As many as may be judged by one look at the register: none of them asks for another of them."""
    run: list[Made] = []
    kept: set[str] = set()
    for one in made:
        if run and (len(run) == TOGETHER or not kept.isdisjoint(vragen(one.bericht))):
            yield run
            run, kept = [], set()
        run.append(one)
        kept |= vindplaatsen(one.bericht)
    if run:
        yield run


def _send(store: Store, us: Surroundings, run: Sequence[Made], now: datetime, actor: str) -> list[Sent]:
    heads = [kop(soort_van(one.bericht), one.bericht) for one in run]
    answers: dict[int, Sent] = {}
    with store.view(now=now) as view:  # nobody waits while rules are judged and seals are made
        _answer_known(view, us, run, heads, answers)
        letters = _judged(view, us, run, heads, answers)
        sealed = _sealed(view, us, letters, answers)
    with store.unit(now=now, actor=actor) as unit:
        _answer_known(unit, us, run, heads, answers)  # somebody else may have sent it meanwhile
        places = [place for place in sealed if place not in answers]
        mine = _placed(unit, [sealed[place] for place in places])
        posted = post_berichten(unit, us, mine)
    for place, one, (_, number) in zip(places, mine, posted, strict=True):
        answers[place] = _queued(one, number)
    return [answers[place] for place in range(len(run))]


def _answer_known(
    view: Unit, us: Surroundings, run: Sequence[Made], heads: Sequence[Kop], answers: dict[int, Sent]
) -> None:
    """Answer for what was sent before, and for another message under a name that was used."""
    names: dict[str, list[str]] = {}
    for head in heads:
        names.setdefault(head.soort, []).append(head.identificatie)
    for soort, used in names.items():
        known = view.berichten.find_all("uit", soort, us.ourselves.code, used)
        for place, head in enumerate(heads):
            if head.soort == soort and place not in answers and (row := known.get(head.identificatie)) is not None:
                answers[place] = _again(row, run[place].xml)


def _again(row: Bericht, xml: bytes) -> Sent:
    if row.sha256 == hashlib.sha256(xml).hexdigest():
        return Sent(result="already", outbox=row.outbox_id)
    return _refused("TR056", "Onder deze identificatie is al een ander bericht verstuurd.", "Geef het een nieuwe.")


def _judged(
    view: Unit, us: Surroundings, run: Sequence[Made], heads: Sequence[Kop], answers: dict[int, Sent]
) -> dict[int, Letter]:
    """Whatever may go, by its place in `run`; the others are answered."""
    to = {code: partner(view, code) for code in dict.fromkeys(head.ontvanger for head in heads)}
    for place, head in enumerate(heads):
        if place not in answers and (wrong := _not_ours(us, head, known=to[head.ontvanger] is not None)) is not None:
            answers[place] = wrong
    left = [place for place in range(len(run)) if place not in answers]
    history = earlier_each(view, [(heads[place].ontvanger, run[place].bericht) for place in left])
    letters = {}
    for place, before in zip(left, history, strict=True):
        one, receiver = run[place], to[heads[place].ontvanger]
        assert receiver is not None, "answered above"
        context = Context(today=today(view), earlier=before, sources=us.sources, oddities=one.oddities)
        faults = check(one.bericht, heads[place].soort, context, level=4)
        if has_errors(faults):
            judged = [fault for fault in faults if fault.severity != "unchecked"]
            answers[place] = Sent(result="refused", findings=tuple(met_regels(judged, one.xml, us.schemas)))
        else:
            letters[place] = Letter(to=receiver, bericht=one.bericht, xml=one.xml)
    return letters


def _not_ours(us: Surroundings, head: Kop, *, known: bool) -> Sent | None:
    """Why a message is none that we may send from here."""
    kind = SOORTEN[head.soort]
    if kind.is_retour:
        return _refused("IV028", "Een retourbericht maakt en stuurt de gateway zelf.", "Laat het weg.")
    if kind.afzender != us.ourselves.role or head.afzender != us.ourselves.code:
        return _refused("SM-130", "De afzender in het bericht is niet de eigenaar van deze gateway.", "Kijk het na.")
    if not known:
        return _refused("PL-36", "De ontvanger is geen bekende partner.", "Voeg hem toe: gateway partner add.")
    return None


def _sealed(
    view: Unit, us: Surroundings, letters: Mapping[int, Letter], answers: dict[int, Sent]
) -> dict[int, SealedLetter]:
    """All of them at once; one by one if one of them cannot be sealed at all."""
    try:
        return dict(zip(letters, seal_berichten(view, us, [*letters.values()]), strict=True))
    except Refused as why:
        if len(letters) == 1:
            answers.update({place: Sent(result="refused", findings=why.findings) for place in letters})
            return {}
    made: dict[int, SealedLetter] = {}
    for place, letter in letters.items():
        made |= _sealed(view, us, {place: letter}, answers)
    return made


def _placed(unit: Unit, sealed: Sequence[SealedLetter]) -> list[SealedLetter]:
    """In the dossiers of their clients, or of their declaration; the messages of a dossier go in order (SM-90)."""
    found = dossiers.of_messages(unit, [one.letter.bericht for one in sealed])
    placed = []
    for one, dossier in zip(sealed, found, strict=True):
        bericht = one.letter.bericht
        if one.head.soort == "WMO323":
            one = in_dossier(one, dossier or dossiers.declaration(unit, bericht), declaration.reference(bericht))
        elif dossier is not None:
            one = in_dossier(one, dossier, dossiers.reference(dossier))
        placed.append(one)
    return placed


def _queued(one: SealedLetter, number: int) -> Sent:
    why = one.mail.row.hold
    if why is None:
        return Sent(result="queued", outbox=number)
    held = Finding(code="SM-3", severity="warning", message=why, advice=f"gateway outbox show {number}")
    return Sent(result="held", outbox=number, findings=(held,))


def _refused(code: str, message: str, advice: str) -> Sent:
    return Sent(result="refused", findings=(Finding(code=code, severity="error", message=message, advice=advice),))
