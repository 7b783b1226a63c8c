"""`sandhan agenda`: what a unit has to do, and by when; and the pass that tells of what has fallen due."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from api.agenda.service import Item
from api.commands.console import Json, out, print_json
from api.commands.context import act_as, services

_PAGE = 200


class _ShownByDefault(TyperGroup):
    """`sandhan agenda PARTNER` is short for `sandhan agenda show PARTNER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before what names none of the commands."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ShownByDefault, no_args_is_help=True, help="What a unit has to do, and by when: sandhan agenda PARTNER."
)


@app.command()
def show(
    partner: Annotated[str, typer.Argument(help="Id or name of the partner whose agenda it is.")],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; a month ahead when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the agenda of a unit: the longest overdue first, then what is coming, then what waits without a day."""
    found: list[Item] = []
    after: str | None = None
    with services() as sandhan:
        scope = act_as(sandhan, partner)
        while True:
            page, after = sandhan.agenda.page(
                scope, until=until.date() if until else None, after=after, limit=_PAGE
            )  # fmt: skip
            found += page
            if after is None:
                break
    if as_json:
        print_json({"items": [asdict(item) | _days(item) for item in found]})
        return
    table = Table("due", "", "what", "id", "where", title=f"{len(found):,} to do", title_justify="left")
    for item in found:
        late = "overdue" if item.overdue else ""
        table.add_row(item.due_on.isoformat() if item.due_on else "", late, item.kind, item.id, item.link)
    out.print(table)


def _days(item: Item) -> dict[str, str | None]:
    days = {"due_on": item.due_on, "since": item.since}
    return {name: None if day is None else day.isoformat() for name, day in days.items()}


@app.command()
def run(as_json: Json = False) -> None:
    """Tell everybody once of what has fallen due. The service does it by itself; this is for cron where none runs."""
    with services() as sandhan:
        down = sandhan.bulletins.sweep()
        told = sandhan.agenda.run_clocks()
    if as_json:
        print_json({"clocks": told, "bulletins": down})
    else:
        out.print(f"{told:,} alerts were raised for clocks, {down:,} for bulletins that were taken down")
