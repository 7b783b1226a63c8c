"""Why does the engine think so? Contributions in words that a case worker can check, strongest first.

The words name comparisons and levels, never values: an explanation may be shown before names may.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matcher.compare import COMPARISONS
from matcher.scoring import PRIOR, Contribution

SUBJECTS = {
    "name": "her name",
    "father": "the father's name",
    "mother": "the mother's name",
    "relative": "a relative's name",
    "sex": "sex",
    "birth": "age or date of birth",
    "origin": "place of origin",
    "remembered": "places remembered",
    "address": "address",
    "postcode": "postcode",
    "languages": "languages",
    "height": "height",
    "marks": "marks on the body",
    "phones": "telephone number",
    "identifiers": "identifiers",
    "events": "order of events",
    "face": "photos",
}
_QUESTIONS = {comparison.name: comparison.question for comparison in COMPARISONS}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for or against.

    Attributes:
        comparison: its name.
        question: what was asked of the two records.
        finding: what was found, in words.
        bits: weight; +1 doubles the odds, -1 halves them.
        statement: a sentence.
    """

    comparison: str
    question: str
    finding: str
    bits: float
    statement: str


def reasons(contributions: Iterable[Contribution]) -> list[Reason]:
    """Return the reasons, those that say most first; the prior is left out, being about no field."""
    found = [_reason(part) for part in contributions if part.comparison != PRIOR]
    return sorted(found, key=lambda reason: (-abs(reason.bits), reason.comparison))


def _reason(part: Contribution) -> Reason:
    subject = SUBJECTS.get(part.comparison, part.comparison.removeprefix("extra:"))
    return Reason(
        part.comparison,
        _QUESTIONS.get(part.comparison, f"Does {subject} agree?"),
        part.label,
        part.bits,
        f"{subject}: {part.label} ({_odds(part.bits)}){f'; {part.note}' if part.note else ''}",
    )


def _odds(bits: float) -> str:
    """Say what a weight does to the odds, in numbers people use."""
    if abs(bits) < 0.15:
        return "says next to nothing either way"
    factor = 2 ** abs(bits)
    shown = f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}" if factor < 100_000 else "more than 100,000"
    return f"{shown} times {'more' if bits > 0 else 'less'} likely to be one person"


def probability_words(probability: float) -> str:
    """Return a probability as a person would say it, never as certainty."""
    if probability >= 0.995:
        return "more than 99 in 100"
    if probability < 0.005:
        return "less than 1 in 100"
    return f"about {max(1, round(probability * 100))} in 100"
