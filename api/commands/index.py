"""`sandhan index`: the search index, which may be thrown away and built again at any time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from api.commands.console import out, print_json, progress
from api.commands.context import services
from api.index_keeper import IndexStatus

app = typer.Typer(help="The search index, which may be rebuilt at any time.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def rebuild(as_json: Json = False) -> None:
    """Build the index from the database and save it."""
    with services() as sandhan, progress(as_json) as bars:
        task = bars.add_task("Building the index", total=None)
        state = sandhan.keeper.rebuild(lambda done, total: bars.update(task, completed=done, total=total))
        bars.stop()
        _show(state, as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Tell how many records are in the saved index and how far it is behind the database."""
    with services() as sandhan:
        state = sandhan.keeper.inspect()
        _show(state, as_json)
    if state.reason:
        raise typer.Exit(1)


def _show(state: IndexStatus, as_json: bool) -> None:
    if as_json:
        print_json(asdict(state))
        return
    if state.reason and state.source == "none":
        out.print(f"no usable index ({state.reason}); run: sandhan index rebuild")
        return
    out.print(
        f"{state.records:,} records ({state.missing:,} missing, {state.rescued:,} rescued, {state.faces:,} faces), "
        f"up to change {state.upto_seq:,}, {state.behind:,} behind the database; {state.source}"
    )
