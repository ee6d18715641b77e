"""A history in memory: dictionaries that a message is added to in constant time, in any order (OP080).

What counts is decided when it is asked for, because an answer may be added before the message that it answers.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from gateway.berichten.historie import uitkomst
from gateway.berichten.historie.kenmerk import Kenmerk, heenbericht_van, is_bekend, kenmerk, partijen, soort_van
from gateway.berichten.historie.waarden import Dossier, Levering, Versie, Verzoek
from gateway.berichten.soorten import SOORTEN

Genoemd = tuple[str, str, str]  # gemeente, aanbieder, ReferentieAanbieder
Nummer = tuple[str, int]  # gemeente, ToewijzingNummer

_EERSTE, _VERWIJDER = "1", "3"  # StatusAanlevering


class _Index:
    """Everything added so far. Shared by the views on it."""

    def __init__(self) -> None:
        self.berichten: dict[Kenmerk, Any] = {}
        self.retouren: defaultdict[Kenmerk, list[Any]] = defaultdict(list)
        self.versies: defaultdict[Nummer, list[Versie]] = defaultdict(list)
        self.nummers: defaultdict[Dossier, dict[int, None]] = defaultdict(dict)  # an ordered set
        self.starts: defaultdict[Dossier, list[tuple[Kenmerk, str, Levering]]] = defaultdict(list)
        self.stops: defaultdict[Dossier, list[tuple[Kenmerk, str, Levering]]] = defaultdict(list)
        self.verzoeken: defaultdict[Dossier, list[Verzoek]] = defaultdict(list)
        self.genoemd: defaultdict[Genoemd, list[Verzoek]] = defaultdict(list)
        self.antwoorden: defaultdict[Genoemd, list[tuple[Kenmerk, str]]] = defaultdict(list)
        self.toegewezen: defaultdict[Genoemd, list[Versie]] = defaultdict(list)
        self.prestaties: defaultdict[Nummer, list[tuple[Kenmerk, Any]]] = defaultdict(list)
        self.afgewezen: dict[Kenmerk, frozenset[str]] = {}  # per processed declaration its rejected lines


class History:
    """Messages already exchanged, as rules want to see them (`Earlier`)."""

    def __init__(self) -> None:
        self._index = _Index()
        self._buiten: Kenmerk | None = None

    @classmethod
    def of(cls, berichten: Iterable[Any]) -> "History":
        """The history of these parsed messages, heen- and retourberichten together, in whatever order."""
        history = cls()
        for bericht in berichten:
            history.add(bericht)
        return history

    def add(self, bericht: Any) -> None:
        """Take in one parsed message; of another standard, or under a name used before (TR056), it changes nothing."""
        if not is_bekend(bericht):
            return
        soort = SOORTEN[soort_van(bericht)]
        if soort.is_retour:
            self._index.retouren[heenbericht_van(bericht)].append(bericht)
            if soort.soort != "WMO325":  # which has a name of its own besides
                return
        naam = kenmerk(bericht)
        if naam not in self._index.berichten:
            self._index.berichten[naam] = bericht
            _OPNEMEN[naam.soort](self._index, naam, bericht)

    def zonder(self, bericht: Any) -> "History":
        """Returns this history without this very message; see `Earlier`."""
        naam = kenmerk(bericht)
        if self._index.berichten.get(naam) != bericht:
            return self
        view = History()
        view._index, view._buiten = self._index, naam
        return view

    def bericht(self, naam: Kenmerk) -> Any | None:
        return None if naam == self._buiten else self._index.berichten.get(naam)

    def retour(self, naam: Kenmerk) -> Any | None:
        return next((r for r in self._retouren(naam)), None)

    def toewijzing(self, gemeente: str, nummer: int) -> tuple[Versie, ...]:
        """One version per moment. A repeat is the same version: what was recorded first stays, with its reason."""
        per_moment: dict[Any, Versie] = {}
        for versie in self._index.versies.get((gemeente, nummer), ()):
            if self._telt(versie.bron):
                eerder = per_moment.get(versie.moment)
                if eerder is None or _rang(versie) < _rang(eerder):
                    per_moment[versie.moment] = versie
        return tuple(per_moment[moment] for moment in sorted(per_moment))

    def toewijzingen(self, dossier: Dossier) -> tuple[Versie, ...]:
        per_nummer = (self.toewijzing(dossier.gemeente, n) for n in self._index.nummers.get(dossier, ()))
        return tuple(versies[-1] for versies in per_nummer if versies and versies[-1].dossier == dossier)

    def starts(self, dossier: Dossier) -> frozenset[Levering]:
        return self._actief(self._index.starts.get(dossier, ()))

    def stops(self, dossier: Dossier) -> frozenset[Levering]:
        return self._actief(self._index.stops.get(dossier, ()))

    def verzoeken(self, dossier: Dossier) -> tuple[Verzoek, ...]:
        return tuple(v for v in self._index.verzoeken.get(dossier, ()) if self._telt(v.bron))

    def verzoek(self, gemeente: str, aanbieder: str, referentie: str) -> Verzoek | None:
        genoemd = self._index.genoemd.get((gemeente, aanbieder, referentie), ())
        return next((v for v in genoemd if self._telt(v.bron)), None)

    def antwoorden(self, gemeente: str, aanbieder: str, referentie: str) -> tuple[str, ...]:
        gegeven = self._index.antwoorden.get((gemeente, aanbieder, referentie), ())
        return tuple(antwoord for bron, antwoord in gegeven if self._telt(bron))

    def toegewezen(self, gemeente: str, aanbieder: str, referentie: str) -> tuple[Versie, ...]:
        return tuple(v for v in self._index.toegewezen.get((gemeente, aanbieder, referentie), ()) if self._telt(v.bron))

    def open_debetregels(self, gemeente: str, nummer: int) -> int:
        debet, gecrediteerd = set(), set()
        for bron, prestatie in self._index.prestaties.get((gemeente, nummer), ()):
            referentie = prestatie.product_referentie
            if not self._is_goedgekeurd(bron, referentie.referentie_nummer):
                continue
            if prestatie.ingediend_bedrag.debet_credit == "D":
                debet.add((bron.afzender, referentie.referentie_nummer))
            else:
                gecrediteerd.add((bron.afzender, referentie.vorig_referentie_nummer))
        return len(debet - gecrediteerd)

    def _retouren(self, naam: Kenmerk) -> list[Any]:
        return [r for r in self._index.retouren.get(naam, ()) if not uitkomst.gaat_over_ander(r)]

    def _telt(self, naam: Kenmerk) -> bool:
        """Not rejected: unanswered, or answered at least once without codes."""
        if naam == self._buiten:
            return False
        retouren = self._retouren(naam)
        return not retouren or not all(map(uitkomst.is_afkeuring, retouren))

    def _actief(self, leveringen: Iterable[tuple[Kenmerk, str, Levering]]) -> frozenset[Levering]:
        """Counts per logical key, so that the order of start, deletion and new start does not matter."""
        saldo: Counter[Levering] = Counter()
        for bron, status, levering in leveringen:
            if self._telt(bron):
                saldo[levering] += {_EERSTE: 1, _VERWIJDER: -1}.get(status, 0)
        return frozenset(levering for levering, aantal in saldo.items() if aantal > 0)

    def _is_goedgekeurd(self, bron: Kenmerk, referentie: str) -> bool:
        """True if a WMO325 about this declaration lets this line stand."""
        afgewezen = self._index.afgewezen.get(bron)
        return afgewezen is not None and referentie not in afgewezen


def _rang(versie: Versie) -> tuple[Any, ...]:
    """What was recorded first, without asking what arrived first: oldest message, changed before repeated, name."""
    return versie.dagtekening, versie.product.reden_wijziging is None, versie.bron


def _dossier(bericht: Any) -> Dossier:
    return Dossier(*partijen(bericht), bericht.client.bsn)


def _toewijzing(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    dossier = _dossier(bericht)
    for product in bericht.client.toegewezen_producten:
        versie = Versie(dossier, naam, bericht.header.bericht_identificatie.dagtekening, product)
        index.versies[dossier.gemeente, product.toewijzing_nummer].append(versie)
        index.nummers[dossier][product.toewijzing_nummer] = None
        if product.referentie_aanbieder is not None:
            index.toegewezen[dossier.gemeente, dossier.aanbieder, product.referentie_aanbieder].append(versie)


def _starts(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    index.starts[_dossier(bericht)] += [
        (naam, p.status_aanlevering, Levering.of(p)) for p in bericht.client.start_producten
    ]


def _stops(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    index.stops[_dossier(bericht)] += [
        (naam, p.status_aanlevering, Levering.of(p)) for p in bericht.client.stop_producten
    ]


def _verzoeken(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    dossier, client = _dossier(bericht), bericht.client
    gevraagd = client.aangevraagde_producten if naam.soort == "WMO315" else (client.verzoek,)
    for deel in gevraagd:
        verzoek = Verzoek(dossier, deel.referentie_aanbieder, naam)
        index.verzoeken[dossier].append(verzoek)
        index.genoemd[dossier.gemeente, dossier.aanbieder, verzoek.referentie].append(verzoek)


def _antwoord(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    antwoord = bericht.antwoord
    sleutel = (*partijen(bericht), antwoord.referentie_aanbieder)
    index.antwoorden[sleutel].append((naam, antwoord.verzoek_antwoord))


def _declaratie(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    gemeente = partijen(bericht).gemeente
    for client in bericht.declaratie.clienten:
        for prestatie in client.prestaties:
            index.prestaties[gemeente, prestatie.toewijzing_nummer].append((naam, prestatie))


def _declaratieantwoord(index: _Index, naam: Kenmerk, bericht: Any) -> None:
    if not uitkomst.is_afgewezen_declaratie(bericht):
        index.afgewezen.setdefault(heenbericht_van(bericht), uitkomst.afgewezen_regels(bericht))


_OPNEMEN: dict[str, Callable[[_Index, Kenmerk, Any], None]] = {
    "WMO301": _toewijzing,
    "WMO305": _starts,
    "WMO307": _stops,
    "WMO315": _verzoeken,
    "WMO317": _verzoeken,
    "WMO319": _antwoord,
    "WMO323": _declaratie,
    "WMO325": _declaratieantwoord,
}
