"""`sandhan alerts explain`: who would be told of a match, what, why, and what is withheld? Nothing is sent."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from api.commands.console import Json, out, print_json
from api.commands.context import services
from api.matches.routing_views import RoutingView, ToldView

_QUIET = {
    "grade": "Nobody would be told: it is certainly not the same person.",
    "over": "Nobody would be told: the match or one of its cases is over, or the owners have no agreement any more.",
}


def explain(match_id: Annotated[str, typer.Argument(help="Id of a match.")], as_json: Json = False) -> None:
    """Show who would be told of a match if its evidence rose now, by which rule, and what is withheld; sends nothing.

    For the operator: it shows every organisation, and nothing of the two cases. That it was asked is audited.
    """
    with services() as sandhan:
        view = sandhan.routing.explain_all(match_id)
    if as_json:
        print_json(view.model_dump())
    else:
        print_routing(view)


def print_routing(view: RoutingView) -> None:
    """Print who would be told, and who would not."""
    if view.quiet:
        out.print(_QUIET[view.quiet])
        return
    table = Table(Column("organisation", overflow="fold"), "rule", "goes by", "withheld", title="Told", min_width=60)
    for one in view.told:
        table.add_row(escape(one.organisation), one.rule, _ways(one), _pairs(one.withheld or {}))
    out.print(f"{view.grade}, {view.priority}: {len(view.told)} would be told")
    out.print(table)
    if view.not_told:
        rest = Table(Column("organisation", overflow="fold"), "rule", "reason", "by the case", title="Not told")
        for other in view.not_told:
            rest.add_row(escape(other.organisation), other.rule, other.reason, other.of or "")
        out.print(rest)


def _ways(one: ToldView) -> str:
    return ", ".join([*(one.channels or []), "inbox" if one.message else "digest"])


def _pairs(withheld: dict[str, str]) -> str:
    return "\n".join(f"{name}: {reason}" for name, reason in withheld.items())
