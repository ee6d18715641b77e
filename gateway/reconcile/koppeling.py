"""Which decision lines and which allocations belong together: links, and the arrangements they form (1.2.3) [C03].

First hit wins, per allocation: the explicit link, the request (WMO315) that it honours, the natural key. Never a guess:
where the natural key leaves a choice, the answer is A22.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gateway.berichten import wmo315, wmo317
from gateway.berichten.deel import Deel
from gateway.domain.period import Period
from gateway.reconcile.beschikkingen import BeschikkingRegel, LineKey
from gateway.reconcile.toewijzingen import Key, Toewijzing

_Natural = tuple[str, str, str | None, str | None]  # gemeente, bsn, categorie, code


class Verzoek(msgspec.Struct, frozen=True, kw_only=True):
    """An `AangevraagdProduct` of a WMO315: the decision it stands for and the provider's reference."""

    gemeente: str
    aanbieder: str
    referentie_aanbieder: str
    beschikkingnummer: int | None = None
    categorie: str | None = None
    code: str | None = None


class Arrangement(msgspec.Struct, frozen=True):
    """A connected set of decision lines and allocations; one of both may be empty."""

    regels: tuple[BeschikkingRegel, ...]
    toewijzingen: tuple[Toewijzing, ...]


class Koppeling(msgspec.Struct, frozen=True):
    """All arrangements, and the allocations with more than one candidate: number and candidate decisions (A22)."""

    arrangements: tuple[Arrangement, ...]
    ambigu: tuple[tuple[Toewijzing, tuple[BeschikkingRegel, ...]], ...]


def bereik(toewijzing: Toewijzing) -> Period:
    """The period that an allocation is or was about; of a removed one, before it was removed."""
    versie = toewijzing.intended or toewijzing.newest
    if versie.is_removed:
        versie = next((v for v in reversed(toewijzing.versies) if not v.is_removed), versie)
    return versie.looptijd


def koppel(
    regels: Sequence[BeschikkingRegel], toewijzingen: Mapping[Key, Toewijzing], verzoeken: Iterable[Verzoek] = ()
) -> Koppeling:
    """Link the newest version of every decision line with the allocations."""
    return _Koppelaar(regels, toewijzingen, verzoeken).run()


