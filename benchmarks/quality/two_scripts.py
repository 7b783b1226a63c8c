"""How well does `sandhan link` do on real names in two scripts? Made-up registers of real name pairs.

Of each language, people are put together from pairs of names (native spelling, Latin spelling): a full name as it
stands, or two single words, the second from few families, as registers have them. The left file writes a person in the
native script, the right one in Latin, with the name of a relative (of one family, where that is a word of its own), an
age that moves by a year, a state in the script of the file, and no sex. Half of the rows of a file have no partner.
Figures are those of `sandhan evaluate records`, at its threshold of .5. Nobody in these files exists.

python -m benchmarks.quality.two_scripts --pairs FILE... [--rows 3000] [--seed 90001] [--alone] [--lang hi my]
                                         [--out FOLDER] [--failures N] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from api.linking import read_file
from benchmarks.peers.pairs import write_table
from indexing.evaluation import Labelled, figures
from indexing.linking import Linked, link_records
from matcher.model import MatchModel
from matcher.person import Side

SEED = 90_001  # never one that trains or tunes
TODAY = date(2026, 11, 1)
SHOWN = ("precision", "recall", "f1", "best_f1", "best_threshold", "candidate_recall", "recall@1", "recall@10")
_FAMILIES, _HEAD = 150, 5  # the commonest family has about 6 % of the people, as in a district
_FULL = 0.5  # of the people bear a full name of the file, while there are any left
_MEAN_AGE, _AGE_SPREAD, _YOUNGEST, _OLDEST = 30.0, 16.0, 3, 85
# Burmese names are written together and hold no family name: the father's shares no word with the child's.
_WRITTEN_TOGETHER = _NO_FAMILY = frozenset({"my"})

# Where registers of a language come from: (native spelling, Latin spellings).
STATES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "hi": (
        ("बिहार", ("Bihar",)), ("उत्तर प्रदेश", ("Uttar Pradesh", "UP")), ("राजस्थान", ("Rajasthan",)),
        ("झारखंड", ("Jharkhand",)), ("मध्य प्रदेश", ("Madhya Pradesh", "Madhyapradesh")),
    ),
    "bn": (("পশ্চিমবঙ্গ", ("West Bengal", "Paschim Banga")), ("ত্রিপুরা", ("Tripura",)), ("আসাম", ("Assam",))),
    "ne": (("बागमती", ("Bagmati",)), ("कोशी", ("Koshi",)), ("लुम्बिनी", ("Lumbini",)), ("मधेश", ("Madhesh",))),
    "my": (
        ("ရန်ကုန်", ("Yangon", "Rangoon")), ("မန္တလေး", ("Mandalay",)), ("ဧရာဝတီ", ("Ayeyarwady", "Irrawaddy")),
        ("ရှမ်း", ("Shan",)),
    ),
    "km": (("ភ្នំពេញ", ("Phnom Penh",)), ("កណ្ដាល", ("Kandal",)), ("សៀមរាប", ("Siem Reap", "Siemreap"))),
    "ar": (("دبي", ("Dubai",)), ("الشارقة", ("Sharjah",)), ("أبو ظبي", ("Abu Dhabi",))),
    "ur": (("بہار", ("Bihar",)), ("اتر پردیش", ("Uttar Pradesh",)), ("تلنگانہ", ("Telangana",))),
    "ta": (("தமிழ்நாடு", ("Tamil Nadu", "Tamilnadu")), ("புதுச்சேரி", ("Puducherry", "Pondicherry"))),
    "th": (("กรุงเทพมหานคร", ("Bangkok",)), ("เชียงใหม่", ("Chiang Mai", "Chiangmai"))),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """One name in both scripts."""

    native: str
    latin: str


@dataclass(frozen=True, slots=True)
class Life:
    """How often two registers say different things of one person; judgement, each with its reason.

    Attributes:
        partner: of the rows of a file are in the other, too.
        no_relative: a column that clerks leave empty, on each side by itself.
        age_moves: registers are years apart and ages are rounded; by one year up or down.
    """

    partner: float = 0.5
    no_relative: float = 0.15
    age_moves: float = 0.4


@dataclass(frozen=True, slots=True)
class Registers:
    """Two files and the ids of the true pairs."""

    left: list[dict[str, str]]
    right: list[dict[str, str]]
    truth: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Person:
    name: Written
    relative: Written
    age: int
    state: int


def read_names(paths: Iterable[Path]) -> dict[str, list[Written]]:
    """Return language -> its distinct pairs, in the order of the files (native_script, latin, lang in TSV)."""
    found: dict[str, dict[Written, None]] = {}
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                name = Written(row["native_script"].strip(), row["latin"].strip())
                if name.native and name.latin and name.native != name.latin:
                    found.setdefault(row["lang"], {})[name] = None
    return {language: list(names) for language, names in found.items()}


class _Names:
    """Draws names of one language; full names once each, single words put together without end."""

    def __init__(self, rng: random.Random, language: str, names: Sequence[Written], alone: bool) -> None:
        self.rng, self.language, self.alone = rng, language, alone
        self.full = [name for name in names if alone or " " in name.latin]
        words = {name: None for name in names if " " not in name.latin and " " not in name.native}
        for name in names:
            native, latin = name.native.split(), name.latin.split()
            if len(native) == len(latin) > 1:  # word by word, as it is written
                words |= {Written(a, b): None for a, b in zip(native, latin, strict=True)}
        self.words = list(words)
        rng.shuffle(self.full)
        self.families = rng.sample(self.words, min(_FAMILIES, len(self.words)))
        self.shares = [1 / (rank + _HEAD) for rank in range(len(self.families))]
        self.used = 0

    def person(self) -> tuple[Written, Written | None]:
        """Return a name and its family word; None where it is no separate word."""
        left = self.used < len(self.full)
        if self.alone or not self.words or (left and self.rng.random() < _FULL):
            name = self.full[self.used % len(self.full)]  # begins again: namesakes
            self.used += 1
            return name, None
        if self.language in _NO_FAMILY:
            return self.joined(self.rng.choice(self.words), self.rng.choice(self.words)), None
        family = self.rng.choices(self.families, self.shares)[0]
        return self.joined(self.rng.choice(self.words), family), family

    def relative(self, family: Written | None) -> Written:
        """Return the name of a relative, of the same family where that is a word."""
        if family is not None:
            return self.joined(self.rng.choice(self.words), family)
        if self.language in _NO_FAMILY and self.words and not self.alone:
            return self.joined(self.rng.choice(self.words), self.rng.choice(self.words))
        return self.rng.choice(self.full)

    def joined(self, given: Written, family: Written) -> Written:
        between = "" if self.language in _WRITTEN_TOGETHER else " "
        return Written(f"{given.native}{between}{family.native}", f"{given.latin} {family.latin}")


def make_registers(
    language: str, names: Sequence[Written], rows: int, seed: int, *, alone: bool = False, life: Life = Life()
) -> Registers:
    """Return two registers of one language.

    Args:
        language: as in the file of pairs; says which states are meant.
        names: its pairs, at least one.
        rows: of each file.
        seed: equal seeds give equal files.
        alone: names are the pairs as they stand; where they run out, people share names.
        life: what differs between the files.
    """
    rng = random.Random(f"{seed} {language}")
    source = _Names(rng, language, names, alone)
    shared = round(rows * life.partner)
    places = STATES.get(language, ())

    def person() -> _Person:
        name, family = source.person()
        age = min(max(round(rng.gauss(_MEAN_AGE, _AGE_SPREAD)), _YOUNGEST), _OLDEST)
        return _Person(name, source.relative(family), age, rng.randrange(len(places)) if places else -1)

    def row(one: _Person, record_id: str, latin: bool, years: int) -> dict[str, str]:
        state = ""
        if places:
            native, spellings = places[one.state]
            state = rng.choice(spellings) if latin else native
        relative = "" if rng.random() < life.no_relative else (one.relative.latin if latin else one.relative.native)
        name = one.name.latin if latin else one.name.native
        return {"id": record_id, "name": name, "relative_name": relative, "age": str(one.age + years), "state": state}

    both = [person() for _ in range(shared)]
    left = [row(one, f"L{n:05d}", False, 0) for n, one in enumerate(both + [person() for _ in range(rows - shared)])]
    right = [
        row(one, f"R{n:05d}", True, rng.choice((-1, 1)) if n < shared and rng.random() < life.age_moves else 0)
        for n, one in enumerate(both + [person() for _ in range(rows - shared)])
    ]
    for side in (left, right):
        rng.shuffle(side)
    return Registers(left, right, [(f"L{n:05d}", f"R{n:05d}") for n in range(shared)])


def write_registers(registers: Registers, folder: Path) -> tuple[Path, Path, Path]:
    """Write the files as `sandhan evaluate records` reads them; returns left, right and truth."""
    paths = folder / "left.csv", folder / "right.csv", folder / "truth.tsv"
    write_table(paths[0], registers.left)
    write_table(paths[1], registers.right)
    lines = ["left\tright", *("\t".join(pair) for pair in registers.truth)]
    paths[2].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def link(registers: Registers, folder: Path) -> tuple[Labelled, Linked]:
    """Write the registers, read them as the command does, and link them."""
    left, right, _ = write_registers(registers, folder)
    first = read_file(left, {}, Side.MISSING, (), TODAY).records
    second = read_file(right, {}, Side.RESCUED, (), TODAY).records
    linked = link_records(first, second, MatchModel.load())
    places = [{record.record_id: n for n, record in enumerate(records)} for records in (first, second)]
    truth = np.array([(places[0][a], places[1][b]) for a, b in registers.truth], dtype=np.int64).reshape(-1, 2)
    return Labelled.of(linked, truth, len(second)), linked


def failures(registers: Registers, labelled: Labelled, linked: Linked, count: int, seed: int) -> list[dict[str, Any]]:
    """Return a seeded sample of false positives and of misses, `count` of each: the rows, and what was said of them."""
    rng = np.random.default_rng(seed)
    wrong = np.flatnonzero(~labelled.is_match & (labelled.probability >= 0.5))
    compared = labelled.at >= 0
    low = np.zeros(len(labelled.truth), dtype=np.bool_)
    low[compared] = labelled.probability[labelled.at[compared]] < 0.5
    found = []
    for position in rng.permutation(wrong)[:count].tolist():
        a, b = int(linked.left[position]), int(linked.right[position])
        found.append(_told("false positive", registers, linked, (a, b), position))
    for number in rng.permutation(np.flatnonzero(low | ~compared))[:count].tolist():
        a, b = labelled.truth[number].tolist()
        position = int(labelled.at[number])
        found.append(_told("miss", registers, linked, (a, b), position))
    return found


def _told(what: str, registers: Registers, linked: Linked, rows: tuple[int, int], position: int) -> dict[str, Any]:
    told: dict[str, Any] = {"what": what, "left": registers.left[rows[0]], "right": registers.right[rows[1]]}
    if position < 0:
        return told | {"probability": None, "bits": {}}
    parts = linked.scored.explain(position)
    said = {part.comparison: [part.label, round(part.bits, 1)] for part in parts}
    return told | {"probability": round(float(linked.scored.probability[position]), 4), "bits": said}


def show(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print one line a language, and under them the failures asked for."""
    print(f"{'':<6}{'rows':>6}{'names':>7}" + "".join(f"{name:>17}" for name in SHOWN))
    for language, found in results.items():
        line = "".join(f"{found[name]:>17.4f}" for name in SHOWN)
        print(f"{language:<6}{found['rows']:>6}{found['names']:>7}{line}")
    for language, found in results.items():
        for case in found.get("failures", ()):
            print(f"\n{language} {case['what']}, probability {case['probability']}")
            for side in ("left", "right"):
                print("   " + " | ".join(f"{value}" for value in case[side].values()))
            print("   " + "; ".join(f"{name} {label} {bits:+.1f}" for name, (label, bits) in case["bits"].items()))


def main() -> None:
    """Link the registers of each language and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--lang", nargs="+")
    parser.add_argument("--alone", action="store_true", help="names as they stand in the files, none put together")
    parser.add_argument("--out", type=Path, help="keep the files of each language under this folder")
    parser.add_argument("--failures", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    for language, names in read_names(chosen.pairs).items():
        if chosen.lang and language not in chosen.lang:
            continue
        print(f"{language}: {len(names)} pairs of names", file=sys.stderr)
        registers = make_registers(language, names, chosen.rows, chosen.seed, alone=chosen.alone)
        with tempfile.TemporaryDirectory() as scratch:
            folder = chosen.out / language if chosen.out else Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            labelled, linked = link(registers, folder)
        results[language] = {"rows": chosen.rows, "names": len(names)} | figures(labelled)
        if chosen.failures:
            results[language]["failures"] = failures(registers, labelled, linked, chosen.failures, chosen.seed)
    if chosen.json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    else:
        show(results)


if __name__ == "__main__":
    main()
