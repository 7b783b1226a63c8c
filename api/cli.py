"""`sandhan`: every command, gathered. Each stands in a file of `api/commands` and is loaded when it is asked for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

COMMANDS = {
    "demo": "demo:demo",
    "serve": "serve:serve",
    "import": "imports:import_file",
    "export": "exports:export_file",
    "crossmatch": "crossmatch:crossmatch",
    "link": "link:link",
    "explain": "explain:explain",
    "partners": "partners:app",
    "people": "people:app",
    "cases": "cases:app",
    "index": "index:app",
    "photos": "photos:app",
    "db": "db:app",
    "openapi": "openapi:openapi",
    "keys": "keys:app",
    "audit": "audit:app",
    "alerts": "alerts:app",
    "train": "train:app",
    "evaluate": "evaluate:app",
}
"""Name -> module of `api.commands` and what it holds: a function, or the commands below this one."""


def build_app(asked: Sequence[str] = ()) -> typer.Typer:
    """Return the command line; with the words that were typed, only the command that they begin with.

    Two files are linked in the time that loading the web service would take.
    """
    app = typer.Typer(
        name="sandhan",
        help="Find the missing report of a rescued child, across scripts, states and years. People decide.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # locals hold records
        rich_markup_mode="rich",
    )
    only = asked[0] if asked and asked[0] in COMMANDS else None
    for name, place in COMMANDS.items():
        if only not in (None, name):
            continue
        module, _, what = place.partition(":")
        command = getattr(import_module(f"api.commands.{module}"), what)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    if only is not None:
        app.callback()(_nothing)  # a lone command would otherwise lose its name
    return app


def _nothing() -> None:
    """Find the missing report of a rescued child, across scripts, states and years. People decide."""


def main() -> None:
    """Run the command line."""
    level = os.environ.get("SANDHAN_LOG_LEVEL", "WARNING").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    build_app(sys.argv[1:])()
