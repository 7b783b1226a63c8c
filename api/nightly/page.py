"""How does a person read a nightly run? One page with plots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from api.nightly.plots import bars, page, table, words

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
    "Risen": "the evidence for a known pair has become clearly stronger since its partners were last told, or a "
    "rejected pair is suggested anew.",
    "Fallen": "the evidence for a known pair has become clearly weaker; nobody is alerted.",
    "Withdrawn": "the pair was a suggestion that nobody had answered, and ended because one of its cases was closed "
    "since the run before.",
    "Alerts": "one for each partner concerned by a new or risen pair.",
    "Time": "list: finding out who is to be compared; index: opening the search index; compare: searching, weighing "
    "and storing; checkpoint: noting how far the run has come. Interruptions are left out.",
}

_BODY = """<h1>Cross-match</h1>
<p>{summary}</p>
<p><strong>{result}</strong> A pair is a suggestion. People decide.</p>
<div class="plots">
{sections}
</div>
{words}"""


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
        table("Cases", {said: f"{counters.get(name, 0):,}" for name, said in _CASES.items()}),
        bars("Pairs by grade", [(grade, count, f"{count:,}") for grade, count in pairs.items()]),
        bars("What has changed", changed),
        bars("Candidates by route", by_route),
        bars("Time by stage", [(stage, took, _duration(took)) for stage, took in seconds.items()]),
    ]
    body = _BODY.format(
        summary=escape(_summary(figures)),
        result=escape(f"{sum(pairs.values()):,} pairs, {counters.get('alerts', 0):,} alerts."),
        sections="\n".join(sections),
        words=words(_WORDS),
    )
    return page(f"Cross-match {figures['run_id']}", body)


def _summary(figures: Mapping[str, Any]) -> str:
    full = figures["mode"] == "full"
    mode = "Every open rescued person with every report" if full else "Cases changed since the run before"
    resumed = ", resumed after an interruption" if figures["resumed"] else ""
    began, ended = (datetime.fromisoformat(figures[name]) for name in ("started_at", "finished_at"))
    return (
        f"{mode}{resumed}. Begun {began:%Y-%m-%d %H:%M:%S} UTC, finished {ended:%Y-%m-%d %H:%M:%S} UTC, "
        f"model {figures['model_version']}, run {figures['run_id']}."
    )


def _duration(seconds: float) -> str:
    """Return e.g. "41.3 s", "12 min 5 s" or "3 h 40 min"."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
