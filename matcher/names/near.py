"""Which words may be one name in two spellings? Found by blocks of words with the same skeleton of consonants.

A misspelt Mondal is no rare name: near spellings share their frequency (`frequency`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matcher.names.phonetics import encode_tokens, token_similarities

_NEAR = 0.9
"""Words at least this similar (`token_similarities`) may be one name in two spellings: they share the frequency."""
_SHORTEST = 3
"""Two words of fewer letters are never near without being equal."""
_LONGER = 2
"""Words whose lengths differ by more letters are never near."""

Blocks = dict[str, tuple[str, ...]]
"""Skeleton -> the words that have it; tuples are replaced, never changed: another thread may be reading the old one."""

# Letters that near words may exchange become one, those that they may leave out become none.
_CLASSES = str.maketrans("pfwdgNcjZ", "bbbtknssl", "aeiouyh")
_WITHOUT_W = str.maketrans("w", "u")


def skeletons(word: str) -> tuple[str, ...]:
    """Return the keys under which near spellings of a word are found: most words near each other have one in common.

    A whole name of several words has none: its words are near others, each by itself.
    """
    if len(word) < _SHORTEST or " " in word:
        return ()
    edge = "-" if word[0] in "aeiouy" else ""
    key = edge + word.translate(_CLASSES)
    if "w" not in word[1:]:
        return (key,)
    # w is either b (Debi, Dewi) or u, which counts for nothing.
    return (key, edge + (word[0] + word[1:].translate(_WITHOUT_W)).translate(_CLASSES))


def join(blocks: Blocks, word: str) -> None:
    """Put a word into its blocks."""
    for key in skeletons(word):
        block = blocks.get(key, ())
        if word not in block:
            blocks[key] = (*block, word)


def leave(blocks: Blocks, word: str) -> None:
    """Take a word out of its blocks."""
    for key in skeletons(word):
        blocks[key] = tuple(other for other in blocks.get(key, ()) if other != word)


def nearest(blocks_of: Mapping[str, tuple[tuple[str, ...], ...]]) -> dict[str, tuple[str, ...]]:
    """Return which words of its blocks are near each word, words without any left out; all are compared at once."""
    numbers: dict[str, int] = {word: number for number, word in enumerate(blocks_of)}
    members: dict[tuple[str, ...], npt.NDArray[np.int64]] = {}
    left: list[int] = []
    right: list[npt.NDArray[np.int64]] = []
    for own, blocks in enumerate(blocks_of.values()):
        for block in blocks:
            if block not in members:
                numbered = [numbers.setdefault(word, len(numbers)) for word in block]
                members[block] = np.array(numbered, dtype=np.int64)
            left.append(own)
            right.append(members[block])
    if not right:
        return {}
    a, b = np.repeat(left, [len(block) for block in right]), np.concatenate(right)
    vocabulary = list(numbers)
    codes = encode_tokens(vocabulary)
    length = (codes > 0).sum(axis=1)
    worth = (a != b) & (np.abs(length[a] - length[b]) <= _LONGER)
    a, b = a[worth], b[worth]
    pairs, where = np.unique(np.minimum(a, b) * len(numbers) + np.maximum(a, b), return_inverse=True)
    near = (token_similarities(codes, pairs // len(numbers), pairs % len(numbers)) >= _NEAR)[where]
    found: dict[str, dict[str, None]] = {}
    for own, other in zip(a[near].tolist(), b[near].tolist(), strict=True):
        found.setdefault(vocabulary[own], {})[vocabulary[other]] = None  # a word may be met in two blocks
    return {word: tuple(others) for word, others in found.items()}
