"""What a person reads about a message that breaks its schema: every fault, where, and what to do."""

import random
import re

import pytest
from lxml import etree

from gateway import berichten
from gateway.berichten.diagnosis import diagnose
from gateway.berichten.reading import walk
from gateway.berichten.schema_model import SimpleType
from gateway.berichten.schema_sets import Message, iwmo
from gateway.domain.findings import Finding
from tests.berichten.messages import random_message
from tests.berichten.mutations import edges, mutate
from tests.berichten.test_codec import at

MESSAGES = iwmo().messages


def message(soort: str) -> Message:
    found = iwmo().by_soort(soort)
    assert found is not None
    return found


def full_301() -> etree._Element:
    """A 301 in which everything optional is there, each list with two members."""
    schema = message("WMO301").schema

    class Everything(random.Random):
        def randint(self, a: int, b: int) -> int:
            return b

    return random_message(schema, Everything(1), lists=2)


def findings(root: etree._Element) -> list[Finding]:
    return list(berichten.read(etree.tostring(root)).findings)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.soort.soort)
def test_walk_and_validator_agree(message: Message) -> None:
    """Findings exactly where libxml2 rejects, and always better than "it is invalid"."""
    for seed in range(120):
        rng = random.Random(f"{message.soort.soort} {seed}")
        root = random_message(message.schema, rng)
        done = [mutate(root, message.schema, rng) for _ in range(rng.choice([1, 1, 3]))]
        tree = etree.fromstring(etree.tostring(root))

        faults = diagnose(tree, message.schema) if not message.validator.validate(tree) else None

        assert faults is None or faults, done
        assert faults is not None or diagnose(tree, message.schema) == [], done


def test_all_faults_are_found_at_once() -> None:
    """Ten wrong values, ten findings, each with its own path and line."""
    schema = message("WMO301").schema
    root = full_301()
    leaves = [(p, n) for p, n in walk(root, schema) if not len(n)]
    chosen = random.Random(3).sample(leaves, 10)
    for _, node in chosen:
        node.text = ""

    found = findings(root)

    assert {f.path for f in found} == {p for p, _ in chosen}


CASES: list[tuple[str, str, str, str]] = [
    # path, new text, message, advice
    ("/Bericht/Client/Bsn", "12345", "De waarde van `Bsn` heeft niet de vorm van LDT_BurgerServicenummer.", "[0-9]{9}"),
    ("/Bericht/Client/Bsn", "1234567890", "`Bsn` heeft 10 tekens, ten hoogste 9 mag.", "Kort `Bsn` in."),
    ("/Bericht/Client/Geslacht", "9", "De waarde van `Geslacht` is geen code van lijst COD046.", "lijst COD046"),
    ("/Bericht/Client/Geboortedatum/Datum", "1990-02-30", "De waarde van `Datum` is geen datum.", "jjjj-mm-dd"),
    ("/Bericht/Client/Geboortedatum/Datum", "1990-02-03Z", "`Datum` heeft een tijdzone; die hoort er niet.", "Laat"),
    (
        "/Bericht/Client/Geboortedatum/Datum",
        "12026-02-03",
        "De datum in `Datum` ligt buiten de jaren 1 tot en met 9999.",
        "",
    ),
    ("/Bericht/Client/Naam/Geslachtsnaam/Achternaam", "  ", "`Achternaam` is leeg.", "Vul `Achternaam`"),
    ("/Bericht/Header/BerichtVersie", "4", "`BerichtVersie` moet 3 zijn.", "Vul 3 in."),
    ("/Bericht/Header/BerichtVersie", "drie", "De waarde van `BerichtVersie` is geen geheel getal.", "cijfers"),
    (
        "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Omvang/Volume",
        "100000000",
        "De waarde van `Volume` is groter dan 99999999.",
        "ten hoogste 99999999",
    ),
    (
        "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Omvang/Volume",
        "-1",
        "De waarde van `Volume` is kleiner dan 0.",
        "0 of meer",
    ),
    (
        "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Toewijzingstijd",
        "kwart over vier",
        "De waarde van `Toewijzingstijd` is geen tijdstip.",
        "uu:mm:ss",
    ),
    (
        "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[1]/Omvang/Frequentie",
        "3",
        "De waarde van `Frequentie` is geen code van lijst WMO757.",
        "Kies een code van lijst WMO757.",
    ),
]


