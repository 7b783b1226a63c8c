"""Are two full names one name? Labelled pairs in every script of the region, and how well each method tells them apart.

Names are put together from `benchmarks/data/name_variants.tsv`. In a match every word is spelled anew on each side; in
a non-match exactly one word is another name, most often one that looks or sounds near: the case in which tools err.

python -m benchmarks.quality.name_pairs [--pairs 4000] [--errors 5] [--csv FILE] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.quality.name_peers import METHODS, OURS, encoder_cosine, ours
from matcher.evaluation import Bools, Floats, area_under_curve, best_decision, decide
from matcher.names import NAME_MATCH_THRESHOLD
from matcher.names.script import main_script

DATA = Path(__file__).resolve().parents[1] / "data"
FIRST_SEED = 90_001  # never one that trains or tunes
PAIRS = 4000

_TITLED, _REORDERED, _OMITTED, _INITIAL = 0.15, 0.15, 0.4, 0.35
_SAME_SCRIPT, _HOME = 0.4, 0.4
_JOINED = {"Mymr", "Thai", "Laoo", "Khmr", "Hani", "Tibt"}  # no space between the parts of a name
_WORDS_APART = {"thai", "lao", "khmer", "bhutia"}
_ORDER_IS_FIXED = {"burmese", "shan"}
# Which of three words a person is called by, so that nobody omits it; elsewhere the first.
_CALLED_BY = {"vietnamese": 2, "manipuri": 1}
_NEAR_SHARE = 2 / 3


class NamePair(NamedTuple):
    """Two names, whether they are one person's name, and how they were made.

    Matches: respelled, reordered, omitted, initial. Others: near (one word is a name that sounds near), other (one word
    is a random other name of the same kind and culture).
    """

    name1: str
    name2: str
    is_match: bool
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One given name, surname or middle word: its spellings by script, and the elements that are near it."""

    key: str
    kind: str
    sex: str
    cultures: tuple[str, ...]
    spellings: dict[str, tuple[str, ...]]
    near: frozenset[str]


