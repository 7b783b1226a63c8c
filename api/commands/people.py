"""`sandhan people`: who acts for a partner. The first administrator can only be made here, on the machine itself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from api.access import PERMISSIONS, AccessScope, Role
from api.bootstrap import Sandhan
from api.commands.console import Json, fail, out, print_json
from api.commands.context import services
from api.people.forms import enrolment_link
from api.people.service import Invitation, NewPerson
from api.store import partners

app = typer.Typer(help="People of the partners: invite, list, deactivate, reset.", no_args_is_help=True)
PartnerOption = Annotated[str, typer.Option("--partner", help="Id or name of the partner.")]
PersonArgument = Annotated[str, typer.Argument(help="Id of the person.")]
EvenLast = Annotated[
    bool, typer.Option("--even-last", help="Also where nobody else is left who can manage the partner's people.")
]


def administrator_of(sandhan: Sandhan, wanted: str) -> AccessScope:
    """Return the scope in which the command line manages the people and keys of a partner named by id or name."""
    with sandhan.database.read() as conn:
        known = partners.list_partners(conn, active_only=True)
    chosen = [partner for partner in known if wanted in (partner.id, partner.name)]
    if not chosen:
        fail("--partner: nobody has this id or name; see: sandhan partners list")
    if len(chosen) > 1:
        fail(f"--partner: {len(chosen)} partners are called that; give the id: {', '.join(p.id for p in chosen)}")
    partner = chosen[0]
    allowed = frozenset(PERMISSIONS[Role.ADMINISTRATOR])
    actor = f"command-line:{partner.id}"
    return AccessScope(partner.id, actor, partner.kind, partner.areas, allowed, Role.ADMINISTRATOR)


def _hand_over(invitation: Invitation, sandhan: Sandhan, as_json: bool) -> None:
    link = enrolment_link(sandhan.settings.public_url, invitation.token)
    told = {
        "person_id": invitation.person.id,
        "roles": list(invitation.person.roles),
        "enrolment_token": invitation.token,
        "enrolment_link": link,
        "expires_at": invitation.expires_at.isoformat(),
    }
    if as_json:
        print_json(told)
        return
    out.print(f"[bold]{invitation.person.id}[/] may enrol once, until {told['expires_at']}. It is not shown again:")
    out.print(f"  token  {invitation.token}", soft_wrap=True)
    out.print(f"  link   {link}", soft_wrap=True)


@app.command()
def add(
    partner: PartnerOption,
    email: Annotated[str, typer.Option(help="Address to sign in with.")],
    role: Annotated[list[str], typer.Option(help="administrator, officer, …; may be given several times.")],
    name: Annotated[str, typer.Option(help="Name that colleagues see.")],
    language: Annotated[str | None, typer.Option(help="BCP 47; the partner's when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Invite a person; the token with which to set password and second factor is shown this once."""
    with services() as sandhan:
        scope = administrator_of(sandhan, partner)
        _hand_over(sandhan.people.invite(NewPerson(name, email, tuple(role), language), scope), sandhan, as_json)


@app.command(name="list")
def list_people(partner: PartnerOption, as_json: Json = False) -> None:
    """List the people of a partner, those who left too."""
    with services() as sandhan:
        found = sandhan.people.list(administrator_of(sandhan, partner))
    if as_json:
        print_json(
            [
                {
                    "id": person.id,
                    "name": person.name,
                    "email": person.email,
                    "roles": list(person.roles),
                    "active": person.active,
                    "enrolled": person.enrolled,
                    "second_factor": person.second_factor,
                }
                for person in found
            ]
        )
        return
    table = Table("id", "name", "e-mail", "roles", "state")
    for person in found:
        state = "left" if not person.active else "enrolled" if person.enrolled else "invited"
        table.add_row(person.id, person.name, person.email, ", ".join(person.roles), state)
    out.print(table)


@app.command()
def deactivate(partner: PartnerOption, person: PersonArgument, even_last: EvenLast = False) -> None:
    """Let a person act for a partner no longer; sessions end at once."""
    with services() as sandhan:
        scope = administrator_of(sandhan, partner)
        sandhan.people.change(person, scope, active=False, even_last=even_last)
    out.print(f"[bold]{person}[/] is deactivated")


@app.command()
def reset(partner: PartnerOption, person: PersonArgument, even_last: EvenLast = False, as_json: Json = False) -> None:
    """Take a person's password, second factor and sessions away; a new token to enrol with is shown this once."""
    with services() as sandhan:
        scope = administrator_of(sandhan, partner)
        _hand_over(sandhan.people.reset(person, scope, even_last=even_last), sandhan, as_json)
