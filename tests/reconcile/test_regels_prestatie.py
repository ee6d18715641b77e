"""Rules about one line: each example of reconciliation 1.4.7–1.4.9, with the reference data of 1.4.4."""

from datetime import date
from fractions import Fraction

import msgspec
import pytest

from gateway.berichten import wmo323
from gateway.reconcile.contract import Contract, Policies, Product, Volledig
from gateway.reconcile.toewijzingen import Antwoord301
from gateway.reconcile.uitslag import Outcome, Regelverdict, Result
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, B3, beoordeel_regel, regel

AUG = "2025-08"


def uren(
    nummer: int = 20072, pp: str = AUG, volume: int = 15, product: str = "02/02A03", **rest: object
) -> wmo323.Prestatie:
    """A line in hours at 6250 on 20072 unless told otherwise."""
    bedrag = rest.pop("bedrag", volume * 6250)
    return regel("RN200", nummer, product, pp, volume, "04", bedrag, **rest)  # type: ignore[arg-type]


# (line, bsn, codes): approved if there are no codes
EXAMPLES: dict[str, tuple[wmo323.Prestatie, str, tuple[str, ...]]] = {
    "TR314 new number": (uren(), B1, ()),
    "TR314 used number": (msgspec.structs.replace(
        uren(), product_referentie=ref.RN100.product_referentie), B1, ("8021",)),
    "TR338 exists": (uren(), B1, ()),
    "TR338 unknown allocation": (uren(29999), B1, ("9338",)),
    "TR304 other client's allocation": (regel("RN200", 20074, "07/07A12", AUG, 1, "16", 4500), B1, ("8187",)),
    "TR384 removed": (regel("RN200", 20079, "08/08A03", "2025-06-01..2025-06-01", 1, "84", 100), B2, ("9384",)),
    "TR339 other category": (uren(product="03/02A03"), B1, ("9339", "S329")),
    "TR339 generic takes any": (regel("RN200", 20080, "02/02A03", AUG, 10, "04", 62500), B3, ()),
    "TR340 other code": (uren(product="02/02A05"), B1, ("9340",)),
    "TR340 aspecific takes any": (regel("RN200", 20076, "06/06A01", AUG, 40, "04", 200000), B1, ()),
    "TR381 not on the list": (regel("RN200", 20076, "06/03A03", AUG, 1, "04", 5400), B1, ("S329",)),
    "TR341 hour": (uren(), B1, ()),
    "TR341 minutes on hours": (regel("RN200", 20072, "02/02A03", AUG, 900, "01", 93750, tarief=104), B1, ()),
    "TR341 half-days on hours": (regel("RN200", 20072, "02/02A03", AUG, 3, "16", 18750), B1, ("9341",)),
    "TR341 aspecific unit of the contract": (regel("RN200", 20076, "06/06A01", AUG, 1, "04", 5000), B1, ()),
    "TR341 aspecific other unit": (regel("RN200", 20076, "06/06A01", AUG, 1, "82", 5000), B1, ("9341",)),
    "TR307 from the first day": (uren(pp="2025-08-01..2025-08-31"), B1, ()),
    "TR307 before the allocation": (uren(pp="2025-07-01..2025-07-31", volume=1), B1, ("9307", "9387", "9389")),
    "TR387 not from the first of the month": (uren(pp="2025-08-04..2025-08-31"), B1, ("9387",)),
    "TR388 not to the last of the month": (uren(pp="2025-08-01..2025-08-30"), B1, ("9388",)),
    "TR389 debit still stands": (uren(pp="2025-07-07..2025-07-31", volume=1), B1, ("9389",)),
    "TR418 tariff per hour": (uren(), B1, ()),
    "TR418 tariff per minute, rounded": (
        regel("RN200", 20072, "02/02A03", AUG, 60, "01", 6250, tarief=104), B1, ()),
    "TR418 other tariff": (uren(volume=1, bedrag=6300), B1, ("0611",)),
    "TR418 minute tariff 105": (regel("RN200", 20072, "02/02A03", AUG, 380, "01", 39900, tarief=105), B1, ("0611",)),
    "TR418 and TR346 both": (
        regel("RN200", 20072, "02/02A03", AUG, 380, "01", 39583, tarief=105), B1, ("0611", "9346")),
    "TR346 product": (uren(), B1, ()),
    "TR346 not the product": (uren(bedrag=93700, tarief=6250), B1, ("9346",)),
    "TR346 rounded last": (regel("RN200", 20072, "02/02A03", AUG, 380, "01", 39583, tarief=104), B1, ()),
    "TR346 rounded tariff times volume": (
        regel("RN200", 20072, "02/02A03", AUG, 380, "01", 39520, tarief=104), B1, ("9346",)),
    "TR346 static, outside the band": (
        regel("RN200", 29999, "02/02A03", AUG, 380, "01", 45000, tarief=104), B1, ("9338", "9346")),
    "TR321 the maximum": (uren(volume=15), B1, ()),
    "TR321 over the maximum": (uren(volume=16), B1, ("9321",)),
    "TR321 euros": (regel("RN200", 20075, "02/02A20", AUG, 180000, "83", 180000), B2, ()),
    "TR321 half-days": (regel("RN200", 20074, "07/07A12", AUG, 31, "16", 139500), B2, ("9321",)),
    "TR322 the total": (regel("RN200", 20077, "03/03A03", AUG, 30, "04", 162000), B2, ()),
    "TR322 over the total": (regel("RN200", 20077, "03/03A03", AUG, 31, "04", 167400), B2, ("9322",)),
    "TR369 the budget": (regel("RN200", 20076, "06/06A01", AUG, 40, "04", 200000), B1, ()),
    "TR369 over the budget": (regel("RN200", 20076, "06/06A01", AUG, 41, "04", 205000), B1, ("9369",)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_a_debit_rule(name: str) -> None:
    """1.4.7–1.4.9: the example passes, or fails with exactly these codes in this order."""
    line, bsn, codes = EXAMPLES[name]

    verdict = beoordeel_regel(line, bsn)

    assert verdict.codes == codes
    assert verdict.outcome is (Outcome.REJECTED if codes else Outcome.APPROVED)


# Lines of other months need a message of their own: (line, bsn, codes, header)
LATER: dict[str, tuple[wmo323.Prestatie, tuple[str, ...], dict[str, str]]] = {
    "TR308 to the last day": (
        uren(pp="2025-09-01..2025-09-07", volume=3), (), {"maand": "2025-09", "dagtekening": "2025-10-02"}),
    "TR308 after the allocation": (
        uren(pp="2025-09-01..2025-09-30", volume=1), ("9308", "9388"),
        {"maand": "2025-09", "dagtekening": "2025-10-02"}),
    "TR319 later than the declaration's month": (
        uren(pp="2025-09-01..2025-09-07", volume=3), ("9319",), {"maand": "2025-08", "dagtekening": "2025-10-02"}),
    "TR319 earlier month": (
        regel("RN200", 20073, "01/01A03", "2025-07-07..2025-07-20", 6, "04", 18900), (), {}),
    "TR321 a part month counts in full": (
        regel("RN200", 20078, "03/03A04", "2025-10-14..2025-10-31", 15, "04", 81000), (),
        {"maand": "2025-10", "dagtekening": "2025-11-04"}),
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_example_in_another_month(name: str) -> None:
    """1.4.9: examples outside August."""
    line, codes, header = LATER[name]

    assert beoordeel_regel(line, B1, **header).codes == codes


def test_tr322_counts_every_earlier_month() -> None:
    """1.4.9 TR322: after 12 + 15 hours one more hour in September exceeds 27, although September alone allows 3."""
    state = ref.stand()
    ref.verwerk(state, ref.bericht((B1, [uren()])))

    verdict = beoordeel_regel(
        regel("RN300", 20072, "02/02A03", "2025-09-01..2025-09-07", 1, "04", 6250),
        state=state,
        identificatie="M20251002A",
        dagtekening="2025-10-02",
        nummer="D202509A",
        maand="2025-09",
    )

    assert verdict.codes == ("9322",)
    assert verdict.ruimte is not None
    assert (verdict.ruimte.max_period, verdict.ruimte.max_total, verdict.ruimte.used_before) == (180, 1620, 1620)


def test_tr338_other_provider() -> None:
    """1.4.9 TR338: 20072 declared by 65656056, who knows the client by another allocation."""
    other = ref.versie(30000, B1, "02/02A05", "2025-01-01..2025-12-31", "1 04 2", aanbieder="65656056")

    verdict = beoordeel_regel(uren(), state=ref.stand(other), afzender="65656056")

    assert verdict.codes == ("9338",)
    assert verdict.ruimte is None


def test_tr338_alias_acts_for_the_same_party() -> None:
    """6.1 agb_aliases: another AGB code of the same contract party may declare."""
    contract = msgspec.structs.replace(ref.CONTRACT, agb_aliassen=(frozenset({ref.AANBIEDER, "65656056"}),))

    assert beoordeel_regel(uren(), contract=contract, afzender="65656056").codes == ()


def test_tr341_minutes_may_not_be_declared_in_hours() -> None:
    """1.4.9 TR341: an allocation in 01 declared in 04."""
    minutes = ref.versie(30001, B1, "02/02A03", "2025-07-07..2025-09-07", "180 01 2")

    assert beoordeel_regel(uren(30001), state=ref.stand(minutes)).codes == ("9341",)


def test_tr381_the_allocations_own_product_passes_without_a_list() -> None:
    """TR381 [C14]: a specific allocation keeps its product, even when the list has gone."""
    bare = msgspec.structs.replace(ref.CONTRACT, producten=())

    assert beoordeel_regel(uren(), contract=bare).codes == ()
    assert beoordeel_regel(regel("RN200", 20076, "06/06A01", AUG, 1, "04", 5000), contract=bare).codes == ("S329",)


def test_tr381_product_list_is_dated() -> None:
    """TR381: the pair must be on the list on the first day of the product period."""
    listed = (Product("06", "06A01", ref.periode("2025-08-02..")),)
    contract = msgspec.structs.replace(ref.CONTRACT, producten=listed)

    verdict = beoordeel_regel(regel("RN200", 20076, "06/06A01", AUG, 1, "04", 5000), contract=contract)

    assert verdict.codes == ("S329",)


CREDITS: dict[str, tuple[wmo323.Prestatie, tuple[str, ...]]] = {
    "TR323 identical": (regel("RN202", 20074, "07/07A12", "2025-07", 30, "16", 135000, vorig="RN101"), ()),
    "TR323 rejected debit": (
        regel("RN202", 20075, "02/02A20", "2025-07-07..2025-07-31", 120000, "83", 120000, vorig="RN104"), ("8017",)),
    "TR323 unknown debit": (regel("RN202", 20074, "07/07A12", "2025-07", 30, "16", 135000, vorig="RN999"), ("8017",)),
    "TR323 partial": (regel("RN202", 20074, "07/07A12", "2025-07", 10, "16", 45000, vorig="RN101"), ("8017",)),
    "TR323 credit of a credit": (
        regel("RN202", 20074, "07/07A12", "2025-06", 20, "16", 90000, vorig="RN105"), ("8017",)),
    "TR390 credited before": (regel("RN202", 20074, "07/07A12", "2025-06", 20, "16", 90000, vorig="RN099"), ("9390",)),
    "TR314 used number": (regel("RN102", 20074, "07/07A12", "2025-07", 30, "16", 135000, vorig="RN101"), ("8021",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CREDITS)
def test_example_of_a_credit_rule(name: str) -> None:
    """1.4.8 and 3.2: a credit repeats an approved debit in full and does so once."""
    line, codes = CREDITS[name]

    verdict = beoordeel_regel(line, B2)

    assert verdict.codes == codes
    assert {u.regel for u in verdict.uitslagen} == {"TR314", "TR323", "TR390"}


def test_a_credit_is_not_judged_against_the_allocation() -> None:
    """3.1 [C22]: after a removal the provider can still credit what was approved."""
    gone = ref.versie(20074, B2, "07/07A12", "2025-05-15..2025-05-15", "6 16 2", reden="13", vastgesteld="2025-08-20")

    assert beoordeel_regel(CREDITS["TR323 identical"][0], B2, state=ref.stand(gone)).codes == ()


def _unknown(verdict: Regelverdict) -> tuple[Outcome, tuple[str, ...]]:
    return verdict.outcome, verdict.reasons


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"tarieven": ()}, ("NEED_CONTRACT_UNIT", "NEED_TARIFF")),
        ({"producten": None}, ("NEED_PRODUCTLIST",)),
    ],
)
def test_missing_configuration_leaves_a_line_undecided(change: dict[str, object], reasons: tuple[str, ...]) -> None:
    """6.3: the sender is never rejected for what only the receiver lacks."""
    contract = msgspec.structs.replace(ref.CONTRACT, **change)

    verdict = beoordeel_regel(regel("RN200", 20076, "06/06A01", AUG, 1, "04", 5000), contract=contract)

    assert _unknown(verdict) == (Outcome.UNDECIDED, reasons)


def test_a_definite_failure_wins_from_an_unknown() -> None:
    """6.3: 9346 is definite without a tariff; then the line is rejected at once."""
    contract = msgspec.structs.replace(ref.CONTRACT, tarieven=())

    verdict = beoordeel_regel(uren(bedrag=93700, tarief=6250), contract=contract)

    assert (verdict.outcome, verdict.codes, verdict.reasons) == (Outcome.REJECTED, ("9346",), ())


@pytest.mark.parametrize(
    ("bedrag", "outcome"), [(39330, "undecided"), (39710, "undecided"), (39329, "rejected"), (39711, "rejected")]
)
def test_m9_without_a_contract_the_band_is_undecided(bedrag: int, outcome: str) -> None:
    """2.6 M9: 380 minutes at a printed 104 lie between 39330 and 39710."""
    contract = msgspec.structs.replace(ref.CONTRACT, tarieven=())

    verdict = beoordeel_regel(regel("RN200", 20072, "02/02A03", AUG, 380, "01", bedrag, tarief=104), contract=contract)

    assert verdict.outcome.value == outcome


def test_m7_euros_need_no_tariff() -> None:
    """2.6 M7: unit 83 has no tariff, so TR418 and TR346 do not apply."""
    verdict = beoordeel_regel(regel("RN200", 20075, "02/02A20", AUG, 180000, "83", 180000), B2)

    assert verdict.outcome is Outcome.APPROVED
    assert verdict.result_of("TR418") is verdict.result_of("TR346") is Result.SKIPPED


def test_approve_and_flag_records_what_was_not_verified() -> None:
    """6.3: the policy approves and keeps the unverified rule with the line."""
    contract = Contract(policies=Policies(need_tariff="approve_and_flag"))

    verdict = beoordeel_regel(uren(), contract=contract)

    assert (verdict.outcome, verdict.flags) == (Outcome.APPROVED, ("NEED_TARIFF",))


def test_a_complete_contract_turns_a_missing_row_into_0611() -> None:
    """6.1 contract_complete [C15]: also for an aspecific allocation."""
    volledig = (Volledig(ref.GEMEENTE, ref.AANBIEDER),)
    contract = msgspec.structs.replace(ref.CONTRACT, volledig=volledig, tarieven=())

    assert beoordeel_regel(uren(), contract=contract).codes == ("0611",)
    assert beoordeel_regel(regel("RN200", 20076, "06/06A01", AUG, 1, "04", 5000), contract=contract).codes == ("0611",)


def test_two_tariffs_in_one_month() -> None:
    """TR418 [C34], 6.3: either is good, with its own amount; or the line waits for a person."""
    rows = (*ref.TARIEVEN, ref.tarief("02A03", "6300", "04", "2025-08-16.."))
    either = msgspec.structs.replace(ref.CONTRACT, tarieven=rows)
    hold = msgspec.structs.replace(either, policies=Policies(tariff_ambiguous="hold"))

    assert beoordeel_regel(uren(), contract=either).outcome is Outcome.APPROVED
    assert beoordeel_regel(uren(bedrag=94500), contract=either).outcome is Outcome.APPROVED
    assert beoordeel_regel(uren(bedrag=93750, tarief=6300), contract=either).codes == ("9346",)
    assert _unknown(beoordeel_regel(uren(), contract=hold)) == (Outcome.UNDECIDED, ("TARIFF_AMBIGUOUS",))


def test_one_tariff_is_never_ambiguous() -> None:
    """6.3: the policy about two tariffs does not touch a month with one, also if two rows say the same."""
    hold = Policies(tariff_ambiguous="hold")
    contract = msgspec.structs.replace(ref.CONTRACT, policies=hold, tarieven=(*ref.TARIEVEN, ref.TARIEVEN[0]))

    assert beoordeel_regel(uren(), contract=contract).outcome is Outcome.APPROVED


def test_minutes_need_permission_of_the_contract() -> None:
    """6.1 minutes_allowed: an hour tariff without it has no tariff per minute."""
    contract = msgspec.structs.replace(ref.CONTRACT, tarieven=(ref.tarief("02A03", "6250", "04", minuten=False),))

    verdict = beoordeel_regel(regel("RN200", 20072, "02/02A03", AUG, 60, "01", 6250, tarief=104), contract=contract)

    assert verdict.codes == ("0611",)


def test_m8_a_tariff_with_fractions_of_a_cent() -> None:
    """2.6 M8 [C35]: 123.45 cent per minute; 100 minutes cost 12345, not 12300."""
    minutes = ref.versie(30001, B1, "02/02A03", "2025-07-07..2025-09-07", "180 01 2")
    contract = msgspec.structs.replace(ref.CONTRACT, tarieven=(ref.tarief("02A03", "123.45", "01"),))
    lines = {bedrag: regel("RN200", 30001, "02/02A03", AUG, 100, "01", bedrag, tarief=123) for bedrag in (12345, 12300)}

    assert contract.tarieven[0].tarief == Fraction("123.45")
    assert beoordeel_regel(lines[12345], state=ref.stand(minutes), contract=contract).codes == ()
    assert beoordeel_regel(lines[12300], state=ref.stand(minutes), contract=contract).codes == ("9346",)


# 1.4.2: which version judges -----------------------------------------------------------------------------------------


def _shortened(antwoord: Antwoord301 = Antwoord301.ACCEPTED, verzonden: str = "2025-09-04"):  # type: ignore[no-untyped-def]
    return ref.versie(
        20072, B1, "02/02A03", "2025-07-07..2025-08-15", "3 04 2",
        vastgesteld="2025-09-04", verzonden=verzonden, antwoord=antwoord, reden="10",
    )  # fmt: skip


def test_the_newest_version_judges() -> None:
    """1.4.2: known to the sender, so a line over its end is rejected."""
    assert beoordeel_regel(uren(), state=ref.stand(_shortened())).codes == ("9308", "9388")


def test_an_unanswered_version_judges_and_a_rejected_one_does_not() -> None:
    """1.4.2 [C05]: sent counts; rejected counts as never sent."""
    unanswered = ref.stand(_shortened(Antwoord301.UNANSWERED))
    rejected = ref.stand(_shortened(Antwoord301.REJECTED))

    assert beoordeel_regel(uren(), state=unanswered).codes == ("9308", "9388")
    assert beoordeel_regel(uren(), state=rejected).codes == ()


@pytest.mark.parametrize(
    ("policy", "outcome", "codes"),
    [("hold", "undecided", ()), ("approve_known", "approved", ()), ("reject_now", "rejected", ("9308", "9388"))],
)
def test_a_change_the_sender_could_not_know(policy: str, outcome: str, codes: tuple[str, ...]) -> None:
    """1.4.2 VERSION_RACE [C06]: sent a day after the declaration was dated."""
    contract = msgspec.structs.replace(ref.CONTRACT, policies=Policies(version_race=policy))  # type: ignore[arg-type]
    state = ref.stand(_shortened(verzonden="2025-09-06"))

    verdict = beoordeel_regel(uren(), state=state, contract=contract)

    assert (verdict.outcome.value, verdict.codes) == (outcome, codes)
    assert verdict.bekend is not None
    assert verdict.bekend.einddatum == date(2025, 9, 7)
    if policy == "hold":
        assert (verdict.reasons, verdict.race_codes) == (("VERSION_RACE",), ("9308", "9388"))


def test_no_race_if_the_line_fails_either_way() -> None:
    """1.4.2: a line that the known version rejects too is rejected with the codes of the newest."""
    state = ref.stand(_shortened(verzonden="2025-09-06"))

    assert beoordeel_regel(uren(volume=16), state=state).codes == ("9308", "9388")


def test_a_line_that_passes_now_is_never_rejected_by_an_older_version() -> None:
    """1.4.2: stretched after the declaration was dated."""
    longer = ref.versie(20072, B1, "02/02A03", "2025-07-07..2025-12-31", "3 04 2", vastgesteld="2025-09-06")
    line = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)

    assert beoordeel_regel(line, state=ref.stand(longer)).outcome is Outcome.APPROVED


