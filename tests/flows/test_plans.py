"""Plans that go out and come in: what refuses them, what they change, and what is kept for a person."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.demo import material, story
from gateway.flows import drafting, plan_out
from gateway.flows.cases import (
    DOCUMENT,
    Document,
    get_uitvraag,
    happen,
    occurrence,
    open_traject,
    save,
    trajecten,
    uitvragen,
)
from gateway.flows.dispatch import Refused
from gateway.flows.parties import add_partner, partner
from gateway.plans import maak_retour, maak_uitvraag, voorbeeld
from gateway.plans.digest import inhoud_sha256
from gateway.plans.model import Deelmoment, Ondersteuningsplan, OntvangenUitvraag, Traject
from gateway.plans.signing import teken
from gateway.securemail import Attachment
from gateway.store import Unit

from .conftest import PDF, Pair, plan_part

PLAN_ID = voorbeeld.PLAN_ID
UNSIGNED = "aanbieder_getekend, client_getekend_of_reden"
REPORT = Document(naam="onderzoeksverslag.pdf", mediatype="application/pdf", inhoud=PDF + b"%verslag\n")


def case_with(**changes: Any) -> Traject:
    """The example's case with the report described as it is, and some fields changed."""
    described = voorbeeld.verslag(material.DAGEN, omvang_bytes=len(REPORT.inhoud), sha256=REPORT.sha256)
    return msgspec.structs.replace(voorbeeld.traject(material.DAGEN, described), **changes)


def ask(pair: Pair, traject: Traject, documents: tuple[Document, ...] = (REPORT,)) -> list[str]:
    """Dispatch the plan of a case; the codes of what refused it. Nothing may be left of a refusal."""
    us = pair.gemeente.us
    pair.clock.advance_to(story.at(story.DAYS.uitvraag))
    try:
        with pair.gemeente.store.unit(now=pair.clock(), actor="K. de Wit") as unit:
            open_traject(unit, us, traject, *material.so_far(unit))
            plan_out.dispatch_plan(unit, us, traject.id, documents)
    except Refused as refused:
        assert pair.outgoing("gemeente") == []
        assert pair.traject() is None
        return sorted({f.code for f in refused.findings if f.severity == "error"})
    return []


def traject_of(pair: Pair) -> Traject:
    found = pair.traject()
    assert found is not None
    return found


def uitvraag_of(pair: Pair) -> OntvangenUitvraag:
    found = pair.uitvraag()
    assert found is not None
    return found


def events(pair: Pair, role: str = "gemeente") -> list[str]:
    """The log of the case."""
    with pair.apps[role].store.view(now=pair.clock()) as view:
        if role == "gemeente":
            return [e.soort for e in view.records.events("traject", traject_of(pair).id)]
        return [e.soort for e in view.records.events("uitvraag", PLAN_ID)]


# --- out


def test_a_complete_case_is_dispatched_with_what_event_5_keeps(pair: Pair) -> None:
    """PL-12, PL-36: what was sent stays as it was sent, with its hash; the log has every step since the melding."""
    assert ask(pair, case_with()) == []

    traject = traject_of(pair)
    uitvraag = traject.uitvraag[0]
    assert traject.toestand == "uitgevraagd"
    assert uitvraag.momentopname is not None
    assert uitvraag.sha256 == inhoud_sha256(uitvraag.momentopname)
    assert [t.soort for t in traject.termijn] == ["plan_gereed"]
    assert [g.soort for g in traject.gebeurtenis] == events(pair)
    assert [g.nr for g in traject.gebeurtenis] == [1, 2, 3, 4, 5]
    assert pair.outgoing("gemeente") == ["plan"]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"voorkeur_client": None}, ["PL-49"]),
        ({"voorkeur_client": "87654321"}, ["KEUZE_NIET_GEVOLGD"]),
        ({"uitvraag": ()}, ["PL-12"]),
    ],
    ids=["no-choice-recorded", "another-provider-than-chosen", "no-uitvraag"],
)
def test_a_case_that_misses_something_is_not_dispatched(pair: Pair, change: dict[str, Any], codes: list[str]) -> None:
    """PL-12, PL-49, PL-51: refused with every reason; no case, no mail."""
    assert set(codes) <= set(ask(pair, case_with(**change)))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("proportioneel_beoordeeld_door", None, "PL-40"),
        ("grondslag", None, "PL-36"),
        ("kanaal", "email", "KANAAL_NIET_BEVEILIGD"),
        ("onderzoeksverslag_meegezonden", "nee", "PL-35"),
        ("formaat_versie", 2, "FORMAAT_ONBEKEND"),
        ("retouradres", None, None),
    ],
)
def test_an_uitvraag_that_misses_something_is_not_dispatched(
    pair: Pair, field: str, value: Any, code: str | None
) -> None:
    """PL-11, PL-12, PL-35, PL-36, PL-40, PL-42."""
    whole = case_with()
    uitvraag = msgspec.structs.replace(whole.uitvraag[0], **{field: value})
    codes = ask(pair, msgspec.structs.replace(whole, uitvraag=(uitvraag,)))

    assert code in codes if code else codes


