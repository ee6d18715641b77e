"""Allocations and their versions: which one is newest, which one counts (1.1).

An allocation is identified by (gemeente, `ToewijzingNummer`). Its versions are ordered by
(`Toewijzingsdatum`, `Toewijzingstijd`); the order in which messages were sent or arrived has no meaning (OP080).
"""

from collections.abc import Iterable
from datetime import date, time
from enum import Enum

import msgspec

from gateway.berichten import wmo301
from gateway.domain.period import Period
from gateway.domain.workdays import NL, WorkCalendar
from gateway.reconcile.omvang import Omvang

VERWIJDERD = "13"  # RedenWijziging
_VERWIJDERD_HISTORISCH = "01"  # in old messages only (CS336 forbids it now)
RETOUR_WERKDAGEN = 3  # a 302 is due within three working days (OP090)

Key = tuple[str, int]  # gemeente, ToewijzingNummer


class Antwoord301(Enum):
    """What became of one sent 301."""

    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"  # 302 without RetourCodes
    REJECTED = "rejected"  # 302 with RetourCodes: the whole 301 is rejected [C43]
    REFUSED = "refused"  # XSD or transport; no 302 exists then


class Status(Enum):
    """Status of a version (1.1); the first that applies, in this order."""

    ACCEPTED = "ACCEPTED"
    SENT = "SENT"
    OVERDUE = "OVERDUE"
    REJECTED = "REJECTED"
    REFUSED = "REFUSED"
    DRAFT = "DRAFT"


class Verzending(msgspec.Struct, frozen=True):
    """A 301 that contained the version."""

    identificatie: str
    dagtekening: date
    antwoord: Antwoord301 = Antwoord301.UNANSWERED
    codes: tuple[str, ...] = ()  # retourcodes of the 302


