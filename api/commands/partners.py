"""`sandhan partners`: who takes part. The first operator can only be made here, on the machine itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from api.access import OPERATOR, AccessScope
from api.commands import partner_keys
from api.commands.console import out, print_json
from api.commands.context import services
from api.partners.service import NewPartner

app = typer.Typer(help="Partners and their keys.", no_args_is_help=True)
app.add_typer(partner_keys.app, name="keys")
_LOCAL = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the organisation or unit.")],
    kind: Annotated[str, typer.Option(help="shelter, ahtu, ngo, police, coordination or operator.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, e.g. IN.")],
    area: Annotated[list[str] | None, typer.Option(help="Area of responsibility: IN/WB, or India, Assam.")] = None,
    email: Annotated[str | None, typer.Option(help="Address for alerts.")] = None,
    webhook: Annotated[str | None, typer.Option(help="URL for alerts.")] = None,
    language: Annotated[str, typer.Option(help="Language of its messages (BCP 47).")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Register a partner; its API key is shown this once. An `operator` may register others over HTTP."""
    with services() as sandhan:
        if kind == "operator":
            welcome = sandhan.partners.register_operator(name, country)
        else:
            new = NewPartner(name, kind, country, language, tuple(area or ()), email, webhook)
            welcome = sandhan.partners.register(new, _LOCAL)
    secrets = {"partner_id": welcome.partner.id, "api_key": welcome.api_key, "webhook_secret": welcome.webhook_secret}
    if as_json:
        print_json(secrets)
        return
    out.print(f"[bold]{welcome.partner.name}[/] is registered. Keep these now, they are not shown again:")
    for label, value in secrets.items():
        if value:
            out.print(f"  {label:<15} {value}")


@app.command()
def agree(
    reference: Annotated[str, typer.Argument(help="Number of the paper that was signed.")],
    partner: Annotated[list[str] | None, typer.Option(help="Id of a party; give it for each.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Between all partners that take part.")] = False,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day on which it holds.")
    ] = None,
) -> None:
    """Record a signed agreement: its parties exchange from now on. Without one, nothing of one reaches the other."""
    with services() as sandhan:
        parties = list(partner or ())
        if everybody:
            parties += [one.id for one in sandhan.partners.list(_LOCAL) if one.kind != "operator"]
        end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else None
        made = sandhan.agreements.propose(parties, reference, end, _LOCAL, signed=True)
    out.print(f"{made.id}: in force between {len(made.parties)} partners")


@app.command()
def faces(
    partner: Annotated[str, typer.Argument(help="Id of the partner.")],
    compared: Annotated[bool, typer.Option("--on/--off", help="Off also forgets every face found so far.")],
) -> None:
    """Have faces in photos of a partner's cases compared, or no longer."""
    with services() as sandhan:
        changed = sandhan.partners.switch_faces(partner, compared, _LOCAL)
    out.print(f"[bold]{changed.name}[/]: faces in its photos are {'compared' if compared else 'not compared'}")


@app.command(name="list")
def list_partners(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the partners that take part."""
    with services() as sandhan:
        found = sandhan.partners.list(_LOCAL)
    if as_json:
        print_json(
            [
                {"id": p.id, "name": p.name, "kind": p.kind, "country": p.country, "areas": p.areas, "faces": p.faces}
                for p in found
            ]
        )
        return
    table = Table("id", "name", "kind", "country", "areas", "faces")
    for partner in found:
        faces = "compared" if partner.faces else "off"
        table.add_row(partner.id, partner.name, partner.kind, partner.country, ", ".join(partner.areas), faces)
    out.print(table)