# 1.4.3: gates --------------------------------------------------------------------------------------------------------


def test_gate_a_used_number_stops_everything() -> None:
    """1.4.3: L01 FAIL, the line carries only 8021."""
    verdict = beoordeel_regel(EXAMPLES["TR314 used number"][0])

    assert [u.regel for u in verdict.uitslagen] == ["TR314"]


def test_gate_without_a_right_to_the_allocation_nothing_of_it_shows() -> None:
    """1.4.3: after L02–L04 only product list, declaration period and the static amount are judged."""
    verdict = beoordeel_regel(regel("RN200", 20074, "07/03A03", AUG, 31, "16", 1, tarief=4500), B1)

    assert verdict.codes == ("8187", "S329", "9346")
    assert verdict.ruimte is None
    assert {u.regel for u in verdict.uitslagen} == {"TR314", "TR338", "TR304", "TR381", "TR319", "TR346"}


def test_gate_unit_that_does_not_fit_skips_tariff_and_volume() -> None:
    """1.4.3: L08 FAIL skips TR418, TR321, TR322, TR369; the amount is judged by itself."""
    verdict = beoordeel_regel(regel("RN200", 20072, "02/02A03", AUG, 3, "16", 99999, tarief=1), B1)

    assert verdict.codes == ("9341", "9346")
    assert {verdict.result_of(rule) for rule in ("TR418", "TR321", "TR322", "TR369")} == {Result.SKIPPED}


def test_gate_wrong_period_skips_the_period_maximum() -> None:
    """1.4.3: any of L10–L13 failing skips TR321, and with a code TR322 and TR369 do not run."""
    verdict = beoordeel_regel(uren(pp="2025-08-04..2025-08-31", volume=99), B1)

    assert verdict.codes == ("9387",)
    assert verdict.result_of("TR321") is verdict.result_of("TR322") is Result.SKIPPED


def test_the_record_keeps_what_was_compared() -> None:
    """1.4.10: rule, values, version, maxima and use before and after."""
    verdict = beoordeel_regel(uren())

    tr322 = next(u for u in verdict.uitslagen if u.regel == "TR322")
    assert (tr322.actual, tr322.expected) == (1620, 1620)
    assert verdict.versie is not None
    assert verdict.versie.toewijzingsdatum == date(2024, 12, 20)
    assert verdict.used_after == 1620
    assert (verdict.tarief, verdict.revisie) == (ref.TARIEVEN[0], "2025-1")
