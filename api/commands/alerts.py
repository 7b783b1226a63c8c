"""`sandhan alerts`: who is told, and whether it arrived."""

from __future__ import annotations

import typer

from api.commands.alerts_explain import explain

app = typer.Typer(help="Who is told of a match, and why.", no_args_is_help=True)
app.command()(explain)


@app.callback()
def _alerts() -> None:
    """Keep the name of a lone command."""
