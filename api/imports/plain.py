"""What does a case say in plain text, however it came in? So are two ways of saying the same thing told from a change.

A form sends 12 and ["+91 98301 55501"], a file has the texts 12 and +91 98301 55501: the case is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.cases.forms import as_text

Plain = dict[str, str | tuple[str, ...]]
PFIF = "pfif"
"""Where a case keeps what a PFIF record said beyond the fields of a case."""


def plain(payload: Mapping[str, object]) -> Plain:
    """Return the fields of a case that say something, as a file would have them; without its PFIF part."""
    said: Plain = {}
    for field, value in payload.items():
        if field == PFIF or value is None:
            continue
        if field == "protect_location" and not value:
            continue  # not said, and stored all the same
        text = _plain(value)
        if text:
            said[field] = text
    return said


def says_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Tell whether two cases of one side say the same."""
    return (one.get(PFIF) or None) == (other.get(PFIF) or None) and plain(one) == plain(other)


def yes_no(value: bool) -> str:
    """Return a truth value as it is written in a file."""
    return "yes" if value else "no"


def _plain(value: object) -> str | tuple[str, ...]:
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = tuple(text for part in value if (text := as_text(part).strip()))
        return parts[0] if len(parts) == 1 else parts
    return as_text(value).strip()
