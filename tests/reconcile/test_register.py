"""The rules about declarations in the register, and the checks on a received WMO325 (4.5)."""

from datetime import date

import msgspec
import pytest

from gateway.berichten import basis, wmo325
from gateway.berichten.historie import History
from gateway.berichten.regels import Context, hits, registraties, rules
from gateway.reconcile import register
from gateway.reconcile.ontvangen_antwoord import goedgekeurd
from gateway.reconcile.register import Voorkennis
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, bericht, regel

RN200 = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)
RN201 = regel("RN201", 20076, "06/06A01", "2025-08", 41, "04", 205000)
MESSAGE = bericht((B1, [RN200, RN201]))
SOURCES = {"declaraties": Voorkennis(ref.stand(), ref.CONTRACT, date(2025, 9, 5))}


def _codes(message: object, ctx: Context, soort: str, levels: tuple[int, ...] = (3, 4)) -> list[tuple[str, str]]:
    """Rules with a hit of this room, with the places."""
    return [(rule.code, hit.path) for rule, hit in hits(message, ctx, soort, levels) if _is_own(rule.code, soort)]


def _is_own(code: str, soort: str) -> bool:
    return any(soort in r.berichten and r.where.startswith(str(register.__package__)) for r in registraties(code))


def test_every_rule_about_declarations_has_a_place() -> None:
    """1.4.3: all technical rules of WMO323 and WMO325 are implemented somewhere."""
    planned = [
        rule.code for soort in ("WMO323", "WMO325") for rule in rules(soort, "TR") if rule.status != "implemented"
    ]

    assert planned == []


def test_the_register_shows_where_a_rule_is_decided() -> None:
    """`gateway regels`: the function named after the rule, not the bridge to it."""
    where = {rule.code: rule.where for rule in rules("WMO323", "TR")}

    assert where["TR321"] == "gateway.reconcile.regels_prestatie:tr321"
    assert where["TR333"] == "gateway.reconcile.regels_declaratie:tr333"


def test_a_declaration_is_judged_with_foreknowledge() -> None:
    """Levels 3 and 4: the same hits as assessing it."""
    found = _codes(MESSAGE, Context(today=date(2025, 9, 5), sources=SOURCES), "WMO323")

    path = "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[2]/IngediendBedrag/Bedrag"
    assert found == [("TR369", path)]


def test_without_foreknowledge_nothing_is_concluded() -> None:
    """A missing source is never good and never an error."""
    found = [hit for rule, hit in hits(MESSAGE, Context(), "WMO323", (3,)) if rule.code == "TR369"]

    assert [hit.bron for hit in found] == ["de toewijzingen en eerdere declaraties"]


# 4.5 -----------------------------------------------------------------------------------------------------------------


def _answer() -> wmo325.Bericht:
    return ref.antwoord_op(MESSAGE, ref.stand(), "2025-09-12")


def _judge(answer: wmo325.Bericht) -> list[str]:
    return [code for code, _ in _codes(answer, Context(earlier=History.of([MESSAGE])), "WMO325")]


def test_our_own_answer_is_good() -> None:
    """4.5 as a self-test: a 325 of this gateway passes every check, those of level 2 too."""
    answer = _answer()

    assert _judge(answer) == []
    assert [rule.code for rule, _ in hits(answer, Context(today=date(2025, 9, 12)), "WMO325", (2,))] == []


def _changed(answer: wmo325.Bericht, **line: object) -> wmo325.Bericht:
    body = answer.declaratie_antwoord
    assert body is not None
    (client,) = body.clienten
    changed = msgspec.structs.replace(client.prestaties[0], **line)
    client = msgspec.structs.replace(client, prestaties=(changed,))
    return msgspec.structs.replace(answer, declaratie_antwoord=msgspec.structs.replace(body, clienten=(client,)))


def _header(answer: wmo325.Bericht, **header: object) -> wmo325.Bericht:
    return msgspec.structs.replace(answer, header=msgspec.structs.replace(answer.header, **header))


@pytest.mark.parametrize(
    ("dagtekening", "identificatie", "codes"),
    [
        ("2025-09-05", "M20250906A", ["TR337"]),
        ("2025-09-06", "M20250905A", ["TR337"]),
    ],
)
def test_tr337_both_parts_of_the_identification(dagtekening: str, identificatie: str, codes: list[str]) -> None:
    """4.5 TR337; an unknown declaration leaves the other checks nothing to compare with."""
    of = basis.BerichtIdentificatie(identificatie=identificatie, dagtekening=date.fromisoformat(dagtekening))

    assert _judge(_header(_answer(), declaratie_identificatie=of)) == codes


def test_tr371_schema_versions_of_the_declaration() -> None:
    """4.5 TR371: 1.0.1 where the declaration said 1.0.0."""
    other = basis.XsdVersie(basisschema_xsd_versie="1.0.0", bericht_xsd_versie="1.0.1")

    assert _judge(_header(_answer(), xsd_versie_declaratie=other)) == ["TR371"]


def test_tr376_declaration_number() -> None:
    """4.5 TR376: D202508B."""
    answer = _answer()
    body = answer.declaratie_antwoord
    assert body is not None

    changed = msgspec.structs.replace(body, declaratie_nummer="D202508B")

    assert _judge(msgspec.structs.replace(answer, declaratie_antwoord=changed)) == ["TR376"]


def test_tr304_client_of_the_declaration() -> None:
    """4.5 TR304: a Bsn that was not declared; its line is not that client's either (TR367)."""
    answer = _answer()
    body = answer.declaratie_antwoord
    assert body is not None
    (client,) = body.clienten

    other = msgspec.structs.replace(body, clienten=(msgspec.structs.replace(client, bsn=ref.ONBEKEND),))

    assert _judge(msgspec.structs.replace(answer, declaratie_antwoord=other)) == ["TR304", "TR367"]


def test_tr366_and_tr367_returned_lines() -> None:
    """4.5: reference RN999 (9366); another amount (9367)."""
    unknown = _changed(_answer(), product_referentie=basis.Referentie(referentie_nummer="RN999"))
    amount = _changed(_answer(), ingediend_bedrag=basis.BedragMetDC(bedrag=200000, debet_credit="D"))

    assert _judge(unknown) == ["TR366"]
    assert _judge(amount) == ["TR367"]


def test_without_the_declaration_an_answer_is_not_judged() -> None:
    """A missing source: not checked."""
    found = [hit for rule, hit in hits(_answer(), Context(), "WMO325", (3,)) if rule.code in ("TR337", "TR366")]

    assert [hit.bron for hit in found] == ["de verzonden declaratie"] * 2


def test_the_receiver_derives_the_approved_lines() -> None:
    """4.5: what is not returned is approved, unless the declaration was refused as a whole."""
    refused = ref.antwoord_op(bericht((B1, [RN200]), nummer="D202507A"), ref.stand(), "2025-09-12")
    header = ref.antwoord_op(bericht((B2, [RN200]), identificatie="M20250805A"), ref.stand(), "2025-09-12")

    approved = goedgekeurd(MESSAGE, _answer())

    assert approved is not None
    assert [p.referentie_nummer for p in approved] == ["RN200"]
    assert goedgekeurd(MESSAGE, refused) is None
    assert goedgekeurd(MESSAGE, header) is None
