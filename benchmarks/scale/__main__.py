"""What does a size cost? Time by stage, memory and recall of the engine, an oracle, and other tools, on one population.

python -m benchmarks.scale [--reports 10000 100000 1000000] [--rescues 10000] [--corruption usual hard] [--seed 82001]
                           [--oracle 400] [--no-peers] [--peers-python PYTHON] [--cache FOLDER] [--json FILE]
                           [--plot FILE]

Photos are left out. Each size is measured in a process of its own, whose memory is then its own as well; compiling is
done before any clock runs. Wall time is what one waits for; on a machine that is shared, compare processor time. The
oracle weighs every report for --oracle people (a quarter of them at a million reports), and rapidfuzz is asked about
500 people: their times are reckoned up to everybody, and "ours" is the engine's recall among the same people. Splink's
"predict" finds and scores its pairs; its whole time also has reading, u and m. The peers get names romanised and
places resolved, and reading the CSV files is in their time. --json is written after each size, --plot at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.scale import reporting
from benchmarks.scale.population import SEED, Setting
from benchmarks.scale.whole import MANY, measure
from data.corruption import LIVES


def machine() -> dict[str, Any]:
    """Return where the figures were taken."""
    return {
        "machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Measure every size of every corruption, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=int, nargs="+", default=[10_000, 100_000, MANY])
    parser.add_argument("--rescues", type=int, default=10_000)
    parser.add_argument("--corruption", nargs="+", choices=list(LIVES), default=["usual", "hard"])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--oracle", type=int, default=400, help="people for whom every report is weighed")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peers-python", default=sys.executable, help="Python of an environment that holds the peers")
    parser.add_argument("--cache", type=Path, help="folder of your own that keeps the populations between runs")
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--plot", type=Path, help="file to draw: .svg or .png")
    chosen = parser.parse_args(arguments)
    if min(*chosen.reports, chosen.rescues) < 1 or chosen.oracle < 0:
        parser.error("there must be reports and people who ask")
    results: list[dict[str, Any]] = []
    for life, reports in product(chosen.corruption, sorted(chosen.reports)):
        setting = Setting(life, reports, chosen.rescues, chosen.seed)
        if chosen.rescues * (1.0 - LIVES[life].without_report) > reports:
            parser.error(f"{reports} reports are fewer than the rescued people who have one")
        python = chosen.peers_python if chosen.peers else None
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            results.append(alone.submit(measure, setting, chosen.oracle, python, chosen.cache).result())
        if chosen.json:
            chosen.json.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
    print(reporting.show(results))
    if chosen.plot:
        reporting.plot(results, chosen.plot)


if __name__ == "__main__":
    main()
