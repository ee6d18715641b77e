"""`gateway`: the commands, and the one place where their exit codes are made.

A module of this room declares its commands and imports what they need when they run, so that `gateway --help` and
`gateway bericht validate` start fast.
"""

import os
import sys
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import (
    audit,
    bericht,
    cert,
    cert_add,
    cert_own,
    declaratie,
    demo,
    inbox,
    job,
    key,
    mail,
    outbox,
    partner,
    partner_terms,
    plan,
    reconcile,
    regels,
    selftest,
    serve,
    setup,
    status,
    taak,
    upkeep,
)
from gateway.cli.output import BROKEN, Surroundings, say, show

app = typer.Typer(
    name="gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # SM-150: no traceback with local variables, ever
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        show(f"gateway {__version__}")
        raise typer.Exit


@app.callback()
def gateway(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Gateway waarmee gemeenten en aanbieders Wmo-ondersteuning regelen: plannen, iWmo-berichten, afstemming."""


app.add_typer(bericht.app, name="bericht")
app.add_typer(declaratie.app, name="declaratie")
app.add_typer(plan.app, name="plan")
app.command("demo", short_help="Speel een hele zaak na, op deze machine.")(demo.demo)
app.command("init", short_help="Make a gateway's folder.")(setup.init)
app.add_typer(outbox.app, name="outbox")
app.add_typer(inbox.app, name="inbox")
app.add_typer(taak.app, name="taak")
app.add_typer(audit.app, name="audit")
app.add_typer(selftest.app, name="selftest")
app.command("backup", short_help="Copy the state, also while the gateway runs.")(upkeep.backup)
app.command("restore", short_help="Put a backup back.")(upkeep.restore)
app.command("purge", short_help="Destroy dossiers past their term.")(upkeep.purge)
app.command("migrate", short_help="Move the state to another database.")(upkeep.migrate)
app.command("status", short_help="Wat open staat en wie aan zet is.")(status.status)
app.command("serve", short_help="Run the gateway.")(serve.serve)
app.command("check", short_help="Test everything the settings name.")(setup.check)
app.add_typer(mail.app, name="mail")
partner.app.command("agree")(partner_terms.agree)
partner.app.command("refuse")(partner_terms.refuse)
partner.app.command("check")(partner_terms.check)
app.add_typer(partner.app, name="partner")
cert.app.command("add")(cert_add.add)
cert.app.command("lost")(cert_own.lost)
cert.app.command("destroy")(cert_own.destroy)
app.add_typer(cert.app, name="cert")
app.add_typer(key.app, name="key")
app.add_typer(job.app, name="job")
app.add_typer(reconcile.app, name="reconcile")
app.command("regels", short_help="De regels van de standaard.")(regels.regels)


def unexpected(error: BaseException) -> None:
    """One sentence for a fault of ours; a report without personal data on request (SM-150)."""
    kind, wanted = type(error).__name__, os.environ.get("GATEWAY_REPORT")
    if wanted:
        from gateway.cli.report import write_report

        write_report(error, wanted)
        say(f"A fault in the gateway itself ({kind}). The report is in {wanted}; it holds no personal data.")
    else:
        say(
            f"A fault in the gateway itself ({kind}). Run the command again with GATEWAY_REPORT=report.txt in the "
            "environment: that writes a report without personal data, to attach to an issue."
        )


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; the answer is the exit code. Never raises, never shows a traceback."""
    try:
        app(arguments, prog_name="gateway")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else BROKEN
    except Surroundings as error:
        say(str(error))
    except OSError as error:
        say(f"{error.filename or 'System'}: {error.strerror or type(error).__name__}.")
    except Exception as error:
        if not _of_the_store(error):
            unexpected(error)
        else:
            say(str(error))
    return BROKEN


def _of_the_store(error: Exception) -> bool:
    """What is wrong with the database is said in its own words; the store is not loaded to see that."""
    store = sys.modules.get("gateway.store")
    return store is not None and isinstance(error, (store.OpenRefused, store.StoreDown, store.Damaged))