def test_a_client_who_was_not_told_stops_the_case_before_the_uitvraag(pair: Pair) -> None:
    """PL-39: no exchange without having informed the client."""
    whole = case_with()
    onderzoek = msgspec.structs.replace(whole.onderzoek, geinformeerd_op=None)
    assert ask(pair, msgspec.structs.replace(whole, onderzoek=onderzoek)) == ["CLIENT_NIET_GEINFORMEERD"]


def test_an_attachment_that_is_not_there_is_not_promised(pair: Pair) -> None:
    """PL-34: what the uitvraag names travels along."""
    assert ask(pair, case_with(), ()) == ["BIJLAGE_ONTBREEKT"]


def test_a_provider_without_contract_gets_no_uitvraag(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """PL-50."""
    monkeypatch.setattr(pair.gemeente.us, "products", ())
    assert ask(pair, case_with()) == ["GEEN_CONTRACT"]


def test_a_provider_that_is_no_partner_gets_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """PL-36: with a contract, but nobody we exchange with."""
    other = "87654321"
    us, whole = pair.gemeente.us, case_with(voorkeur_client="87654321")
    monkeypatch.setattr(us, "products", tuple(msgspec.structs.replace(r, aanbieder=other) for r in us.products))
    aanbieder = msgspec.structs.replace(whole.uitvraag[0].aanbieder, agb=other)
    uitvraag = msgspec.structs.replace(whole.uitvraag[0], aanbieder=aanbieder)
    assert ask(pair, msgspec.structs.replace(whole, uitvraag=(uitvraag,))) == ["PL-36"]


def test_for_a_partner_without_usable_certificate_the_plan_waits_and_not_a_byte_of_it_leaves(pair: Pair) -> None:
    """SM-3, SM-116: nothing weaker than agreed is ever sent; nothing of the work is lost."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        record = partner(unit, story.voorbeeld.AANBIEDER)
        assert record is not None
        add_partner(unit, msgspec.structs.replace(record, certificates=()))
    assert ask(pair, case_with()) == []
    pair.send("gemeente")
    assert [(item.state, item.attempts) for item in pair.sent("gemeente", "plan")] == [("held", 0)]
    assert list((pair.folder / "post-aanbieder").glob("*.eml")) == []


def test_a_dispatched_plan_is_not_dispatched_again(delivered: Pair) -> None:
    """Plan 7.3: the table lists event 5 in one state only."""
    us = delivered.gemeente.us
    before = delivered.outgoing("gemeente")
    with (
        pytest.raises(Refused) as refused,
        delivered.gemeente.store.unit(now=delivered.clock(), actor="K. de Wit") as unit,
    ):
        plan_out.dispatch_plan(unit, us, traject_of(delivered).id, [REPORT])
    assert [f.code for f in refused.value.findings] == ["TOESTAND"]
    assert delivered.outgoing("gemeente") == before


def test_the_receipt_of_the_dispatch_is_the_delivery_of_the_uitvraag(delivered: Pair) -> None:
    """Event 6 on both sides: bezorgd_op here, a case in ontvangen there."""
    assert traject_of(delivered).uitvraag[0].bezorgd_op is not None
    uitvraag = uitvraag_of(delivered)
    assert uitvraag.toestand == "ontvangen"
    assert [g.soort for g in uitvraag.gebeurtenis] == ["uitvraag_bezorgd"]
    assert uitvraag.gebeurtenis[0].bericht_id == delivered.sent("gemeente", "plan")[0].message_id
    assert uitvraag.plan == ()


# --- drawing up


def work(pair: Pair, act: Callable[[Unit, Any], Any]) -> Any:
    """One act of the provider."""
    us = pair.aanbieder.us
    with pair.aanbieder.store.unit(now=pair.clock(), actor="P. Jansen") as unit:
        return act(unit, us)


def test_an_empty_plan_cannot_be_finished_signed_or_returned(delivered: Pair) -> None:
    """PL-16, PL-19, PL-22: everything that is missing, at once; a signature needs a version to stand under."""
    first = work(delivered, lambda unit, us: drafting.begin(unit, us, PLAN_ID))
    assert (first.versie, first.status, len(first.resultaat)) == (1, "concept", 2)
    with pytest.raises(Refused) as refused:
        work(delivered, lambda unit, us: drafting.finish(unit, us, PLAN_ID))
    assert len(refused.value.findings) > 3
    for act in (
        lambda unit, us: drafting.sign(unit, us, PLAN_ID, "client", naam="x", op=story.DAYS.plan, wijze="papier_scan"),
        lambda unit, us: plan_out.return_plan(unit, us, PLAN_ID),
    ):
        with pytest.raises(Refused) as refused:
            work(delivered, act)
        assert [f.code for f in refused.value.findings] == ["TOESTAND"]
    assert delivered.sent("aanbieder", "plan") == []


def test_a_draft_keeps_the_municipal_part_as_it_was_received(delivered: Pair) -> None:
    """PL-13: what a provider writes there is not kept."""
    work(delivered, lambda unit, us: drafting.begin(unit, us, PLAN_ID))
    asked_for = uitvraag_of(delivered).uitvraag
    other = msgspec.structs.replace(
        asked_for, retouradres="elders@example.org", client=msgspec.structs.replace(asked_for.client, plaatsnaam="X")
    )
    kept = work(delivered, lambda unit, us: drafting.fill_in(unit, PLAN_ID, other))
    assert (kept.retouradres, kept.client) == (asked_for.retouradres, asked_for.client)


def test_nothing_can_be_drafted_before_it_is_begun_or_after_it_is_finished(delivered: Pair) -> None:
    """Plan 7.2: the states of the provider."""
    moment = Deelmoment(op=story.DAYS.plan, door="aanbieder", wijze="gesprek", reactie="akkoord")
    plan = uitvraag_of(delivered).uitvraag
    for code, act in (
        ("TOESTAND", lambda unit, us: drafting.fill_in(unit, PLAN_ID, plan)),
        ("PL-16", lambda unit, us: drafting.share(unit, us, PLAN_ID, moment)),
    ):
        with pytest.raises(Refused) as refused:
            work(delivered, act)
        assert [f.code for f in refused.value.findings] == [code]


def test_an_unknown_request_is_said_so(pair: Pair) -> None:
    """There is no case with this code."""
    with pytest.raises(Refused) as refused:
        work(pair, lambda unit, us: drafting.begin(unit, us, PLAN_ID))
    assert [f.code for f in refused.value.findings] == ["ONBEKEND"]


def test_the_log_of_the_provider_has_every_step(asked: Pair) -> None:
    """Events 6, 10, 12, 13 and 15, each once."""
    assert events(asked, "aanbieder") == [
        "uitvraag_bezorgd",
        "opstelling_begonnen",
        "concept_gedeeld",
        "plan_gereed",
        "aanbieder_getekend",
        "client_getekend",
    ]


# --- in


def returned(pair: Pair, **changes: Any) -> Ondersteuningsplan:
    """The plan that both signed, with changes in it and signed anew."""
    plan = msgspec.structs.replace(uitvraag_of(pair).plan[-1], status="ingediend", **changes)
    plan = teken(plan, "aanbieder", naam="P. Jansen", op=pair.clock(), wijze="portaal")
    return teken(plan, "client", naam="M.", op=pair.clock().date(), wijze="papier_scan")


def mail_of(pair: Pair, plan: Ondersteuningsplan, in_reply_to: str | None = None) -> bytes:
    """The return as the provider's gateway would seal it."""
    content = maak_retour(plan, pair.aanbieder.us.formaat, verzonden_op=pair.clock())
    return pair.seal("aanbieder", plan_part(content), in_reply_to=in_reply_to).raw


def dispatch_id(pair: Pair) -> str:
    return pair.sent("gemeente", "plan")[0].message_id


def test_a_returned_plan_is_taken_in_compared_and_ready_to_be_weighed(asked: Pair) -> None:
    """Events 17 and 20, in one transaction with the version that is immutable from here."""
    item = asked.take_in("gemeente", mail_of(asked, returned(asked), dispatch_id(asked)))

    traject = traject_of(asked)
    assert (item.state, traject.toestand) == ("handled", "in_beoordeling")
    assert [(p.versie, p.status, p.ontvangen_als) for p in traject.plan] == [(1, "ingediend", "gateway")]
    assert traject.plan[0].sha256 == inhoud_sha256(traject.plan[0])
    assert traject.plan[0].concept_gedeeld[0].reactie == "akkoord"
    assert events(asked)[-2:] == ["plan_ingediend", "plan_aanvaard"]
    assert asked.receipts("gemeente") == ["processed"]


def test_without_in_reply_to_the_code_of_the_plan_decides(asked: Pair) -> None:
    """Secure-mail 8.2: a mail program may have dropped it."""
    assert asked.take_in("gemeente", mail_of(asked, returned(asked))).state == "handled"


def test_in_reply_to_another_message_is_a_contradiction(asked: Pair) -> None:
    """Secure-mail 8.2: both present must agree."""
    item = asked.take_in("gemeente", mail_of(asked, returned(asked), "<elders@gemeente.example>"))
    assert (item.state, item.detail) == ("quarantined", "PAYLOAD")
    assert traject_of(asked).toestand == "uitgevraagd"


def test_a_changed_municipal_part_is_a_point_of_attention_and_our_own_record_counts(asked: Pair) -> None:
    """PL-13, H-9: ignored, compared, reported; the plan itself is taken in and its signatures stand."""
    plan = returned(asked)
    client = msgspec.structs.replace(plan.client, plaatsnaam="Elders")
    item = asked.take_in("gemeente", mail_of(asked, returned(asked, client=client), dispatch_id(asked)))

    kept = traject_of(asked).plan[0]
    assert (item.state, kept.client.plaatsnaam) == ("handled", "Roermond")
    assert "aandachtspunt" in events(asked)
    with asked.gemeente.store.view(now=asked.clock()) as view:
        noted = [e.body for e in view.records.events("traject", traject_of(asked).id) if e.soort == "aandachtspunt"]
    assert b'"code":"GEMEENTEDEEL_GEWIJZIGD","pad":"client.plaatsnaam"' in noted[-1].replace(b" ", b"")
    assert b"Elders" not in b"".join(noted)


def test_a_signature_under_something_else_does_not_come_to_stand_by_our_own_part(asked: Pair) -> None:
    """PL-13, PL-22: only what was validly signed as it came back goes on to count."""
    client = uitvraag_of(asked).plan[-1].client
    signed = returned(asked, client=msgspec.structs.replace(client, plaatsnaam="Weert")).handtekening
    altered = returned(asked, client=msgspec.structs.replace(client, plaatsnaam="Elders"))
    plan = msgspec.structs.replace(altered, handtekening=signed)
    item = asked.take_in("gemeente", mail_of(asked, plan, dispatch_id(asked)))
    assert (item.state, item.detail) == ("quarantined", UNSIGNED)


def test_a_plan_without_signatures_is_not_accepted(asked: Pair) -> None:
    """PL-22: the sender is told that it cannot be used; the case stays."""
    plan = msgspec.structs.replace(returned(asked), handtekening=type(returned(asked).handtekening)())
    item = asked.take_in("gemeente", mail_of(asked, plan, dispatch_id(asked)))
    assert (item.state, item.detail) == ("quarantined", UNSIGNED)
    assert traject_of(asked).plan == ()
    assert asked.receipts("gemeente") == ["processed/error"]


def test_a_plan_for_a_request_that_nobody_made_starts_nothing(asked: Pair) -> None:
    """PL-9: it never starts a traject by itself; it waits for a person."""
    other = "11111111-2222-4333-8444-555555555555"
    item = asked.take_in("gemeente", mail_of(asked, returned(asked, plan_id=other)))
    assert (item.state, item.detail) == ("quarantined", "PL-9")
    assert asked.receipts("gemeente") == ["processed/error"]


def test_a_plan_that_comes_a_second_time_is_kept_and_its_sender_learns_no_more_than_that(asked: Pair) -> None:
    """PL-73: the state does not list it; kept for a person, `processed` to the sender, nothing changed."""
    asked.take_in("gemeente", mail_of(asked, returned(asked), dispatch_id(asked)))
    before = traject_of(asked)
    item = asked.take_in("gemeente", mail_of(asked, returned(asked), dispatch_id(asked)))

    assert (item.state, item.detail) == ("quarantined", "TOESTAND")
    assert traject_of(asked) == before
    assert asked.receipts("gemeente") == ["processed", "processed"]


def test_a_plan_that_speaks_for_another_is_refused(asked: Pair) -> None:
    """SM-130: who sealed the mail is who speaks in it."""
    plan = returned(asked)
    other = msgspec.structs.replace(plan, aanbieder=msgspec.structs.replace(plan.aanbieder, agb="87654321"))
    item = asked.take_in("gemeente", mail_of(asked, other, dispatch_id(asked)))
    assert (item.state, item.detail) == ("quarantined", "SM-130")


def test_a_plan_for_another_gemeente_is_refused(asked: Pair) -> None:
    """SM-130: a message to somebody else that reached us."""
    item = asked.take_in("gemeente", mail_of(asked, returned(asked, gemeente="0935"), dispatch_id(asked)))
    assert (item.state, item.detail) == ("quarantined", "SM-130")


def test_a_plan_of_a_request_that_went_to_another_provider_is_refused(asked: Pair) -> None:
    """SM-130, PL-9: a partner cannot answer for whom was asked."""
    with asked.gemeente.store.unit(now=asked.clock(), actor="test") as unit:
        case = trajecten(unit)[0]
        u = case.body.uitvraag[0]
        moved = msgspec.structs.replace(u, aanbieder=msgspec.structs.replace(u.aanbieder, agb="87654321"))
        save(unit, msgspec.structs.replace(case, body=msgspec.structs.replace(case.body, uitvraag=(moved,))))
    item = asked.take_in("gemeente", mail_of(asked, returned(asked), dispatch_id(asked)))
    assert (item.state, item.detail) == ("quarantined", "SM-130")


def test_an_attachment_that_the_plan_names_must_be_there(pair: Pair) -> None:
    """Found by its hash; a plan that misses one is not half taken in."""
    pair.run(story.dispatch_plan)
    traject = traject_of(pair)
    deel = traject.uitvraag[0].momentopname
    assert deel is not None
    content = maak_uitvraag(
        deel, pair.gemeente.us.formaat, verzonden_op=pair.clock(), bijlagen=traject.uitvraag[0].bijlage
    )
    item = pair.take_in("aanbieder", pair.seal("gemeente", plan_part(content)).raw)
    assert (item.state, item.detail) == ("quarantined", "BIJLAGE_ONTBREEKT")
    whole = pair.seal("gemeente", plan_part(content), Attachment("a.pdf", "application/pdf", REPORT.inhoud))
    assert pair.take_in("aanbieder", whole.raw).state == "handled"
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        kept = next((d for d in view.records.list(DOCUMENT, Document) if d.body.sha256 == REPORT.sha256), None)
        assert kept is not None
        assert kept.body == REPORT
        assert [b.soort for b in get_uitvraag(view, PLAN_ID).body.bijlage] == ["onderzoeksverslag"]


def test_the_same_request_in_another_mail_does_not_overwrite_the_first(delivered: Pair) -> None:
    """What is being drawn up is never replaced under the provider's hands."""
    traject = traject_of(delivered)
    deel = traject.uitvraag[0].momentopname
    assert deel is not None
    content = maak_uitvraag(deel, delivered.gemeente.us.formaat, verzonden_op=delivered.clock())
    item = delivered.take_in("aanbieder", delivered.seal("gemeente", plan_part(content)).raw)
    assert (item.state, item.detail) == ("quarantined", "PLAN_BEKEND")
    with delivered.aanbieder.store.view(now=delivered.clock()) as view:
        assert len(uitvragen(view)) == 1


def test_a_receipt_that_comes_after_the_plan_is_noted_and_moves_nothing(pair: Pair) -> None:
    """PL-73: mail may overtake mail; the event that is too late is kept in the log."""
    pair.run(story.dispatch_plan)
    pair.send("gemeente")
    assert pair.take_in("aanbieder", pair.wire("gemeente", "plan")).state == "handled"
    receipt = pair.wire("aanbieder", "receipt")
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        case = trajecten(unit)[0]
        withdrawn = occurrence(unit, "uitvraag_ingetrokken", "G", reden="vergissing")
        happen(unit, pair.gemeente.us, case, withdrawn)
    assert pair.take_in("gemeente", receipt).state == "handled"
    assert traject_of(pair).toestand == "arrangement_bepaald"
    assert events(pair)[-1] == "niet_verwerkt"
