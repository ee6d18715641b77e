"""A region's file: read, checked with all faults at once, each with its line (plan 8)."""

import re
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from gateway.plans.checks import CONTROLES
from gateway.plans.formaat import Formaat, formaat_bestand, laad_formaat, overlappen
from gateway.plans.formaat.lijsten import CONTROLES as BEKENDE_CONTROLES

SOURCE = formaat_bestand("mlo-2018").read_text(encoding="utf-8")

BOMB = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def spoiled(old: str, new: str, count: int = 1) -> list[tuple[str | None, int | None]]:
    """Path and line of every finding after one change in the delivered file."""
    assert old in SOURCE
    return [(f.path, f.line) for f in laad_formaat(SOURCE.replace(old, new, count).encode())[1]]


def line(fragment: str) -> int:
    return SOURCE[: SOURCE.index(fragment)].count("\n") + 1


def test_the_delivered_format_is_sound(formaat: Formaat) -> None:
    """Facts of section 2 and 8.2: catalogue, products, four blocks, seven lines."""
    assert (formaat.formaat.id, formaat.formaat.versie) == ("mlo-2018", 1)
    assert len(formaat.resultaten) == 36
    assert [p.id for p in formaat.producten] == ["begeleiding_individueel", "begeleiding_groep", "kortdurend_verblijf"]
    assert formaat.herhaling("resultaat").max == 4
    assert formaat.herhaling("arrangement").max == 7
    assert formaat.onderdeel("resultaten").velden[-1].min == Decimal("0.25")
    assert formaat.label("toedeling", "eigen") == "Ondersteuningsvraag voor uw organisatie"


