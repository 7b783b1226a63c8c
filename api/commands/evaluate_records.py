"""`sandhan evaluate records`: how well are two files linked whose true pairs are known, and for whom less well?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from api.commands.console import Json, err, out, plain_errors, print_json, progress
from api.linking import MappingProblem, model_at, read_two
from api.tabular import rows_of
from indexing.evaluation import Labelled, breakdown, figures
from indexing.linking import link_records
from matcher.breakdown import LEAST_PEOPLE
from matcher.model import MatchModel, record_key
from matcher.person import PersonRecord

_TABLES = {
    "by_script_kind": "by script: one or two",
    "by_script": "by script of the own names, left-right",
    "by_age_band": "by age of the right record, on the day of its event",
    "by_known": "by what was known on both sides",
    "by_field": "by each thing known on both sides, or not",
}


def records(
    left: Annotated[Path, typer.Argument(help="CSV file.", exists=True, dir_okay=False)],
    right: Annotated[Path, typer.Argument(help="CSV file.", exists=True, dir_okay=False)],
    truth: Annotated[
        Path,
        typer.Option(help="TSV with the columns left, right: ids of the true pairs.", exists=True, dir_okay=False),
    ],
    columns: Annotated[Path | None, typer.Option(help="TOML mapping of columns to fields.")] = None,
    model: Annotated[Path | None, typer.Option(help="Evidence model of your own.", dir_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Precision, recall, recall@k and calibration of linking two files whose true pairs are known, and for whom."""
    with plain_errors():
        today = date.today()
        files = read_two(left, right, columns, today)
        first, extra = files.left.records, files.extra
        second: Sequence[PersonRecord] = files.right.records
        evidence = model_at(model)
        pairs, repeated = read_truth(
            truth, [record.record_id for record in first], [record.record_id for record in second]
        )
        second, pairs, taught = without_taught(first, second, pairs, evidence)
        with progress(as_json) as bars:
            task = bars.add_task("", total=None)
            linked = link_records(
                first, second, evidence, extra=extra,
                stage=lambda name, done, total: bars.update(task, description=name, completed=done, total=total),
            )  # fmt: skip
            bars.update(task, description="measuring", completed=0, total=1)
            labelled = Labelled.of(linked, pairs, len(second))
            found = {
                "left": len(first),
                "right": len(second),
                "true_pairs": len(labelled.truth),
                "repeated_in_truth": repeated,
                "left_out_as_taught": taught,
                **figures(labelled),
                **breakdown(labelled, first, second, today, extra),
            }
    if as_json:
        print_json(found)
        return
    if taught:
        err.print(f"[yellow]right:[/] {taught} records taught this model and are left out")
    if repeated:
        err.print(f"[yellow]truth:[/] {repeated} rows say a pair again; each pair counts once")
    _show(found)


def without_taught(
    left: Sequence[PersonRecord], right: Sequence[PersonRecord], pairs: npt.NDArray[np.int64], model: MatchModel
) -> tuple[Sequence[PersonRecord], npt.NDArray[np.int64], int]:
    """Return the right records that did not teach the model, the true pairs of these, and how many were left out.

    A right record taught it, too, when its true left one did: files may come the other way round.

    Raises:
        MappingProblem: nothing is left to measure on.
    """
    kept = np.array([record_key(record.record_id) not in model.taught_by for record in right], dtype=np.bool_)
    taught = (
        [record_key(left[row].record_id) in model.taught_by for row in pairs[:, 0].tolist()] if model.taught_by else []
    )
    kept[pairs[taught, 1] if taught else []] = False
    if kept.all():
        return right, pairs, 0
    place = np.cumsum(kept) - 1
    pairs = pairs[kept[pairs[:, 1]]]
    if not len(pairs):
        raise MappingProblem("the model was taught by decisions about all of these: there is nothing to measure it on")
    remaining = [record for record, stays in zip(right, kept.tolist(), strict=True) if stays]
    return remaining, np.stack([pairs[:, 0], place[pairs[:, 1]]], axis=1), int((~kept).sum())


