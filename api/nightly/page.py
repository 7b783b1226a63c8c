"""How does a person read a nightly run? One page with plots; it needs no network, no script and no other file.

Each plot writes its numbers beside its bars, so nothing has to be measured by eye and the page can be printed in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

_WIDTH, _ROW, _BAR = 360, 44, 16  # units of a plot; a row is a line of text with its bar below
_PLAIN = "#2f6f9f"
_COLOURS = {
    "certain": "#1b6e3c", "probable": "#2f6f9f", "possible": "#6f757d",
    "new": "#1b6e3c", "risen": "#2f6f9f", "fallen": "#a8581a", "withdrawn": "#6f757d",
}  # fmt: skip

_CASES = {
    "cases": "taken up",
    "compared": "compared",
    "passed_over": "closed before their turn",
    "unsettled": "changed meanwhile, left to the next run",
}
_CHANGES = ("new", "risen", "fallen", "withdrawn")
_WORDS = {
    "Case": "a missing report or a rescued person that a partner has entered.",
    "Candidate": "a case of the other side that a search route proposed for a closer look. When both cases of a pair "
    "are compared in one run, it is proposed twice and counts twice.",
    "Pair": "a missing report and a rescued person who may be the same child: a candidate whose evidence came to at "
    "least possible. Each pair counts once; it counts for every route that proposed it.",
    "Possible, probable, certain": "how strong the evidence for a pair is. Alerts are sent from probable on.",
    "New": "the pair was found for the first time.",
    "Risen": "the evidence for a known pair has become clearly stronger since its partners were last told.",
    "Fallen": "the evidence for a known pair has become clearly weaker; nobody is alerted.",
    "Withdrawn": "the pair was a suggestion that nobody had answered, and ended because one of its cases was closed "
    "since the run before.",
    "Alerts": "one for each partner concerned by a new or risen pair.",
    "Time": "list: finding out who is to be compared; index: opening the search index; compare: searching, weighing "
    "and storing; checkpoint: noting how far the run has come. Interruptions are left out.",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Cross-match {run_id}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1c1e21; background: #fff; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ line-height: 1.2; margin-bottom: .5rem; }}
h2 {{ font-size: 1.1rem; margin: 0 0 .5rem; break-after: avoid; }}
.plots {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 2rem;
  margin: 2rem 0; }}
section {{ break-inside: avoid; min-width: 0; }}
svg {{ display: block; width: 100%; max-width: 28rem; height: auto; }}
svg text {{ fill: #1c1e21; font-size: 15px; }}
svg .figure {{ text-anchor: end; font-variant-numeric: tabular-nums; }}
rect {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
table {{ border-collapse: collapse; }}
th {{ text-align: left; font-weight: 400; padding: .15rem 1.5rem .15rem 0; }}
td {{ text-align: right; font-variant-numeric: tabular-nums; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .5rem; }}
p, dd {{ overflow-wrap: anywhere; }}
@media print {{
  body {{ margin: 0; max-width: none; font-size: 11pt; }}
  .plots {{ gap: 1rem; }}
  dt {{ break-after: avoid; }}
}}
</style>
</head>
<body>
<h1>Cross-match</h1>
<p>{summary}</p>
<p><strong>{result}</strong> A pair is a suggestion. People decide.</p>
<div class="plots">
{sections}
</div>
<h2>What the words mean</h2>
<dl>
{words}
</dl>
</body>
</html>
"""


def render_html(figures: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        figures: a report as `RunReport.to_json` gives it.
    """
    counters: Mapping[str, int] = figures["counters"]
    pairs: Mapping[str, int] = figures["pairs_by_grade"]
    routes: Mapping[str, int] = figures["pairs_by_route"]
    candidates: Mapping[str, int] = figures["candidates_by_route"]
    seconds: Mapping[str, float] = figures["seconds"]
    by_route = [
        (name, candidates.get(name, 0), f"{candidates.get(name, 0):,} ({routes.get(name, 0):,} pairs)")
        for name in sorted({*candidates, *routes}, key=lambda name: (-candidates.get(name, 0), name))
    ]
    changed = [(name, counters.get(name, 0), f"{counters.get(name, 0):,}") for name in _CHANGES]
    sections = [
        _table("Cases", {words: f"{counters.get(name, 0):,}" for name, words in _CASES.items()}),
        _plot("Pairs by grade", [(grade, count, f"{count:,}") for grade, count in pairs.items()]),
        _plot("What has changed", changed),
        _plot("Candidates by route", by_route),
        _plot("Time by stage", [(stage, took, _duration(took)) for stage, took in seconds.items()]),
    ]
    return _PAGE.format(
        run_id=escape(str(figures["run_id"])),
        summary=escape(_summary(figures)),
        result=escape(f"{sum(pairs.values()):,} pairs, {counters.get('alerts', 0):,} alerts."),
        sections="\n".join(sections),
        words="\n".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in _WORDS.items()),
    )


def _summary(figures: Mapping[str, Any]) -> str:
    full = figures["mode"] == "full"
    mode = "Every open rescued person with every report" if full else "Cases changed since the run before"
    resumed = ", resumed after an interruption" if figures["resumed"] else ""
    began, ended = (datetime.fromisoformat(figures[name]) for name in ("started_at", "finished_at"))
    return (
        f"{mode}{resumed}. Begun {began:%Y-%m-%d %H:%M:%S} UTC, finished {ended:%Y-%m-%d %H:%M:%S} UTC, "
        f"model {figures['model_version']}, run {figures['run_id']}."
    )


def _table(title: str, rows: Mapping[str, str]) -> str:
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in rows.items()
    )
    return f"<section>\n<h2>{escape(title)}</h2>\n<table>\n{body}\n</table>\n</section>"


def _plot(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Return one bar for each row; the description says the same in words, for those who cannot see it.

    Args:
        rows: name, length of the bar, and what is written beside it.
    """
    if not rows:
        return f"<section>\n<h2>{escape(title)}</h2>\n<p>None.</p>\n</section>"
    most = max(length for _, length, _ in rows) or 1
    drawn = []
    for number, (name, length, text) in enumerate(rows):
        top = number * _ROW
        drawn.append(
            f'<text x="0" y="{top + 16}">{escape(name)}</text>'
            f'<text x="{_WIDTH}" y="{top + 16}" class="figure">{escape(text)}</text>'
            f'<path d="M0 {top + 22}v{_BAR}" stroke="#1c1e21"/>'
            f'<rect x="0" y="{top + 22}" width="{_WIDTH * length / most:.1f}" height="{_BAR}" '
            f'fill="{_COLOURS.get(name, _PLAIN)}"/>'
        )
    words = ", ".join(f"{name} {text}" for name, _, text in rows)
    label = "plot-" + title.lower().replace(" ", "-")
    return (
        f'<section>\n<h2>{escape(title)}</h2>\n<svg viewBox="0 0 {_WIDTH} {len(rows) * _ROW}" role="img" '
        f'aria-labelledby="{label}"><desc id="{label}">{escape(f"{title}: {words}")}</desc>{"".join(drawn)}</svg>\n'
        "</section>"
    )


def _duration(seconds: float) -> str:
    """Return e.g. "41.3 s", "12 min 5 s" or "3 h 40 min"."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