def test_every_check_that_a_format_may_name_exists() -> None:
    """The grammar's list of checks and the code are one set."""
    assert set(CONTROLES) == BEKENDE_CONTROLES


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("schema: ondersteuningsplan-formaat/1", "schema: iets/9", "schema"),
        ("id: mlo-2018", "id: MLO", "formaat.id"),
        ("versie: 1", "versie: 0", "formaat.versie"),
        ("geldig_tot: null", "geldig_tot: 2017-12-31", "formaat.geldig_tot"),
        ("code: '0957'", "code: '957'", "formaat.gemeenten.1.code"),
        ("code: '1641'", "code: '0957'", "formaat.gemeenten.2.code"),
        ("code: '1641'", "code: '0001'", "formaat.gemeenten.2.code"),
        ("wet: wmo", "wet: jeugdwet", "formaat.wet"),
        ("eenheid: WJ756", "eenheid: WJ999", "codelijsten.eenheid"),
        ("bezwaar: {duur: P6W", "beroep: {duur: P6W", "termijnen.beroep"),
        ("bezwaar: {duur: P6W", "bezwaar: {duur: 6W", "termijnen.bezwaar.duur"),
        ("standaard: P6M", "standaard: P9M", "termijnen.evaluatie.standaard"),
        ("vanaf: melding.ontvangen_op", "vanaf: melding.gisteren", "termijnen.plan_gereed.vanaf"),
        ("waarschuw_voor: [P14D, P5D, P1D], bron: procesuitleg", "waarschuw_voor: []", "termijnen.plan_gereed.bron"),
        ("soorten: [onderzoeksverslag,", "soorten: [beschikking,", "bijlagen.soorten.1"),
        ("formaten: [application/pdf]", "formaten: [text/html]", "bijlagen.formaten.1"),
        ("max_aantal: 5", "max_aantal: -5", "bijlagen"),
        ("label: maand, frequentie: '4'", "label: maand, frequentie: '5'", "perioden.maand.frequentie"),
        ("label: maand, frequentie: '4'", "label: maand, frequentie: null", "perioden.maand.opties"),
        ("{code: nee, label: Nee}", "{code: ja, label: Nee}", "keuzelijsten.ja_nee.2.code"),
        ('code: "1.b"', 'code: "1.a"', "resultaten.2.code"),
        ('code: "1.a"', "code: 1.5", "resultaten.1.code"),
        ("id: begeleiding_groep", "id: begeleiding_individueel", "producten.2.id"),
        ("id: begeleiding_groep", "id: Groep-1", "producten.2.id"),
        ("categorie: '07'", "categorie: '19'", "producten.2.iwmo.categorie"),
        ("'07A03'", "'07A033'", "producten.2.iwmo.codes.1"),
        ("eenheid: '16'", "eenheid: '15'", "producten.2.omvang.eenheid"),
        ("grondslag: per_keer, perioden: []", "grondslag: per_periode, perioden: []", "producten.3.omvang.perioden"),
        ("grondslag: per_keer, perioden: []", "grondslag: per_keer, perioden: [week]", "producten.3.omvang.perioden"),
        ("betekenis: vermenigvuldiger", "betekenis: contactmomenten", "producten.3.frequentie.betekenis"),
        ("perioden: [week, maand, kwartaal]", "perioden: [week, jaar]", "producten.3.frequentie.perioden.2"),
        ("eenheid: '01', factor: 60", "eenheid: '01', factor: 1", "producten.1.fijnere_eenheid"),
        ("id: aanbieder\n", "id: persoon\n", "onderdelen.2.id"),
        ("invuller: [aanbieder, client]", "invuller: []", "onderdelen.8.invuller"),
        ("invuller: [aanbieder, client]", "invuller: [buurman]", "onderdelen.8.invuller.1"),
        (
            "herhaal: {pad: arrangement, min: 1, max: 7}",
            "herhaal: {pad: x, min: 1, max: 7}",
            "onderdelen.3.herhaal.pad",
        ),
        (
            "herhaal: {pad: arrangement, min: 1, max: 7}",
            "herhaal: {pad: arrangement, min: 9, max: 7}",
            "onderdelen.3.herhaal",
        ),
        ("voor_elk: {lijst: arrangement", "voor_elk: {lijst: aanbod", "onderdelen.5.herhaal.voor_elk.lijst"),
        ("pad: client.voorletters", "pad: client.bsn", "onderdelen.1.velden.3.pad"),
        ("pad: client.voorletters", "pad: client.bijnaam", "onderdelen.1.velden.3.pad"),
        ("van: [client.voorvoegsel, client.achternaam]", "van: []", "onderdelen.1.velden.2.van"),
        ("van: [client.voorvoegsel, client.achternaam]", "van: [client.alias]", "onderdelen.1.velden.2.van.1"),
        ("type: keuze, lijst: geslacht", "type: keuze", "onderdelen.1.velden.5.lijst"),
        ("type: keuze, lijst: geslacht", "type: keuze, lijst: kunne", "onderdelen.1.velden.5.lijst"),
        ("type: vinkjes, lijst: producten", "type: vinkjes", "onderdelen.5.velden.5.lijst"),
        ("type: verwijzing, naar: arrangement", "type: verwijzing", "onderdelen.5.velden.1.naar"),
        ("min: 0.25, max: 168", "min: 168, max: 0.25", "onderdelen.5.velden.6"),
        ("als: product_gekozen, tenzij", "als: maandag, tenzij", "onderdelen.6.velden.2.verplicht.als"),
        ("type: agb", "type: nummer", "onderdelen.2.velden.1.type"),
        ("{id: start_voor_eind,", "{id: eind_voor_start,", "regels.8.id"),
        ("{id: start_voor_eind,", "{id: eind_of_duur,", "regels.9.id"),
        ("- {id: veldgrenzen, ernst: fout, fase: [uitvragen, indienen]}\n", "\n", "regels"),
        ("arrangement, bijlagen, retour]", "arrangement, bijlagen]", "document.paginas"),
        ("arrangement, bijlagen, retour]", "arrangement, retour, retour]", "document.paginas.1.5"),
        ("arrangement, bijlagen, retour]", "arrangement, bijlagen, retour, slot]", "document.paginas.1.6"),
    ],
)
def test_each_rule_at_loading_names_its_path(old: str, new: str, path: str) -> None:
    """Plan 8.1, column "Rules at loading"."""
    assert path in [found for found, _ in spoiled(old, new)]


def test_all_faults_are_shown_at_once_with_their_lines() -> None:
    """Plan 8.3: one pass over the file tells everything, in the order of the file."""
    text = (
        SOURCE.replace("type: agb", "type: abg")
        .replace("categorie: '07'", "categorie: '77'")
        .replace("id: mlo-2018", "id: M")
    )

    loaded, findings = laad_formaat(text.encode())

    assert loaded is None
    assert [(f.path, f.line) for f in findings] == [
        ("formaat.id", line("id: mlo-2018")),
        ("producten.2.iwmo.categorie", line("categorie: '07'")),
        ("onderdelen.2.velden.1.type", line("type: agb")),
    ]


