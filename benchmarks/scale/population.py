"""Who is searched and who asks, at a size? Drawn from a seed, or read from where an earlier run left it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.peers.pairs import Ints
from benchmarks.quality.evidence import Question
from data.corruption import LIVES

_AT_ONCE = 10_000
SEED = 82_001  # never one that trains or tunes


@dataclass(frozen=True, slots=True)
class Setting:
    """One population.

    Attributes:
        corruption: name of a life of `data.corruption.LIVES`.
        reports, rescues: how many of each.
        seed: equal settings give equal people.
    """

    corruption: str
    reports: int
    rescues: int
    seed: int = SEED

    @property
    def name(self) -> str:
        """Return what the setting is called in tables and files."""
        return f"{self.corruption}-{self.reports}x{self.rescues}-{self.seed}"


def drawn(setting: Setting, cache: Path | None = None) -> Question:
    """Return the reports and the rescued people of a setting, without photos.

    Args:
        cache: a folder of one's own where populations are kept between runs (pickled, so nobody else's); None for none.
    """
    kept = cache / f"{setting.name}.pickle" if cache else None
    if kept and kept.exists():
        with kept.open("rb") as file:
            read: Question = pickle.load(file)
            sides = [tuple(chain.from_iterable(iter(partial(pickle.load, file), ()))) for _ in range(2)]
        return replace(read, reports=sides[0], rescued=sides[1])
    question = Question.draw(setting.seed, setting.reports, setting.rescues, LIVES[setting.corruption])
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        whole = kept.with_suffix(".part")  # a run that is cut off leaves nothing that looks complete
        with whole.open("wb") as file:
            pickle.dump(replace(question, reports=(), rescued=()), file)
            for side in (question.reports, question.rescued):
                # In parts, the last one empty: a pickle remembers all that it has seen until it ends.
                for start in range(0, len(side), _AT_ONCE):
                    pickle.dump(side[start : start + _AT_ONCE], file)
                pickle.dump((), file)
        whole.replace(kept)
    return question


def sampled(question: Question, seed: int) -> Ints:
    """Return the rescued people who have a report, in a seeded order: a first part of it is a fair sample."""
    order: Ints = np.random.default_rng(seed).permutation(np.flatnonzero(question.truth >= 0))
    return order