@pytest.mark.parametrize(("path", "text", "expected", "advice"), CASES, ids=lambda v: v.rpartition("/")[2][:20])
def test_wrong_value_is_told_in_dutch_with_path_and_advice(path: str, text: str, expected: str, advice: str) -> None:
    """One wrong value, one finding of control level 1."""
    root = full_301()
    at(root, path).text = text

    (found,) = findings(root)

    assert (found.code, found.level, found.severity, found.path) == ("XSD", 1, "error", path)
    assert found.message == expected
    assert advice in (found.advice or "")


def test_missing_element_is_placed_after_what_is_there() -> None:
    """The reader sees where to add it."""
    root = full_301()
    product = at(root, "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]")
    product.remove(at(root, "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Ingangsdatum"))

    (found,) = findings(root)

    assert found.path == "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Ingangsdatum"
    assert found.message == "Element `Ingangsdatum` ontbreekt na `Toewijzingstijd`."


def test_element_out_of_order_is_one_fault() -> None:
    """Not also reported as missing, nor every element after it."""
    root = full_301()
    client = root[1]
    client.append(client[0])

    (found,) = findings(root)

    assert found.message == "Element `Bsn` staat in `Client` niet op zijn plaats."
    assert found.advice == "Zet `Bsn` aan het begin van `Client`."


def test_a_root_with_the_right_namespace_and_another_name_gets_its_name() -> None:
    """The kind of message is known by its namespace; nothing has to be said of that."""
    root = full_301()
    root.tag = root.tag.replace("Bericht", "WMO301")
    (found,) = findings(root)

    assert found.path == "/WMO301"
    assert found.message == "Het hoofdelement van een WMO301 is `Bericht`, niet `WMO301`."


def test_misspelt_element_gets_the_name_that_is_meant() -> None:
    """Geboortedatums is answered with Geboortedatum, besides the element that is now missing."""
    root = full_301()
    node = at(root, "/Bericht/Client/Geboortedatum")
    node.tag = f"{node.tag}s"

    unexpected = next(f for f in findings(root) if "hoort niet" in f.message)

    assert unexpected.advice == "Bedoeld is misschien `Geboortedatum`."


def test_element_that_occurs_twice_is_counted() -> None:
    """At most one is allowed."""
    root = full_301()
    node = at(root, "/Bericht/Client/Geslacht")
    node.addnext(etree.fromstring(etree.tostring(node)))

    (found,) = findings(root)

    assert found.message == "Element `Geslacht` komt 2 keer voor in `Client`, ten hoogste 1 keer mag."


def test_shared_element_in_the_message_namespace_is_told_once() -> None:
    """The usual mistake: the parts of Omvang belong to the basisschema's namespace."""
    root = full_301()
    for node in at(root, "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[1]/Omvang"):
        node.tag = f"{{{message('WMO301').soort.namespace}}}{etree.QName(node).localname}"

    (found,) = findings(root)

    assert found.message == "Element `Volume` staat in de verkeerde namespace."
    assert "basisschema" in (found.advice or "")


def test_line_is_the_line_in_the_file() -> None:
    """Also beyond line 65,535, where libxml2 by itself stops counting."""
    root = full_301()
    at(root, "/Bericht/Client/Geslacht").text = "x"
    data = etree.tostring(root).replace(b"<Client>", b"\n" * 70_000 + b"<Client>")

    (found,) = berichten.read(data).findings

    assert found.line == 70_001


def test_no_finding_repeats_a_value_that_may_be_personal() -> None:
    """BSN, names, dates of birth, addresses and free text stay out of message, advice and value, in both languages."""
    schema = message("WMO301").schema
    secret = re.compile("Geheim|999900006|1971")
    for path, kind in schema.leaves.items():
        for text in ("Geheimnaam " * 30, "999900006999900006", "1971-13-45", "999900006"):
            root = full_301()
            step = next(p for p, _ in walk(root, schema) if re.sub(r"\[\d+\]", "", p) == path)
            at(root, step).text = text
            for lang in ("nl", "en"):
                for found in berichten.read(etree.tostring(root), lang=lang).findings:
                    shown = f"{found.message} {found.advice} {found.value} {found.path}"
                    assert not secret.search(shown), f"{kind.name}: {shown}"


