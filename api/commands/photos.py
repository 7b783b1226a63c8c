"""`sandhan photos`: read photos that wait, and change the face model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from api.commands.console import Json, fail, out, print_json, progress
from api.commands.context import services
from api.face_model import photo_pool
from api.reembedding import Reembedding

app = typer.Typer(help="Read photos that wait, and change the face model.", no_args_is_help=True)


@app.command()
def embed(as_json: Json = False) -> None:
    """Read every photo that waits, SANDHAN_PHOTO_WORKERS at a time; what was interrupted before is finished.

    Photos come in with `sandhan import --photos`. Exits with 1 when some still wait, for no worker could take them.
    """
    with services() as sandhan, progress(as_json) as bars:
        if not sandhan.settings.faces:
            fail("faces are switched off here (SANDHAN_FACES): photos are kept and not looked at")
        waiting = sandhan.photos.waiting()
        task = bars.add_task("photos", total=waiting)
        settled = sandhan.photos.process_pending(on_settled=lambda done: bars.update(task, completed=done))
        left, states = sandhan.photos.waiting(), sandhan.photos.states()
    if as_json:
        print_json({"settled": settled, "waiting": left, "photos": states})
    else:
        said = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        out.print(f"{settled:,} photos read, {left:,} still wait; now {said or 'there are none'}")
    if left:
        raise typer.Exit(1)


@app.command()
def reembed(
    forget_others: Annotated[
        bool, typer.Option("--forget-others", help="Delete what other face models found, once this one is searched.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read all photos again with the face model that is set up now, then search by it; may be interrupted and repeated.

    The service may go on meanwhile: it changes to the new index by itself when that is complete.
    """
    with services() as sandhan, progress(as_json) as bars:
        if not sandhan.settings.faces:
            fail("faces are switched off here (SANDHAN_FACES): photos are kept and not looked at")
        model = next(iter(sandhan.face_models.values()))
        with photo_pool(sandhan.settings, model) as pool:
            work = Reembedding(
                sandhan.database, model, pool, sandhan.settings.index_folder, sandhan.clock, sandhan.random_bytes,
                sandhan.keeper.seal,
            )  # fmt: skip
            task = bars.add_task("photos", total=work.waiting())
            summary = work.run(lambda done: bars.update(task, completed=done), forget_others=forget_others)
    if as_json:
        print_json(asdict(summary))
        return
    out.print(f"{summary.embedded:,} photos read by {summary.model}, which is searched now")
    for photo, code in summary.refused.items():
        out.print(f"  {photo}: {code}; its owner is told")
