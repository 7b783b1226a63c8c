"""How is the encoder's table of n-gram directions learned? By pulling the spellings of one name together.

A batch holds names of one to three words, each in two spellings (native and Latin, two Latin ones, two native scripts).
The softmax of the similarities between all left and all right sides should point at the partner (InfoNCE, both ways):
partners come together, all others apart. Only the rows of n-grams that a batch holds are changed (row-wise Adagrad).
The framework is needed here only; the table that results is plain numbers.

Source: the contrastive loss of van den Oord et al., "Representation Learning with Contrastive Predictive Coding"
(2018); hashed n-gram embeddings after Bojanowski et al., "Enriching Word Vectors with Subword Information" (2017).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.names.augment import misspelt
from matcher.names.encoder import (
    COUNT_WEIGHT,
    JUNCTION_WEIGHT,
    NAME_WIDTH,
    Vectors,
    begins_word,
    token_weights,
    word_counts,
)
from matcher.names.features import BUCKETS, SOUNDED, WRITTEN, count_features, meeting_features, word_ends, word_features
from matcher.names.reading import ReadNames, read_names

Ints = npt.NDArray[np.int64]
_NEAR = 6  # names that begin like a name, and as many that end like it


@dataclass(frozen=True, slots=True)
class Concept:
    """One name in its spellings.

    Attributes:
        lang: BCP 47; names are put together from words of one language.
        native, latin: its spellings, at least one each; the first is the usual one.
        whole: a full name, not to be put together with other words.
    """

    lang: str
    native: tuple[str, ...]
    latin: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """How the table is learned; the defaults made the shipped one (decision 0009 has what else was tried).

    Attributes:
        seed: of everything random.
        steps, batch: how many batches, and names in each.
        rate: of learning, at the beginning.
        temperature, coldest: of the softmax, at the beginning and at the end.
        misspellings: Latin spellings made of each name.
        clean: share of names in their usual Latin spelling.
        swapped, omitted: share of names of two words turned round, and of three words with one left out.
        longest: words of the longest name that is put together.
        near: share of names that stand beside one they are nearly the same as.
        longer: share of these that have a word more, not another.
    """

    seed: int = 1
    steps: int = 5500
    batch: int = 1024
    rate: float = 0.04
    temperature: float = 0.12
    coldest: float = 0.06
    misspellings: int = 4
    clean: float = 0.6
    swapped: float = 0.06
    omitted: float = 0.10
    longest: int = 3
    near: float = 0.3
    longer: float = 0.4


class _Corpus:
    """All spellings of all concepts as ragged arrays of n-grams, put together to names as batches ask."""

    def __init__(self, concepts: Sequence[Concept], settings: Settings) -> None:
        rng = random.Random(settings.seed)
        texts: dict[str, int] = {}

        def number(text: str) -> int:
            return texts.setdefault(text, len(texts))

        by_lang: dict[str, list[tuple[list[int], list[int], list[int], bool]]] = {}
        for concept in concepts:
            latin = [number(text) for text in concept.latin]
            noisy = []
            for _ in range(settings.misspellings):
                habits = rng.choice((concept.lang, ""))
                noisy.append(number(misspelt(rng.choice(concept.latin), rng, habits)))
            native = [number(text) for text in concept.native]
            by_lang.setdefault(concept.lang, []).append((native, latin, latin + noisy, concept.whole))
        self.languages = sorted(by_lang)
        # The square root: a language of many pairs does not drown the others.
        size = np.sqrt([len(by_lang[lang]) for lang in self.languages])
        self.share = size / size.sum()
        self._read = read_names(tuple(texts))
        sounds = self._sounds()
        self.tables = [_columns(by_lang[lang], sounds) for lang in self.languages]
        self._pieces, self._weights, self._starts = _pieces(self._read)
        self._counts = word_counts(self._read)
        self._ends = word_ends(self._read.vocabulary)
        begin, end = self._read.starts[:-1], self._read.starts[1:]
        empty = begin == end
        tokens = np.append(self._read.tokens, 0)
        self._first = np.where(empty, -1, tokens[begin])
        self._last = np.where(empty, -1, tokens[np.maximum(end - 1, 0)])

    def _sounds(self) -> list[str]:
        """Return how each spelling sounds, in one word."""
        read = self._read
        tokens = [read.vocabulary[token] for token in read.tokens.tolist()]
        return ["".join(tokens[start:end]) for start, end in pairwise(read.starts.tolist())]

    def bags(self, spellings: Ints) -> tuple[Ints, npt.NDArray[np.float32], Ints]:
        """Return (pieces, weights, where each name begins) of names put together.

        Args:
            spellings: shape (n, k), the spellings of each name's words in order, -1 where there are no more.
        """
        n, k = spellings.shape
        flat = spellings.ravel()
        safe = np.maximum(flat, 0)
        length = np.where(flat >= 0, self._starts[safe + 1] - self._starts[safe], 0)
        before = np.cumsum(length) - length
        pick = np.arange(length.sum()) + np.repeat(self._starts[safe] - before, length)
        pieces, weights = [self._pieces[pick].astype(np.int64)], [self._weights[pick]]
        names = [np.repeat(np.arange(n * k) // k, length)]
        for column in range(k - 1):
            left, right = spellings[:, column], spellings[:, column + 1]
            rows = np.flatnonzero((left >= 0) & (right >= 0))
            rows = rows[(self._last[left[rows]] >= 0) & (self._first[right[rows]] >= 0)]
            meets = meeting_features(self._ends[self._last[left[rows]]], self._ends[self._first[right[rows]]])
            pieces.append(meets.ravel().astype(np.int64))
            weights.append(np.full(meets.size, JUNCTION_WEIGHT, dtype=np.float32))
            names.append(np.repeat(rows, meets.shape[1]))
        counts = np.where(spellings >= 0, self._counts[np.maximum(spellings, 0)], 0).sum(axis=1)
        pieces.append(count_features(counts).astype(np.int64))
        weights.append(np.full(n, COUNT_WEIGHT, dtype=np.float32))
        names.append(np.arange(n))
        name = np.concatenate(names)
        order = np.argsort(name, kind="stable")
        starts = np.searchsorted(name[order], np.arange(n))
        return np.concatenate(pieces)[order], np.concatenate(weights)[order], starts


@dataclass(frozen=True, slots=True)
class _Columns:
    """The concepts of one language: spellings by column, -1 beyond the last, and how many there are.

    `near` holds other concepts that begin or end like each of them, shape (concepts, 2 _NEAR).
    """

    native: Ints
    latin: Ints
    natives: Ints
    latins: Ints
    clean: Ints
    whole: npt.NDArray[np.bool_]
    near: Ints


def _columns(rows: list[tuple[list[int], list[int], list[int], bool]], sounds: Sequence[str]) -> _Columns:
    def matrix(lists: list[list[int]]) -> tuple[Ints, Ints]:
        out = np.full((len(lists), max(map(len, lists))), -1, dtype=np.int64)
        for row, found in enumerate(lists):
            out[row, : len(found)] = found
        return out, np.array([len(found) for found in lists], dtype=np.int64)

    native, natives = matrix([row[0] for row in rows])
    latin, latins = matrix([row[2] for row in rows])
    clean = np.array([len(row[1]) for row in rows], dtype=np.int64)
    whole = np.array([row[3] for row in rows], dtype=np.bool_)
    own = [sounds[row[1][0]] for row in rows]
    near = np.concatenate([_neighbours(own), _neighbours([sound[::-1] for sound in own])], axis=1)
    return _Columns(native, latin, natives, latins, clean, whole, near)


def _neighbours(sounds: Sequence[str]) -> Ints:
    """Return the rows of other sounds that stand next to each in alphabetical order, shape (n, _NEAR).

    Where there are too few, a row has itself for a neighbour.
    """
    distinct = sorted(set(sounds))
    place = {sound: number for number, sound in enumerate(distinct)}
    holders: list[list[int]] = [[] for _ in distinct]
    for row, sound in enumerate(sounds):
        holders[place[sound]].append(row)
    around = [step for step in range(-_NEAR // 2, _NEAR // 2 + 1) if step]
    near = np.empty((len(sounds), _NEAR), dtype=np.int64)
    for row, sound in enumerate(sounds):
        others = (place[sound] + step for step in around)
        found = [holders[other][row % len(holders[other])] for other in others if 0 <= other < len(distinct)]
        near[row] = np.resize(found or [row], _NEAR)
    return near


def _pieces(read: ReadNames) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], Ints]:
    """Return (n-grams, weights, starts) of each name: what `NameEncoder.encode_read` sums."""
    sounds, sound_starts = word_features(read.vocabulary, SOUNDED)
    spellings, spelling_starts = word_features(read.written, WRITTEN)
    weights = token_weights(read)
    ends = word_ends(read.vocabulary)
    name = read.names
    begins = np.flatnonzero(begins_word(read))
    meets = np.flatnonzero(name[1:] == name[:-1])
    junctions = meeting_features(ends[read.tokens[meets]], ends[read.tokens[meets + 1]])
    parts = [
        _spread(sounds, sound_starts, read.tokens.astype(np.int64), weights, name),
        _spread(
            spellings,
            spelling_starts,
            read.entry_words[read.entries[begins]].astype(np.int64),
            weights[begins],
            name[begins],
        ),
        (
            junctions.ravel(),
            np.full(junctions.size, JUNCTION_WEIGHT, dtype=np.float32),
            np.repeat(name[meets], junctions.shape[1]),
        ),
    ]
    owner = np.concatenate([part[2] for part in parts])
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(read) + 1))
    return (
        np.concatenate([part[0] for part in parts])[order],
        np.concatenate([part[1] for part in parts])[order],
        starts,
    )


def _spread(
    pieces: npt.NDArray[np.int32], starts: Ints, words: Ints, weights: npt.NDArray[np.float32], names: Ints
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], Ints]:
    """Return the pieces of words one after the other, each with its word's weight and name."""
    length = starts[words + 1] - starts[words]
    before = np.cumsum(length) - length
    pick = np.arange(length.sum()) + np.repeat(starts[words] - before, length)
    return pieces[pick], np.repeat(weights, length), np.repeat(names, length)


