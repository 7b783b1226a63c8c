"""`sandhan cases`: what is erased, what was, and what may come in again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Column, Table

from api.commands.console import Json, fail, out, print_json
from api.commands.context import act_as, services
from api.commands.imports import SideChoice
from api.store.erasure import Tombstone

app = typer.Typer(help="Cases whose time is over, and what is left of those that were erased.", no_args_is_help=True)
PartnerOption = Annotated[str, typer.Option("--partner", help="Id or name of the partner who owns the cases.")]
_PAGE = 1000


@app.command()
def readmit(
    partner: PartnerOption,
    side: Annotated[SideChoice, typer.Option(help="Side of the case that was erased.")],
    number: Annotated[str, typer.Option("--id", help="The number that the case has in the partner's own system.")],
) -> None:
    """Take a case in again that was erased; until then every import of it is refused. Audited, without the number."""
    with services() as sandhan:
        scope = act_as(sandhan, partner)
        lifted = sandhan.lifecycle.readmit(scope.partner_id, side.value, number, scope.actor_id)
    if not lifted:
        fail("no case of this partner, side and number is refused")
    out.print("It may come in again.")


@app.command()
def expire(as_json: Json = False) -> None:
    """Erase the cases whose time is over. The service does it by itself; this is for cron where none runs."""
    with services() as sandhan:
        count = sandhan.lifecycle.expire_due()
    if as_json:
        print_json({"erased": count})
    else:
        out.print(f"{count:,} cases were erased: their time was over")


@app.command()
def tombstones(partner: PartnerOption, as_json: Json = False) -> None:
    """List what was erased of a partner's own cases and of those that it was ever told of, oldest first."""
    found: list[Tombstone] = []
    after: tuple[datetime, str] | None = None
    with services() as sandhan:
        scope = act_as(sandhan, partner)
        while True:
            page = sandhan.lifecycle.tombstones(scope, after=after, limit=_PAGE)
            found += page.items
            after = page.next
            if after is None:
                break
    if as_json:
        print_json(
            [
                {
                    "id": one.case_id,
                    "side": one.side,
                    "own": one.owner_id == scope.partner_id,
                    "erased_at": one.erased_at.isoformat(),
                }
                for one in found
            ]
        )
        return
    table = Table("side", "own", "erased at", Column("case", no_wrap=True))
    for one in found:
        own = "yes" if one.owner_id == scope.partner_id else ""
        table.add_row(one.side, own, one.erased_at.isoformat(sep=" ", timespec="minutes"), one.case_id)
    out.print(table)