def read_truth(path: Path, left: Sequence[str], right: Sequence[str]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the true pairs as rows of the two files, shape (t, 2), each once, and how many rows said one again.

    Args:
        path: TSV with the columns left and right; rows in which both are blank are passed over.
        left, right: the ids in the two files.
    Raises:
        MappingProblem: one side of a row is blank, an id is in neither file, or there is no pair. Says which row.
    """
    places = [{record_id: row for row, record_id in enumerate(ids)} for ids in (left, right)]
    pairs: list[tuple[int, int]] = []
    unknown: list[int] = []
    for number, row in enumerate(rows_of(path, "\t", ("left", "right")), 2):
        ids = row["left"].strip(), row["right"].strip()
        if not any(ids):
            continue
        if not all(ids):
            raise MappingProblem(f"{path}, row {number}: there is nothing for {'left' if ids[1] else 'right'}")
        if ids[0] in places[0] and ids[1] in places[1]:
            pairs.append((places[0][ids[0]], places[1][ids[1]]))
        else:
            unknown.append(number)
    if unknown:
        # An id may be a name: the row says enough to whoever has the file.
        raise MappingProblem(
            f"{path}: {len(unknown)} of {len(unknown) + len(pairs)} pairs name an id that is not in its file, first in "
            f"row {unknown[0]}; left are ids of the first file, right of the second (numbers of rows if it has no ids)"
        )
    if not pairs:
        raise MappingProblem(f"{path}: names no pair")
    distinct = np.array(list(dict.fromkeys(pairs)), dtype=np.int64)
    return distinct, len(pairs) - len(distinct)


def _show(found: Mapping[str, Any]) -> None:
    """Print the figures as tables, headlines first."""
    table = Table("figure", "value", box=SIMPLE)
    for name, value in found.items():
        if not isinstance(value, (dict, list)):
            table.add_row(name, _number(value))
    for name in ("right_records", "strangers"):
        for part, value in found[name].items():
            table.add_row(f"{name.replace('_', ' ')}: {part.replace('_', ' ')}", _number(value))
    for name, value in found["calibration"].items():
        table.add_row(f"calibration, {name.replace('_', ' ')}", _calibration_line(value))
    out.print(table)
    grades = Table("grade and better", "from", "precision", "recall", "F1", box=SIMPLE)
    for grade, value in found["grades"].items():
        grades.add_row(grade, *(_number(value[part]) for part in ("threshold", "precision", "recall", "f1")))
    out.print(grades)
    bins = Table("probability", "pairs", "said", "true", title="reliability", box=SIMPLE)
    for entry in found["reliability"]:
        said, true = _number(entry["mean_probability"]), _number(entry["share_of_matches"])
        bins.add_row(f"{entry['low']:.1f}-{entry['high']:.1f}", f"{entry['pairs']:,}", said, true)
    out.print(bins)
    for name, title in _TABLES.items():
        _show_rows(title, found[name])
    out.print(
        f"Rows of fewer than {LEAST_PEOPLE} people are merged into other, or left out. P, R, F1: at "
        f"{found['threshold']:g}; with *: at {found['grades']['probable']['threshold']:g}, probable."
    )


def _show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        out.print(f"{title}: fewer than {LEAST_PEOPLE} people, not shown")
        return
    table = Table("% of", title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in ("pairs", "compared", "@1", "@10", "P", "R", "F1", "P*", "R*", "F1*"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        shares = [row[name] for name in ("candidate_recall", "recall@1", "recall@10", "precision", "recall", "f1")]
        shares += [row["probable"][name] for name in ("precision", "recall", "f1")]
        # Spaces let a long key break where one thing ends and the next begins ("18+" has no next).
        key = " + ".join(filter(None, row["key"].split("+"))) if "+" in row["key"][:-1] else row["key"]
        table.add_row(escape(key), f"{row['pairs']:,}", *(f"{100 * share:.0f}" for share in shares))
    out.print(table)


def _calibration_line(value: Mapping[str, Any]) -> str:
    return f"ECE {value['ece']:.4f}, Brier {value['brier']:.4f} ({value['pairs']:,} pairs)"


def _number(value: float | int | None) -> str:
    if value is None:
        return "too few to say"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
