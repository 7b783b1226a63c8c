"""How long does a file of cases take to come in, and to go out, in each form? Rows a second, and the most memory held.

    python -m benchmarks.scale.imports [--rows 100000] [--forms csv jsonl xlsx pfif] [--seed 82001] [--again] [--json]

The same seeded reports are written in each form by the exporter, then imported into an empty embedded database, each
form in a process of its own, without photos and without comparison (`--no-match`). CSV is first written from the
population itself, as a partner's system would.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from api.access import OPERATOR, AccessScope
from api.bootstrap import Sandhan
from api.commands.context import scope_for
from api.commands.exports import export_service
from api.commands.imports import import_service
from api.exports.service import ExportRequest
from api.exports.writers import ExportFormat
from api.imports.summary import ImportRequest
from api.partners.service import NewPartner
from benchmarks.memory import forget_peak, peak_mb
from benchmarks.quality.evidence import progress
from benchmarks.scale.service import settings_at
from data.corruption import LIVES
from data.synthetic import TODAY, linked_pairs
from matcher.fields import FIELDS

SEED = 82_001  # never one that trains or tunes
_ENDINGS = {"csv": ".csv", "jsonl": ".jsonl", "xlsx": ".xlsx", "pfif": ".xml"}


class Beat:
    """Watches an import and says how far it is, as a person would see it."""

    def __init__(self) -> None:
        self._next = 0.0

    def stage(self, text: str, total: int | None) -> None:
        """A new part begins."""
        progress(f"{text} ({total:,})" if total else text)

    def step(self, done: int) -> None:
        """So many steps are done; told every ten seconds."""
        now = time.monotonic()
        if now >= self._next:
            progress(f"{done:,}")
            self._next = now + 10


def write_population(path: Path, rows: int, seed: int) -> None:
    """Write so many reports as CSV, equal for equal seeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(FIELDS), restval="")
        writer.writeheader()
        for number, fields in enumerate(_reports(rows, seed)):
            values = {name: text if isinstance(text, str) else "|".join(text) for name, text in fields.items()}
            writer.writerow({"id": f"R-{number:07}", **values})


def _reports(rows: int, seed: int) -> Iterator[dict[str, Any]]:
    for pair in linked_pairs(seed, rows, 0, TODAY, corruption=LIVES["usual"]):
        if pair.report is not None:
            yield dict(pair.report.fields)


def _scope(sandhan: Sandhan) -> AccessScope:
    operator = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
    new = NewPartner("Unit", "ahtu", "IN", areas=("IN/WB",), email="unit@example.org")
    return scope_for(sandhan.partners.register(new, operator).partner)


def imported(home: Path, file: Path, exports: Path | None, again: bool) -> dict[str, Any]:
    """Return what importing a file takes; write it out in every form where `exports` is a folder."""
    figures: dict[str, Any] = {"mb": file.stat().st_size / 1e6}
    with Sandhan.build(settings_at(home)) as sandhan:
        scope = _scope(sandhan)
        request = ImportRequest(file, side="missing", match=False)
        forget_peak()
        began = time.perf_counter()
        summary = import_service(sandhan).run(request, scope, Beat())
        figures |= {
            "rows": summary.rows,
            "rejected": summary.rejected,
            "seconds": time.perf_counter() - began,
            "peak_mb": peak_mb(),
        }
        if again:
            began = time.perf_counter()
            repeated = import_service(sandhan).run(request, scope, Beat())
            figures |= {"again_seconds": time.perf_counter() - began, "again_unchanged": repeated.unchanged}
        if exports is not None:
            figures["export_seconds"] = {}
            for form in ExportFormat:
                progress(f"writing {form.value}")
                began = time.perf_counter()
                output = exports / f"export{_ENDINGS[form.value]}"
                export_service(sandhan).run(ExportRequest(form, output), scope)
                figures["export_seconds"][form.value] = time.perf_counter() - began
    return figures


def measure(folder: Path, rows: int, forms: list[str], seed: int, again: bool) -> dict[str, Any]:
    """Return the figures of each form."""
    source = folder / "population.csv"
    write_population(source, rows, seed)
    figures: dict[str, Any] = {}
    for form in dict.fromkeys(["csv", *forms]):
        file = source if form == "csv" else folder / f"export{_ENDINGS[form]}"
        progress(f"importing {form}")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            exports = folder if form == "csv" else None
            figures[form] = pool.submit(imported, folder / form, file, exports, again).result()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--forms", nargs="+", default=list(_ENDINGS), choices=list(_ENDINGS))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--again", action="store_true", help="import each file a second time")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(Path(temporary), given.rows, given.forms, given.seed, given.again)
    if given.json:
        print(json.dumps(figures))
        return
    for form, one in figures.items():
        print(
            f"{form:<6} {one['rows']:,} rows of {one['mb']:,.0f} MB in {one['seconds']:.1f} s "
            f"({one['rows'] / one['seconds']:,.0f} rows/s), {one['rejected']:,} rejected, "
            f"at most {one['peak_mb']:,.0f} MB" + (f"; again in {one['again_seconds']:.1f} s" if given.again else "")
        )
    for form, seconds in figures["csv"]["export_seconds"].items():
        print(f"{form:<6} written in {seconds:.1f} s")


if __name__ == "__main__":
    main()
