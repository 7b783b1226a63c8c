"""Could the names be one person's? Own names and aliases, and the names of father, mother and other relatives.

Every name of one side is compared with every name of the other and the best pair counts once: a nickname on one side
and the nickname on the other are as good as two birth names.

    comparisons -> lists of names to be set against each other -> pairs of names, each distinct one compared once
                -> levels, and how rare is what agrees -> the best of each pair of records
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.names.alignment import SAME_WORD, NameFeatures, compare_batch
from matcher.names.grid import distinct
from matcher.names.prior import EVERYWHERE
from matcher.names.wholes import WholeNames

LABELS = (
    "same name",
    "one name in two spellings",
    "same name, a part left out",
    "close spellings",
    "one part agrees, one contradicts",
    "different names",
)
SAME, SPELLED, SHORTER, CLOSE, MIXED, DIFFERENT = range(6)
_SOMETHING = 0.1
_ONE_SOUND = 0.93
_MEANINGFUL = 0.75  # agreement below one full word: only common elements (Begum, Kumar) or an initial agree

Int32 = npt.NDArray[np.int32]


def level_of(features: NameFeatures, two_scripts: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int8]:
    """Return the level of each compared pair of names, shape (n,), int8.

    Args:
        features: what comparing them found.
        two_scripts: shape (n,), whether they are written in two scripts; there no spelling is the other's, and one name
            is as alike as its sounds are. None: none is.
    """
    levels = np.full(len(features.similarity), DIFFERENT, dtype=np.int8)
    meaningful = features.agreement >= _MEANINGFUL
    quiet = features.contradiction < 0.05
    # Maya and Maya Tamang: nothing contradicts, and how little a common word says is for its rarity to tell.
    levels[quiet & (features.agreement > _SOMETHING)] = SHORTER
    levels[(features.contradiction >= 0.05) & meaningful] = MIXED
    levels[quiet & (features.weakest < SAME_WORD) & (features.agreement >= 0.4)] = CLOSE
    agree = quiet & meaningful & (features.weakest >= SAME_WORD)
    levels[agree & (features.omission > 0.6)] = SHORTER
    whole = agree & (features.omission <= 0.6)
    levels[whole] = SPELLED
    alike = 0.999 if two_scripts is None else np.where(two_scripts, _ONE_SOUND, 0.999)
    levels[whole & (features.weakest > alike) & (features.omission < 0.05)] = SAME
    return levels


@dataclass(frozen=True, slots=True)
class _Lists:
    """Names of all records that are set against each other.

    Attributes:
        left, right: shape (n, k), name ids per record, -1 padded.
        bare: of both, shape (n, k), the names without words that their record says elsewhere, -1 where there are none;
            these count where both sides have them.
        own: whether these are people's own names: what is rare among them is common among their fathers.
    """

    left: Int32
    right: Int32
    bare: tuple[Int32, Int32] | None = None
    own: bool = False

    def pairs(self, known: npt.NDArray[np.bool_], i: Pairs, j: Pairs) -> tuple[Pairs, Pairs, Pairs]:
        """Return (pair of records, left name, right name) of every pair of names that have a word, shape (m,) each.

        Args:
            known: shape (t + 1,), which names have a word, no name being the last.
            i, j: shape (p,), the pairs of records.
        """
        # Few have a relative of unknown relation, and not everybody knows her mother's name.
        rows = np.flatnonzero((self.left.max(axis=1) >= 0)[i] & (self.right.max(axis=1) >= 0)[j])
        names_i, names_j = self.left[i[rows]], self.right[j[rows]]
        pair, a, b = np.nonzero((names_i[:, :, None] >= 0) & (names_j[:, None, :] >= 0))
        ids_a, ids_b = names_i[pair, a], names_j[pair, b]
        pair = rows[pair]
        if self.bare is not None:
            bare_a, bare_b = self.bare[0][i[pair], a], self.bare[1][j[pair], b]
            both = (bare_a >= 0) & (bare_b >= 0)
            ids_a, ids_b = np.where(both, bare_a, ids_a), np.where(both, bare_b, ids_b)
        worded = known[ids_a] & known[ids_b]
        return pair[worded], ids_a[worded].astype(np.int64), ids_b[worded].astype(np.int64)


def name_levels(
    columns: RecordColumns, i: Pairs, j: Pairs, context: Context, wanted: Sequence[str]
) -> dict[str, LevelResult]:
    """Return the results of several comparisons of names, by name, for n pairs of rows: as each by itself, only sooner.

    Args:
        columns: holds the records.
        i, j: shape (n,), row numbers.
        context: name frequencies where the reports come from.
        wanted: names of `COMPARISONS`.
    """
    lists = {name: _lists(columns, name) for name in wanted}
    found = _best(columns, [one for some in lists.values() for one in some], i, j, context)
    results, start = {}, 0
    for name, some in lists.items():
        results[name] = found[start] if len(some) == 1 else _better(*found[start : start + 2])
        start += len(some)
    return results


def _lists(columns: RecordColumns, name: str) -> list[_Lists]:
    """Return the names that a comparison looks at; relatives of unknown relation meet every relative, both ways."""
    if name == "name":
        return [_Lists(columns.own, columns.own, own=True)]
    if name == "father":
        return [_Lists(columns.father, columns.father, (columns.bare_father, columns.bare_father))]
    if name == "mother":
        return [_Lists(columns.mother, columns.mother, (columns.bare_mother, columns.bare_mother))]
    every = np.concatenate([columns.relatives, columns.father, columns.mother], axis=1)
    bare = columns.bare_relatives
    bare_every = np.concatenate([bare, columns.bare_father, columns.bare_mother], axis=1)
    return [_Lists(columns.relatives, every, (bare, bare_every)), _Lists(every, columns.relatives, (bare_every, bare))]


def _better(forward: LevelResult, backward: LevelResult) -> LevelResult:
    """Return the better of two results for each pair."""
    better = (backward.levels < forward.levels) | (
        (backward.levels == forward.levels) & (backward.rarity > forward.rarity)
    )
    use_backward = (forward.levels == NULL) | ((backward.levels != NULL) & better)
    return LevelResult(
        np.where(use_backward, backward.levels, forward.levels).astype(np.int8),
        np.where(use_backward, backward.rarity, forward.rarity).astype(np.float32),
    )


def _best(columns: RecordColumns, lists: Sequence[_Lists], i: Pairs, j: Pairs, context: Context) -> list[LevelResult]:
    """Return for each list what the best pair of names of each of p pairs of records says."""
    levels = np.full((len(lists), len(i)), NULL, dtype=np.int8)
    rarity = np.zeros((len(lists), len(i)), dtype=np.float32)
    known = np.append(columns.names.tokens[:, 0] >= 0, False)
    parts = [one.pairs(known, i, j) for one in lists]
    pair = np.concatenate([number * len(i) + part[0] for number, part in enumerate(parts)])
    if len(pair):  # else nobody has a name, or no name has a letter
        left, right = (np.concatenate([part[side] for part in parts]) for side in (1, 2))
        own = np.repeat([one.own for one in lists], [len(part[0]) for part in parts])
        # Names are as rare as they are where the report comes from.
        region = 2 * (_home(columns, i, j)[pair % len(i)] + 1) + own
        found, surprise = _judged(columns, left, right, region, context)
        # The pairs of names of two records stand together: lowest level first, then the rarest agreement.
        starts = np.flatnonzero(np.diff(pair, prepend=-1))
        best = np.minimum.reduceat(found, starts)
        behind = found > np.repeat(best, np.diff(starts, append=len(pair)))
        levels.ravel()[pair[starts]] = best
        rarity.ravel()[pair[starts]] = np.maximum.reduceat(np.where(behind, np.float32(0), surprise), starts)
    return [LevelResult(*result) for result in zip(levels, rarity, strict=True)]


def _judged(
    columns: RecordColumns, left: Pairs, right: Pairs, region: Pairs, context: Context
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return level and rarity of m pairs of names, shape (m,) each.

    Args:
        left, right: shape (m,), name ids.
        region: shape (m,), 2 * (code + 1) of the area whose names count, + 1 for own names.
    """
    table, size = columns.names, len(columns.names)
    # A million pairs hold far fewer distinct pairs of names.
    keys, where = distinct((region * size + left) * size + right)
    keys, right = np.divmod(keys, size)
    region, left = np.divmod(keys, size)
    bits = _asked_of(columns, context)
    features = compare_batch(table, left, right, lambda tokens, at: bits(tokens, table.vocabulary, at), region)
    levels = level_of(features, table.scripts[left] != table.scripts[right])
    # Where names differ, a courtesy or half a word in common must not speak for them.
    surprises = np.where(levels == DIFFERENT, np.float32(0), features.rarity)
    wholes = WholeNames.load()
    for side in (left, right):
        whole = wholes.of_table(table, side)
        rows = np.flatnonzero(whole >= 0)
        surprises[rows] = np.minimum(surprises[rows], bits(whole[rows], wholes.words, region[rows]))
    return levels[where], surprises[where]


