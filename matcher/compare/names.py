"""Could the names be one person's? Own names and aliases, and the names of father, mother and other relatives.

Every name of one side is compared with every name of the other and the best pair counts once: a nickname on one side
and the nickname on the other are as good as two birth names.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.names.alignment import SAME_WORD, NameFeatures, compare_batch
from matcher.names.frequency import NameFrequencies
from matcher.names.prior import EVERYWHERE

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


def best_level(
    columns: RecordColumns,
    left: Int32,
    right: Int32,
    i: Pairs,
    j: Pairs,
    frequencies: NameFrequencies,
    bare: tuple[Int32, Int32] | None = None,
) -> LevelResult:
    """Compare all names `left[i]` with all names `right[j]`; the best pair of each counts.

    Args:
        left, right: shape (n, k), name ids per record, -1 padded.
        i, j: shape (p,), the pairs of rows.
        bare: of both, shape (n, k), the names without words that their record says elsewhere, -1 where there are none;
            these count where both sides have them.
    """
    level = np.full(len(i), NULL, dtype=np.int8)
    rarity = np.zeros(len(i), dtype=np.float32)
    # Few have a relative of unknown relation, and not everybody knows her mother's name.
    named_left, named_right = left.max(axis=1, initial=-1) >= 0, right.max(axis=1, initial=-1) >= 0
    rows = np.flatnonzero(named_left[i] & named_right[j])
    names_i, names_j = left[i[rows]], right[j[rows]]
    pair, a, b = np.nonzero((names_i[:, :, None] >= 0) & (names_j[:, None, :] >= 0))
    ids_a, ids_b = names_i[pair, a].astype(np.int64), names_j[pair, b].astype(np.int64)
    pair = rows[pair]
    if bare is not None:
        bare_a, bare_b = bare[0][i[pair], a], bare[1][j[pair], b]
        both = (bare_a >= 0) & (bare_b >= 0)
        ids_a, ids_b = np.where(both, bare_a, ids_a), np.where(both, bare_b, ids_b)
    known = (columns.names.tokens[ids_a, 0] >= 0) & (columns.names.tokens[ids_b, 0] >= 0)
    pair, ids_a, ids_b = pair[known], ids_a[known], ids_b[known]
    if len(pair) == 0:  # nobody has a name, or no name has a letter
        return LevelResult(level, rarity)
    # Names are as rare as they are where the report comes from.
    home = _home(columns, i, j)[pair]
    regions, home = np.unique(home, return_inverse=True)
    areas = [columns.area_paths[code] if code >= 0 else EVERYWHERE for code in regions]
    bits = _bits(columns, home, np.concatenate([ids_a, ids_b]), areas, frequencies)
    # A million pairs hold far fewer distinct pairs of names.
    size = len(columns.names)
    keys, inverse = np.unique((home * size + ids_a) * size + ids_b, return_inverse=True)
    features = compare_batch(columns.names, keys // size % size, keys % size, bits, keys // size // size)
    scripts = columns.names.scripts
    levels = level_of(features, scripts[keys // size % size] != scripts[keys % size])
    # Where names differ, a courtesy or half a word in common must not speak for them.
    surprises = np.where(levels == DIFFERENT, np.float32(0), features.rarity)
    found, surprise = levels[inverse], surprises[inverse]
    # Best first: lower level, then the rarer agreement; the first of each pair stays.
    order = np.lexsort((-surprise, found, pair))
    first = np.ones(len(order), dtype=bool)
    first[1:] = pair[order][1:] != pair[order][:-1]
    chosen = order[first]
    level[pair[chosen]] = found[chosen]
    rarity[pair[chosen]] = surprise[chosen]
    return LevelResult(level, rarity)


def _home(columns: RecordColumns, i: Pairs, j: Pairs) -> npt.NDArray[np.int64]:
    """Return the region of each pair's report, shape (p,); -1 where two records of one side name different regions."""
    region_i, region_j = columns.region[i], columns.region[j]
    one_side = columns.rescued[i] == columns.rescued[j]
    report = np.where(columns.rescued[i], region_j, region_i)
    return np.where(one_side & (region_i != region_j), -1, report).astype(np.int64)


def _bits(
    columns: RecordColumns,
    home: npt.NDArray[np.int64],
    ids: npt.NDArray[np.int64],
    areas: list[str],
    frequencies: NameFrequencies,
) -> npt.NDArray[np.float32]:
    """Return shape (areas, vocabulary): the rarity of each word where it is asked for, 0 elsewhere.

    Args:
        home: shape (n,), which area each pair is compared in.
        ids: shape (2 n,), the left names, then the right names.
    """
    size = len(columns.names.vocabulary)
    tokens = columns.names.tokens[ids]
    where = np.repeat(np.concatenate([home, home])[:, None], tokens.shape[1], axis=1)
    asked = np.unique((where * size + tokens)[tokens >= 0])
    words = [columns.names.vocabulary[code] for code in (asked % size).tolist()]
    out = np.zeros((len(areas), size), dtype=np.float32)
    out[asked // size, asked % size] = frequencies.bits(words, [areas[n] for n in (asked // size).tolist()])
    return out


def _own(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    return best_level(columns, columns.own, columns.own, i, j, context.own_names)


def _father(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    bare = columns.bare_father, columns.bare_father
    return best_level(columns, columns.father, columns.father, i, j, context.relative_names, bare)


def _mother(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    bare = columns.bare_mother, columns.bare_mother
    return best_level(columns, columns.mother, columns.mother, i, j, context.relative_names, bare)


def _relatives(columns: RecordColumns, i: Pairs, j: Pairs, context: Context) -> LevelResult:
    """Compare relatives whose relation is unknown with every relative of the other side."""
    every = np.concatenate([columns.relatives, columns.father, columns.mother], axis=1)
    bare = columns.bare_relatives
    bare_every = np.concatenate([bare, columns.bare_father, columns.bare_mother], axis=1)
    names = context.relative_names
    forward = best_level(columns, columns.relatives, every, i, j, names, (bare, bare_every))
    backward = best_level(columns, every, columns.relatives, i, j, names, (bare_every, bare))
    better = (backward.levels < forward.levels) | (
        (backward.levels == forward.levels) & (backward.rarity > forward.rarity)
    )
    use_backward = (forward.levels == NULL) | ((backward.levels != NULL) & better)
    return LevelResult(
        np.where(use_backward, backward.levels, forward.levels).astype(np.int8),
        np.where(use_backward, backward.rarity, forward.rarity).astype(np.float32),
    )


NAME = Comparison("name", "Could any of their names, nicknames or aliases be one name?", LABELS, _own)
FATHER = Comparison("father", "Could the fathers' names be one name?", LABELS, _father)
MOTHER = Comparison("mother", "Could the mothers' names be one name?", LABELS, _mother)
RELATIVE = Comparison(
    "relative", "Could a guardian or relative named on one side be a relative named on the other?", LABELS, _relatives
)
