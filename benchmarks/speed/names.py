"""How many names a second does one core read, encode and compare, and how well, beside other open tools?

Names are put together from this project's own tables, every language as often as any other; one word in
twenty has a slip of the pen, so that there are more distinct words than the tables hold; each distinct word is read
once, and what a name costs that repeats none is told by the rate of single words. Pairs are either queries and what an
index would propose to them (names that share a word, or begin with the same letter), or names drawn by chance; where
only the similarity is asked, all of some queries with all of many names, and the grid of their words is counted too.
Rates are names or pairs per second of processor time, best of three.

python -m benchmarks.speed.names [--names 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from anyascii import anyascii
from jellyfish import jaro_winkler_similarity
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist, cpdist

from api.train_names import SpellingPair, own_pairs
from benchmarks.quality import name_peers, name_rankers
from benchmarks.quality.name_pairs import labelled_pairs, measure
from benchmarks.quality.name_rankers import plain
from data.writing import misspell
from matcher.evaluation import recall_at
from matcher.names import NAME_MATCH_THRESHOLD, NameEncoder
from matcher.names.alignment import compare_batch
from matcher.names.lexicon import Lexicon
from matcher.names.reading import read_names
from matcher.names.similarity import SimilarityTable
from matcher.names.table import NameTable

SEED = 50_001  # never one that trains or tunes
NAMES = 100_000
LABELLED = 2000
LATIN, SCRIPTS, WORDS = "Latin names", "names in all scripts", "single words, each once"
PROPOSED, BY_CHANCE, EVERY = "proposed pairs", "pairs by chance", "all queries with all names"
_REPEATS = 3
_SLIP, _THREE_WORDS = 0.05, 0.3
_WRITTEN_TOGETHER = frozenset({"my"})
_QUERIES, _EACH = 500, 200  # queries, and the names that are proposed to each
_GRID = (200, 20_000)  # queries and names of an all-pairs comparison
_SCALAR = 20_000  # calls from Python are timed on so many
# (ours, theirs) whose ratio is printed.
RATIOS = (
    (f"encode, {LATIN}", f"anyascii alone, {LATIN}"),
    (f"encode, {SCRIPTS}", f"anyascii alone, {SCRIPTS}"),
    (f"encode, {WORDS}", f"anyascii alone, {WORDS}"),
    (f"encode, {LATIN}", f"anyascii + HashingVectorizer, {LATIN}"),
    (f"encode, {SCRIPTS}", f"anyascii + HashingVectorizer, {SCRIPTS}"),
    (f"compare with evidence, {PROPOSED}", f"rapidfuzz cpdist Jaro-Winkler, {PROPOSED}"),
    (f"compare with evidence, {PROPOSED}", f"rapidfuzz cpdist token_sort_ratio, {PROPOSED}"),
    (f"compare with evidence, {PROPOSED}", f"jellyfish Jaro-Winkler, {PROPOSED}"),
    (f"compare with evidence, {BY_CHANCE}", f"rapidfuzz cpdist Jaro-Winkler, {BY_CHANCE}"),
    (f"compare with evidence, {BY_CHANCE}", f"rapidfuzz cpdist token_sort_ratio, {BY_CHANCE}"),
    (f"similarity only, {EVERY}", f"rapidfuzz cdist Jaro-Winkler, {EVERY}"),
    (f"similarity only, {EVERY}", f"rapidfuzz cdist token_sort_ratio, {EVERY}"),
    (f"similarity only, grid included, {EVERY}", f"rapidfuzz cdist token_sort_ratio, {EVERY}"),
)


Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
_SCORERS = {"Jaro-Winkler": JaroWinkler.similarity, "token_sort_ratio": fuzz.token_sort_ratio}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; None where what it measures is not installed, or not there yet.

    Attributes:
        per_second: names or pairs per second of processor time.
        unit: what is counted.
    """

    name: str
    per_second: float | None
    unit: str


class Composer:
    """Makes full names of a language from the words of the project's own tables; all chance is seeded."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words: dict[str, dict[str, list[SpellingPair]]] = {}
        for pair in own_pairs():
            if pair.kind in ("given", "surname"):
                self.words.setdefault(pair.lang, {}).setdefault(pair.kind, []).append(pair)

    def names(self, count: int, native: bool) -> list[str]:
        """Return distinct names, of each language as many as of any other."""
        found: dict[str, None] = {}
        languages = sorted(self.words)
        number = 0
        while len(found) < count:
            found[self._name(languages[number % len(languages)], native)] = None
            number += 1
        return list(found)

    def slipped(self, name: str) -> str:
        """Return a name with a slip in one of its words."""
        words = name.split()
        place = self.rng.randrange(len(words))
        return " ".join((*words[:place], misspell(words[place], self.rng), *words[place + 1 :]))

    def _name(self, language: str, native: bool) -> str:
        given = self.words[language]["given"]
        kinds = [given] * (2 if self.rng.random() < _THREE_WORDS else 1) + [self.words[language].get("surname", given)]
        words = []
        for kind in kinds:
            pair = self.rng.choice(kind)
            word = pair.native if native else self.rng.choice(pair.latin)
            words.append(misspell(word, self.rng) if self.rng.random() < _SLIP else word)
        return ("" if native and language in _WRITTEN_TOGETHER else " ").join(words)


def rate(action: Callable[[], object], count: int, repeats: int = _REPEATS) -> float:
    """Return how many a second of processor time an action does that does `count`; the best of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        action()
        best = min(best, time.process_time() - started)
    return count / max(best, 1e-9)


