"""How much is each agreement worth between two suspects? The shipped model where people are people, and what differs.

Suspects hide: they take other names, and other telephones. Nobody has decided pairs of suspects yet, so the figures
here are judgement, said in the open; docs/guides/same-person.md has what they come to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from matcher.compare.attributes import PHONES
from matcher.compare.marks import MARKS
from matcher.compare.names import NAME
from matcher.compare.routes import ROUTE, ROUTE_LABELS
from matcher.comparison import Comparison
from matcher.model import ComparisonLevel, ComparisonWeights, MatchModel

SUSPECT_COMPARISONS: Final[tuple[Comparison, ...]] = (NAME, ROUTE, MARKS, PHONES)
SUSPECT_DUPLICATES: Final = 0.1
"""How many suspects another unit knows as well: recruiters work across districts, units within one."""

_OTHER_NAME = 1.6
"""Bits given back where names differ: an alias is a reason to be somebody else, not a sign of it."""
_OTHER_PHONE = 1.3
"""The same of telephones: a card is thrown away after a journey."""
# P(level | one person), P(level | two people): units of one region all write of the same stations and markets.
_ROUTE = ((0.25, 0.01), (0.35, 0.14), (0.40, 0.85))


def suspect_model(model: MatchModel) -> MatchModel:
    """Return the model for two suspects.

    Nothing is of the household: a suspect's telephone is his own, and a brother is a suspect of his own.
    """
    route = tuple(ComparisonLevel(label, m, u) for label, (m, u) in zip(ROUTE_LABELS, _ROUTE, strict=True))
    return replace(
        model,
        version=f"{model.version}+suspects-1",
        comparisons={
            NAME.name: _loosened(model.comparisons[NAME.name], _OTHER_NAME),
            ROUTE.name: ComparisonWeights(route, (0.0,) * len(route)),
            MARKS.name: model.comparisons[MARKS.name],
            PHONES.name: _loosened(model.comparisons[PHONES.name], _OTHER_PHONE),
        },
        groups={},
        report_share=SUSPECT_DUPLICATES,
        sibling_share=0.0,
    )


def _loosened(part: ComparisonWeights, bits: float) -> ComparisonWeights:
    """Return a comparison whose worst level says less against one person."""
    *levels, last = part.levels
    return replace(part, levels=(*levels, replace(last, shift=last.shift + bits)))
