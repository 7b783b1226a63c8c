"""`sandhan serve`: the API, until interrupted."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer

from api.app import create_app
from api.bootstrap import Sandhan
from api.commands.console import err, plain_errors
from api.commands.context import load_settings
from api.serving import bind, server_for
from api.store import partners


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (SANDHAN_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, 0 takes a free one (SANDHAN_PORT).")] = None,
) -> None:
    """Serve the API and deliver alerts until interrupted or told to end (SIGTERM)."""
    signal.signal(signal.SIGTERM, _leave)
    settings = load_settings()
    with plain_errors():
        listener = bind(host or settings.host, settings.port if port is None else port)
        with Sandhan.build(settings) as sandhan:
            with sandhan.database.read() as conn:
                waiting = sum(bool(p.email) for p in partners.list_partners(conn, active_only=True))
            if waiting and not settings.smtp_host:
                err.print(f"[yellow]{waiting} partners want e-mail and SANDHAN_SMTP_HOST is not set: none is sent[/]")
            address, number = listener.getsockname()[:2]
            err.print(f"[bold]Sandhan[/] at http://{address}:{number}  (OpenAPI at /openapi.json, Ctrl-C stops)")
            server_for(create_app(sandhan), "info").run(sockets=[listener])


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End as at the end of the program: the index is saved and workers end; uvicorn sends the signal on when done."""
    raise SystemExit(0)
