"""How much is each agreement worth between two suspects? The shipped model where people are people, and what differs.

Suspects hide: they take other names, and other telephones. Nobody has decided pairs of suspects yet, so the figures
here are judgement, said in the open; docs/guides/same-person.md has what they come to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from matcher.compare.attributes import LANGUAGES, PHONES, SEX
from matcher.compare.dates import AGE, AGE_LABELS
from matcher.compare.marks import MARKS
from matcher.compare.names import NAME
from matcher.compare.places import ORIGIN
from matcher.compare.routes import ROUTE, ROUTE_LABELS
from matcher.comparison import Comparison
from matcher.dependence import DependenceGroup
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel

SUSPECT_COMPARISONS: Final[tuple[Comparison, ...]] = (NAME, SEX, AGE, ORIGIN, LANGUAGES, ROUTE, MARKS, PHONES)
SUSPECT_DUPLICATES: Final = 0.1
"""How many suspects another unit knows as well: recruiters work across districts, units within one."""
SUSPECT_PROBABLE: Final = 0.5
"""From where on two units are told: as likely as not. No family hopes because of it, and nobody is named."""

# Bits that a disagreement says at most against one suspect.
_OTHER_NAME = 0.0
"""An alias is a reason to be somebody else, not a sign of it."""
_OTHER_PHONE = 0.5
"""A card is thrown away after a journey."""
_OTHER_HOME = 2.6
"""Victims know by hearsay where he comes from; he may have said so himself."""
# P(level | one person), P(level | two people).
_ROUTE = ((0.25, 0.01), (0.35, 0.14), (0.40, 0.85))
"""Units of one region all write of the same stations and markets."""
_SEX = ((0.99, 0.62), (0.01, 0.38))
"""Most are men, and few women are taken for men."""
_AGE = ((0.80, 0.31), (0.03, 0.03), (0.03, 0.03), (0.06, 0.11), (0.08, 0.52))
"""A grown man's age is guessed within some years; suspects are of twenty to fifty-five."""

_LANGUAGE = ((0.93, 0.60), (0.07, 0.40))
"""Most speak the language of the trade; what a victim did not hear him speak she does not know."""


def suspect_model(model: MatchModel) -> MatchModel:
    """Return the model for two suspects.

    Nothing is of the household: a suspect's telephone is his own, and a brother is a suspect of his own. People of one
    place speak one language: what both say counts once.
    """
    shipped = model.comparisons
    return replace(
        model,
        version=f"{model.version}+suspects-2",
        comparisons={
            NAME.name: _at_most_against(shipped[NAME.name], _OTHER_NAME),
            SEX.name: _judged(SEX.labels, _SEX),
            AGE.name: _judged(AGE_LABELS, _AGE),
            ORIGIN.name: _at_most_against(shipped[ORIGIN.name], _OTHER_HOME),
            LANGUAGES.name: _judged(LANGUAGES.labels, _LANGUAGE),
            ROUTE.name: _judged(ROUTE_LABELS, _ROUTE),
            MARKS.name: shipped[MARKS.name],
            PHONES.name: _at_most_against(shipped[PHONES.name], _OTHER_PHONE),
        },
        thresholds=replace(model.thresholds, probable=SUSPECT_PROBABLE),
        groups={"home": DependenceGroup((ORIGIN.name, LANGUAGES.name), 0.0)},
        report_share=SUSPECT_DUPLICATES,
        sibling_share=0.0,
    )


def _judged(labels: tuple[str, ...], shares: tuple[tuple[float, float], ...]) -> ComparisonWeights:
    levels = tuple(ComparisonLevel(label, m, u) for label, (m, u) in zip(labels, shares, strict=True))
    return ComparisonWeights(levels, (0.0,) * len(levels))


def _at_most_against(part: ComparisonWeights, bits: float) -> ComparisonWeights:
    """Return a comparison none of whose levels says more than so many bits against one person."""
    lifted = (replace(level, shift=level.shift + max(0.0, -bits - level.weight)) for level in part.levels)
    return replace(part, levels=tuple(lifted))
