"""`sandhan keys`: the keys by which what is kept of people is sealed."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from api.commands.console import fail, out, plain_errors, print_json
from api.commands.context import load_settings, services
from api.keeping import rotate_master_key, rotate_partner_keys
from api.store import keys
from api.store.master_keys import LENGTH, MasterKeys

app = typer.Typer(help="Keys that seal what is kept: master key, partners' keys, records' keys.", no_args_is_help=True)


@app.command()
def new() -> None:
    """Print a new master key for SANDHAN_MASTER_KEY or for a KMS. Nothing is stored."""
    typer.echo(MasterKeys((os.urandom(LENGTH),)).to_text(), nl=False)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Tell how many keys there are, and whether all are wrapped by the master key in use."""
    with services() as sandhan, sandhan.database.read() as conn:
        found = dict(keys.counts(conn))
        current = sandhan.database.ring.masters().current
    if as_json:
        print_json({"master": current, **found})
        return
    out.print(f"master key in use: {current}")
    out.print(f"{found['partners']} keys of partners, {found['records']} of records; {found['erased']} records erased")
    if found["stale"]:
        out.print(f"{found['stale']} keys are wrapped by an older master key; run: sandhan keys rotate")


@app.command()
def rotate(
    partners: Annotated[bool, typer.Option("--partners", help="Give every partner another key, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Seal by another master key from now on, and need no older one afterwards.

    With a key file, a new key is made. With SANDHAN_MASTER_KEY or a command, put the new key before the old one first;
    when this has run and `sandhan keys status` names no older one, the old one can be taken away. A key file that this
    command may not write (a mounted secret) is handled likewise. It may be interrupted and run again.
    """
    settings = load_settings()
    with plain_errors(), services(settings) as sandhan:
        done = rotate_master_key(sandhan.database, settings.master_keys, sandhan.clock)
        records = rotate_partner_keys(sandhan.database, sandhan.clock) if partners else 0
    if not done.partner_keys and not done.service_keys and not partners:
        fail("every key is wrapped by the master key in use already; put the new key before the old one first")
    if as_json:
        print_json({"partner_keys": done.partner_keys, "service_keys": done.service_keys, "record_keys": records})
        return
    out.print(f"{done.partner_keys} partners' and {done.service_keys} service keys are wrapped by the new master key")
    if partners:
        out.print(f"every partner has another key; {records} records' keys were wrapped anew")