def test_keys_that_are_unknown_or_missing_are_faults() -> None:
    """A misspelt key is not silently ignored."""
    assert ("formaat.regio", line("formaat:\n")) in spoiled("  regio: Midden", "  regioo: Midden")
    assert ("formaat.regioo", line("  regio: Midden")) in spoiled("  regio: Midden", "  regioo: Midden")


@pytest.mark.parametrize(
    ("source", "line_number"),
    [
        (b"a: [1, 2\n", 2),
        (b"a: 1\na: 2\n", 2),
        (b"\xff\xfe\x00", None),
        (b"x" * 1_000_001, None),
        (BOMB.encode(), None),
    ],
)
def test_what_is_no_yaml_is_a_finding(source: bytes, line_number: int | None) -> None:
    """Bad syntax, doubled keys, another encoding, a file without end: an answer, not a trace."""
    loaded, findings = laad_formaat(source)

    assert loaded is None
    assert [f.code for f in findings] == ["REGIO_YAML"]
    assert findings[0].line == line_number


@pytest.mark.parametrize(
    "source", [b"", b"- 1\n- 2\n", b"onderdelen: [1, {velden: [2], invuller: 3}]\n", b"formaat: 7\n"]
)
def test_any_other_yaml_is_refused_by_the_grammar(source: bytes) -> None:
    """A file of another kind gives findings of the grammar."""
    loaded, findings = laad_formaat(source)

    assert loaded is None
    assert {f.code for f in findings} == {"REGIO_GRAMMATICA"}


def test_the_gemeente_is_in_the_list_of_the_cbs_where_the_caller_has_it() -> None:
    """Plan 8.1, key `formaat`."""
    _, findings = laad_formaat(SOURCE.encode(), gemeentecodes={"0957", "1641", "1669"})

    assert [f.path for f in findings] == ["formaat.gemeenten.4.code"]


def test_two_formats_for_one_gemeente_on_one_day_are_found(formaat: Formaat) -> None:
    """Plan 8.1, key `formaat`: validity may not overlap; one after the other is fine."""
    kop = formaat.formaat
    old = msgspec.structs.replace(formaat, formaat=msgspec.structs.replace(kop, geldig_tot=date(2025, 12, 31)))
    new = msgspec.structs.replace(
        formaat,
        formaat=msgspec.structs.replace(kop, id="mlo-2026", geldig_vanaf=date(2026, 1, 1), gemeenten=kop.gemeenten[:1]),
    )

    assert list(overlappen([new, old])) == []
    assert [code for _, _, code in overlappen([new, formaat])] == ["0957"]


def test_a_format_knows_where_and_when_it_counts(formaat: Formaat) -> None:
    """PL-11."""
    assert formaat.noemt("0957")
    assert not formaat.noemt("0363")
    assert formaat.geldig_op(date(2018, 1, 1))
    assert not formaat.geldig_op(date(2017, 12, 31))


def test_the_region_s_own_field_stands_under_extra() -> None:
    """Plan 8.3: a region may add fields under extra, and nowhere else."""
    own = "      - {pad: extra.vestiging, label: Vestiging, type: tekst, max: 40, herkomst: aangevuld}\n"
    added = SOURCE.replace("      - {pad: aanbieder.agb,", own + "      - {pad: aanbieder.agb,")

    loaded, findings = laad_formaat(added.encode())

    assert findings == []
    assert loaded is not None
    assert loaded.onderdelen[1].velden[0].pad == "extra.vestiging"


def test_no_code_of_the_room_names_the_region() -> None:
    """Architecture: if a second region needs Python, the house is wrong."""
    room = formaat_bestand("x").parents[1] / "gateway" / "plans"
    own_ids = re.compile(r"begeleiding_|kortdurend_verblijf|mlo-")
    named = [
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        if path.name != "voorbeeld.py"
        and own_ids.search(re.sub(r'""".*?"""|#.*', "", path.read_text("utf-8"), flags=re.S))
    ]

    assert named == ["formaat/laden.py"]  # the default of `meegeleverd`, which the demonstration uses
