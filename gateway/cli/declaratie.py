"""`gateway declaratie`: invoices against allocations, on files. Nothing is stored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import files, output
from gateway.cli.options import Today, day
from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, show

if TYPE_CHECKING:
    from gateway.cli.declaraties import Judged

app = typer.Typer(no_args_is_help=True, help="Declaraties naast toewijzingen leggen.")

_WORDS = {
    "approved": "goedgekeurd",
    "partly": "gedeeltelijk goedgekeurd",
    "rejected": "afgewezen",
    "held": "aangehouden",
    "notAssessed": "niet beoordeeld",
    "undecided": "onbeslist",
}


@app.command()
def check(
    file: Annotated[list[Path], typer.Argument(metavar="WMO323.xml", help="Declaraties, of mappen ermee.")],
    toewijzingen: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Map met de toewijzingen (WMO301) en hun antwoorden.")
    ],
    earlier: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Map met eerdere declaraties en antwoorden (323, 325)."),
    ] = None,
    contract: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Contract: producten en tarieven (TOML of JSON). Zonder: aangehouden."),
    ] = None,
    today: Today = None,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="OUT", help="Bestand voor de WMO325; bij meer declaraties een map.")
    ] = None,
    json: Json = False,
) -> None:
    """Beoordeelt declaraties (WMO323) regel voor regel; bij een aanbieder de controle vóór het versturen.

    Meer declaraties worden na elkaar beoordeeld, in de volgorde van de bestanden: de eerste telt mee bij de tweede.
    """
    from gateway.cli.contract import load_contract
    from gateway.cli.declaraties import judge

    paths = files.expand(file, ".xml")
    if out is not None and len(paths) > 1 and not out.is_dir():
        raise Surroundings(f"{out} is geen map; bij meer declaraties noemt -o een map die er is.")
    folders = [folder for folder in (toewijzingen, earlier) if folder is not None]
    known = tuple(path for folder in folders for path in files.expand([folder], ".xml"))
    code = GOOD
    for judged in judge(paths, known, load_contract(contract), day(today)):
        if out is not None and judged.xml is not None:
            files.write(out / f"{judged.file.stem}-325.xml" if out.is_dir() else out, judged.xml)
        if json:
            emit(judged.answer)
        else:
            _tell(judged)
        code = max(code, GOOD if judged.answer.get("verdict") == "approved" else NO)
    raise typer.Exit(code)


def _tell(judged: "Judged") -> None:
    """One declaration for people: the outcome in euros, then each line that was not simply approved."""
    from gateway.domain.money import euro

    answer = judged.answer
    output.findings(str(judged.file), judged.findings, show)
    if "verdict" not in answer:
        show(f"{judged.file}: geen declaratie die beoordeeld kan worden")
        return
    money = f"ingediend {euro(answer['submittedCents'])}, toegekend {euro(answer['awardedCents'])}"
    show(f"{judged.file}: declaratie {answer['declaratieNummer']} {_WORDS[answer['verdict']]}; {money}")
    for line in answer["prestaties"]:
        if line["verdict"] != "approved":
            codes = f" ({', '.join(line['retourcodes'])})" if line["retourcodes"] else ""
            show(f"  {line['referentieNummer']} {euro(line['cents'])} {_WORDS[line['verdict']]}{codes}")
            show(f"      {line['explanation']}")
