"""Plans between two gateways, as JSON (PL-13, PL-40, SM-130)."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plans import voorbeeld
from gateway.plans.digest import canoniek, inhoud_sha256, sha256_van
from gateway.plans.exchange import lees_uitwisseling, maak_retour, maak_uitvraag
from gateway.plans.formaat import Formaat
from gateway.plans.model import ArrangementRegel, GeenHandtekening, Ondersteuningsplan, Traject
from gateway.plans.paths import put
from gateway.plans.uitvraag import gemeentedeel, met_eigen_gemeentedeel, vergelijk_gemeentedeel


def codes(findings: list[Any]) -> list[str]:
    return [f.code for f in findings]


@pytest.fixture
def zoek(formaat: Formaat):
    return lambda naam, versie: formaat if (naam, versie) == ("mlo-2018", 1) else None


@pytest.fixture
def uitvraag_bytes(deel: Ondersteuningsplan, formaat: Formaat, dagen: voorbeeld.Dagen, traject: Traject) -> bytes:
    return maak_uitvraag(
        deel, formaat, verzonden_op=voorbeeld.moment(dagen.uitvraag), bijlagen=traject.uitvraag[0].bijlage
    )


@pytest.fixture
def retour_bytes(plan: Ondersteuningsplan, formaat: Formaat, dagen: voorbeeld.Dagen) -> bytes:
    return maak_retour(plan, formaat, verzonden_op=voorbeeld.moment(dagen.plan))


def changed(source: bytes, **values: Any) -> bytes:
    return json.dumps({**json.loads(source), **values}).encode()


def test_an_uitvraag_arrives_as_it_was_sent(uitvraag_bytes: bytes, deel: Ondersteuningsplan, zoek) -> None:
    """The provider sees the municipal part, who sends it and to whom."""
    message, findings = lees_uitwisseling(uitvraag_bytes, zoek)

    assert findings == []
    assert message is not None
    assert message.plan == deel
    assert (message.soort, message.afzender.code, message.ontvanger.code) == ("uitvraag", "0957", "12345678")
    assert message.bijlage[0].naam == "onderzoeksverslag.pdf"


def test_an_uitvraag_holds_the_fields_of_the_format_and_nothing_else(uitvraag_bytes: bytes) -> None:
    """PL-40: nothing of melding, onderzoek, the other performer or the person who added the attachment."""
    text = uitvraag_bytes.decode()
    client = json.loads(text)["plan"]["client"]

    assert "De Linde" not in text
    assert "de Wit" not in text
    assert "melding" not in text
    assert set(client) == {
        "bsn",
        "achternaam",
        "voorvoegsel",
        "voorletters",
        "geboortedatum",
        "geslacht",
        "straatnaam",
        "huisnummer",
        "huisletter",
        "postcode",
        "plaatsnaam",
        "telefoonnummer",
    }


def test_a_retour_carries_version_signatures_and_the_concept_shown(
    retour_bytes: bytes, plan: Ondersteuningsplan, zoek
) -> None:
    """PL-22, PL-44: what was signed and what the client said travel with the plan."""
    message, findings = lees_uitwisseling(retour_bytes, zoek)

    assert findings == []
    assert message is not None
    assert message.afzender.code == "12345678"
    assert message.sha256 == inhoud_sha256(plan) == inhoud_sha256(message.plan)
    assert message.plan.handtekening == plan.handtekening
    assert message.concept_gedeeld == plan.concept_gedeeld
    assert message.plan.resultaat == plan.resultaat


def test_equal_content_has_one_hash_whatever_its_form(plan: Ondersteuningsplan) -> None:
    """Plan 5.8: canonical JSON; signatures, status and receipt do not count, every other field does."""
    later = msgspec.structs.replace(
        plan, status="ingediend", sha256="x", ontvangen_op=voorbeeld.moment(plan.datum_plan)
    )

    assert inhoud_sha256(later) == inhoud_sha256(plan)
    assert inhoud_sha256(put(plan, "resultaat.1.toelichting", "anders")) != inhoud_sha256(plan)
    assert inhoud_sha256(put(plan, "client.huisnummer", 13)) != inhoud_sha256(plan)
    assert canoniek({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
    assert sha256_van({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"schema": "iets/2"}, "SCHEMA_ONBEKEND"),
        ({"planId": "een-ander"}, "PLAN_ONGELIJK"),
        ({"versie": 2}, "PLAN_ONGELIJK"),
        ({"formaat": {"id": "mlo-2018", "versie": 2}}, "PLAN_ONGELIJK"),
        ({"formaat": {"id": "elders", "versie": 1}}, "FORMAAT_ONBEKEND"),
        ({"afzender": {"soort": "gemeente", "code": "0363"}}, "AFZENDER_ONGELIJK"),
        ({"afzender": {"soort": "aanbieder", "code": "0957"}}, "AFZENDER_ONGELIJK"),
        ({"ontvanger": {"soort": "aanbieder", "code": "87654321"}}, "ONTVANGER_ONGELIJK"),
        ({"sha256": "0" * 64}, "HASH_ONGELIJK"),
        ({"kleur": "rood"}, "ONBEKEND_VELD"),
        ({"soort": "groet"}, "veldgrenzen"),
        ({"verzondenOp": "gisteren"}, "veldgrenzen"),
    ],
)
def test_an_envelope_that_says_otherwise_is_a_finding(uitvraag_bytes: bytes, values: Any, code: str, zoek) -> None:
    """SM-130 needs sender and receiver to be those of the plan; PL-11 a known format."""
    _, findings = lees_uitwisseling(changed(uitvraag_bytes, **values), zoek)

    assert code in codes(findings)


def test_a_gemeente_cannot_send_a_retour_in_a_provider_s_name(retour_bytes: bytes, zoek) -> None:
    """The direction follows the kind."""
    raw = json.loads(retour_bytes)

    _, findings = lees_uitwisseling(changed(retour_bytes, afzender=raw["ontvanger"], ontvanger=raw["afzender"]), zoek)

    assert {"AFZENDER_ONGELIJK", "ONTVANGER_ONGELIJK"} <= set(codes(findings))


def test_fields_outside_the_format_are_kept_out_and_reported(
    traject: Traject, formaat: Formaat, dagen: voorbeeld.Dagen, zoek, uitvraag_bytes: bytes
) -> None:
    """PL-40 on the way in: what should not have been sent is not taken over."""
    raw = json.loads(uitvraag_bytes)
    raw["plan"]["client"]["partnernaam"] = "Bakker"
    raw["plan"]["opsteller"] = {"naamFunctie": "iemand"}

    message, findings = lees_uitwisseling(json.dumps(raw).encode(), zoek)

    assert message is not None
    assert message.plan.client.partnernaam is None
    assert message.plan.opsteller.naam_functie is None
    assert {"ONBEKEND_VELD", "HASH_ONGELIJK"} == set(codes(findings))


def test_every_wrong_value_is_named_with_its_path_and_the_rest_is_read(retour_bytes: bytes, zoek) -> None:
    """A plan with faults goes back with the whole list (event 19)."""
    raw = json.loads(retour_bytes)
    raw["plan"]["resultaat"][1]["urenPerWeek"] = "veel"
    raw["plan"]["samenvatting"]["begeleidingGroep"]["start"] = "1 mei"

    message, findings = lees_uitwisseling(json.dumps(raw).encode(), zoek)

    assert message is not None
    assert message.plan.opsteller.contactpersoon == "P. Jansen 0475-654321"
    assert [f.path for f in findings if f.code == "veldgrenzen"] == [
        "resultaat.2.uren_per_week",
        "samenvatting.begeleiding_groep.start",
    ]


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b" " * 2_000_001,
        b'{"a":1e9999999}',
    ],
)
def test_what_is_no_message_is_one_finding(source: bytes, zoek) -> None:
    """Untrusted bytes never raise and never fill the memory."""
    message, findings = lees_uitwisseling(source, zoek)

    assert message is None
    assert findings


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_change_in_a_message_makes_the_reader_raise(
    data: st.DataObject, formaat: Formaat, plan: Ondersteuningsplan
) -> None:
    """Any one value replaced by any other: a message or findings, never an exception."""
    raw = json.loads(maak_retour(plan, formaat, verzonden_op=voorbeeld.moment(plan.datum_plan)))
    node: Any = raw
    while isinstance(node, dict | list) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
            node[key] = data.draw(st.none() | st.integers() | st.text(max_size=8) | st.just([]) | st.just({}))
            break
        node = node[key]

    message, findings = lees_uitwisseling(json.dumps(raw).encode(), lambda naam, versie: formaat)

    assert message is not None or findings


def test_the_municipal_part_comes_back_unchanged(
    deel: Ondersteuningsplan, plan: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PL-13: nothing to report when the provider wrote in its own part only."""
    assert vergelijk_gemeentedeel(deel, plan, formaat) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("client.huisnummer", 14),
        ("client.achternaam", "Anders"),
        ("client.bsn", "999900018"),
        ("arrangement.1.richting", "stabiliteit"),
        ("retouradres", "ander@adres.example"),
        ("aanbieder.mobiel", None),
    ],
)
def test_a_changed_municipal_field_is_reported_and_ignored(
    path: str, value: Any, deel: Ondersteuningsplan, plan: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PL-13: GEMEENTEDEEL_GEWIJZIGD with the path, no value; the municipality's own record is used."""
    back = put(plan, path, value)

    findings = vergelijk_gemeentedeel(deel, back, formaat)

    assert [(f.code, f.path, f.value) for f in findings] == [("GEMEENTEDEEL_GEWIJZIGD", path, None)]
    assert met_eigen_gemeentedeel(deel, back) == plan


def test_a_line_added_or_taken_away_is_reported(
    deel: Ondersteuningsplan, plan: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PL-13: the number of arrangement lines is the municipality's too."""
    more = msgspec.structs.replace(plan, arrangement=(*plan.arrangement, ArrangementRegel(resultaat="1.b")))
    less = msgspec.structs.replace(plan, arrangement=plan.arrangement[:2])

    assert [f.path for f in vergelijk_gemeentedeel(deel, more, formaat)] == ["arrangement.4.resultaat"]
    assert {f.path for f in vergelijk_gemeentedeel(deel, less, formaat)} == {
        "arrangement.3.resultaat",
        "arrangement.3.richting",
        "arrangement.3.toedeling",
    }


def test_space_around_text_is_no_change(deel: Ondersteuningsplan, plan: Ondersteuningsplan, formaat: Formaat) -> None:
    """A form adds space; that is not the provider's hand."""
    assert vergelijk_gemeentedeel(deel, put(plan, "aanbieder.naam", " Stichting Zorg  & Zoë "), formaat) == []


def test_parts_filled_on_screen_only_do_not_travel(plan: Ondersteuningsplan, formaat: Formaat, zoek) -> None:
    """Plan 5.8: reden and wijze_afstemming are joined into the explanation before."""
    screen = GeenHandtekening(toelichting="x" * 20, reden="kan niet schrijven", wijze_afstemming="voorgelezen")
    source = maak_retour(
        msgspec.structs.replace(plan, geen_handtekening=screen), formaat, verzonden_op=voorbeeld.moment(plan.datum_plan)
    )

    message, findings = lees_uitwisseling(source, zoek)

    assert findings == []
    assert message is not None
    assert message.plan.geen_handtekening == GeenHandtekening(toelichting="x" * 20)


def test_an_empty_case_gives_an_empty_part_not_a_crash(
    formaat: Formaat, dagen: voorbeeld.Dagen, traject: Traject
) -> None:
    """A draft may be incomplete: the checks say so, the building does not."""
    bare = msgspec.structs.replace(
        traject.uitvraag[0], aanbieder=type(traject.uitvraag[0].aanbieder)(), onderzoeksverslag_meegezonden=None
    )

    part = gemeentedeel(
        msgspec.structs.replace(traject, arrangement=(ArrangementRegel(),)), bare, formaat, dagen.uitvraag
    )

    assert part.arrangement == (ArrangementRegel(),)
    assert part.aanbieder.agb is None
