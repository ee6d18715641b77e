"""A verdict in Dutch sentences that a person understands: what was claimed, what is allowed, why it was refused.

Never a BSN or a name; nothing of an allocation that the sender has no right to (gate of L02–L04).
"""

from collections.abc import Callable
from datetime import date

from gateway.domain.money import euro
from gateway.domain.period import Period
from gateway.reconcile import eenheden
from gateway.reconcile.declaraties import Prestatie
from gateway.reconcile.uitslag import Outcome, Regelverdict, Result, Ruimte, Uitslag

_MAANDEN = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip


def toelichting(line: Regelverdict) -> str:
    """The whole explanation of one line."""
    parts = [_claimed(line.prestatie), *_allowed(line), _concluded(line)]
    return " ".join(part for part in parts if part)


def datum(d: date) -> str:
    """`7 juli 2025`."""
    return f"{d.day} {_MAANDEN[d.month - 1]} {d.year}"


def tijdvak(p: Period) -> str:
    """`7 t/m 31 juli 2025`."""
    begin, end = p.begin, p.last
    if begin == end:
        return datum(end)
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{begin.day} t/m {datum(end)}"
    return f"{datum(begin)} t/m {datum(end)}"


def hoeveelheid(base_volume: int, unit: str) -> str:
    """A volume in the base unit as people say it: minutes as hours, eurocents as euros."""
    if unit == eenheden.EURO:
        return euro(base_volume)
    if unit != eenheden.MINUUT:
        return eenheden.describe(base_volume, unit)
    hours, minutes = divmod(base_volume, 60)
    words = [f"{hours} uur"] if hours or not minutes else []
    if minutes:
        words.append(eenheden.describe(minutes, eenheden.MINUUT))
    return " en ".join(words)


def _claimed(p: Prestatie) -> str:
    what = "Terugboeking van een eerdere regel" if p.is_credit else "Ingediend"
    if p.eenheid == eenheden.EURO:
        amount = euro(p.bedrag)
    elif p.product_tarief is None:
        amount = f"{eenheden.describe(p.geleverd_volume, p.eenheid)} voor {euro(p.bedrag)}"
    else:
        volume = eenheden.describe(p.geleverd_volume, p.eenheid)
        amount = f"{volume}, tarief {euro(p.product_tarief)}, samen {euro(p.bedrag)}"
    return f"{what}: {amount}, over {tijdvak(p.product_periode)}."


def _allowed(line: Regelverdict) -> list[str]:
    room, a = line.ruimte, line.versie
    if room is None or a is None:
        return []
    if a.omvang is None:
        return [_budget(room)] if room.max_total is not None else ["De toewijzing heeft geen omvang en geen budget."]
    granted = f"{euro(a.omvang.volume)} {a.omvang.per()}" if room.unit == eenheden.EURO else a.omvang.in_words()
    limits = [f"in deze periode ten hoogste {hoeveelheid(room.max_period or 0, room.unit)}"]
    if room.max_total is not None:
        limits.append(f"over de hele toewijzing {hoeveelheid(room.max_total, room.unit)}")
    used = hoeveelheid(room.used_before, room.unit)
    return [f"Toegewezen: {granted}; {', '.join(limits)}; eerder goedgekeurd {used}."]


def _budget(room: Ruimte) -> str:
    return f"Toegewezen budget: {euro(room.max_total or 0)}, waarvan eerder goedgekeurd {euro(room.used_before)}."


def _concluded(line: Regelverdict) -> str:
    if line.outcome is Outcome.NOT_ASSESSED:
        return "Niet beoordeeld (0233): voor deze cliënt is aan deze aanbieder nooit iets toegewezen."
    if line.outcome is Outcome.REJECTED:
        return f"Afgekeurd ({', '.join(line.codes)}): {_joined(_reasons(line))}"
    if line.outcome is Outcome.UNDECIDED:
        return f"Aangehouden: {_joined([_WACHT[reason] for reason in line.reasons])}"
    flags = " ".join(f"Let op, niet gecontroleerd: {_WACHT[flag]}" for flag in line.flags)
    return f"Goedgekeurd. {flags}".strip()


def _reasons(line: Regelverdict) -> list[str]:
    told = [_WAAROM[u.regel](u, line) for u in line.uitslagen if u.result is Result.FAIL]
    return told or ["zo besliste een medewerker."]


def _joined(sentences: list[str]) -> str:
    return "; ".join(sentence.removesuffix(".") for sentence in sentences) + "."


def _euros(u: Uitslag) -> str:
    return euro(u.actual) if isinstance(u.actual, int) else "een leeg bedrag"


def _volumes(u: Uitslag, line: Regelverdict) -> tuple[str, str, str]:
    unit = line.ruimte.unit if line.ruimte else line.prestatie.eenheid
    actual, limit = int(u.actual or 0), int(u.expected or 0)
    return hoeveelheid(actual, unit), hoeveelheid(limit, unit), hoeveelheid(actual - limit, unit)