def _home(columns: RecordColumns, i: Pairs, j: Pairs) -> npt.NDArray[np.int64]:
    """Return the region of each pair's report, shape (p,); -1 where two records of one side name different regions."""
    region_i, region_j = columns.region[i], columns.region[j]
    one_side = columns.rescued[i] == columns.rescued[j]
    report = np.where(columns.rescued[i], region_j, region_i)
    return np.where(one_side & (region_i != region_j), -1, report).astype(np.int64)


def _asked_of(
    columns: RecordColumns, context: Context
) -> Callable[[Pairs, Sequence[str], Pairs], npt.NDArray[np.float32]]:
    """Return what tells how rare words of a vocabulary are, by the regions of `_judged`; each is asked about once."""
    areas = [*columns.area_paths, EVERYWHERE]  # -1 is the last

    def bits(tokens: Pairs, vocabulary: Sequence[str], region: Pairs) -> npt.NDArray[np.float32]:
        keys, where = distinct(region * len(vocabulary) + tokens)
        region, tokens = np.divmod(keys, len(vocabulary))
        out = np.empty(len(keys), dtype=np.float32)
        for own, frequencies in enumerate((context.relative_names, context.own_names)):
            rows = np.flatnonzero(region % 2 == own)
            words = [vocabulary[token] for token in tokens[rows].tolist()]
            out[rows] = frequencies.bits(words, [areas[code] for code in (region[rows] // 2 - 1).tolist()])
        return out[where]

    return bits


def _own(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    return name_levels(columns, i, j, context, ("name",))["name"]


def _father(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    return name_levels(columns, i, j, context, ("father",))["father"]


def _mother(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    return name_levels(columns, i, j, context, ("mother",))["mother"]


def _relatives(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    """Compare relatives whose relation is unknown with every relative of the other side."""
    return name_levels(columns, i, j, context, ("relative",))["relative"]


NAME = Comparison("name", "Could any of their names, nicknames or aliases be one name?", LABELS, _own)
FATHER = Comparison("father", "Could the fathers' names be one name?", LABELS, _father)
MOTHER = Comparison("mother", "Could the mothers' names be one name?", LABELS, _mother)
RELATIVE = Comparison(
    "relative", "Could a guardian or relative named on one side be a relative named on the other?", LABELS, _relatives
)
COMPARISONS = (NAME, FATHER, MOTHER, RELATIVE)
