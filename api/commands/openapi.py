"""`sandhan openapi`: the description of the API as a file, for clients that are generated from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.app import bare_app
from api.commands.console import err, fail
from api.openapi_document import as_text, describe


def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; without it, it is printed.")] = None,
) -> None:
    """Write the OpenAPI document: the same text for the same version. Needs no database."""
    app = bare_app()
    describe(app)
    text = as_text(app.openapi())
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"--output: {output} cannot be written ({error.strerror})")
    err.print(f"{output}: {len(app.openapi()['paths'])} paths")
