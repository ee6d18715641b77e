"""Checks on a received WMO325 against the declaration it answers (4.5), and what it grants.

There is no return message on a 325: who finds a fault contacts the sender outside the messages. TR342 and the other
rules inside the message are rules of level 2; these are the rules of level 3.
"""

from collections.abc import Callable, Iterator

from gateway.berichten import wmo323, wmo325
from gateway.berichten.historie import heenbericht_van
from gateway.berichten.regels import Context, Hit, niet_gecontroleerd, regel
from gateway.reconcile.antwoord import AKKOORD, VOLLEDIG
from gateway.reconcile.declaraties import Declaratie, Prestatie, prestatie_uit

_HEADER = "/Bericht/Header"
_ANTWOORD = "/Bericht/DeclaratieAntwoord"
_BRON = "de verzonden declaratie"

Check = Callable[[wmo325.Bericht, wmo323.Bericht], Iterator[Hit]]


def _against_323(code: str) -> Callable[[Check], Check]:
    """Register a check that compares the answer with its declaration; without that it is not judged.

    An answer to a declaration that was never sent is a matter of TR337 alone.
    """

    def register(check: Check) -> Check:
        def toets(bericht: wmo325.Bericht, ctx: Context) -> Iterator[Hit]:
            if ctx.earlier is None:
                yield niet_gecontroleerd(_HEADER, _BRON)
            elif (sent := ctx.earlier.bericht(heenbericht_van(bericht))) is not None:
                yield from check(bericht, sent)

        toets.__module__, toets.__name__ = check.__module__, check.__name__
        regel(code, "WMO325")(toets)
        return check

    return register


@regel("TR337", "WMO325")
def tr337(bericht: wmo325.Bericht, ctx: Context) -> Iterator[Hit]:
    """Both parts of DeclaratieIdentificatie name a 323 that was sent to this municipality."""
    place = f"{_HEADER}/DeclaratieIdentificatie"
    if ctx.earlier is None:
        yield niet_gecontroleerd(place, _BRON)
        return
    sent = ctx.earlier.bericht(heenbericht_van(bericht))
    header = bericht.header
    if (
        sent is None
        or sent.header.ontvanger != header.afzender
        or sent.header.bericht_identificatie != header.declaratie_identificatie
    ):
        yield Hit(place, header.declaratie_identificatie.identificatie)


@_against_323("TR371")
def tr371(bericht: wmo325.Bericht, sent: wmo323.Bericht) -> Iterator[Hit]:
    """The answer names the schema versions of the declaration."""
    if bericht.header.xsd_versie_declaratie != sent.header.xsd_versie:
        yield Hit(f"{_HEADER}/XsdVersieDeclaratie")


@_against_323("TR376")
def tr376(bericht: wmo325.Bericht, sent: wmo323.Bericht) -> Iterator[Hit]:
    """The DeclaratieNummer is that of the declaration."""
    body = bericht.declaratie_antwoord
    if body is not None and body.declaratie_nummer != sent.declaratie.declaratie_nummer:
        yield Hit(f"{_ANTWOORD}/DeclaratieNummer", body.declaratie_nummer)


@_against_323("TR304")
def tr304(bericht: wmo325.Bericht, sent: wmo323.Bericht) -> Iterator[Hit]:
    """Every client of the answer is a client of the declaration."""
    known = {client.bsn for client in sent.declaratie.clienten}
    for path, client in _clients(bericht):
        if client.bsn not in known:
            yield Hit(f"{path}/Bsn")


@_against_323("TR366")
def tr366(bericht: wmo325.Bericht, sent: wmo323.Bericht) -> Iterator[Hit]:
    """Every returned line, by both reference numbers, is a line of the declaration (9366)."""
    known = {_key(p) for p in Declaratie.from_323(sent).prestaties}
    for path, p in _lines(bericht):
        if _key(p) not in known:
            yield Hit(f"{path}/ProductReferentie", p.referentie_nummer)


@_against_323("TR367")
def tr367(bericht: wmo325.Bericht, sent: wmo323.Bericht) -> Iterator[Hit]:
    """All other values of a returned line are those of the declaration (9367)."""
    known: dict[tuple[str, str | None], list[Prestatie]] = {}
    for p in Declaratie.from_323(sent).prestaties:
        known.setdefault(_key(p), []).append(p)
    for path, p in _lines(bericht):
        candidates = known.get(_key(p), ())
        if candidates and _values(p) not in [_values(c) for c in candidates]:
            yield Hit(path, p.referentie_nummer)


def goedgekeurd(sent: wmo323.Bericht, bericht: wmo325.Bericht) -> tuple[Prestatie, ...] | None:
    """The lines that an answer approves: those it does not return (4.5).

    None if the declaration as a whole was refused: then nothing was decided about lines.
    """
    body = bericht.declaratie_antwoord
    if bericht.header.retour_codes != (AKKOORD,) or body is None:
        return None
    if body.retour_codes not in ((AKKOORD,), (VOLLEDIG,)):
        return None
    returned = {(p.bsn, *_key(p)) for _, p in _lines(bericht)}
    return tuple(p for p in Declaratie.from_323(sent).prestaties if (p.bsn, *_key(p)) not in returned)


def _clients(bericht: wmo325.Bericht) -> Iterator[tuple[str, wmo325.Client]]:
    body = bericht.declaratie_antwoord
    for nr, client in enumerate(body.clienten if body else (), start=1):
        yield f"{_ANTWOORD}/Clienten/Client[{nr}]", client


def _lines(bericht: wmo325.Bericht) -> Iterator[tuple[str, Prestatie]]:
    for path, client in _clients(bericht):
        for nr, line in enumerate(client.prestaties, start=1):
            where = f"{path}/Prestaties/Prestatie[{nr}]"
            yield where, prestatie_uit(line, client.bsn, where)


def _key(p: Prestatie) -> tuple[str, str | None]:
    return p.referentie_nummer, p.vorig_referentie_nummer


def _values(p: Prestatie) -> tuple[object, ...]:
    return (*p.identity(), p.debet_credit)
