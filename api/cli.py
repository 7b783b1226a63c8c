"""`sandhan`: every command, gathered. Each stands in a file of `api/commands`."""

from __future__ import annotations

import logging
import os

import typer

from api.commands import db, evaluate, index, partners, photos, train
from api.commands.crossmatch import crossmatch
from api.commands.demo import demo
from api.commands.imports import import_file
from api.commands.link import link
from api.commands.serve import serve

app = typer.Typer(
    name="sandhan",
    help="Find the missing report of a rescued child, across scripts, states and years. People decide.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold records
    rich_markup_mode="rich",
)
app.command()(demo)
app.command()(serve)
app.command("import")(import_file)
app.command()(crossmatch)
app.command()(link)
app.add_typer(partners.app, name="partners")
app.add_typer(index.app, name="index")
app.add_typer(photos.app, name="photos")
app.add_typer(db.app, name="db")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def main() -> None:
    """Run the command line."""
    level = os.environ.get("SANDHAN_LOG_LEVEL", "WARNING").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app()
