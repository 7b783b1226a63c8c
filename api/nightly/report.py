"""What did a nightly run come to? Its figures, for people as a page, for programs as JSON, for spreadsheets as CSV.

They hold figures and ids of runs: no name, photo or place of anybody, and no id of a case.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.nightly.page import render_html
from api.store.runs import Run
from indexing.durable import replace_file
from matcher.model import Grade

STAGES = ("list", "index", "compare", "checkpoint")
ROUTE, CANDIDATES = "route:", "candidates:"
"""Begin the names of counters of the pairs, and of the candidates, that a search route proposed."""

_COUNTERS = (
    "cases", "compared", "passed_over", "unsettled", "chunks",
    "new", "risen", "fallen", "withdrawn", "same", "alerts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a finished run came to.

    Attributes:
        from_seq, upto_seq: an incremental run took up the cases changed after the one and up to the other.
        resumed: the run had been interrupted before.
        counters: cases (taken up), compared, passed_over (closed meanwhile), unsettled (changed meanwhile: the next
            run's), chunks, alerts, and what became of pairs: new, risen, fallen, withdrawn (a case was closed), same.
        candidates: search route -> candidates it proposed, each as often as a case was compared with it.
        pairs: grade -> pairs found, each once, whichever side found it.
        routes: search route -> pairs found among its candidates.
        seconds: stage -> seconds at work, interruptions left out.
    """

    run_id: str
    full: bool
    model_version: str
    from_seq: int
    upto_seq: int
    resumed: bool
    started_at: datetime
    finished_at: datetime
    counters: dict[str, int]
    candidates: dict[str, int]
    pairs: dict[str, int]
    routes: dict[str, int]
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "run_id": self.run_id,
            "mode": "full" if self.full else "incremental",
            "model_version": self.model_version,
            "from_seq": self.from_seq,
            "upto_seq": self.upto_seq,
            "resumed": self.resumed,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "counters": self.counters,
            "candidates_by_route": self.candidates,
            "pairs_by_grade": self.pairs,
            "pairs_by_route": self.routes,
            "seconds": self.seconds,
        }

    def to_csv(self) -> str:
        """Return the same as CSV, one figure a row: section ("run" or a key of the JSON object), name, value."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("section", "name", "value"))
        for key, value in self.to_json().items():
            if isinstance(value, dict):
                rows.writerows((key, name, figure) for name, figure in value.items())
            else:
                rows.writerow(("run", key, str(value).lower() if isinstance(value, bool) else value))
        return text.getvalue()


def report_of(run: Run, resumed: bool) -> RunReport:
    """Return the report of a finished run from what was stored of it."""
    figures = run.counters
    grades = [grade for grade in Grade if grade is not Grade.CERTAINLY_NOT]
    return RunReport(
        run_id=run.id,
        full=bool(run.parameters["full"]),
        model_version=str(run.parameters["model"]),
        from_seq=int(str(run.parameters["from_seq"])),
        upto_seq=run.upto_seq,
        resumed=resumed,
        started_at=run.started_at,
        finished_at=run.finished_at or run.updated_at,
        counters={name: figures.get(name, 0) for name in _COUNTERS},
        candidates=_beginning_with(CANDIDATES, figures),
        pairs={str(grade): figures.get(f"pairs_{grade}", 0) for grade in grades},
        routes=_beginning_with(ROUTE, figures),
        seconds={stage: figures.get(f"ms_{stage}", 0) / 1000 for stage in STAGES},
    )


def write_report(report: RunReport, folder: Path) -> list[Path]:
    """Write `crossmatch-<run id>.json`, `.csv` and `.html` into a folder, made if need be; return the paths.

    Raises:
        OSError: a file could not be written; those before it are whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = report.to_json()
    texts = {
        "json": json.dumps(figures, ensure_ascii=False, indent=2) + "\n",
        "csv": report.to_csv(),
        "html": render_html(figures),
    }
    written = []
    for suffix, text in texts.items():
        path = folder / f"crossmatch-{report.run_id}.{suffix}"
        _write(path, text.encode())
        written.append(path)
    return written


def _write(path: Path, data: bytes) -> None:
    replace_file(path, lambda sink: sink.write(data))


def _beginning_with(prefix: str, figures: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in sorted(figures.items()) if name.startswith(prefix)}