def test_many_faults_are_counted_beyond_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large declaration that is wrong throughout does not become a million findings."""
    monkeypatch.setattr("gateway.berichten.reading.MOST_FAULTS", 3)
    root = full_301()
    for product in root.iterfind(".//{*}ToegewezenProduct"):
        for name in ("Ingangsdatum", "Toewijzingsdatum", "Budget"):
            product.find(f"{{*}}{name}").text = "?"

    found = findings(root)

    assert [f.message for f in found[3:]] == ["Er zijn nog 3 fouten."]


def test_what_libxml2_rejects_stays_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the walk, against all tests, found nothing."""
    monkeypatch.setattr("gateway.berichten.reading.diagnose", lambda root, schema: [])
    root = full_301()
    at(root, "/Bericht/Client/Bsn").text = "?"

    (found,) = findings(root)

    assert found.message == "Het bericht voldoet niet aan zijn schema."


def test_exception_names_rules_and_places_and_no_value() -> None:
    """parse() raises what read() tells; the text may go into a log."""
    root = full_301()
    at(root, "/Bericht/Client/Bsn").text = "999900006x"

    with pytest.raises(berichten.OngeldigBericht) as caught:
        berichten.parse(etree.tostring(root))

    assert str(caught.value).startswith("XSD /Bericht/Client/Bsn: ")
    assert "999900006" not in str(caught.value)
    assert caught.value.findings == tuple(findings(root))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.soort.soort)
def test_every_finding_has_both_languages(message: Message) -> None:
    """Same faults, other words."""
    for seed in range(40):
        rng = random.Random(f"{message.soort.soort} {seed}")
        root = random_message(message.schema, rng)
        mutate(root, message.schema, rng)
        data = etree.tostring(root)

        nl, en = berichten.read(data).findings, berichten.read(data, lang="en").findings

        assert [(f.code, f.path, f.line, f.value) for f in nl] == [(f.code, f.path, f.line, f.value) for f in en]
        assert all(a.message != b.message and b.advice for a, b in zip(nl, en, strict=True))


def test_short_codes_are_shown() -> None:
    """A wrong code of a list helps the reader and tells nothing about a person."""
    root = full_301()
    at(root, "/Bericht/Client/Geslacht").text = "7"

    assert findings(root)[0].value == "7"


def test_numbers_of_rules_replace_xsd_where_a_rule_says_the_same() -> None:
    """The table of rules names facet by facet which RS or CS number they are."""
    root = full_301()
    at(root, "/Bericht/Header/BerichtVersie").text = "4"

    reading = berichten.read(etree.tostring(root), numbers={("LDT_BerichtVersie", "pattern"): "CS025"})

    assert [f.code for f in reading.findings] == ["CS025"]


def test_every_edge_of_every_type_is_judged_as_libxml2_does() -> None:
    """Values at and past each facet, one at a time and a type once, on a message with everything in it."""
    schema, validator = message("WMO301").schema, message("WMO301").validator
    root = full_301()
    seen: set[SimpleType] = set()
    for path, node in walk(root, schema):
        kind = schema.leaves.get(re.sub(r"\[\d+\]", "", path))
        if not isinstance(kind, SimpleType) or "[2]" in path or kind in seen:
            continue
        seen.add(kind)
        before = node.text
        for text in edges(kind):
            node.text = text
            told = [f.path for f in diagnose(root, schema)]
            assert told == ([] if validator.validate(root) else [path]), f"{path} = {text!r}"
        node.text = before


def test_lines_of_paths_can_be_asked_for_later() -> None:
    """Rules that look at values find the line of their finding."""
    root = full_301()
    data = etree.tostring(root).replace(b"<ToegewezenProduct>", b"\n<ToegewezenProduct>")
    path = "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[2]/Omvang"

    line = data[: data.rindex(b"<Omvang>")].count(b"\n") + 1

    assert berichten.locate(data, [path, "/Bericht/Niets"]) == {path: line}
    assert berichten.locate(b"", [path]) == {}