def _draw(corpus: _Corpus, settings: Settings, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the spellings of the left and the right side of a batch, shape (batch, longest) each."""
    counts = rng.multinomial(settings.batch, corpus.share)
    sides = [_draw_language(table, int(n), settings, rng) for table, n in zip(corpus.tables, counts, strict=True) if n]
    return np.concatenate([left for left, _ in sides]), np.concatenate([right for _, right in sides])


def _draw_language(table: _Columns, n: int, settings: Settings, rng: np.random.Generator) -> tuple[Ints, Ints]:
    shape = (n, settings.longest)
    words = rng.choice([1, 2, 3], n, p=[0.4, 0.4, 0.2])
    concept = rng.integers(0, len(table.native), shape)
    _beside(words, concept, table, settings, rng)
    words[table.whole[concept[:, 0]]] = 1

    def any_of(columns: Ints, count: Ints, draw: Ints) -> Ints:
        drawn: Ints = columns[concept, draw % count[concept]]
        return drawn

    def die(columns: int) -> Ints:
        return rng.integers(0, 1 << 20, (n, columns))

    # One script for a whole name: the usual one nearly half of the time.
    script = np.where(rng.random(n) < 0.45, 0, die(1)[:, 0])[:, None]
    usual = any_of(table.latin, table.clean, die(settings.longest))
    right = np.where(
        rng.random(shape) < settings.clean, usual, any_of(table.latin, table.latins, die(settings.longest))
    )
    kind = rng.random(n)[:, None]
    left = np.where(
        kind < 0.80,
        any_of(table.native, table.natives, script),
        np.where(
            kind < 0.93,
            any_of(table.latin, table.latins, die(settings.longest)),
            any_of(table.native, table.natives, die(1)),
        ),
    )
    beyond = np.arange(settings.longest)[None, :] >= words[:, None]
    left, right = np.where(beyond, -1, left), np.where(beyond, -1, right)
    # Some papers put the family name first: order is a hint, no more.
    swapped = (rng.random(n) < settings.swapped) & (words == 2)
    right[swapped, :2] = right[swapped, 1::-1]
    # Others leave a word out; of three, the first or the last.
    omitted = np.flatnonzero((rng.random(n) < settings.omitted) & (words == 3))
    front = rng.random(len(omitted)) < 0.5
    right[omitted[front], :2] = right[omitted[front], 1:3]
    right[omitted, 2] = -1
    return left, right


def _beside(words: Ints, concept: Ints, table: _Columns, settings: Settings, rng: np.random.Generator) -> None:
    """Put beside some names another that is nearly the same and must not be taken for it, in place.

    It differs in one word, and in that little, or has a word more: chance alone brings few such names into a batch.
    """
    rows = np.arange(1, len(words), 2)
    rows = rows[rng.random(len(rows)) < 2 * settings.near]
    words[rows], concept[rows] = words[rows - 1], concept[rows - 1]
    longer = (rng.random(len(rows)) < settings.longer) & (words[rows] < settings.longest)
    longer &= ~table.whole[concept[rows, 0]]
    words[rows[longer]] += 1
    rows = rows[~longer]
    where = rng.integers(0, words[rows])
    concept[rows, where] = table.near[concept[rows, where], rng.integers(0, table.near.shape[1], len(rows))]


def learn(
    concepts: Sequence[Concept],
    settings: Settings | None = None,
    report: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Vectors:
    """Return the table of n-gram directions, shape (BUCKETS, NAME_WIDTH), float32; the same for the same input.

    Args:
        concepts: what to learn from.
        settings: None: the defaults.
        report: called every hundred steps with the step and the mean loss since.
    Raises:
        ImportError: the framework is not installed (`pip install sandhan[train]`).
    """
    import torch

    # More threads gain nothing on batches this small, lose much beside other work, and add up in another order.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _learn(torch, concepts, settings or Settings(), report)
    finally:
        torch.set_num_threads(threads)


def _learn(
    torch: Any, concepts: Sequence[Concept], settings: Settings, report: Callable[[int, float], None]
) -> Vectors:
    corpus = _Corpus(concepts, settings)
    rng = np.random.default_rng(settings.seed)
    start = np.random.default_rng(settings.seed).standard_normal((BUCKETS, NAME_WIDTH), dtype=np.float32)
    table = torch.from_numpy(start / np.float32(np.sqrt(NAME_WIDTH)))
    seen = torch.zeros(BUCKETS)
    losses: list[float] = []
    for step in range(settings.steps):
        left, right = _draw(corpus, settings, rng)
        pieces, weights, starts = corpus.bags(np.concatenate([left, right]))
        # Only the rows of a batch take part: a gradient over the whole table would cost more than all else.
        rows, pieces = np.unique(pieces, return_inverse=True)
        touched = torch.from_numpy(rows)
        part = table[touched].requires_grad_(True)
        heat = settings.temperature + (settings.coldest - settings.temperature) * step / settings.steps
        loss = _loss(torch, part, (pieces, weights, starts), right, heat)
        loss.backward()
        gradient = part.grad
        assert gradient is not None
        rate = settings.rate * max(0.05, 1.0 - step / settings.steps)
        with torch.no_grad():
            seen[touched] += gradient.pow(2).mean(1)
            table[touched] = part - gradient * (rate / (seen[touched].sqrt() + 1e-8))[:, None]
        losses.append(float(loss.detach()))
        if (step + 1) % 100 == 0:
            report(step + 1, float(np.mean(losses[-100:])))
    learned: Vectors = table.numpy()
    return learned


def _loss(
    torch: Any, part: Any, bags: tuple[Ints, npt.NDArray[np.float32], Ints], right: Ints, temperature: float
) -> Any:
    """Return the contrastive loss of one batch, both ways; `bags` point into the rows of `part`."""
    pieces, weights, starts = (torch.from_numpy(array) for array in bags)
    vectors = torch.nn.functional.embedding_bag(pieces, part, starts, mode="sum", per_sample_weights=weights)
    vectors = torch.nn.functional.normalize(vectors)
    n = len(right)
    similarity = vectors[:n] @ vectors[n:].T / temperature
    # The same name twice in a batch is no negative of itself.
    name = np.sort(right, axis=1) @ (np.array([1, 1_000_003, 1_000_003**2]))[: right.shape[1]]
    same = torch.from_numpy(name[:, None] == name[None, :])
    same.fill_diagonal_(False)
    similarity = similarity.masked_fill(same, -1e4)
    partner = torch.arange(n)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(similarity, partner) + cross_entropy(similarity.T, partner)) / 2