class ToewijzingVersie(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a `ToegewezenProduct`, with the header and client facts that belong to it."""

    gemeente: str
    aanbieder: str
    bsn: str
    toewijzing_nummer: int
    toewijzingsdatum: date
    toewijzingstijd: time = time()
    ingangsdatum: date
    einddatum: date | None = None
    product_categorie: str | None = None
    product_code: str | None = None
    omvang: Omvang | None = None
    budget: int | None = None  # eurocent
    reden_wijziging: str | None = None
    referentie_aanbieder: str | None = None
    verzendingen: tuple[Verzending, ...] = ()

    @property
    def key(self) -> Key:
        return self.gemeente, self.toewijzing_nummer

    @property
    def moment(self) -> tuple[date, time]:
        """What orders the versions of one allocation (IV013)."""
        return self.toewijzingsdatum, self.toewijzingstijd

    @property
    def looptijd(self) -> Period:
        return Period(self.ingangsdatum, self.einddatum)

    @property
    def is_removed(self) -> bool:
        """Deleted by the municipality; a one-day allocation with another reason is not."""
        historic = self.reden_wijziging == _VERWIJDERD_HISTORISCH and self.einddatum == self.ingangsdatum
        return self.reden_wijziging == VERWIJDERD or historic

    @property
    def is_effective(self) -> bool:
        """Sent or accepted, so it may judge a declaration [C05]; working days make no difference here."""
        answers = {sent.antwoord for sent in self.verzendingen}
        return Antwoord301.ACCEPTED in answers or Antwoord301.UNANSWERED in answers

    @property
    def is_intended(self) -> bool:
        """Put to the provider, whatever the answer: SENT, OVERDUE, ACCEPTED or REJECTED."""
        return self.is_effective or Antwoord301.REJECTED in {sent.antwoord for sent in self.verzendingen}

    def content(self) -> tuple[object, ...]:
        """What makes two records of one moment the same version; not reason, reference and remark (IV097, IV099)."""
        return (*self.immutable(), self.einddatum, self.omvang, self.budget)

    def immutable(self) -> tuple[object, ...]:
        """What may never change within one `ToewijzingNummer` (1.1) [C08]."""
        omvang = self.omvang
        extent = omvang and (omvang.eenheid, omvang.frequentie, None if omvang.frequentie == "6" else omvang.volume)
        return (self.bsn, self.aanbieder, self.product_categorie, self.product_code, self.ingangsdatum, extent)

    def status(self, today: date, calendar: WorkCalendar = NL) -> Status:
        """The status on `today` (1.1)."""
        by_answer = {sent.antwoord: sent for sent in sorted(self.verzendingen, key=lambda sent: sent.dagtekening)}
        if Antwoord301.ACCEPTED in by_answer:
            return Status.ACCEPTED
        if waiting := by_answer.get(Antwoord301.UNANSWERED):  # the latest 301 without an answer
            in_time = calendar.within_workdays(waiting.dagtekening, RETOUR_WERKDAGEN, today)
            return Status.SENT if in_time else Status.OVERDUE
        if Antwoord301.REJECTED in by_answer:
            return Status.REJECTED
        return Status.REFUSED if by_answer else Status.DRAFT

    def known_on(self, dagtekening: date) -> bool:
        """True if a 301 with a header date up to `dagtekening` held this version (A_known, 1.4.2)."""
        return any(sent.dagtekening <= dagtekening for sent in self.verzendingen)


class Toewijzing(msgspec.Struct, frozen=True):
    """One allocation with all its versions, oldest first."""

    versies: tuple[ToewijzingVersie, ...]
    conflicten: tuple[ToewijzingVersie, ...] = ()  # same moment, other content: ignored, reported as A26 [C07]

    @property
    def key(self) -> Key:
        return self.versies[0].key

    @property
    def heeft_omvang(self) -> bool:
        """True if volumes are counted; the same for all versions (1.1)."""
        return self.versies[0].omvang is not None

    @property
    def effective(self) -> ToewijzingVersie | None:
        """A_now: the newest version that is sent or accepted [C05]."""
        return next((versie for versie in reversed(self.versies) if versie.is_effective), None)

    @property
    def intended(self) -> ToewijzingVersie | None:
        """The newest version that was put to the provider, rejected or not."""
        return next((versie for versie in reversed(self.versies) if versie.is_intended), None)

    @property
    def newest(self) -> ToewijzingVersie:
        return self.versies[-1]

    def known_on(self, dagtekening: date) -> ToewijzingVersie | None:
        """A_known: the newest effective version that a sender of `dagtekening` could know (1.4.2)."""
        return next(
            (versie for versie in reversed(self.versies) if versie.is_effective and versie.known_on(dagtekening)), None
        )

    def is_current(self, day: date) -> bool:
        """True if the effective version is not removed and not ended before `day`."""
        versie = self.effective
        return versie is not None and not versie.is_removed and versie.looptijd.last >= day

    def with_version(self, versie: ToewijzingVersie) -> "Toewijzing":
        """This allocation with a version recorded; a repeat only adds its 301s (IV013, IV099)."""
        for index, known in enumerate(self.versies):
            if known.moment == versie.moment:
                return self._merged(index, known, versie)
        versies = tuple(sorted((*self.versies, versie), key=lambda v: v.moment))
        return msgspec.structs.replace(self, versies=versies)

    def _merged(self, index: int, known: ToewijzingVersie, versie: ToewijzingVersie) -> "Toewijzing":
        if known.content() != versie.content():
            return msgspec.structs.replace(self, conflicten=(*self.conflicten, versie))
        new = tuple(sent for sent in versie.verzendingen if sent not in known.verzendingen)
        merged = msgspec.structs.replace(known, verzendingen=known.verzendingen + new)
        return msgspec.structs.replace(self, versies=(*self.versies[:index], merged, *self.versies[index + 1 :]))

    def with_answer(
        self, identificatie: str, dagtekening: date, antwoord: Antwoord301, codes: tuple[str, ...] = ()
    ) -> "Toewijzing":
        """This allocation after a 302 (or a refusal) on the 301 with these header values."""

        def answered(versie: ToewijzingVersie) -> ToewijzingVersie:
            sent = tuple(
                Verzending(v.identificatie, v.dagtekening, antwoord, codes)
                if (v.identificatie, v.dagtekening) == (identificatie, dagtekening)
                else v
                for v in versie.verzendingen
            )
            return msgspec.structs.replace(versie, verzendingen=sent)

        return Toewijzing(tuple(map(answered, self.versies)), tuple(map(answered, self.conflicten)))


def versies_uit_301(
    bericht: wmo301.Bericht, antwoord: Antwoord301 = Antwoord301.UNANSWERED
) -> tuple[ToewijzingVersie, ...]:
    """The versions that a WMO301 holds, each as sent in that message."""
    header, client = bericht.header, bericht.client
    sent = Verzending(header.bericht_identificatie.identificatie, header.bericht_identificatie.dagtekening, antwoord)
    return tuple(_versie(header, client.bsn, product, sent) for product in client.toegewezen_producten)


def _versie(
    header: wmo301.Header, bsn: str, toegewezen: wmo301.ToegewezenProduct, sent: Verzending
) -> ToewijzingVersie:
    product, omvang = toegewezen.product, toegewezen.omvang
    return ToewijzingVersie(
        gemeente=header.afzender,
        aanbieder=header.ontvanger,
        bsn=bsn,
        toewijzing_nummer=toegewezen.toewijzing_nummer,
        toewijzingsdatum=toegewezen.toewijzingsdatum,
        toewijzingstijd=toegewezen.toewijzingstijd,
        ingangsdatum=toegewezen.ingangsdatum,
        einddatum=toegewezen.einddatum,
        product_categorie=product.categorie if product else None,
        product_code=product.code if product else None,
        omvang=Omvang(omvang.volume, omvang.eenheid, omvang.frequentie) if omvang else None,
        budget=toegewezen.budget,
        reden_wijziging=toegewezen.reden_wijziging,
        referentie_aanbieder=toegewezen.referentie_aanbieder,
        verzendingen=(sent,),
    )


def toewijzingen(versies: Iterable[ToewijzingVersie]) -> dict[Key, Toewijzing]:
    """Versions grouped into allocations; only the order of records with one moment matters [C07]."""
    grouped: dict[Key, Toewijzing] = {}
    for versie in versies:
        known = grouped.get(versie.key)
        grouped[versie.key] = known.with_version(versie) if known else Toewijzing((versie,))
    return grouped
