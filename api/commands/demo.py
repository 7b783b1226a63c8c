"""`sandhan demo`: the whole of it on one machine, with people who do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.progress import Progress, TaskID
from rich.table import Table

from api.access import AccessScope
from api.commands.console import err, out, plain_errors, print_json, progress
from api.commands.context import scope_for
from api.commands.explain import WIDEST, print_explanation
from api.demo.population import RESCUE
from api.demo.run import Demo, Watcher, run_demo
from api.matches.views import MatchQuery
from matcher.explanation import probability_words


class _Bars(Watcher):
    """Shows the parts of the demonstration as progress bars."""

    def __init__(self, bars: Progress, quiet: bool) -> None:
        self._bars, self._quiet = bars, quiet
        self._task: TaskID | None = None

    def stage(self, text: str) -> None:
        """Begin a new bar."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        if not self._quiet:
            err.print(f"[cyan]•[/] {text}")
        self._task = self._bars.add_task(text, total=None)

    def step(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Run the story and stop; do not serve.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON summary instead of tables.")] = False,
    home: Annotated[Path, typer.Option(help="Folder of the demonstration; it is emptied first.")] = Path("var/demo"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
) -> None:
    """Fill a database with synthetic reports, match one rescued girl, alert partners, then serve the API.

    Exits with 1 when the true report is not first or an alert was not acknowledged.
    """
    with plain_errors(), progress(quiet=as_json) as bars, run_demo(home, host, port, _Bars(bars, as_json)) as running:
        bars.stop()
        if as_json:
            print_json(running.result.summary())
        else:
            _show(running)
        if not once:
            _serve(running)
        if not running.result.ok:
            raise typer.Exit(1)


def _show(running: Demo) -> None:
    result = running.result
    out.print()
    out.print(
        f"[bold]{result.population['cases_missing_open']:,} missing reports[/] of six regions in five scripts. "
        "A shelter in Mumbai entered [bold]सुनिता[/], "
        "about 14, father “Ramesh Mandol”, from West Bengal; she remembers “Gosava”."
    )
    out.print("The report says [bold]সুনীতা মণ্ডল[/], গোসাবা, দক্ষিণ ২৪ পরগনা, last seen three years before.\n")
    table = Table(title="Possible matches - the engine suggests, people decide", title_justify="left", expand=False)
    for column in ("", "grade", "how sure", "the report, masked", "why"):
        table.add_column(column, vertical="top")
    for number, match in enumerate(result.matches[:4], start=1):
        mark = " [green]✔ the true report[/]" if match["report_id"] == result.expected_report_id else ""
        table.add_row(
            str(number),
            match["grade"],
            probability_words(match["probability"]),
            _masked(match["report"]) + mark,
            "\n".join(match["reasons"][:5]),
        )
    out.print(table)
    _explain_best(running)
    alerts = Table(title="Alerts - no name, photo or place in any of them", title_justify="left")
    for column in ("to", "by", "delivery", "state"):
        alerts.add_column(column)
    for alert in result.alerts:
        alerts.add_row(alert["recipient"], alert["channel"], alert["delivery"], f"[green]{alert['state']}[/]")
    out.print(alerts)
    figures = result.rescues
    out.print(
        f"{figures['count']} further rescues, garbled as life does it (another script, nickname or imposed name, "
        f"no surname, age off, district only): the true report is first for [bold]{figures['top1']:.0%}[/], "
        f"among the first five for [bold]{figures['top5']:.0%}[/]."
    )
    for problem in result.problems:
        err.print(f"[red]problem:[/] {problem}")


def _explain_best(running: Demo) -> None:
    """Show why the first match is first, as the shelter reads it."""
    if running.result.matches:
        shelter = scope_for(running.stage.partners["shelter"].partner)
        view = running.sandhan.reader.read(running.result.matches[0]["match_id"], shelter)
        out.print()
        print_explanation(view, out.width)
        _ask_earlier(running, shelter)
        out.print()


def _ask_earlier(running: Demo, shelter: AccessScope) -> None:
    """Show what the question would have been on her first day, when she had said little: that is when it is needed."""
    little = RESCUE.model_copy(
        update={"external_id": None, "father_name": None, "remembered": None, "face_consent": None}
    )
    asked = MatchQuery(person=little, purpose="identify-rescued-person", limit=1)
    width = min(out.width, WIDEST)
    for match in running.sandhan.reader.query(asked, shelter).matches:
        out.print(
            "\n[bold]Had she told no more than her names, age, languages and state[/], the first report would be "
            f"{match.grade_words} ({match.probability_words}), and the question to ask next:",
            width=width,
        )
        out.print(match.next_question.question if match.next_question else "none", markup=False, width=width)


def _masked(report: dict[str, object]) -> str:
    initials = report.get("initials") or []
    born = f", born {report['born_between']}" if report.get("born_between") else ""
    state = f", {report['origin_state']}" if report.get("origin_state") else ""
    return f"{' / '.join(initials) if isinstance(initials, list) else ''}{born}{state}"


def _serve(running: Demo) -> None:
    partners = running.stage.partners
    keys = "\n".join(
        f"{partners[key].partner.name:<34} {partners[key].api_key}"
        for key in ("operator", "shelter", "police", "IN-WB")
    )
    out.print(Panel(f"API      {running.url}/docs\n\n{keys}", title="Serving; Ctrl-C stops", expand=False))
    # Outside the box and unwrapped, so that it can be copied.
    out.print(
        "Try this:", f"curl -H 'X-API-Key: {partners['shelter'].api_key}' {running.url}/v1/matches", soft_wrap=True
    )
    try:
        running.server.wait()
    except KeyboardInterrupt:
        out.print("stopped")
