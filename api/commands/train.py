"""`sandhan train`: make the shipped models again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.context import err, out, print_json
from api.train import train_evidence, write_model

app = typer.Typer(help="Make the shipped models again, the same everywhere.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `evidence` a command of its own: names will follow."""


@app.command()
def evidence(
    to: Annotated[Path, typer.Option("--out", help="Folder for the model and its checksum.")] = Path("data/models"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Estimate m, u, discount and thresholds from synthetic people (about a minute on one core)."""
    err.print("[cyan]•[/] drawing people, counting levels, fitting (about a minute)")
    trained = train_evidence()
    path = write_model(trained, to)
    if as_json:
        print_json({"model": str(path), **trained.figures})
        return
    out.print(f"wrote {path}")
    for name, value in trained.figures.items():
        out.print(f"  {name:<26} {value:.3f}")
