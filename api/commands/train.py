"""`sandhan train`: make the shipped models again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import err, fail, out, plain_errors, print_json, progress
from api.commands.context import load_settings
from api.face_model import face_model_of
from api.linking import model_at, read_two
from api.tabular import rows_of, yes_or_no
from api.train import train_evidence, train_on_files, write_model
from api.train_faces import train_faces, write_faces
from api.train_names import train_names, write_names
from api.train_retrieval import train_retrieval, write_space
from matcher.names.learning import Settings

DEFAULTS = Settings()
app = typer.Typer(help="Make the shipped models again, the same everywhere.", no_args_is_help=True)


@app.command()
def evidence(
    left: Annotated[
        Path | None, typer.Argument(help="CSV of your own reports; without it the model that ships is made.")
    ] = None,
    right: Annotated[Path | None, typer.Argument(help="CSV of rescued people, or of the other file.")] = None,
    columns: Annotated[Path | None, typer.Option(help="TOML mapping of columns to fields, as in `link`.")] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="TSV: left, right, is_match: pairs that people confirmed or rejected.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Evidence model to start from; the one that ships.")] = None,
    to: Annotated[Path, typer.Option("--out", help="Folder for the model and its checksum.")] = Path("data/models"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Estimate the evidence model: from synthetic people (minutes), or from two files of your own and decisions.

    Of your files u is sampled and m estimated by EM; decisions then move each level, drawn towards what was known.
    """
    with plain_errors():
        if left is None:
            if right or columns or decisions or model:
                fail("give both files, LEFT and RIGHT")
            err.print("[cyan]•[/] drawing people, counting levels, fitting (a few minutes)")
            trained = train_evidence()
        else:
            if right is None:
                fail("give both files, LEFT and RIGHT")
            if to.resolve() == Path("data/models").resolve():
                fail("--out: name a folder of your own; data/models holds the models that ship")
            files = read_two(left, right, columns, date.today())
            decided = [
                (row["left"].strip(), row["right"].strip(), yes_or_no(row["is_match"], "is_match", number))
                for number, row in enumerate(rows_of(decisions, "\t", ("left", "right", "is_match")), 2)
            ] if decisions else []  # fmt: skip
            with progress(as_json) as bars:
                task = bars.add_task("", total=None)
                trained = train_on_files(
                    files.left.records, files.right.records, model_at(model), decisions=decided, extra=files.extra,
                    stage=lambda name, done, total: bars.update(task, description=name, completed=done, total=total),
                )  # fmt: skip
    path = write_model(trained, to)
    if as_json:
        print_json({"model": str(path), "version": trained.model.version, **trained.figures})
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


@app.command()
def retrieval(
    to: Annotated[Path, typer.Option("--out", help="Folder for the artefact and its checksum.")] = Path("data/models"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the weights as JSON.")] = False,
) -> None:
    """Learn from synthetic people which fields find the true report among its neighbours (a few minutes)."""
    with plain_errors():
        err.print("[cyan]•[/] drawing people, learning the weights of the fields (a few minutes)")
        trained = train_retrieval()
        path = write_space(trained, to)
    if as_json:
        print_json({"file": str(path), "version": trained.space.version, "weights": trained.weights})
        return
    out.print(f"wrote {path}")
    for block, (weight, unknown) in trained.weights.items():
        out.print(f"  {block:<10} {weight:>6.2f}   unknown in the report {unknown:>5.2f}")
