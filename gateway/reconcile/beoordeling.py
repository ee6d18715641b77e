"""Assessing a declaration (WMO323): stages S1–S6 of 1.4.1, from message to verdicts, answer and effects.

    assessment = assess(bericht, state, contract, received_on)
    if assessment.antwoord is not None:  # None: held, a line cannot be decided yet
        message = assessment.antwoord.bericht(identificatie, dagtekening, xsd_versie)
    state.commit(assessment.effects)

Nothing but the arguments is used: no clock, no chance, no unordered iteration (5.6).
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from gateway.berichten import wmo323
from gateway.berichten.regels import Context, Hit, finding, hits, regels
from gateway.domain.findings import Finding
from gateway.reconcile import antwoord, regels_declaratie
from gateway.reconcile.antwoord import NIET_BEOORDEELD, TECHNISCH, Antwoord
from gateway.reconcile.contract import Contract
from gateway.reconcile.declaraties import Declaratie, Prestatie
from gateway.reconcile.regelbeoordeling import beoordeel, is_refused
from gateway.reconcile.regels_prestatie import Lijn
from gateway.reconcile.state import Effects, State
from gateway.reconcile.uitslag import HandmatigBesluit, Outcome, Regelverdict, Result, Uitslag
from gateway.reconcile.werkstand import Werkstand

Verdict = Literal["approved", "partly", "rejected", "held"]
Stage = Literal["S1", "S2", "S3", "S5"]

_NO_DECISIONS: Mapping[str, HandmatigBesluit] = {}
_DECLARATIE = "/Bericht/Declaratie"
_HEADER = "/Bericht/Header"
_PLACES = {  # rule -> element below the line, header or declaration it speaks about
    "TR056": "/BerichtIdentificatie/Identificatie",
    "TR135": "/BerichtIdentificatie/Dagtekening",
    "TR378": "/Ontvanger",
    "TR333": "/DeclaratieNummer",
    "TR318": "/DeclaratiePeriode/Begindatum",
    "TR304": "",
    "TR314": "/ProductReferentie/ReferentieNummer",
    "TR323": "/ProductReferentie/VorigReferentieNummer",
    "TR390": "/ProductReferentie/VorigReferentieNummer",
    "TR338": "/ToewijzingNummer",
    "TR384": "/ToewijzingNummer",
    "TR339": "/ProductCategorie",
    "TR340": "/ProductCode",
    "TR381": "/ProductCode",
    "TR341": "/Eenheid",
    "TR319": "/ProductPeriode/Einddatum",
    "TR307": "/ProductPeriode/Begindatum",
    "TR308": "/ProductPeriode/Einddatum",
    "TR387": "/ProductPeriode/Begindatum",
    "TR388": "/ProductPeriode/Einddatum",
    "TR389": "/ProductPeriode",
    "TR418": "/ProductTarief",
    "TR346": "/IngediendBedrag/Bedrag",
    "TR321": "/GeleverdVolume",
    "TR322": "/GeleverdVolume",
    "TR369": "/IngediendBedrag/Bedrag",
}


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that follows from one 323. `antwoord` is None while the declaration is held."""

    declaratie: Declaratie
    verdict: Verdict
    stage: Stage  # where it ended; a message stopped at S1, S2 or S3 counts as not sent [C23]
    lines: tuple[Regelverdict, ...] = ()  # document order; empty before S5
    hits: tuple[tuple[str, Hit], ...] = ()  # rule and place, of failed rules and of those that could not be judged
    notes: tuple[Finding, ...] = ()  # what is no rule broken: a gap, a decision that is not allowed
    antwoord: Antwoord | None
    effects: Effects
    received_on: date
    revisie: str  # of the configuration (5.6)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything to tell, in the words of the rule table."""
        return (*(finding(regels()[code], hit) for code, hit in self.hits), *self.notes)


def assess(
    bericht: wmo323.Bericht,
    state: State,
    contract: Contract,
    received_on: date,
    *,
    payload_hash: str = "",
    besluiten: Mapping[str, HandmatigBesluit] = _NO_DECISIONS,
    oddities: Mapping[str, str] = {},
) -> Assessment:
    """Assess one message against the state; the state is not changed.

    `besluiten` are decisions of people by ReferentieNummer; `oddities` whole numbers written in an unusual way, as
    the codec reports them (TR358 compares text). A message that is already open goes on from S4 (5.4).
    """
    return _Beoordeling(bericht, state, contract, received_on, payload_hash, besluiten, oddities).run()


