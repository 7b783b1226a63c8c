"""Why does the engine think so? Contributions in words that a case worker can check, strongest first.

The words name comparisons and levels, never values: an explanation may be shown before names may. `matcher.explaining`
holds the words of each language, the waterfall, what would change the grade, and the question to ask next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matcher.explaining.language import ENGLISH
from matcher.explaining.wording import Wording, wording
from matcher.scoring import PRIOR, Contribution


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


def reasons(contributions: Iterable[Contribution], language: str = ENGLISH) -> list[Reason]:
    """Return the reasons, those that say most first; the prior is left out, being about no field.

    Args:
        contributions: of one pair.
        language: one of `matcher.explaining.language.LANGUAGES`; any other is answered in English.
    """
    words = wording(language)
    found = [_reason(part, words) for part in contributions if part.comparison != PRIOR]
    return sorted(found, key=lambda reason: (-abs(reason.bits), reason.comparison))


def _reason(part: Contribution, words: Wording) -> Reason:
    return Reason(
        part.comparison,
        words.asked(part.comparison),
        words.finding(part.label),
        part.bits,
        words.statement(part.comparison, part.label, part.bits, part.note),
    )


def probability_words(probability: float, language: str = ENGLISH) -> str:
    """Return a probability as a person would say it, never as certainty."""
    return wording(language).probability(probability)
