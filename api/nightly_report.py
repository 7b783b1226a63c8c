"""What did a nightly run come to? Its figures, as a JSON file and as one page, with nothing of any person.

The page needs no network, no script and no other file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from api.store.runs import Run
from indexing.durable import replace_file
from matcher.model import Grade

STAGES = ("list", "index", "compare", "checkpoint")
ROUTE = "route:"
"""Begins the name of a counter of pairs that a search route proposed."""

_COLOURS = {"certain": "#1b6e3c", "probable": "#2f7fb8", "possible": "#8a8f98"}
_BAR_WIDTH, _BAR_HEIGHT, _LABEL_WIDTH = 420, 26, 90

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Cross-match {run_id}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1c1e21; background: #fff; max-width: 44rem; margin: 2rem auto; }}
table {{ border-collapse: collapse; margin: 0 0 2rem; }}
caption, h2 {{ text-align: left; font-weight: 600; font-size: 1.1rem; padding: .3rem 0; }}
th {{ text-align: left; font-weight: 400; padding: .15rem 2rem .15rem 0; }}
td {{ text-align: right; font-variant-numeric: tabular-nums; }}
svg {{ max-width: 100%; height: auto; margin-bottom: 1.5rem; }}
</style>
</head>
<body>
<h1>Cross-match</h1>
<p>{summary}</p>
<h2>Pairs by grade</h2>
{chart}
{tables}
<p>A pair is a suggestion. People decide.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a finished run came to.

    Attributes:
        from_seq, upto_seq: an incremental run took up the cases changed after the one and up to the other.
        resumed: the run had been interrupted before.
        counters: cases (taken up), compared, passed_over (closed meanwhile), unsettled (changed meanwhile: the next
            run's), chunks, alerts, and by what became of each comparison: new, risen, fallen, same.
        pairs: grade -> pairs found, each once, whichever side found it.
        routes: search route -> pairs it proposed.
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
    pairs: dict[str, int]
    routes: dict[str, int]
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object; it holds figures and ids of runs, nothing of any person."""
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
            "pairs_by_grade": self.pairs,
            "pairs_by_route": self.routes,
            "seconds": self.seconds,
        }


def report_of(run: Run, resumed: bool) -> RunReport:
    """Return the report of a finished run from what was stored of it."""
    figures = run.counters
    names = ("cases", "compared", "passed_over", "unsettled", "chunks", "new", "risen", "fallen", "same", "alerts")
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
        counters={name: figures.get(name, 0) for name in names},
        pairs={str(grade): figures.get(f"pairs_{grade}", 0) for grade in grades},
        routes={name.removeprefix(ROUTE): value for name, value in sorted(figures.items()) if name.startswith(ROUTE)},
        seconds={stage: figures.get(f"ms_{stage}", 0) / 1000 for stage in STAGES},
    )


def write_report(report: RunReport, folder: Path) -> tuple[Path, Path]:
    """Write `crossmatch-<run id>.json` and `.html` into a folder, made if need be; return both paths.

    Raises:
        OSError: a file could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    texts = {"json": json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", "html": render_html(report)}
    for suffix, text in texts.items():
        path = folder / f"crossmatch-{report.run_id}.{suffix}"
        _write(path, text.encode())
        written.append(path)
    return written[0], written[1]


def _write(path: Path, data: bytes) -> None:
    replace_file(path, lambda sink: sink.write(data))


def render_html(report: RunReport) -> str:
    """Return the page."""
    mode = "Every open rescued person with every report" if report.full else "Cases changed since the run before"
    resumed = ", resumed after an interruption" if report.resumed else ""
    summary = (
        f"{mode}{resumed}. Begun {report.started_at:%Y-%m-%d %H:%M:%S} UTC, finished "
        f"{report.finished_at:%Y-%m-%d %H:%M:%S} UTC, model {report.model_version}, run {report.run_id}."
    )
    tables = [
        _table("Cases and pairs", {name.replace("_", " "): f"{n:,}" for name, n in report.counters.items()}),
        _table("Pairs by the route that proposed them", {name: f"{n:,}" for name, n in report.routes.items()}),
        _table("Seconds by stage", {name: f"{n:,.1f}" for name, n in report.seconds.items()}),
    ]
    return _PAGE.format(
        run_id=escape(report.run_id), summary=escape(summary), chart=_chart(report.pairs), tables="\n".join(tables)
    )


def _table(title: str, rows: dict[str, str]) -> str:
    if not rows:
        return ""
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in rows.items()
    )
    return f"<table>\n<caption>{escape(title)}</caption>\n{body}\n</table>"


def _chart(pairs: dict[str, int]) -> str:
    """Return one bar for each grade; the description says the same in words, for those who cannot see it."""
    most = max([*pairs.values(), 1])
    bars = []
    for row, (grade, count) in enumerate(pairs.items()):
        top = row * (_BAR_HEIGHT + 8)
        middle = top + _BAR_HEIGHT / 2
        width = _BAR_WIDTH * count / most
        bars.append(
            f'<text x="0" y="{middle}" dominant-baseline="central">{escape(grade)}</text>'
            f'<rect x="{_LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{_BAR_HEIGHT}" '
            f'fill="{_COLOURS.get(grade, "#8a8f98")}"/>'
            f'<text x="{_LABEL_WIDTH + width + 8:.1f}" y="{middle}" dominant-baseline="central">{count:,}</text>'
        )
    size = f"{_LABEL_WIDTH + _BAR_WIDTH + 80} {len(pairs) * (_BAR_HEIGHT + 8)}"
    words = ", ".join(f"{grade} {count:,}" for grade, count in pairs.items())
    return (
        f'<svg viewBox="0 0 {size}" role="img" aria-labelledby="chart-words" font-size="14">'
        f'<desc id="chart-words">Pairs found: {escape(words)}</desc>{"".join(bars)}</svg>'
    )
