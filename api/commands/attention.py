"""`sandhan alerts attend` and `missed`: take the steps that are due, and see what was not answered in time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from api.commands.console import fail, out, print_json
from api.commands.context import services
from api.paging import read_moment


def attend(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Take every step that is due: reminders, escalations, digests. `sandhan serve` does it every half minute."""
    with services() as sandhan:
        done = sandhan.attention.run_due()
    if as_json:
        print_json(dict(done))
        return
    out.print(", ".join(f"{count} {step}" for step, count in sorted(done.items())) or "nothing was due")


def missed(
    since: Annotated[
        str | None, typer.Option(help="Of alerts made at that moment or later: 2026-11-01T00:00Z.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which alerts were not answered in time, and how each partner answers; of the last thirty days."""
    try:
        moment = read_moment(since)
    except ValueError as error:
        fail(f"--since {error}")
    with services() as sandhan:
        report = sandhan.missed.report_of_all(moment)
    if as_json:
        items = [{name: _plain(value) for name, value in asdict(item).items()} for item in report.items]
        print_json({"items": items, "partners": [asdict(figures) for figures in report.partners]})
        return
    for item in report.items:
        late = f"{item.hours_late:,.1f} h late to {item.deadline}"
        out.print(f"{item.id}  {item.priority:8}  {item.verdict:6}  {late:24}  {item.recipient or 'withheld'}")
    out.print(f"\n{'met':>6}{'late':>6}{'missed':>8}{'open':>6}{'hours':>8}")
    for one in report.partners:
        hours = "" if one.hours_to_acknowledge is None else f"{one.hours_to_acknowledge:.1f}"
        out.print(f"{one.met:>6}{one.late:>6}{one.missed:>8}{one.open:>6}{hours:>8}  {one.partner or 'withheld'}")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
