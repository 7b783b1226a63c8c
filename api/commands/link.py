"""`sandhan link`: the engine as a tool, on two files, with no server."""

from __future__ import annotations

import csv
import gc
import time
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from api.commands.console import err, fail, out, plain_errors, print_json, progress
from api.linking import model_at, read_two
from indexing.linking import CANDIDATES, Linked, link_records, one_to_one
from matcher.explanation import reasons


def link(
    left: Annotated[Path, typer.Argument(help="CSV file.", exists=True, dir_okay=False)],
    right: Annotated[Path, typer.Argument(help="CSV file.", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option("--out", help="Where the pairs are written (CSV).")],
    columns: Annotated[Path | None, typer.Option(help="TOML mapping of columns to fields.")] = None,
    threshold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Pairs at least this probable are written.")] = 0.5,
    single: Annotated[bool, typer.Option("--one-to-one", help="Each record in one pair at most, the best.")] = False,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates taken from each search route.")] = CANDIDATES,
    model: Annotated[Path | None, typer.Option(help="Evidence model of your own.", dir_okay=False)] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Add a column with the reasons, in words.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Link two files: which rows are one person? Writes left_id, right_id, probability, weight, grade."""
    started = time.monotonic()
    # Records and pairs live until the end of this short process: looking for garbage among them only costs time.
    gc.disable()
    if not to.absolute().parent.is_dir():
        fail(f"--out: there is no folder {to.absolute().parent}")
    with plain_errors():
        files = read_two(left, right, columns, date.today())
        first, second = files.left, files.right
        evidence = model_at(model)
        with progress(as_json) as bars:
            task = bars.add_task("", total=None)

            def stage(name: str, done: int, total: int) -> None:
                bars.update(task, description=name, completed=done, total=total)

            linked = link_records(
                first.records, second.records, evidence,
                extra=files.extra, candidates=candidates, stage=stage,
            )  # fmt: skip
        kept = _kept(linked, threshold, single)
        _write(to, [r.record_id for r in first.records], [r.record_id for r in second.records], linked, kept, explain)
    summary = {
        "left": len(first.records),
        "right": len(second.records),
        "candidates": len(linked.left),
        "pairs": len(kept),
        "threshold": threshold,
        "not_understood": {"left": first.not_understood, "right": second.not_understood},
        "seconds": round(time.monotonic() - started, 1),
        "out": str(to),
    }
    if as_json:
        print_json(summary)
        return
    for name, problems in (("left", first.not_understood), ("right", second.not_understood)):
        for field, count in problems.items():
            err.print(f"[yellow]{name}:[/] {count} values of {field} were not understood and count as unknown")
    out.print(
        f"{len(kept):,} pairs at {threshold:.0%} or more among {len(first.records):,} x "
        f"{len(second.records):,} records ({len(linked.left):,} compared) in {summary['seconds']} s: {to}"
    )


def _kept(linked: Linked, threshold: float, single: bool) -> list[int]:
    """Return the positions of the pairs to write, strongest first."""
    probable = np.flatnonzero(linked.scored.probability >= threshold)
    if single:
        chosen = one_to_one(linked.left[probable], linked.right[probable], linked.scored.weight[probable])
        probable = probable[chosen]
    order = np.lexsort((linked.right[probable], linked.left[probable], -linked.scored.weight[probable]))
    return [int(position) for position in probable[order]]


def _write(to: Path, left_ids: list[str], right_ids: list[str], linked: Linked, kept: list[int], explain: bool) -> None:
    probability = linked.scored.probability
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["left_id", "right_id", "probability", "weight", "grade", *(["reasons"] if explain else [])])
        for row in kept:
            writer.writerow(
                [
                    left_ids[linked.left[row]],
                    right_ids[linked.right[row]],
                    f"{probability[row]:.6f}",
                    f"{linked.scored.weight[row]:.3f}",
                    linked.model.grade(float(probability[row])).value,
                    *([_reasons(linked, row)] if explain else []),
                ]
            )


def _reasons(linked: Linked, row: int) -> str:
    return "; ".join(reason.statement for reason in reasons(linked.scored.explain(row)))
