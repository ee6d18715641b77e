"""The child process that opens a PDF from outside: gate, then reading, within limits (PLD-30, PLD-31).

`read_form` is the parent's side; `python -m gateway.cli.plan_child` is the child's. What comes from outside is opened
in the child only; a breach of a limit kills it, and that is a refusal.
"""

import os
import re
import subprocess
import sys
from typing import Any

import msgspec

from gateway.domain.findings import Finding

_BREACH = Finding(
    code="PDF_GEWEIGERD", severity="error", message="Het bestand kan niet veilig worden gelezen binnen de grenzen."
)

# What a Python needs to run. The gateway's passwords and PINs may stand in its environment: not for who reads the file.
_KEPT = re.compile("PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|PYTHON.*|VIRTUAL_ENV|LD_LIBRARY_PATH|DYLD_.*")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    pdf: bytes
    uitvraag: bytes  # the plan as sent, as plain JSON
    formaat: bytes  # the region's file


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the child found: kind of file, the plan as plain JSON data if it was a form, and the findings."""

    soort: str | None = None
    plan: dict[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


def read_form(question: Question) -> Reading:
    """`question` answered in a child process; a child that dies or takes too long is a refusal."""
    from gateway.plans.documents import LIMITS

    try:
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli.plan_child"],
            input=msgspec.msgpack.encode(question),
            capture_output=True,
            timeout=LIMITS.seconden,
            check=True,
            env={name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)},
        )
        return msgspec.msgpack.decode(done.stdout, type=Reading)
    except (subprocess.SubprocessError, msgspec.DecodeError):
        return Reading(findings=(_BREACH,))


def main() -> None:
    """The child: limits first, then the file."""
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    _limit()
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(question)))


def _limit() -> None:
    """Memory, CPU and no file writing; where the system has no such limits the parent's clock still holds."""
    try:
        import resource
    except ImportError:  # Windows
        return
    from gateway.plans.documents import LIMITS

    resource.setrlimit(resource.RLIMIT_AS, (LIMITS.geheugen, LIMITS.geheugen))
    resource.setrlimit(resource.RLIMIT_CPU, (LIMITS.cpu_seconden, LIMITS.cpu_seconden))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer(question: Question) -> Reading:
    from gateway.domain.findings import has_errors
    from gateway.plans import Ondersteuningsplan, laad_formaat
    from gateway.plans.documents import lees_formulier, poort
    from gateway.plans.plain import from_plain, to_plain

    found = poort(question.pdf)
    if has_errors(found):
        return Reading(findings=tuple(found))
    formaat, _ = laad_formaat(question.formaat)
    deel, _ = from_plain(Ondersteuningsplan, msgspec.json.decode(question.uitvraag))
    assert formaat is not None  # the parent loaded both
    assert deel is not None
    read = lees_formulier(question.pdf, deel, formaat)
    return Reading(
        soort=read.soort,
        plan=to_plain(read.plan) if read.plan is not None else None,
        findings=(*found, *read.findings),
    )


if __name__ == "__main__":
    main()
