"""How often is the right name first, by the name alone? Files of pairs, CLDR's cities, and a crowd of other names.

Each native name of a file is sought among the distinct Latin names of that file, and each Latin name among the native
ones; a candidate that scores as high as the right one counts against it. Peers do the same in the same run. CLDR's
cities are those that the shipped encoder has not learned from, sought among the English names of all cities. "Not
learned" are the queries whose native spelling is in no table of pairs that teaches the encoder (`--learned`: further).

python -m benchmarks.quality.names --pairs FILE... [--pool FILE...] [--cldr] [--queries N] [--learned FILE...] [--json]
                                   [--distractors N --population DIR]
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from api.train_names import cldr_cities, held_out, own_pairs, read_pairs
from benchmarks.quality.name_rankers import ENCODED_AT_ONCE, METHODS, OURS, Ints, encoded
from matcher.evaluation import Bools, count_reaching, own_scores, recall_at
from matcher.names import NameEncoder

SEED = 60_001
KS = (1, 10, 50)
WAYS = ("native->latin", "latin->native")
SOUTH = frozenset({"Tamil Nadu", "Kerala", "Puducherry"})
CLDR_SCRIPTS = ("as", "gu", "pa", "or", "te", "kn", "ml", "si", "lo", "km", "th", "ur", "dz", "sat", "mr")
_FAMILY_FIRST = frozenset({"manipur"})


class Question(NamedTuple):
    """Which candidate is meant by each query? `labels` says under which heading each query is counted."""

    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    truth: Ints
    labels: npt.NDArray[np.str_]

    def part(self, rows: Ints) -> Question:
        """Return the question with some of its queries only; the candidates stay."""
        return Question(tuple(self.queries[n] for n in rows), self.candidates, self.truth[rows], self.labels[rows])


def question(queries: Sequence[str], targets: Sequence[str], labels: Sequence[str], pool: Sequence[str]) -> Question:
    """Return the question of finding each target by its query, among the distinct targets and the pool."""
    place = {name: number for number, name in enumerate(dict.fromkeys((*targets, *pool)))}
    truth = np.array([place[target] for target in targets], dtype=np.int64)
    return Question(tuple(queries), tuple(place), truth, np.array(labels, dtype=np.str_))


def read_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (label, native, Latin); Hindi names of the far south, half machine-made, are labelled apart."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            native, latin = row["native_script"].strip(), row["latin"].strip()
            if native and latin:
                south = (row.get("region") or "").strip() in SOUTH
                yield row["lang"] + (" (south)" if south else ""), native, latin


def file_questions(path: Path, pool: Sequence[str], queries: int | None) -> dict[str, Question]:
    """Return the questions of both ways; of a sample of the rows, if so many queries are not wanted."""
    rows = list(read_rows(path))
    chosen = np.arange(len(rows))
    if queries is not None and queries < len(rows):
        chosen = np.sort(np.random.default_rng(SEED).choice(len(rows), queries, replace=False))
    labels, native, latin = (tuple(column) for column in zip(*rows, strict=True))
    found = (question(native, latin, labels, pool), question(latin, native, labels, pool))
    return {way: whole.part(chosen) for way, whole in zip(WAYS, found, strict=True)}


def cldr_question(lang: str) -> Question:
    """Return the held-out cities of a language, sought among the English names of all its cities."""
    cities = list(cldr_cities(lang))
    kept = [(native, english) for zone, native, english in cities if held_out(zone)]
    native, latin = (tuple(column) for column in zip(*kept, strict=True))
    return question(native, latin, [lang] * len(kept), [english for _, _, english in cities])


def made_up_names(folder: Path, count: int, seed: int = SEED) -> list[str]:
    """Return distinct full names of nobody: a given name and a surname of one region.

    Regions with many given names give many.

    Args:
        folder: holds `given_<region>.tsv` and `surname_<region>.tsv`, the name in the first column.
        count: of names; the same seed gives the same names.
    """
    columns = {}
    for path in sorted(folder.glob("given_*.tsv")):
        region = path.stem.removeprefix("given_")
        other = folder / f"surname_{region}.tsv"
        if other.exists():
            columns[region] = (_first_column(path), _first_column(other))
    possible = sum(len(given) * len(surnames) for given, surnames in columns.values())
    if 2 * count > possible:
        raise SystemExit(f"{folder}: {count} names are too many to draw from {possible} combinations")
    rng = np.random.default_rng(seed)
    share = np.array([len(given) for given, _ in columns.values()], dtype=np.float64)
    names: dict[str, None] = {}
    while len(names) < count:
        drawn = rng.multinomial(count - len(names) + 100, share / share.sum()).tolist()
        for (region, (given, surnames)), often in zip(columns.items(), drawn, strict=True):
            pairs = zip(rng.integers(len(given), size=often), rng.integers(len(surnames), size=often), strict=True)
            for first, last in pairs:
                words = (surnames[last], given[first]) if region in _FAMILY_FIRST else (given[first], surnames[last])
                names[" ".join(words)] = None
    return list(names)[:count]


def _first_column(path: Path) -> list[str]:
    lines = (line for line in path.read_text(encoding="utf-8-sig").splitlines() if line and line[0] != "#")
    found = dict.fromkeys(line.split("\t")[0].strip() for line in lines)
    return [name for name in found if name][1:]  # the first is the header


def ranks_in_crowd(
    encoder: NameEncoder, questions: Sequence[Question], crowd: Sequence[str], at_once: int = ENCODED_AT_ONCE
) -> list[tuple[Ints, Ints]]:
    """Return our ranks of each question without and with a crowd among the candidates.

    A name of the crowd that is a query or a candidate is that person's name, and left out.
    """
    vectors = [encoded(encoder, asked.queries) for asked in questions]
    own, alone = [], []
    for asked, vector in zip(questions, vectors, strict=True):
        gallery = encoded(encoder, asked.candidates)
        own.append(own_scores(vector, gallery, asked.truth))
        alone.append(count_reaching(vector, gallery, own[-1]) - 1)
    known = [{name.casefold() for name in (*asked.queries, *asked.candidates)} for asked in questions]
    joined = [ranks.copy() for ranks in alone]
    for start in range(0, len(crowd), at_once):
        part = crowd[start : start + at_once]
        others = encoded(encoder, part)
        for number, vector in enumerate(vectors):
            kept = np.array([name.casefold() not in known[number] for name in part])
            joined[number] += count_reaching(vector, others[kept], own[number])
    return list(zip(alone, joined, strict=True))


def learned_spellings(files: Sequence[Path]) -> frozenset[str]:
    """Return the native spellings of this project's tables of pairs and of files of pairs, as learning reads them."""
    pairs = chain(own_pairs(), *(read_pairs(path) for path in files))
    return frozenset(pair.native.strip() for pair in pairs)


