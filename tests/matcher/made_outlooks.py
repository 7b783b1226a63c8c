"""Pairs for the tests of what might be found: a model of judgement in groups, weights at will, drawn outlooks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from matcher.compare import COMPARISONS
from matcher.dependence import DependenceGroup
from matcher.explaining.outlook import Outlook, finding_bits
from matcher.model import MatchModel
from matcher.scoring import FACE_NAME, PRIOR, Contribution
from matcher.training import prior_model

NAMES = frozenset(comparison.name for comparison in COMPARISONS)


def judged(share: float = 1.0, siblings: float = 0.0) -> MatchModel:
    groups = {
        "family": DependenceGroup(("name", "father", "mother", "relative"), share),
        "place": DependenceGroup(("origin", "remembered", "address", "postcode", "languages"), share),
    }
    return replace(prior_model("judgement"), groups=groups, sibling_share=siblings)


def pair(weight: float, *parts: Contribution) -> tuple[Contribution, ...]:
    """Return contributions that add up to a weight: a prior, what is given, and an own column for the rest."""
    rest = weight + 12.0 - sum(part.bits for part in parts)
    return (Contribution(PRIOR, "before", -12.0, -1), *parts, Contribution("extra:rest", "equal", rest, 0))


@st.composite
def outlooks(draw: st.DrawFn) -> Outlook:
    known = draw(st.lists(st.sampled_from(sorted(NAMES - {FACE_NAME})), unique=True, max_size=8))
    model = judged(draw(st.sampled_from([0.3, 1.0])))
    parts = []
    for name in known:
        level = draw(st.integers(0, len(model.comparisons[name].levels) - 1))
        label = model.comparisons[name].levels[level].label
        parts.append(Contribution(name, label, finding_bits(model, name, level), level))
    return Outlook(pair(draw(st.floats(-20, 20)), *parts), model)