class _Koppelaar:
    def __init__(
        self,
        regels: Sequence[BeschikkingRegel],
        toewijzingen: Mapping[Key, Toewijzing],
        verzoeken: Iterable[Verzoek],
    ) -> None:
        self.regels = {regel.key: regel for regel in sorted(regels, key=lambda r: r.key)}
        self.toewijzingen = dict(sorted(toewijzingen.items()))
        self.verzoeken = {(v.gemeente, v.aanbieder, v.referentie_aanbieder): v for v in verzoeken}
        self.explicit: dict[int, list[BeschikkingRegel]] = {}
        self.by_decision: dict[tuple[str, int], list[BeschikkingRegel]] = {}
        self.natural: dict[_Natural, list[BeschikkingRegel]] = {}
        for regel in self.regels.values():
            self.by_decision.setdefault((regel.gemeente, regel.beschikkingnummer), []).append(regel)
            for nummer in regel.toewijzing_nummers:
                self.explicit.setdefault(nummer, []).append(regel)
            if regel.leveringsvorm == "ZIN":
                self.natural.setdefault((regel.gemeente, regel.bsn, *regel.product), []).append(regel)

    def run(self) -> Koppeling:
        links: dict[Key, list[BeschikkingRegel]] = {}
        rest: dict[Key, list[BeschikkingRegel]] = {}
        for key, toewijzing in self.toewijzingen.items():
            if found := self._explicit(key) or self._by_request(toewijzing):
                links[key] = found
            else:
                rest[key] = self._candidates(toewijzing)
        by_line: dict[LineKey, list[Key]] = {}
        for key, candidates in rest.items():
            for regel in candidates:
                by_line.setdefault(regel.key, []).append(key)
        ambigu = []
        for key, candidates in rest.items():
            if self._is_ambiguous(key, candidates, by_line):
                ambigu.append((self.toewijzingen[key], tuple(candidates)))
            elif candidates:
                links[key] = candidates
        return Koppeling(tuple(self._arrangements(links, {t.key for t, _ in ambigu})), tuple(ambigu))

    def _explicit(self, key: Key) -> list[BeschikkingRegel]:
        """Lines that name this number; of another municipality only if that one has no such number itself (A05)."""
        named = self.explicit.get(key[1], [])
        own = [regel for regel in named if regel.gemeente == key[0]]
        return own or [regel for regel in named if (regel.gemeente, key[1]) not in self.toewijzingen]

    def _by_request(self, toewijzing: Toewijzing) -> list[BeschikkingRegel]:
        for versie in toewijzing.versies:
            verzoek = self.verzoeken.get((versie.gemeente, versie.aanbieder, versie.referentie_aanbieder or ""))
            if verzoek is not None and verzoek.beschikkingnummer is not None:
                lines = self.by_decision.get((versie.gemeente, verzoek.beschikkingnummer), [])
                product = (verzoek.categorie, verzoek.code)
                return [regel for regel in lines if product in ((None, None), regel.product)]
        return []

    def _candidates(self, toewijzing: Toewijzing) -> list[BeschikkingRegel]:
        versie, period = toewijzing.newest, bereik(toewijzing)
        key = (versie.gemeente, versie.bsn, versie.product_categorie, versie.product_code)
        found = [
            regel
            for regel in self.natural.get(key, ())
            if regel.aanbieder in (None, versie.aanbieder) and regel.looptijd.overlaps(period)
        ]
        return [regel for regel in found if regel.status == "ACTIEF"] or found

    def _is_ambiguous(
        self, key: Key, candidates: Sequence[BeschikkingRegel], by_line: Mapping[LineKey, Sequence[Key]]
    ) -> bool:
        """True if decisions compete for the allocation, or allocations for a decision, in the same days."""
        for i, one in enumerate(candidates):
            for two in candidates[i + 1 :]:
                if one.beschikkingnummer != two.beschikkingnummer and one.looptijd.overlaps(two.looptijd):
                    return True
        rivals = {other for regel in candidates for other in by_line[regel.key] if other != key}
        return any(self._is_rival(self.toewijzingen[key], self.toewijzingen[other]) for other in rivals)

    def _is_rival(self, one: Toewijzing, two: Toewijzing) -> bool:
        removed = any((t.intended or t.newest).is_removed for t in (one, two))
        return not removed and bereik(one).overlaps(bereik(two))

    def _arrangements(self, links: Mapping[Key, Sequence[BeschikkingRegel]], skip: set[Key]) -> Iterable[Arrangement]:
        """Connected components of the link graph; what has no link is a component of its own."""
        group: dict[Key | LineKey, Key | LineKey] = {}

        def root(node: Key | LineKey) -> Key | LineKey:
            while group.setdefault(node, node) != node:
                node = group[node]
            return node

        for key, lines in links.items():
            for regel in (*lines, *(s for line in lines for s in self._successors(line))):
                group[root(regel.key)] = root(key)
        members: dict[Key | LineKey, tuple[list[BeschikkingRegel], list[Toewijzing]]] = {}
        for line_key, regel in self.regels.items():
            members.setdefault(root(line_key), ([], []))[0].append(regel)
        for key, toewijzing in self.toewijzingen.items():
            if key not in skip:
                members.setdefault(root(key), ([], []))[1].append(toewijzing)
        return (Arrangement(tuple(lines), tuple(orders)) for lines, orders in members.values())

    def _successors(self, regel: BeschikkingRegel) -> list[BeschikkingRegel]:
        """The lines for the same product of the decision that replaced this one."""
        if regel.status != "VERVANGEN" or regel.vervangen_door is None:
            return []
        lines = self.by_decision.get((regel.gemeente, regel.vervangen_door), [])
        return [line for line in lines if line.product == regel.product]


def bekende_verzoeken(messages: Iterable[Deel]) -> tuple[Verzoek, ...] | None:
    """The requests among these messages; None if there are none, so that nothing is concluded from their absence."""
    found = [v for m in messages if isinstance(m, wmo315.Bericht | wmo317.Bericht) for v in verzoeken_uit(m)]
    return tuple(found) or None


def verzoeken_uit(bericht: wmo315.Bericht | wmo317.Bericht) -> tuple[Verzoek, ...]:
    """The requests of a WMO315 or WMO317; a 317 names no decision."""
    header = bericht.header
    if isinstance(bericht, wmo317.Bericht):
        return (
            Verzoek(
                gemeente=header.ontvanger,
                aanbieder=header.afzender,
                referentie_aanbieder=bericht.client.verzoek.referentie_aanbieder,
            ),
        )
    return tuple(
        Verzoek(
            gemeente=header.ontvanger,
            aanbieder=header.afzender,
            referentie_aanbieder=product.referentie_aanbieder,
            beschikkingnummer=product.beschikking_nummer,
            categorie=product.product.categorie if product.product else None,
            code=product.product.code if product.product else None,
        )
        for product in bericht.client.aangevraagde_producten
    )