def by_label(labels: npt.NDArray[np.str_], ranks: Ints | None) -> dict[str, dict[str, float] | None]:
    """Return recall under each heading; None for a method that was not run."""
    return {str(label): None if ranks is None else recall_at(ranks[labels == label], KS) for label in np.unique(labels)}


def measure(asked: Question, fresh: Bools) -> dict[str, dict[str, Any]]:
    """Return {method: {"recall": recall by label, "fresh": that of fresh queries only, "seconds": of one core}}."""
    found: dict[str, dict[str, Any]] = {}
    for name, rank in METHODS.items():
        started = time.process_time()
        ranks = rank(asked.queries, asked.candidates, asked.truth)
        found[name] = {
            "recall": by_label(asked.labels, ranks),
            "fresh": by_label(asked.labels[fresh], None if ranks is None else ranks[fresh]),
            "seconds": time.process_time() - started,
        }
    return found


def run_files(
    paths: Sequence[Path], pool: Sequence[str], queries: int | None, crowd: Sequence[str], learned: frozenset[str]
) -> dict[str, Any]:
    """Return {file: {way: {"queries", "fresh", "candidates", "methods", "crowd"}}}; fresh is what was not learned."""
    questions = {(path.name, way): q for path in paths for way, q in file_questions(path, pool, queries).items()}
    result: dict[str, Any] = {path.name: {} for path in paths}
    for (name, way), asked in questions.items():
        native = asked.queries if way == WAYS[0] else [asked.candidates[n] for n in asked.truth]
        fresh = np.array([text not in learned for text in native], dtype=np.bool_)
        result[name][way] = {
            "queries": dict(Counter(asked.labels.tolist())),
            "fresh": dict(Counter(asked.labels[fresh].tolist())),
            "candidates": len(asked.candidates),
            "methods": measure(asked, fresh),
        }
    if crowd:
        ranks = ranks_in_crowd(NameEncoder.load(), list(questions.values()), crowd)
        for ((name, way), asked), (alone, joined) in zip(questions.items(), ranks, strict=True):
            whole, crowded = by_label(asked.labels, alone), by_label(asked.labels, joined)
            result[name][way]["crowd"] = {label: {"without": whole[label], "with": crowded[label]} for label in whole}
    return result