class _Beoordeling:
    """One run through the stages: the message and what it is judged with."""

    def __init__(
        self,
        bericht: wmo323.Bericht,
        state: State,
        contract: Contract,
        received_on: date,
        payload_hash: str,
        besluiten: Mapping[str, HandmatigBesluit],
        oddities: Mapping[str, str],
    ) -> None:
        self.bericht, self.declaratie = bericht, Declaratie.from_323(bericht)
        self.state, self.contract, self.received_on = state, contract, received_on
        self.payload_hash, self.besluiten, self.oddities = payload_hash, besluiten, oddities
        self.stand = Werkstand(state, self.declaratie)

    def run(self) -> Assessment:
        """The first stage that refuses ends it; an open message has passed S1–S3 before."""
        if not self._is_reassessment():
            for stage in (self._s1, self._s2, self._s3):
                if (refused := stage()) is not None:
                    return refused
        return self._lines()

    def _is_reassessment(self) -> bool:
        open_ = self.state.open.get((*self.declaratie.pair, self.declaratie.identificatie))
        return open_ is not None and open_.payload_hash == self.payload_hash

    def _s1(self) -> Assessment | None:
        context = Context(today=self.received_on, oddities=self.oddities)
        found = tuple(
            (rule.code, hit) for rule, hit in hits(self.bericht, context, "WMO323", levels=(2,)) if hit.bron is None
        )
        return self._stopped("S1", antwoord.op_bericht(self.declaratie, (TECHNISCH,)), found) if found else None

    def _s2(self) -> Assessment | None:
        d = self.declaratie
        results = (
            regels_declaratie.tr056(d, self.state),
            regels_declaratie.tr135(d, self.received_on),
            regels_declaratie.tr378(d, self.state, self.contract, self.received_on),
        )
        codes = _codes(results)
        return self._stopped("S2", antwoord.op_bericht(d, codes), _hits(results, _HEADER)) if codes else None

    def _s3(self) -> Assessment | None:
        d = self.declaratie
        results = (regels_declaratie.tr333(d, self.state), regels_declaratie.tr318(d, self.state))
        codes = _codes(results)
        return self._stopped("S3", antwoord.op_declaratie(d, codes), _hits(results, _DECLARATIE)) if codes else None

    def _stopped(self, stage: Stage, answer: Antwoord, found: tuple[tuple[str, Hit], ...]) -> Assessment:
        d = self.declaratie
        return Assessment(
            declaratie=d,
            verdict="rejected",
            stage=stage,
            hits=found,
            antwoord=answer,
            effects=Effects(pair=d.pair, identificatie=d.identificatie, payload_hash=self.payload_hash),
            received_on=self.received_on,
            revisie=self.contract.revisie,
        )

    def _lines(self) -> Assessment:
        """S4 and S5: clients, then all credits, then all debits, each in document order (OP366) [C32]."""
        d = self.declaratie
        client_results = [regels_declaratie.tr304_client(client, d, self.state, self.contract) for client in d.clienten]
        client_codes = {nr: codes for nr, result in enumerate(client_results) if (codes := _codes((result,)))}
        numbered = list(enumerate((nr, p) for nr, client in enumerate(d.clienten) for p in client.prestaties))
        assessed = [(i, p) for i, (nr, p) in numbered if nr not in client_codes]
        judged: dict[int, Regelverdict] = {}
        for i, p in sorted(assessed, key=lambda item: not item[1].is_credit):  # stable: document order is kept
            judged[i] = self._judge(p)
        for i, (nr, p) in numbered:
            if nr in client_codes:
                judged[i] = Regelverdict(prestatie=p, outcome=Outcome.NOT_ASSESSED, codes=(NIET_BEOORDEELD,))
                self.stand.register(p, Outcome.NOT_ASSESSED, (NIET_BEOORDEELD,))
        lines = tuple(judged[i] for i, _ in numbered)
        return self._decided(lines, client_codes, self._line_hits(client_results, lines))

    def _judge(self, p: Prestatie) -> Regelverdict:
        toewijzing = self.stand.toewijzing(p.toewijzing_nummer)
        versie = toewijzing.effective if toewijzing else None
        lijn = Lijn(self.declaratie, p, versie, self.stand, self.contract)
        bekend = toewijzing.known_on(self.declaratie.dagtekening) if toewijzing else None
        line = beoordeel(lijn, bekend, self.besluiten.get(p.referentie_nummer))
        if self.stand.waits(p):  # the open message may still change what this line depends on (5.4)
            return msgspec.structs.replace(
                line, outcome=Outcome.UNDECIDED, codes=(), flags=(), reasons=("WAITING_EARLIER",)
            )
        if line.outcome is not Outcome.UNDECIDED:
            self.stand.register(p, line.outcome, line.codes)
        return self._with_used(line)

    def _with_used(self, line: Regelverdict) -> Regelverdict:
        if line.ruimte is None:
            return line
        used = self.stand.verbruik(line.prestatie.toewijzing_nummer)
        by_amount = line.versie is None or line.versie.omvang is None
        return msgspec.structs.replace(line, used_after=used.used_amount if by_amount else used.used_volume)

    def _decided(
        self,
        lines: tuple[Regelverdict, ...],
        client_codes: Mapping[int, tuple[str, ...]],
        found: tuple[tuple[str, Hit], ...],
    ) -> Assessment:
        verdict = _verdict(lines)
        held = verdict == "held"
        return Assessment(
            declaratie=self.declaratie,
            verdict=verdict,
            stage="S5",
            lines=lines,
            hits=found,
            notes=self._notes(lines),
            antwoord=None if held else antwoord.op_prestaties(self.declaratie, lines, client_codes),
            effects=self.stand.effects(self.payload_hash, held=held),
            received_on=self.received_on,
            revisie=self.contract.revisie,
        )

    def _line_hits(self, client_results: list[Uitslag], lines: tuple[Regelverdict, ...]) -> tuple[tuple[str, Hit], ...]:
        found: list[tuple[str, Hit]] = []
        for client, result in zip(self.declaratie.clienten, client_results, strict=True):
            found += _hits((result,), f"{client.path}/Bsn")
        for line in lines:
            found += _hits(line.uitslagen, line.prestatie.path) if line.codes or line.reasons else ()
        return tuple(found)

    def _notes(self, lines: tuple[Regelverdict, ...]) -> tuple[Finding, ...]:
        gap = not self._is_reassessment() and regels_declaratie.has_gap(self.declaratie, self.state)
        refused = tuple(_refused_decision(line) for line in lines if is_refused(line))
        return (_GAP, *refused) if gap else refused


