"""`sandhan alerts`: what becomes of alerts."""

from __future__ import annotations

import typer

from api.commands.attention import attend, missed

app = typer.Typer(help="Alerts: what is due, and what was missed.", no_args_is_help=True)
app.command()(attend)
app.command()(missed)
