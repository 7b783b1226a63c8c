"""What does it cost that an index is sealed on the disk? Time to save and to open it, and the memory of who serves it.

python -m benchmarks.speed.snapshots [--reports 100000] [--processes 2] [--photos 0] [--cache FOLDER] [--json]

The same index is saved plain and sealed. Then so many processes at once open it and look every row of it up, so that
what is mapped is there: `resident_mb` of each, `own_mb` of that which it shares with nobody, and `all_mb` of all
processes together, shared pages counted once (proportional set size). Plain is what linking two files and the other
benchmarks use; a service seals. "cipher" is the seal alone, in memory, of 64 MB.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from api.index_seal import KEY_BYTES, IndexSeal
from benchmarks.memory import anonymous_mb, peak_mb, resident_mb
from benchmarks.scale.population import Setting, drawn
from indexing.building import IndexBuilder, read_page
from indexing.index_files import load_index, save_index
from indexing.match_index import MatchIndex
from indexing.snapshot_manifest import Origin
from matcher.person import Side

_MODEL, _PAGE, _REPEATS = "none", 8192, 3
_ORIGIN = Origin("benchmark", "benchmark", "benchmark")
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_KEY = bytes(range(KEY_BYTES))

_together: list[Barrier] = []


def built(reports: int, photos: int, cache: Path | None) -> MatchIndex:
    """Return an index of reports, of which some have a face that is nobody's."""
    question = drawn(Setting("usual", reports, 100), cache)
    index = MatchIndex(_MODEL)
    builder = IndexBuilder(index)
    for start in range(0, reports, _PAGE):
        builder.add(read_page(question.reports[start : start + _PAGE], _MODEL, index.face_width))
    builder.finish()
    vectors = np.random.default_rng(7).standard_normal((photos, index.face_width)).astype(np.float32)
    owners = [record.record_id for record in question.reports[:photos]]
    index.photos[Side.MISSING].add(owners, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return index


def measure(index: MatchIndex, folder: Path, seal: IndexSeal | None, processes: int) -> dict[str, float]:
    """Return what saving and opening takes, best of some, and what processes hold that serve at once."""
    saved = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        save_index(folder, _ORIGIN, index, _NOW, seal=seal)
        saved.append(time.perf_counter() - began)
    context = get_context("spawn")
    barrier = context.Barrier(processes)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_join, initargs=(barrier,)) as pool:
        served = list(pool.map(_served, [folder] * processes, [seal is not None] * processes))
    figures = {name: max(one[name] for one in served) for name in served[0] if name != "share_mb"}
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return {"save_s": min(saved), **figures, "all_mb": sum(one["share_mb"] for one in served), "disk_mb": disk}


def _join(barrier: Barrier) -> None:
    """Take, in a new process, what its likes wait for each other at."""
    _together.append(barrier)


def _served(folder: Path, sealed: bool) -> dict[str, float]:
    """Return what one of some processes takes to open an index, and holds when all have looked at all of it."""
    seal = IndexSeal(_KEY) if sealed else None
    took = []
    for _ in range(_REPEATS):
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        index = load_index(folder, _ORIGIN, MatchIndex(_MODEL), seal=seal)
        took.append((time.perf_counter() - began, time.process_time() - cpu))
        if len(took) < _REPEATS:
            del index
    for segment in index.segments:
        for table in segment.tables().values():
            table.tobytes()
    gc.collect()
    _together[0].wait(60)
    held = {"resident_mb": resident_mb() or 0.0, "own_mb": anonymous_mb() or 0.0, "share_mb": _proportional_mb()}
    _together[0].wait(60)
    return {"open_s": min(took)[0], "open_cpu_s": min(cpu for _, cpu in took), "peak_mb": peak_mb(), **held}


def _proportional_mb() -> float:
    """Return the megabytes of this process, of shared pages its share; 0 where the system does not say (not Linux)."""
    said = Path("/proc/self/smaps_rollup")
    if not said.exists():
        return 0.0
    line = next(line for line in said.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6


def cipher(size: int = 64 * 2**20) -> dict[str, float]:
    """Return how many gigabytes a second are sealed and opened in memory."""
    seal, content = IndexSeal(_KEY), bytes(size)
    best = {"seal_gb_s": 0.0, "unseal_gb_s": 0.0}
    for _ in range(_REPEATS):
        out: list[bytes] = []
        began = time.perf_counter()
        sealing = seal.sealing(out.append, "benchmark")
        sealing.write(content)
        sealing.finish()
        best["seal_gb_s"] = max(best["seal_gb_s"], size / (time.perf_counter() - began) / 1e9)
        sealed = b"".join(out)
        began = time.perf_counter()
        seal.unsealed(io.BytesIO(sealed), len(sealed), "benchmark")
        best["unseal_gb_s"] = max(best["unseal_gb_s"], size / (time.perf_counter() - began) / 1e9)
    return best


def main() -> None:
    """Print a figure a line, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--photos", type=int, default=0, help="reports that have a face")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    index = built(chosen.reports, chosen.photos, chosen.cache)
    found: dict[str, dict[str, float]] = {"cipher": cipher()}
    for name, seal in (("plain", None), ("sealed", IndexSeal(_KEY))):
        with TemporaryDirectory() as folder:
            found[name] = measure(index, Path(folder), seal, chosen.processes)
    if chosen.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name:8}" + "".join(f"  {figure} {value:.3g}" for figure, value in figures.items()))


if __name__ == "__main__":
    main()
