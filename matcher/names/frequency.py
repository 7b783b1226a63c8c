"""How rare is a word of a name where the reports come from?

Two people called Sunita Mondal in West Bengal are two people; two called Balaiamlang Kharbuli are probably one. The
counts come from the deployment's own reports, state by state: a name that is rare among all partners may be everybody's
name in one district. A state with few reports leans on its country, a country on all; and all lean on what the tables
of people say is common there, so that a deployment knows a Mondal on its first day. Spellings that fold to one form
share their frequency, and a spelling close to a commoner one is taken to be as common as that one. A household
name of several words (`wholes`) is counted whole, too.

Source: `data/reference/people`; `docs/guides/names.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.distinct import numbered, numbered_keys
from matcher.names.near import Blocks, join, leave, nearest, skeletons
from matcher.names.prior import EVERYWHERE, NOTHING, NamePrior, wider
from matcher.names.reading import ReadNames, read_names
from matcher.names.wholes import WholeNames
from matcher.names.words import ragged, starts_of
from matcher.strings import pick

Rows = npt.NDArray[np.integer[Any]]

_PRIOR_NAMES = 300.0
"""The tables are one person's judgement: they count as much as this many reports of a region."""
_LEANING = 150.0
"""How many names of the wider area count as much as the area's own."""
_MAX_BITS = 13.0
"""Even a unique name is not a fingerprint: one clerk's spelling may be another clerk's common name."""
_FREQUENT = 3
"""A counted word lends its frequency from this many names on: a spelling seen once or twice makes nothing common."""
_REMEMBERED = 200_000
"""Words whose near spellings are kept, and words of regions whose share is; then they are forgotten and found again."""


@dataclass(slots=True)
class _Counts:
    words: Counter[str] = field(default_factory=Counter)
    names: int = 0


_NONE_COUNTED = _Counts()


def region_of(area: str) -> str:
    """Return the part of an area path over which names are counted: country and state."""
    return "/".join(area.split("/")[:2])


class _Step(NamedTuple):
    """What is counted and expected in one region, and whether it leans on the one before."""

    counted: Mapping[str, int]
    names: int
    listed: Mapping[str, float]
    unlisted: float
    leans: bool


class _Asked(NamedTuple):
    """A region, and what has been asked of it: the share of each spelling, and of each word with those near it."""

    chain: list[_Step]
    exact: dict[str, float]
    shares: dict[str, float]

    def share(self, spelling: str) -> float:
        """Return the share of the region's names with exactly this word."""
        known = self.exact.get(spelling)
        if known is None:
            known = 0.0
            for counted, names, listed, unlisted, leans in self.chain:
                expected = listed.get(spelling, unlisted)
                told, lent = _PRIOR_NAMES if expected else 0.0, _LEANING if leans else 0.0
                known = (counted.get(spelling, 0) + told * expected + lent * known) / (names + told + lent)
            self.exact[spelling] = known
        return known


class _Found(NamedTuple):
    """The words near a word, and where they were looked for."""

    keys: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    near: tuple[str, ...]


