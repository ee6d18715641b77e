"""gateway.toml: right settings come out typed; wrong ones are refused all at once, with line, key and what is right."""

from pathlib import Path

import pytest

from gateway.config import FILE, Settings, read_settings
from gateway.domain.findings import Finding

GOOD = """\
[gateway]
role = "gemeente"
code = "0983"
name = "Gemeente Voorbeeld"
address = "wmo@gemeente.example"
"""


def read(folder: Path, text: str, **environ: str) -> Settings | tuple[Finding, ...]:
    """Settings of a folder whose file has this text."""
    (folder / FILE).write_text(text)
    return read_settings(folder, environ)


def faults(folder: Path, text: str, **environ: str) -> tuple[Finding, ...]:
    """The refusal; fails if there is none."""
    answer = read(folder, text, **environ)
    assert isinstance(answer, tuple)
    assert answer
    return answer


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    """Who one is has no default; everything else has one, or is not needed."""
    settings = read(tmp_path, GOOD)
    assert isinstance(settings, Settings)
    assert (settings.gateway.role, settings.relay, settings.mailbox) == ("gemeente", None, None)
    assert settings.store.url == "sqlite:///gateway.db"


def test_every_fault_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    """A person mends the file once, not fault by fault."""
    text = GOOD.replace('"gemeente"', '"provincie"') + '[relay]\nprot = 25\nport = 99999\n[relais]\nhost = "x"\n'
    found = {(fault.code, fault.path, fault.line) for fault in faults(tmp_path, text)}
    assert found == {
        ("CFG-VALUE", "gateway.role", 2),
        ("CFG-UNKNOWN", "relay.prot", 7),
        ("CFG-VALUE", "relay.port", 8),
        ("CFG-UNKNOWN", "relais", 9),
    }


def test_a_fault_says_what_would_be_right(tmp_path: Path) -> None:
    """The advice comes from the setting's own bounds."""
    (fault,) = faults(tmp_path, GOOD + "[schedule]\ndispatch_seconds = 0\n")
    assert "a whole number from 1 to 86400" in (fault.advice or "")


def test_a_misspelt_key_is_answered_with_the_one_meant(tmp_path: Path) -> None:
    """`prot` is most likely `port`."""
    found = faults(tmp_path, GOOD + '[relay]\nhost = "h"\nprot = 587\n')
    assert [fault.advice for fault in found] == ["Did you mean port?"]


@pytest.mark.parametrize(("role", "code"), [("gemeente", "99990001"), ("aanbieder", "0983")])
def test_the_own_code_fits_the_role(tmp_path: Path, role: str, code: str) -> None:
    """A municipality has a gemeentecode of four digits, a provider an AGB code of eight."""
    text = GOOD.replace('"gemeente"', f'"{role}"').replace('"0983"', f'"{code}"')
    (fault,) = faults(tmp_path, text)
    assert (fault.path, fault.line) == ("gateway.code", 3)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("imap", {"mailbox.host", "mailbox.user", "mailbox.authority"}),
        ("pop3", {"mailbox.host", "mailbox.user", "mailbox.authority"}),
        ("maildir", {"mailbox.path"}),
        ("folder", {"mailbox.path"}),
    ],
)
def test_each_kind_of_mailbox_needs_its_own_keys(tmp_path: Path, kind: str, missing: set[str]) -> None:
    """What a kind needs is asked at once, and who may vouch for its server (SM-79)."""
    found = faults(tmp_path, GOOD + f'[mailbox]\nkind = "{kind}"\n')
    assert {fault.path for fault in found} == missing


@pytest.mark.parametrize(
    "line",
    [
        '[relay]\nhost = "h"\npassword = "geheim-123"',
        '[store]\nurl = "postgresql://wmo:geheim-123@db/wmo"',
        '[keys]\nsigning_key = "-----BEGIN PRIVATE KEY-----geheim-123"',
        '[api]\ntoken = "geheim-123"',
        'wachtwoord = "geheim-123"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    """Secrets stand in files of mode 0600 or in the environment; a file that is reviewed is the wrong place."""
    text = f"{line}\n{GOOD}" if line.startswith("w") else GOOD + line + "\n"
    found = faults(tmp_path, text)
    assert "CFG-SECRET" in {fault.code for fault in found}
    assert "geheim-123" not in repr(found)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """GATEWAY_<SECTION>_<KEY>, numbers included; a section may come from the environment alone."""
    settings = read(
        tmp_path,
        GOOD,
        GATEWAY_RELAY_HOST="smtp.example",
        GATEWAY_RELAY_PORT="465",
        GATEWAY_RELAY_AUTHORITY="system",
        GATEWAY_GATEWAY_NAME="B",
    )
    assert isinstance(settings, Settings)
    assert settings.relay is not None
    assert (settings.relay.host, settings.relay.port, settings.gateway.name) == ("smtp.example", 465, "B")


def test_a_wrong_variable_is_named_as_variable(tmp_path: Path) -> None:
    """Who set a variable looks for a variable, not for a line."""
    (fault,) = faults(tmp_path, GOOD, GATEWAY_LIMITS_MESSAGE_MB="veel")
    assert (fault.code, fault.path, fault.line) == ("CFG-VALUE", "GATEWAY_LIMITS_MESSAGE_MB", None)


def test_a_variable_that_means_nothing_is_refused(tmp_path: Path) -> None:
    """A misspelt variable would otherwise go unnoticed."""
    (fault,) = faults(tmp_path, GOOD, GATEWAY_RELAY_HOTS="smtp.example")
    assert fault.advice == "Did you mean GATEWAY_RELAY_HOST?"


def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    """The line of the fault; at the end of the document the last one."""
    assert faults(tmp_path, GOOD + "[relay\n")[0].line == 6
    assert faults(tmp_path, GOOD + 'x = """')[0].code == "CFG-SYNTAX"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Not UTF-8 is a sentence, not an exception."""
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    answer = read_settings(tmp_path, {})
    assert isinstance(answer, tuple)
    assert answer[0].code == "CFG-SYNTAX"


def test_no_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The answer to a missing file is `gateway init`."""
    answer = read_settings(tmp_path, {})
    assert isinstance(answer, tuple)
    assert answer[0].advice == "Make one: gateway init."


def test_a_section_that_is_a_value_is_refused(tmp_path: Path) -> None:
    """`store = "x"` instead of [store]."""
    (fault,) = faults(tmp_path, 'store = "x"\n' + GOOD)
    assert (fault.path, fault.line) == ("store", 1)


def test_addresses_of_revocation_data_are_whole(tmp_path: Path) -> None:
    """SM-36: a prefix without the slash after its host could be continued into another host's name."""
    set_there = read(tmp_path, GOOD, GATEWAY_REVOCATION_LISTS="http://a.example/x.crl https://b.example/")
    assert isinstance(set_there, Settings)
    assert set_there.revocation.lists == ("http://a.example/x.crl", "https://b.example/")
    for wrong in ("http://a.example", "ftp://a.example/", "http://user:word@a.example/", "http://a.example/ x"):
        (fault,) = faults(tmp_path, GOOD + f'[revocation]\nresponders = ["{wrong}"]\n')
        assert (fault.code, fault.path, fault.line) == ("CFG-VALUE", "revocation.responders", 7)
