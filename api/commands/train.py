"""`sandhan train`: make the shipped models again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.commands.context import err, fail, load_settings, out, plain_errors, print_json, progress
from api.face_model import face_model_of
from api.train import train_evidence, write_model
from api.train_faces import train_faces, write_faces
from api.train_names import train_names, write_names
from matcher.names.learning import Settings

DEFAULTS = Settings()
app = typer.Typer(help="Make the shipped models again, the same everywhere.", no_args_is_help=True)


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


@app.command()
def faces(
    pairs: Annotated[
        Path, typer.Argument(help="CSV: distance, Decision (Yes, No), age and years if known.", exists=True)
    ],
    to: Annotated[Path, typer.Option("--out", help="Folder for the calibrations and their checksum.")] = Path(
        "data/models"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Move the face model's calibration by decided pairs, as `sandhan evaluate photos --distances` writes them."""
    with plain_errors():
        model = face_model_of(load_settings())
        trained = train_faces(pairs, model)
        path = write_faces(trained, model, to)
    if as_json:
        print_json({"file": str(path), **asdict(trained)})
        return
    out.print(f"wrote {path}: {trained.model}, by {trained.same} pairs of one person and {trained.different} of two")
    for name in ("genuine", "genuine_spread", "impostor", "impostor_spread"):
        out.print(f"  {name:<18} {getattr(trained.before, name):.4f} -> {getattr(trained.after, name):.4f}")


@app.command()
def names(
    further: Annotated[list[Path] | None, typer.Argument(help="Further files of pairs.", exists=True)] = None,
    pairs: Annotated[
        list[Path] | None, typer.Option(help="TSV with the columns native_script, latin, lang.", exists=True)
    ] = None,
    to: Annotated[Path, typer.Option("--out", help="Folder for the artefact and its checksum.")] = Path("data/models"),
    hold_out: Annotated[
        Path | None, typer.Option(help="Text file: no name that stands in it is learned from.", exists=True)
    ] = None,
    steps: Annotated[int, typer.Option(help="Batches to learn from.", min=1)] = DEFAULTS.steps,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = DEFAULTS.seed,
) -> None:
    """Learn the name encoder from pairs of spellings, our reference tables and CLDR (some ten minutes on two cores)."""
    with plain_errors(), progress(False) as bars:
        task = bars.add_task("reading pairs", total=steps)
        try:
            trained = train_names(
                [*(pairs or ()), *(further or ())],
                Settings(seed=seed, steps=steps),
                hold_out,
                lambda step, loss: bars.update(task, completed=step, description=f"learning, loss {loss:.3f}"),
            )
        except ImportError as error:
            fail(f"{error.name} is not installed; training needs it: pip install 'sandhan[train]'")
        path = write_names(trained, to)
    out.print(f"wrote {path}: {sum(trained.concepts.values())} names in {len(trained.concepts)} languages")