def first_calls(names: Sequence[str]) -> dict[str, float]:
    """Return the seconds of loading the encoder, and of its first and second call, for tables are read on the way."""
    seconds = {}
    encoder: NameEncoder | None = None
    for step in ("load the encoder", f"first call, {len(names)} names", f"second call, {len(names)} names"):
        started = time.process_time()
        if encoder is None:
            encoder = NameEncoder.load()
        else:
            encoder.encode(names)
        seconds[step] = time.process_time() - started
    return seconds


def of_names(lists: dict[str, list[str]]) -> list[Figure]:
    """Return how fast names are read, encoded and put into a table, and how fast others prepare them."""
    encoder = NameEncoder.load()
    figures = []
    for what, names in lists.items():
        actions: dict[str, Callable[[], object] | None] = {
            "read": partial(read_names, names),
            "encode": partial(encoder.encode, names),
            "encode, all words new": partial(_encode_anew, encoder, names),
            "build a table": partial(NameTable.build, names),
            "anyascii alone": partial(_in_ascii, names),
            "anyascii + HashingVectorizer": _hashing(names),
        }
        for name, action in actions.items():
            speed = None if action is None else rate(action, len(names))
            figures.append(Figure(f"{name}, {what}", speed, "names/s"))
    return figures


def _encode_anew(encoder: NameEncoder, names: Sequence[str]) -> None:
    """Encode names as in the first batch of a process: no word has been met before."""
    Lexicon.forget()
    encoder.forget()
    encoder.encode(names)


def _in_ascii(names: Sequence[str]) -> list[str]:
    return [anyascii(name) for name in names]


def _hashing(names: Sequence[str]) -> Callable[[], object] | None:
    """Return scikit-learn's hashing of the character n-grams of names in ASCII; None where it is not installed."""
    try:
        text = import_module("sklearn.feature_extraction.text")
    except ImportError:
        return None
    vectorizer = text.HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**18)
    return lambda: vectorizer.transform(_in_ascii(names))


