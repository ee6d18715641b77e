"""`gateway plan form` and `gateway plan read`: a plan on paper, and a returned form as data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import files, output
from gateway.cli.output import BROKEN, GOOD, NO, Json, Surroundings, emit, show
from gateway.domain.findings import Finding, has_errors

if TYPE_CHECKING:
    from gateway.plans import Formaat
    from gateway.plans.exchange import Uitwisseling

Region = Annotated[Path | None, typer.Option("--formaat", metavar="FILE", help="Een eigen formaat van de regio.")]


def form(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Een plan zoals het reist (JSON).")],
    out: Annotated[Path, typer.Option("-o", metavar="OUT.pdf", help="Waar het document komt.")],
    papier: Annotated[bool, typer.Option("--papier", help="Om met de pen in te vullen, zonder velden.")] = False,
    formaat: Region = None,
    json: Json = False,
) -> None:
    """Maakt van een uitvraag het formulier voor de aanbieder, en van een plan het document om te lezen."""
    from gateway.plans.documents import formulier_pdf, invulformulier_pdf, plan_pdf

    message, region, _ = _message(file, formaat)
    if message.soort == "retour":
        made = plan_pdf(message.plan, region)
    else:
        made = formulier_pdf(message.plan, region) if papier else invulformulier_pdf(message.plan, region)
    if isinstance(made, Finding):
        raise Surroundings(f"{made.message} {made.advice or ''}".strip())
    files.write(out, made)
    if json:
        emit({"file": str(out), "planId": message.plan_id, "versie": message.versie, "bytes": len(made)})
    else:
        output.say(f"{out} gemaakt.")


def read(
    file: Annotated[Path, typer.Argument(metavar="FORM.pdf", help="Het formulier dat terugkwam.")],
    uitvraag: Annotated[
        Path, typer.Option("--uitvraag", metavar="FILE", help="De uitvraag waar het bij hoort (JSON).")
    ],
    out: Annotated[Path | None, typer.Option("-o", metavar="OUT.json", help="Waar het gelezen plan komt.")] = None,
    formaat: Region = None,
    json: Json = False,
) -> None:
    """Leest een ingevuld formulier, na de poort en in een apart proces; de handtekeningen volgen later."""
    from gateway.cli.plan_child import Question, read_form
    from gateway.plans import Ondersteuningsplan, maak_retour
    from gateway.plans.digest import canoniek
    from gateway.plans.plain import from_plain, to_plain

    message, region, source = _message(uitvraag, formaat)
    sent = canoniek(to_plain(message.plan))
    answer = read_form(Question(pdf=files.read(file), uitvraag=sent, formaat=source))
    plan, _ = from_plain(Ondersteuningsplan, answer.plan) if answer.plan is not None else (None, [])
    valid = plan is not None and not has_errors(answer.findings)
    if plan is not None and out is not None:
        files.write(out, maak_retour(plan, region, verzonden_op=datetime.now(UTC)))
    if json:
        document = {"file": str(file), "soort": answer.soort, "planId": message.plan_id, "versie": message.versie}
        emit({**document, "valid": valid, "findings": answer.findings})
    else:
        output.findings(str(file), answer.findings, show)
        show(f"{file}: {answer.soort or 'geweigerd'}, {'goed gelezen' if valid else 'niet goed'}")
    raise typer.Exit(GOOD if valid else NO)


def _message(path: Path, own: Path | None) -> "tuple[Uitwisseling, Formaat, bytes]":
    """The message in a file, its format and the source of that format; exit code 2 where one cannot be used."""
    from gateway.plans import laad_formaat, lees_uitwisseling
    from gateway.plans.formaat import mappings_map

    sources = [own] if own is not None else sorted(mappings_map().glob("*.yaml"))
    known: dict[tuple[str, int], tuple[Formaat, bytes]] = {}
    for source in map(files.read, sources):
        loaded, _ = laad_formaat(source)
        if loaded is not None:
            known[loaded.formaat.id, loaded.formaat.versie] = (loaded, source)
    message, found = lees_uitwisseling(
        files.read(path), lambda name, version: known[name, version][0] if (name, version) in known else None
    )
    if message is None or has_errors(found):
        output.findings(str(path), found)
        raise typer.Exit(BROKEN)
    return message, *known[message.formaat.id, message.formaat.versie]
