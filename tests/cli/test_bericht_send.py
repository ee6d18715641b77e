"""`gateway bericht send`: shown first, each message once, what is wrong is said with file and line."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway import berichten
from gateway.berichten import wmo301
from gateway.cli.output import BROKEN, GOOD, NO
from tests.cli.conftest import PARTIES, Answer, lines

Gateway = Callable[..., Answer]
BASIS = Path(__file__).parents[1] / "berichten/regels/basis/WMO301.json"
CLIENTS = ("999900018", "999900031", "999900043")


@pytest.fixture
def agreed(gateway: Gateway, pair: Path) -> Path:
    """The municipality, which may reach the provider over the internet."""
    terms = ("partner", "agree", "99990001", "--by", "J. de Tester", "--internet-route")
    assert gateway(*terms, "--dir", pair / "gemeente")[0] == GOOD
    return pair / "gemeente"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A folder with three orders of the municipality."""
    replace = msgspec.structs.replace
    example = msgspec.json.decode(BASIS.read_bytes(), type=wmo301.Bericht)
    (gemeente, _), (aanbieder, _) = PARTIES["gemeente"], PARTIES["aanbieder"]
    folder = tmp_path / "opdrachten"
    folder.mkdir()
    for number, bsn in enumerate(CLIENTS):
        name = replace(example.header.bericht_identificatie, identificatie=f"EIGEN{number}")
        header = replace(example.header, afzender=gemeente, ontvanger=aanbieder, bericht_identificatie=name)
        products = tuple(
            replace(product, toewijzing_nummer=number * 10 + place)
            for place, product in enumerate(example.client.toegewezen_producten)
        )
        client = replace(example.client, bsn=bsn, toegewezen_producten=products)
        (folder / f"{number}.xml").write_bytes(berichten.build(replace(example, header=header, client=client)))
    return folder


def test_more_than_one_message_is_shown_first(gateway: Gateway, agreed: Path, orders: Path) -> None:
    """Count and parties, and nothing done; with --yes they go, and once more nothing happens."""
    given = ("bericht", "send", orders, "--dir", agreed, "--json")
    code, out, err = gateway(*given)
    shown = {"act": "send", "count": 3, "partners": {"99990001": {"WMO301": 3}}, "unreadable": 0, "done": False}
    assert (code, lines(out)) == (NO, [shown])
    assert "Doe het met --yes." in err
    assert waiting(gateway, agreed) == 0

    results = []
    for _ in range(2):
        code, out, _ = gateway(*given, "--yes", "--by", "J. de Tester")
        assert code == GOOD
        results.append([(one["identificatie"], one["result"], one["outbox"]) for one in lines(out)])
    assert results[0] == [(f"EIGEN{number}", "queued", number + 1) for number in range(3)]
    assert results[1] == [(name, "already", number) for name, _, number in results[0]]
    assert waiting(gateway, agreed) == 3


def test_a_file_that_is_wrong_stays_and_the_others_go(gateway: Gateway, agreed: Path, orders: Path) -> None:
    """One is no message at all, one breaks a rule: both with what is wrong and where; exit 1."""
    text = (orders / "1.xml").read_text()
    (orders / "1.xml").write_text(text.replace(CLIENTS[1], "999900019"))
    (orders / "2.xml").write_text(text[:-20])
    code, out, _ = gateway("bericht", "send", orders, "--yes", "--dir", agreed, "--json")
    answers = lines(out)
    assert code == NO
    assert [one["result"] for one in answers] == ["queued", "refused", "refused"]
    assert [{found["code"] for found in one["findings"]} for one in answers] == [set(), {"CS002"}, {"XML"}]
    assert all(found["line"] for one in answers for found in one["findings"])
    assert CLIENTS[1] not in out
    assert waiting(gateway, agreed) == 1


def test_people_read_what_became_of_each(gateway: Gateway, agreed: Path, orders: Path) -> None:
    """A line a file, and the sum at the end; a single message needs no --yes."""
    code, out, err = gateway("bericht", "send", orders / "0.xml", "--dir", agreed)
    assert (code, out, err) == (GOOD, f"{orders / '0.xml'}: gaat uit (uitgaand 1)\n", "")
    code, out, err = gateway("bericht", "send", orders, "--yes", "--dir", agreed)
    assert code == GOOD
    assert "2 gaat uit, 1 was al verstuurd" in err


def test_what_may_not_go_yet_waits_and_says_why(gateway: Gateway, pair: Path, orders: Path) -> None:
    """No route was agreed: it is in the outbox, a person must act; exit 1."""
    code, out, _ = gateway("bericht", "send", orders / "0.xml", "--dir", pair / "gemeente", "--json")
    (answer,) = lines(out)
    assert (code, answer["result"], answer["findings"][0]["code"]) == (NO, "held", "SM-3")


def test_a_file_or_gateway_that_is_not_there_is_a_sentence(gateway: Gateway, agreed: Path, orders: Path) -> None:
    """Exit 2, nothing done."""
    assert gateway("bericht", "send", orders / "9.xml", "--dir", agreed)[0] == BROKEN
    assert gateway("bericht", "send", orders / "0.xml", "--dir", agreed.parent / "nergens")[0] == BROKEN
    assert waiting(gateway, agreed) == 0


def waiting(gateway: Gateway, folder: Path) -> int:
    """Messages in the outbox of the municipality."""
    _, out, _ = gateway("outbox", "list", "--dir", folder, "--json")
    return len(lines(out))