@dataclass(slots=True)
class NameFrequencies:
    """Counts of folded words over the names of a population, by region.

    What it answers depends on the names that are counted now and on the tables, never on how they came to be counted.

    Attributes:
        regions: region -> counts, every region that contains another included.
        prior: what is expected before any name is counted.
    """

    regions: dict[str, _Counts] = field(default_factory=dict)
    prior: NamePrior = field(default_factory=NamePrior.load, repr=False, compare=False)
    _blocks: Blocks = field(init=False, repr=False, compare=False)
    _near: dict[str, _Found] = field(default_factory=dict, init=False, repr=False, compare=False)
    _asked: dict[str, _Asked] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._blocks = dict(self.prior.blocks)
        for word, count in self.regions[EVERYWHERE].words.items() if EVERYWHERE in self.regions else ():
            if count >= _FREQUENT:
                join(self._blocks, word)

    @classmethod
    def counted(
        cls,
        read: ReadNames,
        names: Rows,
        areas: Rows,
        paths: Sequence[str],
    ) -> NameFrequencies:
        """Return the frequencies of the names of many people, counted at once.

        Args:
            read: distinct names.
            names: shape (n, k), which of these each person has, -1 where there is none.
            areas: shape (n,), where each person comes from, rows of `paths`; -1 where nothing is known of it.
            paths: gazetteer paths.
        """
        return cls(_tally(read, names, areas, paths))

    @property
    def names(self) -> int:
        """Return how many names have been counted."""
        return self.regions[EVERYWHERE].names if EVERYWHERE in self.regions else 0

    def add(self, text: str, area: str = EVERYWHERE) -> None:
        """Count one more name of somebody who comes from `area` (a gazetteer path)."""
        self.add_all([text], [area])

    def subtract(self, text: str, area: str = EVERYWHERE) -> None:
        """Take one counted name away again."""
        self.subtract_all([text], [area])

    def add_all(self, texts: Sequence[str], areas: Sequence[str]) -> None:
        """Count more names, each of somebody who comes from the area (a gazetteer path) beside it."""
        self._change(texts, areas, 1)

    def subtract_all(self, texts: Sequence[str], areas: Sequence[str]) -> None:
        """Take counted names away again."""
        self._change(texts, areas, -1)

    def count(self, read: ReadNames, names: Rows, areas: Rows, paths: Sequence[str], by: int = 1) -> None:
        """Count the names of more people, who are given as to `counted`, or with -1 take them away again."""
        self._apply(_tally(read, names, areas, paths), by)

    def _change(self, texts: Sequence[str], areas: Sequence[str], by: int) -> None:
        names, name = numbered(texts)
        paths, path = numbered(areas)
        self._apply(_tally(read_names(names), name[:, None], path, paths), by)

    def _apply(self, changes: Mapping[str, _Counts], by: int) -> None:
        try:
            self._add(changes, by)
        finally:
            # What is being answered meanwhile is remembered where nobody looks any more.
            self._asked = {}

    def _add(self, changes: Mapping[str, _Counts], by: int) -> None:
        for region, change in changes.items():
            counts = self.regions.setdefault(region, _Counts())
            counts.names = max(counts.names + by * change.names, 0)
            words = counts.words
            if not words and by > 0:
                words.update(change.words)
                for word, count in change.words.items() if region == EVERYWHERE else ():
                    if count >= _FREQUENT:
                        join(self._blocks, word)
                continue
            for word, count in change.words.items():
                before = words.get(word, 0)
                now = before + by * count
                if now > 0:
                    words[word] = now
                else:
                    words.pop(word, None)
                if region != EVERYWHERE:
                    continue
                if before < _FREQUENT <= now:
                    join(self._blocks, word)
                elif now < _FREQUENT <= before and not self.prior.lists(word):
                    leave(self._blocks, word)

    def bits(self, words: Sequence[str], areas: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return -log2 of the frequency of each word, or whole name, in the area beside it, shape (n,), in [0, 13].

        A word is as common as the commonest of itself and the listed or often counted words near it.

        Args:
            words, areas: of equal length; an area is a gazetteer path, "" for everywhere.
        """
        here = self._regions_asked(areas)
        found = [here[area].shares.get(word) for word, area in zip(words, areas, strict=True)]
        missing = [number for number, share in enumerate(found) if share is None]
        if missing:
            near = self._near_words(words[number] for number in missing)
            for number in missing:
                word, region = words[number], here[areas[number]]
                spellings = (word, *near.get(word, ()))
                found[number] = region.shares[word] = max(map(region.share, spellings))
        shared = np.array(found, dtype=np.float64)
        return np.clip(-np.log2(np.minimum(shared, 1.0)), 0.0, _MAX_BITS).astype(np.float32)

    def _regions_asked(self, areas: Iterable[str]) -> dict[str, _Asked]:
        """Return what is remembered of the region of each area."""
        asked = self._asked  # all of one time: what was counted before a change and what is counted after never mix
        if sum(len(region.exact) for region in list(asked.values())) > _REMEMBERED:
            asked = self._asked = {}
        here = {}
        for area in set(areas):
            region = region_of(area)
            if region not in asked:
                asked[region] = _Asked(self._chain(region), {}, {})
            here[area] = asked[region]
        return here

    def _chain(self, region: str) -> list[_Step]:
        """Return what is counted and expected in everything that contains a region, widest first."""
        steps = []
        for wide in wider(region):
            counts, prior = self.regions.get(wide, _NONE_COUNTED), self.prior.regions.get(wide, NOTHING)
            steps.append(_Step(counts.words, counts.names, prior.words, prior.unlisted, bool(wide)))
        return steps

    def _near_words(self, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the listed or often counted words near each word, itself left out; words without any are left out."""
        found: dict[str, tuple[str, ...]] = {}
        stale: dict[str, tuple[str, ...]] = {}
        for word in dict.fromkeys(words):
            before = self._near.get(word)
            keys = skeletons(word) if before is None else before.keys
            if before is None or before.blocks != tuple(map(self._block, keys)):
                stale[word] = keys
            elif before.near:
                found[word] = before.near
        if stale:
            blocks_of = {word: tuple(map(self._block, keys)) for word, keys in stale.items()}
            fresh = nearest(blocks_of)
            if len(self._near) + len(stale) > _REMEMBERED:
                self._near.clear()
            for word, keys in stale.items():
                self._near[word] = _Found(keys, blocks_of[word], fresh.get(word, ()))
            found |= fresh
        return found

    def _block(self, key: str) -> tuple[str, ...]:
        return self._blocks.get(key, ())


def _tally(read: ReadNames, names: Rows, areas: Rows, paths: Sequence[str]) -> dict[str, _Counts]:
    """Return the counts of each region, the arguments as `NameFrequencies.counted` has them."""
    said = ~read.initials & ~read.titles
    wholes = WholeNames.load()
    whole, listed = wholes.of_read(read), len(read.vocabulary)
    size = max(listed + len(wholes.words), 1)
    wholly = np.flatnonzero(whole >= 0)
    whole_keys = wholly * size + listed + whole[wholly]  # counted as if it were one more word of the name
    # Stable, for name after name it is all but sorted. A word that stands twice in one name is counted once.
    keys = np.concatenate([read.names[said] * size + read.tokens[said], whole_keys])
    words = np.sort(keys, kind="stable")
    name, words = np.divmod(words[np.diff(words, prepend=-1) > 0], size)
    begins = starts_of(np.bincount(name, minlength=len(read)))
    met, area = numbered_keys(areas)
    regions, region_of_met = numbered(region_of(paths[code]) if code >= 0 else EVERYWHERE for code in met.tolist())
    person, column = np.nonzero(names >= 0)
    region = region_of_met[area[person]]
    held, lengths = ragged(names[person, column].astype(np.int64), np.ones(len(person), dtype=np.int64), begins)
    keys = np.sort(np.repeat(region, lengths) * size + words[held])
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    keys, counts = keys[first], np.diff(first, append=len(keys))
    ends = np.searchsorted(keys, np.arange(len(regions) + 1) * size).tolist()
    people = np.bincount(region, minlength=len(regions)).tolist()
    inside: dict[str, list[int]] = {}
    for number, called in enumerate(regions):
        for wide in wider(called) if people[number] else ():
            inside.setdefault(wide, []).append(number)
    found: dict[str, _Counts] = {}
    for wide, numbers in inside.items():
        parts = [slice(ends[number], ends[number + 1]) for number in numbers]
        total = np.zeros(size, dtype=np.int64)
        for part in parts:
            total[keys[part] % size] += counts[part]
        words = np.flatnonzero(total)
        spelled = pick(read.vocabulary, words[words < listed])
        spelled += [wholes.words[number] for number in (words[words >= listed] - listed).tolist()]
        counted = dict(zip(spelled, total[words].tolist(), strict=True))
        found[wide] = _Counts(Counter(counted), sum(people[number] for number in numbers))
    return found
