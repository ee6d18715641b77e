"""What a person reads about mail that waits in quarantine: a task for each, one a day for strangers (SM-106)."""

from datetime import timedelta
from typing import Final

import msgspec

from gateway.flows import tasks
from gateway.flows.cases import today
from gateway.flows.tasks import Task
from gateway.securemail import QUARANTINE, classify
from gateway.securemail.conclusions import Quarantine
from gateway.store import Damaged, NotThere, Unit

ALARM_REASONS: Final = ("decrypt", "signature")
ALARM_ABOVE: Final = 20  # of them in a day: somebody tries keys or signatures on us
ALARM_WITHIN: Final = timedelta(hours=24)

_FAULTS: Final = ("crash", "damaged")  # of our own making: never put away with the strangers

_MARK: Final = "quarantaine-stand"
_AT_ONCE: Final = 1_000

_WORDS: Final[dict[str, Quarantine]] = {
    **{str(reason): words for reason, words in QUARANTINE.items()},
    # Reasons that are not those of opening.
    "crash": Quarantine(
        "Het verwerken van het bericht mislukte steeds.",
        "Open het bericht opnieuw na een herstart of een nieuwe versie; meld de fout als het dan weer misgaat.",
    ),
    "damaged": Quarantine(
        "Een ontvangen bericht is in de database beschadigd en niet meer te lezen.",
        "Zet het bericht terug uit een back-up en open het opnieuw, of vraag de afzender het nog eens te sturen.",
    ),
    "report": Quarantine(
        "Er kwam een melding over een bericht dat wij niet hebben verstuurd.",
        "Bekijk de meldingen van deze dag; doe verder niets als er geen over een partner gaat.",
    ),
    "stranger": Quarantine("Het bericht is niet van een bekende partner.", "Bekijk of er post van een partner bij is."),
}


def tell(
    unit: Unit, number: int, reason: str, partner: str | None, *, proven: bool = False, advice: str | None = None
) -> None:
    """Make the task for a message in quarantine; `partner` is None for mail that no partner claims to have sent.

    `advice` goes before that of the reason.
    """
    if reason == "report":
        _once_a_day(unit, "reports", reason)
    elif partner is None and reason not in _FAULTS:
        strangers(unit)
    else:
        words = words_of(reason)
        task = Task(what=words.what, who=_who(partner, proven), advice=advice or words.advice)
        tasks.raise_task(unit, f"inbox/{number}", task)
    if reason in ALARM_REASONS:
        _watch(unit)


def words_of(reason: str) -> Quarantine:
    """What a reason means, and what to do."""
    return _WORDS[reason]


def strangers(unit: Unit, count: int = 1) -> None:
    """Mail from strangers: one task a day for all of it, so that they cannot fill the list (SM-106)."""
    _once_a_day(unit, "strangers", "stranger", count)


def _once_a_day(unit: Unit, about: str, reason: str, count: int = 1) -> None:
    words = words_of(reason)
    task = Task(what=words.what, who="De afzender is onbekend.", advice=words.advice, count=count)
    tasks.raise_task(unit, f"{about}/{today(unit)}", task)


def _who(partner: str | None, proven: bool) -> str:
    if partner is None:
        return "Van wie het is, is niet bekend."
    return f"Het komt van partner {partner}." if proven else f"De afzender zegt partner {partner} te zijn."


def _watch(unit: Unit) -> None:
    """More than twenty messages in a day that could not be opened, or whose signature is wrong, are an alarm."""
    count = unit.inbox.refused_since(unit.now - ALARM_WITHIN, ALARM_REASONS)
    if count > ALARM_ABOVE:
        task = Task(
            what=f"In 24 uur konden {count} berichten niet worden geopend of klopte de handtekening niet.",
            who="Iemand probeert mogelijk de sleutels van deze gateway uit.",
            advice="Bel de partners van wie deze berichten zeggen te komen en waarschuw de beveiligingsfunctionaris.",
            weight="alarm",
        )
        tasks.raise_task(unit, f"alarm/opening/{today(unit)}", task)


# -- what was put there without a flow --------------------------------------------------------------------------------


class _Mark(msgspec.Struct, frozen=True):
    """How far the inbox was seen."""

    number: int = 0


def sweep(unit: Unit) -> int:
    """Make the tasks of mail that fetching put in quarantine by its header, or whose handling died; how many.

    For a job every minute: fetching and counting tries know nothing of people (SM-93, SM-106, SM-144).
    """
    _of_unreadable(unit)
    headers = _of_headers(unit, "stranger") + _of_headers(unit, "too-large")
    return headers + sum(_of_faults(unit, reason) for reason in _FAULTS)


def _of_unreadable(unit: Unit) -> None:
    """What the mailbox could not give three times was left there: one alarm for all of it (SM-100)."""
    count, about = unit.places.given_up(), "alarm/unreadable"
    if not count:
        tasks.done(unit, about, "er staat niets meer dat niet te lezen is")
        return
    task = Task(
        what=f"In de postbus staan {count} berichten die niet te lezen zijn; zij zijn daar blijven staan.",
        who="Van wie zij zijn, is niet bekend.",
        advice="Bekijk de postbus met een mailprogramma; verplaats een bericht heen en terug om het opnieuw te halen.",
        weight="alarm",
        count=count,
    )
    tasks.keep_task(unit, about, task)


def _of_headers(unit: Unit, reason: str) -> int:
    """Such rows are in quarantine from the start, so what is new has a higher number."""
    known = unit.records.get(_MARK, reason, _Mark)
    mark = _Mark() if known is None else known.body
    fresh = unit.inbox.list(states=["quarantined"], reason=reason, after=mark.number, limit=_AT_ONCE)
    if not fresh:
        return 0
    if reason == "stranger":
        strangers(unit, len(fresh))
    else:
        for item in fresh:
            tell(unit, item.id, reason, claimed_by(unit, item.id))
    now = _Mark(fresh[-1].id)
    unit.records.put(_MARK, reason, now, known)
    return len(fresh)


def _of_faults(unit: Unit, reason: str) -> int:
    made = 0
    for item in unit.inbox.list(states=["quarantined"], reason=reason, limit=_AT_ONCE):
        known = unit.records.get(tasks.SOORT, f"inbox/{item.id}", Task)
        if known is None or (item.settled_at is not None and known.changed_at < item.settled_at):
            tell(unit, item.id, reason, claimed_by(unit, item.id))
            made += 1
    return made


def claimed_by(unit: Unit, number: int) -> str | None:
    """As `claimed`; None also if the bytes cannot be read any more: one bad row must not stop the others."""
    try:
        return claimed(unit, unit.inbox.raw(number))
    except (Damaged, NotThere):
        return None


def claimed(unit: Unit, raw: bytes) -> str | None:
    """The partner whose address stands in the outer From: a claim, not a proof."""
    sender = classify(raw).sender
    return None if sender is None else unit.partners.find("address", sender)
