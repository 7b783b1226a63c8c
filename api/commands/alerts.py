"""`sandhan alerts`: who is told and why, what is on its way, what was given up, and sending that once more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Column, Table

from api.bootstrap import Sandhan
from api.commands.alerts_explain import explain
from api.commands.attention import attend, missed
from api.commands.console import Json, fail, out, print_json
from api.commands.context import act_as, services
from api.ids import utc_now
from api.store import partners

app = typer.Typer(help="Who is told, and whether it arrived.", no_args_is_help=True)
app.command()(explain)
app.command()(attend)
app.command()(missed)
PartnerOption = Annotated[str | None, typer.Option("--partner", help="Id or name of the partner; all when left out.")]
_ACTOR = "command-line:operator"


@app.command()
def status(as_json: Json = False) -> None:
    """Tell how many messages are queued, being sent, retrying and given up, for each partner and channel."""
    with services() as sandhan:
        lanes, names = sandhan.replays.lanes(), _names(sandhan)
    if as_json:
        print_json([asdict(lane) | {"partner": names.get(lane.recipient_id)} for lane in lanes])
        return
    table, now = Table("partner", "channel", "queued", "sending", "retrying", "dead", "oldest"), utc_now()
    for lane in lanes:
        oldest = f"{(now - lane.oldest).total_seconds() / 3600:.1f} h" if lane.oldest else "-"
        counts = (lane.queued, lane.sending, lane.retrying, lane.dead)
        table.add_row(names.get(lane.recipient_id, ""), lane.channel, *(f"{count:,}" for count in counts), oldest)
    out.print(table if lanes else "Nothing waits, and nothing was given up.")


@app.command(name="dead-letters")
def dead_letters(partner: PartnerOption = None, as_json: Json = False) -> None:
    """List what could not be delivered, with the reason of the last attempt."""
    with services() as sandhan:
        found = sandhan.replays.dead_letters(act_as(sandhan, partner).partner_id if partner else None)
        names = _names(sandhan)
    if as_json:
        print_json([asdict(letter) | {"partner": names.get(letter.recipient_id)} for letter in found])
        return
    table = Table(Column("message", no_wrap=True), "partner", "channel", "priority", "attempts", "made", "reason")
    for letter in found:
        reason = letter.outcome + (f" ({letter.status_code})" if letter.status_code else "")
        made = letter.created_at.isoformat(sep=" ", timespec="minutes")
        name = names.get(letter.recipient_id, "")
        table.add_row(
            letter.message_id, name, letter.channel, letter.priority, str(letter.attempts), made, reason
        )  # fmt: skip
    out.print(table if found else "Nothing was given up.")


@app.command()
def replay(
    message: Annotated[str | None, typer.Argument(help="Id of the message.")] = None,
    partner: PartnerOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was given up.")] = False,
    as_json: Json = False,
) -> None:
    """Send once more what was given up: one message, a partner's, or all. The receiver knows it by its id."""
    if sum((message is not None, partner is not None, everything)) != 1:
        fail("say what to send: the id of a MESSAGE, --partner, or --all")
    with services() as sandhan:
        partner_id = act_as(sandhan, partner).partner_id if partner else None
        sent = sandhan.replays.by_operator(_ACTOR, message_id=message, partner_id=partner_id)
    if message is not None and not sent:
        fail("no message of this id was given up; one whose alert or match has ended is not sent again")
    if as_json:
        print_json({"messages": sent})
    else:
        out.print(f"{len(sent):,} messages are queued again")


def _names(sandhan: Sandhan) -> dict[str, str]:
    with sandhan.database.read() as conn:
        return {partner.id: partner.name for partner in partners.list_partners(conn, active_only=False)}