def _tr304(_u: Uitslag, line: Regelverdict) -> str:
    return f"toewijzing {line.prestatie.toewijzing_nummer} is niet van deze cliënt."


def _tr307(_u: Uitslag, line: Regelverdict) -> str:
    start = f" op {datum(line.versie.ingangsdatum)}" if line.versie else ""
    return f"de periode begint voordat de toewijzing{start} ingaat."


def _tr308(_u: Uitslag, line: Regelverdict) -> str:
    end = line.versie.einddatum if line.versie else None
    return f"de periode loopt door nadat de toewijzing{f' op {datum(end)}' if end else ''} eindigt."


def _tr321(u: Uitslag, line: Regelverdict) -> str:
    claimed, limit, over = _volumes(u, line)
    return f"ingediend is {claimed}, terwijl in deze periode ten hoogste {limit} mag; dat is {over} te veel."


def _tr322(u: Uitslag, line: Regelverdict) -> str:
    total, limit, over = _volumes(u, line)
    return f"samen met wat eerder is goedgekeurd wordt het {total}, en toegewezen is {limit}; dat is {over} te veel."


def _tr369(u: Uitslag, _line: Regelverdict) -> str:
    over = int(u.actual or 0) - int(u.expected or 0)
    limit = euro(int(u.expected or 0))
    return f"met deze regel komt het op {_euros(u)}, en het budget is {limit}; dat is {euro(over)} te veel."


def _tr418(u: Uitslag, _line: Regelverdict) -> str:
    if u.expected is None:
        return "voor dit product en deze eenheid is geen tarief afgesproken."
    return f"het tarief is {_euros(u)}, afgesproken is {_bedragen(u.expected)}."


def _tr346(u: Uitslag, _line: Regelverdict) -> str:
    return f"tarief maal aantal geeft {_bedragen(u.expected)}, ingediend is {_euros(u)}."


def _bedragen(expected: object) -> str:
    """`12300`, `100 of 104` or `39330…39710` in euros."""
    for sep, word in ((" of ", " of "), ("…", " tot en met ")):
        if sep in str(expected):
            return word.join(euro(int(part)) for part in str(expected).split(sep))
    return euro(int(str(expected)))


def _day(u: Uitslag) -> str:
    return datum(date.fromisoformat(str(u.expected)))


_WAAROM: dict[str, Callable[[Uitslag, Regelverdict], str]] = {
    "TR314": lambda u, _: f"referentienummer {u.actual} is al eerder gebruikt.",
    "TR323": lambda u, _: (
        f"er is geen goedgekeurde regel {u.actual} die op alle punten gelijk is aan deze terugboeking."
    ),
    "TR390": lambda u, _: f"regel {u.actual} is al teruggeboekt.",
    "TR338": lambda u, _: f"aan deze aanbieder is geen toewijzing {u.actual} verstrekt.",
    "TR304": _tr304,
    "TR384": lambda _, line: f"toewijzing {line.prestatie.toewijzing_nummer} is verwijderd.",
    "TR339": lambda u, _: f"productcategorie {u.actual} is niet die van de toewijzing ({u.expected}).",
    "TR340": lambda u, _: f"productcode {u.actual} is niet die van de toewijzing ({u.expected}).",
    "TR381": lambda u, _: f"de productcode hoort niet bij de categorie ({u.actual}).",
    "TR341": lambda u, _: f"eenheid {u.actual} past niet bij wat is toegewezen of afgesproken ({u.expected}).",
    "TR319": lambda u, _: f"de periode loopt door na de maand van de declaratie, die eindigt op {_day(u)}.",
    "TR307": _tr307,
    "TR308": _tr308,
    "TR387": lambda u, _: f"de periode moet beginnen op {_day(u)}.",
    "TR388": lambda u, _: f"de periode moet eindigen op {_day(u)}.",
    "TR389": lambda u, _: f"regel {u.expected} voor dezelfde maand staat nog; boek die eerst helemaal terug.",
    "TR418": _tr418,
    "TR346": _tr346,
    "TR321": _tr321,
    "TR322": _tr322,
    "TR369": _tr369,
}

_WACHT = {
    "NEED_TARIFF": "het contracttarief ontbreekt.",
    "NEED_CONTRACT_UNIT": "in het contract staat niet in welke eenheid dit product wordt gedeclareerd.",
    "NEED_PRODUCTLIST": "er is geen lijst met producten ingesteld.",
    "TARIFF_AMBIGUOUS": "in deze periode gelden twee contracttarieven.",
    "VERSION_RACE": "de toewijzing is gewijzigd zonder dat de aanbieder dat bij het declareren kon weten.",
    "WAITING_EARLIER": "een eerdere declaratie op dezelfde toewijzing is nog niet beantwoord.",
    "MANUAL_HOLD": "een medewerker heeft deze regel vastgehouden.",
}