def proposed(table: NameTable, rng: np.random.Generator) -> Pairs:
    """Return queries beside names that an index would propose: half share a word, half begin with the same letter."""
    holders: dict[str, list[int]] = {}
    words = [[table.vocabulary[token] for token in row if token >= 0] for row in table.tokens.tolist()]
    for name, own in enumerate(words):
        for key in (*own, *(word[0] for word in own[:1])):
            holders.setdefault(key, []).append(name)
    queries = rng.permutation([name for name, own in enumerate(words) if own])[:_QUERIES]
    rows = []
    for query in queries.tolist():
        sharing = sorted({name for word in words[query] for name in holders[word]})
        beginning = holders[words[query][0][0]]
        shared = rng.permutation(sharing)[: _EACH // 2]
        rows.append(np.concatenate([shared, rng.choice(beginning, _EACH - len(shared))]))
    return np.repeat(queries, _EACH), np.concatenate(rows)


def of_pairs(names: Sequence[str], seed: int = SEED) -> list[Figure]:
    """Return how fast pairs of names are compared; the table of names, made once for all, is not counted."""
    table, rng = NameTable.build(names), np.random.default_rng(seed)
    texts = [plain(name) for name in table.names]
    by_chance = tuple(rng.integers(0, len(table), _QUERIES * _EACH) for _ in range(2))
    figures = []
    for what, (left, right) in ((PROPOSED, proposed(table, rng)), (BY_CHANCE, by_chance)):
        sides = [[texts[name] for name in side.tolist()] for side in (left, right)]
        some = list(zip(*(side[:_SCALAR] for side in sides), strict=True))
        actions: dict[str, tuple[Callable[[], object], int]] = {
            "compare with evidence": (partial(compare_batch, table, left, right), len(left)),
            "jellyfish Jaro-Winkler": (partial(_one_by_one, some), len(some)),
        }
        for name, scorer in _SCORERS.items():
            actions[f"rapidfuzz cpdist {name}"] = (partial(cpdist, *sides, scorer=scorer, dtype=np.float32), len(left))
        figures += [Figure(f"{name}, {what}", rate(*action), "pairs/s") for name, action in actions.items()]
    return figures + _of_all_pairs(table, texts, rng)


def _of_all_pairs(table: NameTable, texts: Sequence[str], rng: np.random.Generator) -> list[Figure]:
    """Return how fast all pairs of some queries and many names are compared when only the similarity is asked."""
    queries, names = (np.sort(rng.permutation(len(table))[:count]) for count in _GRID)
    left, right = np.repeat(queries, len(names)), np.tile(names, len(queries))
    fast = SimilarityTable.build(table, queries, names)
    sides = [[texts[name] for name in side.tolist()] for side in (queries, names)]
    actions: dict[str, Callable[[], object]] = {
        "similarity only": partial(fast.similarities, left, right),
        "similarity only, grid included": lambda: SimilarityTable.build(table, queries, names).similarities(
            left, right
        ),
    }
    for name, scorer in _SCORERS.items():
        actions[f"rapidfuzz cdist {name}"] = partial(cdist, *sides, scorer=scorer, dtype=np.float32)
    return [Figure(f"{name}, {EVERY}", rate(action, len(left)), "pairs/s") for name, action in actions.items()]


def _one_by_one(pairs: Sequence[tuple[str, ...]]) -> list[float]:
    return [jaro_winkler_similarity(a, b) for a, b in pairs]


def quality(seed: int = SEED, pairs: int = LABELLED) -> dict[str, Any]:
    """Return F1 of each method on labelled pairs (ours at its threshold, others at their best), and R@1 of the matches.

    R@1: the first name of each match is sought among the second names of all matches.
    """
    labelled = labelled_pairs(seed, pairs)
    left, right = [pair.name1 for pair in labelled], [pair.name2 for pair in labelled]
    is_match = np.array([pair.is_match for pair in labelled])
    f1: dict[str, float | None] = {}
    for name in (name_peers.OURS, "anyascii + token_sort_ratio", "anyascii + Jaro-Winkler", "anyascii + n-gram TF-IDF"):
        score = name_peers.METHODS[name](left, right)
        threshold = NAME_MATCH_THRESHOLD if name == name_peers.OURS else None
        f1[name] = None if score is None else measure(score, is_match, threshold).f1
    queries = [pair.name1 for pair in labelled if pair.is_match]
    targets = [pair.name2 for pair in labelled if pair.is_match]
    place = {name: number for number, name in enumerate(dict.fromkeys(targets))}
    truth = np.array([place[name] for name in targets], dtype=np.int64)
    found = {name: rank(queries, list(place), truth) for name, rank in name_rankers.METHODS.items()}
    first = {name: None if ranks is None else recall_at(ranks, [1])["recall@1"] for name, ranks in found.items()}
    return {"pairs": len(labelled), "f1": f1, "recall@1": first}


def _words(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(word for name in names for word in name.split()))


def run(count: int) -> dict[str, Any]:
    """Return all figures."""
    composer = Composer(SEED)
    lists = {LATIN: composer.names(count, native=False), SCRIPTS: composer.names(count, native=True)}
    mixed = [name for names in lists.values() for name in names[: count // 2]]
    mixed += [composer.slipped(name) for name in mixed[::2]]
    starting = first_calls(composer.names(1000, native=True))
    once = _words([name for names in lists.values() for name in names])
    figures = [*of_names({**lists, WORDS: once}), *of_pairs(mixed)]
    speed = {figure.name: figure.per_second for figure in figures}
    ratios = {}
    for mine, theirs in RATIOS:
        a, b = speed[mine], speed[theirs]
        if a is not None and b is not None:
            ratios[f"{mine} / {theirs}"] = a / b
    return {
        "names": count,
        "distinct words": {what: len(_words(names)) for what, names in lists.items()},
        "starting": starting,
        "figures": [asdict(figure) for figure in figures],
        "ratios": ratios,
        "quality": quality(),
    }


def _print(result: dict[str, Any]) -> None:
    words = ", ".join(f"{count} distinct words in {what}" for what, count in result["distinct words"].items())
    print(f"{result['names']} names of each kind, one thread; {words}")
    for step, seconds in result["starting"].items():
        print(f"  {step:<54}{1000 * seconds:>12.0f} ms")
    for figure in result["figures"]:
        speed = "not here" if figure["per_second"] is None else f"{figure['per_second']:,.0f}"
        print(f"  {figure['name']:<54}{speed:>12} {figure['unit']}")
    print("\nours / theirs")
    for name, ratio in result["ratios"].items():
        print(f"  {name:<78}{ratio:>10.4f}")
    found = result["quality"]
    for measure_name, title in (("f1", f"F1 on {found['pairs']} labelled pairs"), ("recall@1", "R@1 of their matches")):
        print(f"\n{title}")
        for name, value in found[measure_name].items():
            print(f"  {name:<32}" + ("not installed" if value is None else f"{value:.3f}"))


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = run(chosen.names)
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        _print(result)


if __name__ == "__main__":
    main()
