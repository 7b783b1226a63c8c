"""What can keep somebody from settling an item of the agenda?"""

from __future__ import annotations

from matcher.errors import SandhanError


class FiledAlready(SandhanError):
    """It was filed before, or a later one was."""

    code = "filed_already"

    def __init__(self) -> None:
        super().__init__("this one, or a later one, was filed before; read the agenda again")