def _rows(name: str) -> Iterator[dict[str, str]]:
    lines = [line for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    header = lines[0].split("\t")
    for line in lines[1:]:
        yield dict(zip(header, line.split("\t"), strict=True))


@dataclass(frozen=True, slots=True)
class Culture:
    """One culture's own script, the orders in which its full names are made, the titles that clerks write by sex."""

    name: str
    home: str
    orders: tuple[str, ...]
    titles: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def load_cultures() -> tuple[Culture, ...]:
    """Return the cultures in the order of their table."""
    return tuple(
        Culture(
            row["culture"],
            row["home"],
            tuple(row["orders"].split("|")),
            {sex: tuple(filter(None, row[column].split("|"))) for sex, column in (("f", "women"), ("m", "men"))},
        )
        for row in _rows("name_orders.tsv")
    )


@lru_cache(maxsize=1)
def load_elements() -> dict[str, Element]:
    """Return all elements by key; nearness holds both ways."""
    rows = list(_rows("name_variants.tsv"))
    near: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for other in filter(None, row["near"].split("|")):
            near[row["element"]].add(other)
            near[other].add(row["element"])
    elements = {}
    for row in rows:
        spellings: dict[str, list[str]] = defaultdict(list)
        for spelling in row["spellings"].split("|"):
            spellings[main_script(spelling)].append(spelling)
        elements[row["element"]] = Element(
            row["element"],
            row["kind"],
            row["sex"],
            tuple(row["culture"].split("|")),
            {script: tuple(found) for script, found in spellings.items()},
            frozenset(near[row["element"]]),
        )
    return elements


class _Maker:
    """Composes pairs of one culture from its elements; all chance comes from one seeded source."""

    def __init__(self, rng: random.Random, culture: Culture) -> None:
        self.rng, self.culture = rng, culture
        self.elements = load_elements()
        self.pools: dict[tuple[str, str], list[Element]] = defaultdict(list)
        for element in self.elements.values():
            if culture.name in element.cultures:
                for sex in "fm" if element.sex == "-" else element.sex:
                    self.pools[element.kind, sex].append(element)

    def make(self, is_match: bool) -> NamePair | None:
        """Return a pair, or None where chance led nowhere (the caller tries again)."""
        rng = self.rng
        sex = rng.choices("fm", (2, 1))[0]  # most of those who are rescued are girls and young women
        orders = [order for order in self.culture.orders if order[1] != ":" or order[0] == sex]
        kinds = rng.choice(orders).split(":")[-1].split()
        words = [rng.choice(self._pool(kind, sex)) for kind in kinds]
        if len(set(words)) < len(words):
            return None
        others = list(words)
        changed = -1
        kind = "respelled"
        if not is_match:
            changed = rng.choice([i for i, word in enumerate(words) if word.kind != "middle"])
            kind = "near" if rng.random() < _NEAR_SHARE else "other"
            pool = self._near(words[changed]) if kind == "near" else self._pool(kinds[changed], sex)
            pool = [found for found in pool if found not in words]
            if not pool:
                return None
            others[changed] = rng.choice(pool)
        scripts = self._scripts([*words, *others])
        if scripts is None:
            return None
        left, right = self._spell(words, scripts[0]), self._spell(others, scripts[1])
        how = self._vary(words, right, changed, scripts[1])
        name1, name2 = self._write(left, scripts[0], sex), self._write(right, scripts[1], sex)
        if name1 == name2:
            return None
        pair = (name1, name2) if rng.random() < 0.5 else (name2, name1)
        return NamePair(*pair, is_match, how if is_match else kind)

    def _pool(self, kind: str, sex: str) -> list[Element]:
        return self.pools["given", "m"] if kind == "m-given" else self.pools[kind, sex]

    def _near(self, element: Element) -> list[Element]:
        return [self.elements[key] for key in sorted(element.near)]

    def _scripts(self, words: Sequence[Element]) -> tuple[str, str] | None:
        """Return the scripts of the two sides, of those in which every word is known."""
        shared = sorted(set.intersection(*(set(word.spellings) for word in words)))
        if len(shared) < 2:
            return (shared[0], shared[0]) if shared else None
        home = self.culture.home
        first = home if home in shared and self.rng.random() < _HOME else self.rng.choice(shared)
        if self.rng.random() < _SAME_SCRIPT:
            return first, first
        return first, self.rng.choice([script for script in shared if script != first])

    def _spell(self, words: Sequence[Element], script: str) -> list[str]:
        # A clerk writes the first spelling more often than the rest.
        return [self.rng.choice((word.spellings[script][0], *word.spellings[script])) for word in words]

    def _vary(self, words: Sequence[Element], side: list[str], changed: int, script: str) -> str:
        """Alter one side in place as writers do, never the word that contradicts; return what was done."""
        rng = self.rng
        middle = any(word.kind == "middle" for word in words)
        middles = [i for i in range(1, len(words) - 1) if i != changed]
        if len(words) >= 3 and self.culture.name != "burmese":
            if middles and script == "Latn" and rng.random() < _INITIAL:
                side[middles[0]] = side[middles[0]][0] + "."
                return "initial"
            if rng.random() < _OMITTED:
                kept = _CALLED_BY.get(self.culture.name, 0)
                del side[rng.choice([i for i in range(len(words)) if i not in (changed, kept)])]
                return "omitted"
        if len(words) == 2 and self.culture.name not in _ORDER_IS_FIXED and not middle and rng.random() < _REORDERED:
            side.reverse()
            return "reordered"
        return "respelled"

    def _write(self, words: Sequence[str], script: str, sex: str) -> str:
        rng = self.rng
        apart = script not in _JOINED or self.culture.name in _WORDS_APART or rng.random() < 0.2
        name = (" " if apart else "").join(words)
        titles = [title for title in self.culture.titles[sex] if main_script(title) == script]
        if titles and rng.random() < _TITLED:
            name = rng.choice(titles) + (" " if apart else "") + name
        if script == "Latn":
            name = rng.choices((name, name.upper(), name.lower()), (8, 1, 1))[0]
        return name


def labelled_pairs(seed: int, pairs: int = PAIRS) -> list[NamePair]:
    """Return distinct labelled pairs of names, half of them matches, as many of each culture as of any other.

    The same seed gives the same pairs.
    """
    rng = random.Random(seed)
    makers = [_Maker(rng, culture) for culture in load_cultures()]
    found: dict[frozenset[str], NamePair] = {}
    for number in range(pairs):
        maker, is_match = makers[number // 2 % len(makers)], number % 2 == 0
        while True:
            pair = maker.make(is_match)
            if pair is not None and frozenset(pair[:2]) not in found:
                found[frozenset(pair[:2])] = pair
                break
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Figures:
    """How one method does on one group of pairs; at its own best threshold unless `threshold` was given."""

    pairs: int
    threshold: float
    precision: float
    recall: float
    f1: float
    accuracy: float
    best_f1: float
    auc: float


def measure(score: Floats, is_match: Bools, threshold: float | None = None) -> Figures:
    """Return the figures of scores; without a threshold the one with the best F1 is taken (peers)."""
    best = best_decision(score, is_match)
    chosen = best if threshold is None else decide(score, is_match, threshold)
    right = float(((score >= chosen.threshold) == is_match).mean())
    auc = area_under_curve(score, is_match)
    return Figures(len(score), chosen.threshold, chosen.precision, chosen.recall, chosen.f1, right, best.f1, auc)


def groups(pairs: Sequence[NamePair]) -> dict[str, Bools]:
    """Return which pairs belong to each script: with a name in it on either side (Latn: on both)."""
    sides = [(main_script(pair.name1), main_script(pair.name2)) for pair in pairs]
    names = sorted({script for side in sides for script in side} - {"Latn"})
    chosen = {script: np.array([script in side for side in sides]) for script in names}
    return {"Latn": np.array([side == ("Latn", "Latn") for side in sides]), **chosen}


def distinct_native() -> list[tuple[str, str]]:
    """Return minimal pairs of native names that are two names."""
    return [(row["a"], row["b"]) for row in _rows("distinct_native.tsv")]


def collapsed() -> dict[str, list[str]]:
    """Return the pairs of distinct native names that the comparison, or the vectors, take for one."""
    pairs = distinct_native()
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    same = {"similarity is 1": ours(left, right) >= 0.9995, "equal vectors": encoder_cosine(left, right) >= 0.9995}
    return {
        how: [f"{a}|{b}" for (a, b), found in zip(pairs, flags, strict=True) if found] for how, flags in same.items()
    }


def _print_errors(pairs: Sequence[NamePair], score: Floats, chosen: dict[str, Bools], count: int) -> None:
    is_match = np.array([pair.is_match for pair in pairs])
    for script, inside in chosen.items():
        for label, wrong, order in (
            ("taken for one", inside & ~is_match & (score >= NAME_MATCH_THRESHOLD), -score),
            ("missed", inside & is_match & (score < NAME_MATCH_THRESHOLD), score),
        ):
            rows = np.flatnonzero(wrong)
            print(f"\n{script}, {label}: {len(rows)}")
            for row in rows[np.argsort(order[rows], kind="stable")][:count]:
                pair = pairs[row]
                print(f"  {score[row]:.2f}  {pair.kind:<10} {pair.name1}  |  {pair.name2}")


def _line(name: str, figures: Figures) -> str:
    return (
        f"  {name:<28}{figures.pairs:>6}{figures.threshold:>8.3f}{figures.precision:>8.3f}{figures.recall:>8.3f}"
        f"{figures.f1:>8.3f}{figures.accuracy:>8.3f}{figures.best_f1:>8.3f}{figures.auc:>8.3f}"
    )


def main() -> None:
    """Print the figures of every method on the same pairs, by script and by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--errors", type=int, default=0, help="so many false positives and negatives of each script")
    parser.add_argument("--csv", type=Path, help="write the pairs: name1,name2,is_match")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    pairs = labelled_pairs(chosen.seed, chosen.pairs)
    if chosen.csv:
        with chosen.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("name1", "name2", "is_match"))
            writer.writerows((pair.name1, pair.name2, int(pair.is_match)) for pair in pairs)
    left, right = [pair.name1 for pair in pairs], [pair.name2 for pair in pairs]
    is_match = np.array([pair.is_match for pair in pairs])
    scores: dict[str, Floats] = {}
    cost: dict[str, float] = {}
    absent = []
    for name, method in METHODS.items():
        method(left[:2], right[:2])  # what is loaded once is not the cost of a pair
        started = time.perf_counter()
        found = method(left, right)
        cost[name] = 1e6 * (time.perf_counter() - started) / len(pairs)
        if found is None:
            absent.append(name)
        else:
            scores[name] = found
    by_script = groups(pairs)
    everything = np.ones(len(pairs), dtype=np.bool_)
    table = {
        group: {
            name: measure(score[inside], is_match[inside], NAME_MATCH_THRESHOLD if name == OURS else None)
            for name, score in scores.items()
        }
        for group, inside in {"all": everything, **by_script}.items()
    }
    taken = scores[OURS] >= NAME_MATCH_THRESHOLD
    kinds = {
        kind: float(taken[[pair.kind == kind for pair in pairs]].mean()) for kind in sorted({p.kind for p in pairs})
    }
    same = collapsed()
    if chosen.json:
        asdict = {g: {n: {s: getattr(f, s) for s in f.__slots__} for n, f in row.items()} for g, row in table.items()}
        print(json.dumps({"seed": chosen.seed, "groups": asdict, "taken": kinds, "collapsed": same}, indent=1))
        return
    head = f"{'':<30}{'pairs':>6}{'at':>8}{'prec.':>8}{'recall':>8}{'F1':>8}{'accur.':>8}{'best F1':>8}{'AUC':>8}"
    for group, row in table.items():
        print(f"\n{group}\n{head}")
        for name, figures in row.items():
            print(_line(name, figures) + (f"{cost[name]:>9.1f} us a pair" if group == "all" else ""))
    for name in absent:
        print(f"\n{name}: not installed")
    print("\nshare taken for one name, by kind: " + ", ".join(f"{kind} {share:.3f}" for kind, share in kinds.items()))
    print(f"distinct native names that collapse, of {len(distinct_native())}:")
    for how, found_pairs in same.items():
        print(f"  {how}: {len(found_pairs)}  {' '.join(found_pairs[:12])}")
    if chosen.errors:
        _print_errors(pairs, scores[OURS], by_script, chosen.errors)


if __name__ == "__main__":
    main()
