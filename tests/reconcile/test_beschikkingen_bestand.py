"""Reading decision lines (1.2.2)."""

from datetime import date, datetime

import pytest

from gateway.reconcile.beschikkingen_bestand import laad_beschikkingen
from gateway.reconcile.omvang import Omvang

CSV = """gemeente,beschikkingnummer,regelnummer,besluitmoment,status,leveringsvorm,bsn,aanbieder,categorie,code,\
ingangsdatum,einddatum,volume,eenheid,frequentie,budget,toewijzingNummers
0384,12,1,2025-06-01T12:00:00,ACTIEF,ZIN,999900006,65656055,02,02A03,2025-07-07,2025-09-07,3,04,2,,20072 20073
0384,12,2,2025-06-01,actief,zin,999900006,,06,,2025-01-01,,,,,500000,
"""


def test_a_csv_file() -> None:
    """1.2.2: all fields, empty ones absent; a date without a time is midnight."""
    regels, findings = laad_beschikkingen(CSV.encode())

    assert findings == ()
    first, second = regels
    assert first.key == ("0384", 12, 1)
    assert first.omvang == Omvang(3, "04", "2")
    assert first.toewijzing_nummers == (20072, 20073)
    assert (second.aanbieder, second.code, second.einddatum, second.budget) == (None, None, None, 500000)
    assert (second.budget is not None, second.is_expected, second.besluitmoment.date()) == (
        True,
        True,
        date(2025, 6, 1),
    )


def test_semicolons_and_other_spellings_of_names() -> None:
    """What spreadsheets make of it: semicolons, a byte order mark, capitals."""
    text = (
        "\ufeffGemeente;BeschikkingNummer;BesluitMoment;BSN;Ingangsdatum;Toewijzing_Nummers\n"
        "0384;12;2025-06-01T12:00:00+02:00;999900006;2025-07-07;1,2\n"
    )

    (regel,), findings = laad_beschikkingen(text.encode())

    assert findings == ()
    assert regel.toewijzing_nummers == (1, 2)
    assert regel.besluitmoment == datetime.fromisoformat("2025-06-01T12:00:00")
    assert (regel.omvang, regel.budget) == (None, None)


def test_json_lines() -> None:
    """One object a line; numbers as numbers or as text, one allocation number without a list."""
    text = (
        '{"gemeente":"0384","beschikkingnummer":"12","besluitmoment":"2025-06-01T12:00","bsn":"999900006",'
        '"ingangsdatum":"2025-07-07","einddatum":null,"toewijzingNummers":[7]}\n\n'
        '{"gemeente":"0384","beschikkingnummer":13,"besluitmoment":"2025-06-01","bsn":"999900006",'
        '"ingangsdatum":"2025-07-07","status":"VERVANGEN","vervangenDoor":14,"toewijzingNummers":8}\n'
    )

    regels, findings = laad_beschikkingen(text.encode())

    assert findings == ()
    assert [(r.beschikkingnummer, r.toewijzing_nummers, r.vervangen_door) for r in regels] == [
        (12, (7,), None),
        (13, (8,), 14),
    ]


@pytest.mark.parametrize(
    ("field", "value", "messages"),
    [
        ("gemeente", "384", ["Veld `gemeente` moet vier cijfers hebben."]),
        ("bsn", "999900007", ["Veld `bsn` voldoet niet aan de elfproef."]),
        ("aanbieder", "123", ["Veld `aanbieder` moet een AGB-code van acht cijfers zijn."]),
        ("status", "OPEN", ["Veld `status` moet ACTIEF, INGETROKKEN, VERVANGEN of VERNIETIGD zijn."]),
        ("leveringsvorm", "X", ["Veld `leveringsvorm` moet ZIN, PGB of OVERIG zijn."]),
        ("volume", "", ["Velden `volume`, `eenheid` en `frequentie` zijn alle drie gevuld of alle drie leeg."]),
        ("volume", "-1", ["Velden `volume` en `budget` mogen niet negatief zijn."]),
        ("eenheid", "05", ["Veld `eenheid` heeft een waarde die niet op lijst WJ756 staat."]),
        ("frequentie", "3", ["Veld `frequentie` heeft een waarde die niet op lijst WMO757 staat."]),
        ("categorie", "99", ["Veld `categorie` heeft een waarde die niet op lijst WMO020 staat."]),
        ("einddatum", "2025-07-06", ["Veld `einddatum` ligt voor `ingangsdatum`."]),
        ("einddatum", "morgen", ["Veld `einddatum` heeft de verkeerde vorm."]),
        ("besluitmoment", "gisteren", ["Veld `besluitmoment` is geen datum met tijd."]),
        ("ingangsdatum", "", ["Veld `ingangsdatum` ontbreekt."]),
    ],
)
def test_a_fault_names_line_and_field(field: str, value: str, messages: list[str]) -> None:
    """A line with a fault is left out; the other lines are read."""
    header, first, second = CSV.strip().split("\n")
    values = first.split(",")
    values[header.split(",").index(field)] = value

    regels, findings = laad_beschikkingen("\n".join([header, ",".join(values), second]).encode())

    assert [f.message for f in findings] == messages
    assert {(f.line, f.severity) for f in findings} == {(2, "error")}
    assert [r.regelnummer for r in regels] == [2]
    assert "9999" not in str(findings)


def test_files_that_are_no_such_files() -> None:
    """Not UTF-8, not JSON, too many fields, an unknown field."""
    assert laad_beschikkingen(b"\xff")[1][0].message == "Het bestand is geen tekst in UTF-8."
    assert laad_beschikkingen(b"{}\n[1]")[1][1].message == "Deze regel is geen JSON-object."
    assert laad_beschikkingen(b"{x\n")[1][0].line == 1
    assert laad_beschikkingen(b"a,b\n1,2,3\n")[1][0].message == "Deze regel heeft meer velden dan de kopregel."
    assert laad_beschikkingen(b"kleur\nrood\n")[1][0].message == "Veld `kleur` is niet bekend."
    assert laad_beschikkingen(b"")[0] == ()
