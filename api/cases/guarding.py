"""As what is a protected person compared? As of the day on which she was entered: when she was found is withheld.

A weight that rests on a withheld day tells the day to whoever asks often enough, and so does a grade, a rank or an
alert. So the engine does not know it, whoever asks:

found         ── the day of entry, which the id of every case tells
age, no day   ── the five years that the mask shows
height, no day ── nothing
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from matcher.person import PartialDate, PersonRecord, Side

ELSEWHEN = "1900-01-01"
"""A day on which nobody of these was found; whatever is read otherwise with it rests on the day of finding."""


def is_guarded(side: str, protect_location: bool) -> bool:
    """Tell whether where and when the person was found is withheld."""
    return protect_location and side == Side.RESCUED


def guarded(record: PersonRecord, elsewhen: PersonRecord, entered_on: date) -> PersonRecord:
    """Return the record as it is compared.

    Args:
        record: as it was entered.
        elsewhen: the same, had she been found on `ELSEWHEN`.
        entered_on: the day on which the case came in.
    """
    birth, height = record.birth, record.height_cm
    if birth is not None and birth != elsewhen.birth:
        first, last = five_years(birth)
        birth = PartialDate(date(max(first, 1), 1, 1), date(last, 12, 31))
    if record.height_on != elsewhen.height_on:
        height = None
    return replace(
        record,
        event=PartialDate.exact(entered_on),
        birth=birth,
        height_cm=height,
        height_on=None if height is None else record.height_on,
    )


def five_years(birth: PartialDate) -> tuple[int, int]:
    """Return the first and the last year of birth, widened to multiples of five: no date can be read from them."""
    return birth.earliest.year // 5 * 5, birth.latest.year // 5 * 5 + 4
