"""`sandhan db`: the database's schema."""

from __future__ import annotations

import typer

from api.bootstrap import make_home
from api.commands.console import out, plain_errors
from api.commands.context import load_settings
from api.store import Database, current_revision, is_current
from api.store import upgrade as upgrade_schema

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to the schema of this version (creates the embedded one)."""
    settings = load_settings()
    with plain_errors():
        if not settings.database_url:
            make_home(settings)
        upgrade_schema(settings.database, settings.master_keys)
        database = Database.open(settings.database, settings.master_keys)
        out.print(f"schema {current_revision(database)}")
        database.dispose()


@app.command()
def status() -> None:
    """Tell which schema the database has; exits with 1 when it is not this version's."""
    settings = load_settings()
    with plain_errors():
        database = Database.open(settings.database, settings.master_keys)
        current = is_current(database)
        out.print(f"schema {current_revision(database) or 'none'}: {'current' if current else 'older'}")
        database.dispose()
    if not current:
        raise typer.Exit(1)