def run_cldr() -> dict[str, Any]:
    """Return the figures of each language of CLDR and, of each method, the mean and the minimum of R@1 over them."""
    languages: dict[str, Any] = {}
    for lang in CLDR_SCRIPTS:
        asked = cldr_question(lang)
        everything = np.ones(len(asked.queries), dtype=np.bool_)
        recall = {name: found["recall"][lang] for name, found in measure(asked, everything).items()}
        languages[lang] = {"queries": len(asked.queries), "candidates": len(asked.candidates), "recall": recall}
    summary = {}
    for name in METHODS:
        first = [figures["recall"][name]["recall@1"] for figures in languages.values() if figures["recall"][name]]
        summary[name] = {"mean": float(np.mean(first)), "minimum": min(first)} if first else None
    return {"languages": languages, "recall@1": summary}


def _cells(recall: dict[str, float] | None) -> str:
    return "".join(f"{recall[f'recall@{k}']:>8.3f}" for k in KS) if recall else f"{'-':>8}" * len(KS)


def _print_files(files: dict[str, Any], crowd: int) -> None:
    head = "".join(f"{f'R@{k}':>8}" for k in KS)
    for name, ways in files.items():
        for way, figures in ways.items():
            for label, count in figures["queries"].items():
                print(f"\n{name}, {label}, {way}: {count} queries, {figures['candidates']} candidates")
                print(f"  {'':<32}{head}{'seconds':>10}")
                for method, found in figures["methods"].items():
                    cost = f"{found['seconds']:>10.1f}" if found["recall"][label] else "  not run"
                    print(f"  {method:<32}{_cells(found['recall'][label])}{cost}")
                if label in figures["fresh"]:
                    own = figures["methods"][OURS]["fresh"][label]
                    print(f"  {OURS + ', not learned':<32}{_cells(own)}   {figures['fresh'][label]} queries")
                if "crowd" in figures:
                    both = figures["crowd"][label]
                    lost = both["without"]["recall@10"] - both["with"]["recall@10"]
                    print(f"  {OURS + f', {crowd} more':<32}{_cells(both['with'])}   R@10 lower by {lost:.3f}")


def _print_cldr(cldr: dict[str, Any]) -> None:
    print(f"\nCLDR's held-out cities, native->latin\n  {'':<6}{'asked':>6}{'among':>6}", end="")
    print("".join(f"   {name} (R@{', '.join(map(str, KS))})" for name in METHODS))
    for lang, figures in cldr["languages"].items():
        recalls = "   ".join(_cells(figures["recall"][name]) for name in METHODS)
        print(f"  {lang:<6}{figures['queries']:>6}{figures['candidates']:>6}{recalls}")
    for name, found in cldr["recall@1"].items():
        text = f"R@1 mean {found['mean']:.3f}, minimum {found['minimum']:.3f}" if found else "not run"
        print(f"  {name:<32}{text}")


def main() -> None:
    """Print the figures of every method on the same questions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, nargs="+", default=[], help="TSV: native_script, latin, lang, region")
    parser.add_argument("--pool", type=Path, nargs="+", default=[], help="further candidates, one a line")
    parser.add_argument("--cldr", action="store_true", help="CLDR's held-out cities (needs Babel)")
    parser.add_argument("--queries", type=int, help="ask only so many rows of each file")
    parser.add_argument("--distractors", type=int, default=0, help="so many made-up names join the candidates")
    parser.add_argument("--population", type=Path, help="given_*.tsv and surname_*.tsv to make them from")
    parser.add_argument("--learned", type=Path, nargs="+", default=[], help="pairs that the encoder was trained on")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if bool(chosen.distractors) != bool(chosen.population):
        parser.error("--distractors and --population go together")
    lines = (line for path in chosen.pool for line in path.read_text(encoding="utf-8-sig").splitlines())
    pool = [line.split("\t")[0].strip() for line in lines if line.strip()]
    crowd = made_up_names(chosen.population, chosen.distractors) if chosen.distractors else []
    result: dict[str, Any] = {"encoder": NameEncoder.load().encoder_id, "distractors": len(crowd)}
    result["files"] = run_files(chosen.pairs, pool, chosen.queries, crowd, learned_spellings(chosen.learned))
    if chosen.cldr:
        result["cldr"] = run_cldr()
    if chosen.json:
        print(json.dumps(result, indent=1))
        return
    _print_files(result["files"], len(crowd))
    if chosen.cldr:
        _print_cldr(result["cldr"])


if __name__ == "__main__":
    main()
