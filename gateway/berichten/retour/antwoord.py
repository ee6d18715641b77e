"""The answer to a message received: the return message that the standard prescribes, or a refusal."""

import base64
import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from gateway.berichten import codelijsten
from gateway.berichten.basis import XsdVersie
from gateway.berichten.building import build
from gateway.berichten.codelijsten import Codelijsten
from gateway.berichten.deel import Deel
from gateway.berichten.historie import Earlier, is_afkeuring, kenmerk, partijen, soort_van
from gateway.berichten.reading import Reading, read
from gateway.berichten.regels import Context, Hit, Regel, finding, hits
from gateway.berichten.regels.controle import met_regels
from gateway.berichten.regels.schema import nummers
from gateway.berichten.regels.tabel import RELEASE
from gateway.berichten.retour import opbouw
from gateway.berichten.schema_sets import Schemas, iwmo
from gateway.berichten.soort import Soort
from gateway.berichten.soorten import SOORTEN
from gateway.domain.findings import Finding

Oordeel = Literal["goedgekeurd", "afgekeurd", "onbeslist", "geweigerd"]

TECHNISCH = "0001"
_VERSIE = "1.0.0"  # of our schemas of the return messages: no other version of 3.2 is known
_GEEN_BRONNEN: Mapping[str, Any] = MappingProxyType({})
_LENGTE = 12  # most characters of an IdentificatieRetour


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer.

    - goedgekeurd: the return message is a header without codes;
    - afgekeurd: the return message says why; the message counts as not sent;
    - onbeslist: no fault was found, but not every rule could be judged (findings `unchecked`); the return message is
      the one of an approved message, and whoever sends it takes that upon himself;
    - geweigerd: there is no return message; the sender is told outside the messages (IV028, OP090x2).
    """

    oordeel: Oordeel
    soort: str | None = None  # of the return message: WMO306
    retour: Deel | None = None
    data: bytes | None = None  # the return message as XML
    findings: tuple[Finding, ...] = ()
    herhaling: bool = False  # the same message was answered before; this is that answer


def retour(
    data: bytes,
    *,
    today: dt.date,
    earlier: Earlier | None = None,
    own: Collection[str] = (),
    sources: Mapping[str, Any] = _GEEN_BRONNEN,
    schemas: Schemas | None = None,
    codelists: Codelijsten | None = None,
    identificatie: str | None = None,
    reading: Reading | None = None,
) -> Answer:
    """Judge a WMO301, 305, 307, 315, 317 or 319 on all four levels and make its return message (IV028, IV032).

    - `today`: the day of receipt; becomes DagtekeningRetour.
    - `earlier`, `sources`: what rules of level 3 and 4 look into. What is missing is not judged.
    - `codelists`: lists that `sources` does not name (gemeentecodes, productcodes, agb); without them the list of
      municipalities of the release is used, for the days that it covers.
    - `schemas`: iWmo 3.2 from a folder instead of ours. Messages are read and answers made with them; a message of
      another standard or release is refused, for there are no rules to judge it by.
    - `own`: the codes that this gateway answers for (gemeentecodes, AGB codes); empty: any.
    - `identificatie`: IdentificatieRetour, at most 12 characters; without it one is derived from the content, so that
      a repeat gets the same.
    - `reading`: what `read` made of `data`, if that was done before; the findings are then without their line.

    XsltVersie stays empty: no finding of ours comes from the official XSLT (IV028). Never raises for bad data; raises
    OngeldigBericht for an `identificatie` that is none.
    """
    gelezen = reading or read(data, schemas=schemas, numbers=nummers())
    if gelezen.bericht is None or gelezen.soort is None:
        return Answer(oordeel="geweigerd", findings=gelezen.findings)
    bericht, soort = gelezen.bericht, SOORTEN.get(gelezen.soort)
    if bezwaar := _vreemd(gelezen) if soort is None or gelezen.release != RELEASE else _bezwaar(bericht, soort, own):
        return Answer(oordeel="geweigerd", findings=(bezwaar,))
    if earlier is not None and (gegeven := _gegeven(bericht, earlier)) is not None:
        return _herhaling(gegeven, schemas)
    lijsten = codelists or codelijsten.standaard()
    bronnen = {**lijsten.bronnen(partijen(bericht).gemeente), **sources, "eigen": frozenset(own)}
    ctx = Context(today=today, earlier=earlier, codelists=lijsten, sources=bronnen, oddities=gelezen.oddities)
    antwoord = _antwoord(gelezen, ctx, today, identificatie or voorstel(bericht), schemas)
    if reading is not None:
        return antwoord
    return msgspec.structs.replace(antwoord, findings=tuple(met_regels(list(antwoord.findings), data, schemas)))


def voorstel(bericht: Deel) -> str:
    """An IdentificatieRetour made from the content of the message: the same for a repeat, another for any other."""
    vinger = hashlib.sha256(msgspec.json.encode(bericht)).digest()
    return "R" + base64.b32encode(vinger).decode("ascii")[: _LENGTE - 1]


def _vreemd(gelezen: Reading) -> Finding:
    return Finding(
        code="IV028",
        severity="error",
        message=f"Een {gelezen.soort} van release {gelezen.release} valt buiten de regels van iWmo {RELEASE}.",
        advice="Beoordeel het bericht met de voorziening voor die standaard of release.",
    )


def _bezwaar(bericht: Any, soort: Soort, own: Collection[str]) -> Finding | None:
    """Why there can be no return message at all."""
    if soort.is_retour:
        return Finding(
            code="IV028",
            severity="error",
            message=f"Een {soort.soort} is zelf een antwoord; daarop volgt geen retourbericht.",
            advice="Verwerk het als antwoord op het bericht dat u stuurde.",
        )
    if soort.retour == "WMO325":
        return Finding(
            code="IV087",
            severity="error",
            message=f"Een {soort.soort} wordt beantwoord met een {soort.retour}, niet met een retourbericht.",
            advice="Beoordeel de declaratie met: gateway declaratie check.",
        )
    if own and soort.ontvanger == "aanbieder" and bericht.header.ontvanger not in own:
        return Finding(
            code="OP090x2",
            severity="error",
            message="Het bericht is voor een andere aanbieder bestemd.",
            advice="Meld de afzender buiten het berichtenverkeer dat het bericht verkeerd is bezorgd.",
            path="/Bericht/Header/Ontvanger",
            value=bericht.header.ontvanger,
        )
    return None


def _gegeven(bericht: Deel, earlier: Earlier) -> Any | None:
    """The answer that this very message got before."""
    naam = kenmerk(bericht)
    return earlier.retour(naam) if earlier.bericht(naam) == bericht else None


def _herhaling(gegeven: Any, schemas: Schemas | None) -> Answer:
    return Answer(
        oordeel="afgekeurd" if is_afkeuring(gegeven) else "goedgekeurd",
        soort=soort_van(gegeven),
        retour=gegeven,
        data=build(gegeven, schemas=schemas),
        herhaling=True,
    )


def _antwoord(gelezen: Reading, ctx: Context, today: dt.date, identificatie: str, schemas: Schemas | None) -> Answer:
    bericht, heen = gelezen.bericht, str(gelezen.soort)
    soort = SOORTEN[str(SOORTEN[heen].retour)]
    alle = _overtredingen(bericht, heen, ctx)
    fouten = [(rij, hit) for rij, hit in alle if hit.bron is None]
    with_answers = schemas if schemas is not None and schemas.by_soort(soort.soort, RELEASE) else iwmo()
    antwoord = _bericht(bericht, soort, _model(soort, with_answers), fouten, today, identificatie)
    return Answer(
        oordeel="afgekeurd" if fouten else "onbeslist" if alle else "goedgekeurd",
        soort=soort.soort,
        retour=antwoord,
        data=build(antwoord, schemas=with_answers),
        findings=tuple(finding(rij, hit) for rij, hit in alle),
    )


def _overtredingen(bericht: Any, heen: str, ctx: Context) -> list[tuple[Regel, Hit]]:
    """Levels 3 and 4 are judged only when level 2 is without fault; a fault in the header ends it there (IV028)."""
    technisch = list(hits(bericht, ctx, heen, (2,)))
    if any(hit.bron is None for _, hit in technisch):
        return technisch
    return technisch + list(hits(bericht, ctx, heen, (3, 4)))


def _bericht(
    bericht: Any, soort: Soort, model: type[Deel], fouten: list[tuple[Regel, Hit]], today: dt.date, identificatie: str
) -> Deel:
    (header_veld, body_veld) = opbouw.velden(model)
    codes = opbouw.codes_per_klasse(((hit.path, rij.retourcode or TECHNISCH) for rij, hit in fouten), model)
    if any(rij.level == 2 for rij, _ in fouten):
        codes = {opbouw.HEADER: (TECHNISCH,)}
    in_body = bool(codes) and opbouw.HEADER not in codes
    assert header_veld.klasse is not None
    assert body_veld.klasse is not None
    header = opbouw.header(
        bericht.header,
        header_veld.klasse,
        bericht_code=soort.bericht_code,
        identificatie_retour=identificatie,
        dagtekening_retour=today,
        xsd_versie_retour=XsdVersie(basisschema_xsd_versie=_VERSIE, bericht_xsd_versie=_VERSIE),
        retour_codes=codes.get(opbouw.HEADER, (opbouw.GEEN_OPMERKING,) if in_body else ()),
    )
    if not in_body:
        return model(header=header)
    body = getattr(bericht, body_veld.naam)
    met_codes = opbouw.met_codes(body, body_veld.klasse, codes, f"/Bericht/{body_veld.element}")
    return model(header=header, **{body_veld.naam: met_codes})


def _model(soort: Soort, schemas: Schemas) -> type[Deel]:
    bericht = schemas.by_soort(soort.soort, RELEASE)
    assert bericht is not None
    return bericht.model
