"""`sandhan partners`: who takes part. The first operator can only be made here, on the machine itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, cast

import typer
from rich.table import Table

from api.access import CASE_WORK, OPERATOR, AccessScope, Permission
from api.commands import partner_keys
from api.commands.console import out, print_json
from api.commands.context import services
from api.days import end_of
from api.partners.office_hours import WEEKDAYS, Hours
from api.partners.rules import PARTNER_KINDS, Changes
from api.partners.service import NewPartner
from matcher.errors import InvalidRecord

app = typer.Typer(help="Partners and their keys.", no_args_is_help=True)
app.add_typer(partner_keys.app, name="keys")
_LOCAL = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
_Area = Annotated[list[str] | None, typer.Option(help="Area of responsibility: IN/WB, or India, Assam.")]
_Residency = Annotated[str | None, typer.Option(help="Country in which its records must be kept (ISO 3166-1).")]
_Zone = Annotated[str | None, typer.Option(help="Time zone, e.g. Asia/Kolkata.")]
_Hours = Annotated[list[str] | None, typer.Option(help='Office hours, e.g. "mon-fri 10:00-13:00,14:00-17:30".')]
_Channel = Annotated[list[str] | None, typer.Option(help="webhook, email or inbox; the one it likes best first.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the organisation or unit.")],
    kind: Annotated[str, typer.Option(help=", ".join(PARTNER_KINDS) + ".")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2, e.g. IN.")],
    area: _Area = None,
    email: Annotated[str | None, typer.Option(help="Address for alerts.")] = None,
    webhook: Annotated[str | None, typer.Option(help="URL for alerts.")] = None,
    language: Annotated[str, typer.Option(help="Language of its messages (BCP 47).")] = "en",
    residency: _Residency = None,
    time_zone: _Zone = None,
    hours: _Hours = None,
    channel: _Channel = None,
    permission: Annotated[
        list[Permission] | None,
        typer.Option(help="Of its key; may be given several times; when left out, the usual ones, never names."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Its key does all work on cases, names included.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Register a partner; its API key is shown this once. An `operator` may register others over HTTP."""
    permissions = CASE_WORK if full else tuple(permission) if permission else None
    with services() as sandhan:
        if kind == "operator":
            welcome = sandhan.partners.register_operator(name, country)
        else:
            new = NewPartner(
                name, kind, country, language, tuple(area or ()), email, webhook, residency=residency,
                time_zone=time_zone, office_hours=hours_from(hours) if hours else None, channels=channel,
                permissions=permissions,
            )  # fmt: skip
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
def change(
    partner: Annotated[str, typer.Argument(help="Id of the partner.")],
    name: Annotated[str | None, typer.Option(help="Name of the organisation or unit.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2, e.g. IN.")] = None,
    area: _Area = None,
    email: Annotated[str | None, typer.Option(help="Address for alerts.")] = None,
    webhook: Annotated[str | None, typer.Option(help="URL for alerts; another one gets another secret.")] = None,
    rotate_secret: Annotated[bool, typer.Option("--rotate-secret", help="Make a new webhook secret.")] = False,
    language: Annotated[str | None, typer.Option(help="Language of its messages (BCP 47).")] = None,
    residency: _Residency = None,
    time_zone: _Zone = None,
    hours: _Hours = None,
    channel: _Channel = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it takes part; if not, it is shut out at once.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Change a partner; what is left out stays, and "" takes a value away. A new secret is shown this once."""
    said: dict[str, object] = {"name": name, "country": country, "language": language, "areas": area, "active": active}
    said = {key: value for key, value in said.items() if value is not None}
    for key, value in (("email", email), ("webhook_url", webhook), ("residency", residency), ("time_zone", time_zone)):
        if value is not None:
            said[key] = value or None
    with services() as sandhan:
        for key, words in (("office_hours", hours), ("channels", channel)):
            if words:
                said[key] = None if words == [""] else hours_from(words) if key == "office_hours" else words
        changed = sandhan.profiles.change(partner, cast(Changes, said), _LOCAL, rotate_secret=rotate_secret)
    if as_json:
        print_json({"partner_id": changed.partner.id, "webhook_secret": changed.webhook_secret})
        return
    out.print(f"[bold]{changed.partner.name}[/] is changed.")
    if changed.webhook_secret:
        out.print(f"  webhook_secret  {changed.webhook_secret}  (it is not shown again)")


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
        end = end_of("until", until.date()) if until else None
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
def list_partners(
    everyone: Annotated[bool, typer.Option("--all", help="Those too that no longer take part.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the partners that take part."""
    with services() as sandhan:
        found = sandhan.partners.list(_LOCAL, everyone=everyone)
    if as_json:
        print_json(
            [
                {
                    "id": p.id, "name": p.name, "kind": p.kind, "country": p.country, "areas": p.areas,
                    "faces": p.faces, "active": p.active, "language": p.language, "time_zone": p.time_zone,
                    "office_hours": p.office_hours, "residency": p.residency, "channels": p.channels,
                }
                for p in found
            ]
        )  # fmt: skip
        return
    table = Table("id", "name", "kind", "country", "areas", "faces")
    for partner in found:
        faces = "compared" if partner.faces else "off"
        table.add_row(partner.id, partner.name, partner.kind, partner.country, ", ".join(partner.areas), faces)
    out.print(table)


def hours_from(lines: Sequence[str]) -> Hours:
    """Return office hours written as days, a space, and periods: `mon-fri 10:00-13:00,14:00-17:30`.

    Raises:
        InvalidRecord: a line is not of this form; whether the times are right is asked later.
    """
    found: dict[str, list[list[str]]] = {}
    for line in lines:
        days, _, periods = line.partition(" ")
        first, _, last = days.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS or not periods.strip():
            raise InvalidRecord("hours", 'is not written as "mon-fri 10:00-13:00,14:00-17:30"')
        for day in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]:
            found.setdefault(day, []).extend(period.strip().split("-") for period in periods.split(","))
    return found
