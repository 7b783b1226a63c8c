"""`sandhan partners keys`: with which keys a partner's software comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from api.commands.console import Json, out, print_json
from api.commands.context import services
from api.commands.people import PartnerOption, administrator_of
from api.ids import utc_now
from api.partners.keys import grantable
from api.store.partners import ApiKey

app = typer.Typer(help="API keys of a partner's software.", no_args_is_help=True)


@app.command()
def add(
    partner: PartnerOption,
    label: Annotated[str, typer.Option(help="Which software uses it; no name of a person.")],
    permission: Annotated[
        list[str] | None, typer.Option(help="May be given several times; when left out, the usual ones, never names.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day in UTC; in a year when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key; its secret is shown this once."""
    with services() as sandhan:
        scope = administrator_of(sandhan, partner)
        made = sandhan.keys.create(
            label,
            # Whoever has the machine has its data: here every key can be made.
            replace(scope, permissions=scope.permissions | grantable(scope.kind)),
            permissions=permission,
            expires_at=expires.replace(tzinfo=UTC) if expires else None,
        )
    if as_json:
        print_json(_row(made.key) | {"api_key": made.secret})
        return
    out.print(f"[bold]{made.key.id}[/], until {made.key.expires_at}. Keep the secret now, it is not shown again:")
    out.print(f"  {made.secret}", soft_wrap=True)


@app.command(name="list")
def list_keys(partner: PartnerOption, as_json: Json = False) -> None:
    """List a partner's keys, revoked ones too; never a secret."""
    with services() as sandhan:
        found = sandhan.keys.list(administrator_of(sandhan, partner))
    if as_json:
        print_json([_row(key) for key in found])
        return
    table, now = Table("id", "label", "may", "until", "last used", "state"), utc_now()
    for key in found:
        state = "revoked" if key.revoked_at else "in use" if key.usable(now) else "expired"
        until = key.expires_at.date().isoformat() if key.expires_at else "-"
        used = key.last_used_on.isoformat() if key.last_used_on else "never"
        table.add_row(key.id, key.label, ", ".join(key.permissions), until, used, state)
    out.print(table)


@app.command()
def revoke(partner: PartnerOption, key: Annotated[str, typer.Argument(help="Id of the key.")]) -> None:
    """Take a key out of use at once."""
    with services() as sandhan:
        sandhan.keys.revoke(key, administrator_of(sandhan, partner))
    out.print(f"[bold]{key}[/] is revoked")


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "label": key.label,
        "permissions": list(key.permissions),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_on": key.last_used_on,
    }