_GAP = Finding(
    code="TR318",
    severity="info",
    level=3,
    path=f"{_DECLARATIE}/DeclaratiePeriode",
    message="Tussen deze en de vorige declaratieperiode ligt een maand waarover niet is gedeclareerd.",
    advice="Niets, als er in die maand niets is geleverd; anders volgt die declaratie nog.",
)


def _refused_decision(line: Regelverdict) -> Finding:
    return Finding(
        code="BESLUIT",
        severity="error",
        path=line.prestatie.path,
        message="Afwijzen kan alleen met een retourcode van een regel die niet beoordeeld kon worden.",
        advice="Kies een van de toegestane codes, of keur de regel goed.",
    )


def _codes(results: tuple[Uitslag, ...]) -> tuple[str, ...]:
    return tuple(u.code for u in results if u.code is not None)


def _hits(results: tuple[Uitslag, ...], path: str) -> tuple[tuple[str, Hit], ...]:
    """Rule and place of what failed, and of what was not judged because something is missing."""
    found = []
    for u in results:
        place = path + _PLACES[u.regel]
        if u.result is Result.FAIL:
            found.append((u.regel, Hit(place, value=None if u.actual is None else str(u.actual))))
        elif u.result is Result.UNKNOWN:
            found.append((u.regel, Hit(place, bron=_MISSING[u.reason or ""])))
    return tuple(found)


_MISSING = {
    "NEED_TARIFF": "contracttarief",
    "NEED_CONTRACT_UNIT": "contractafspraak over de eenheid",
    "NEED_PRODUCTLIST": "productcodelijst",
    "TARIFF_AMBIGUOUS": "keuze tussen twee contracttarieven",
}  # reason of an UNKNOWN -> what is missing, as a Dutch noun


def _verdict(lines: tuple[Regelverdict, ...]) -> Verdict:
    outcomes = {line.outcome for line in lines}
    if Outcome.UNDECIDED in outcomes:
        return "held"
    if Outcome.APPROVED not in outcomes:
        return "rejected"
    return "approved" if outcomes == {Outcome.APPROVED} else "partly"
