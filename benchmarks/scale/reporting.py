"""How are the figures of some sizes shown? Tables, what grows with the reports, and a plot of cost against size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stages import Seconds

Result = Mapping[str, Any]
_MEMORY = {
    "held by who serves": "resident_mb",
    "of which its own": "own_mb",
    "at most": "peak_mb",
    "on disk": "disk_mb",
}
COLD, KEPT, ORACLE = "Sandhan, cold", "Sandhan, reports kept", "every pair weighed"


def tools(result: Result) -> Iterator[tuple[str, Seconds, Result]]:
    """Yield (name, seconds for all who ask, its figures) of everything that was measured at a size."""
    ours = result["engine"]
    yield KEPT, Seconds(*ours["kept"]), ours
    yield COLD, Seconds(*ours["cold"]), ours
    if "oracle" in ours:
        yield ORACLE, Seconds(*ours["oracle"]["extrapolated"]), ours["oracle"]
    for name, figures in result["peers"].items():
        if "predict" in figures["stages"]:
            yield f"{name}, predict", Seconds(*figures["stages"]["predict"]), figures
        yield name, Seconds(*figures.get("extrapolated", figures["seconds"])), figures


def show(results: Sequence[Result]) -> str:
    """Return the tables as text."""
    lines = []
    for result in results:
        ours = result["engine"]
        lines += [
            f"\n{result['rescues']:,} rescued people x {result['reports']:,} reports, {result['corruption']} life",
            f"{'':<28}{'wall s':>10}{'cpu s':>10}{'people':>9}{'recall@1':>10}{'recall@20':>10}"
            f"{'ours @1':>9}{'ours @20':>9}{'peak MB':>9}",
        ]
        for name, seconds, figures in tools(result):
            beside = figures.get("engine", figures)
            lines.append(
                f"{name:<28}{seconds.wall:>10.1f}{seconds.cpu:>10.1f}{figures['people']:>9,}{figures['recall@1']:>10.4f}"
                f"{figures['recall@20']:>10.4f}{beside['recall@1']:>9.4f}{beside['recall@20']:>9.4f}"
                + (f"{figures['peak_mb']:>9,.0f}" if "peak_mb" in figures else "")
            )
        lines += [f"  {name:<26}{wall:>10.2f}{cpu:>10.2f}" for name, (wall, cpu) in ours["stages"].items()]
        query = ours["query"]
        held = "memory held: not known"
        if ours["resident_mb"] is not None:
            held = f"{ours['resident_mb']:,.0f} MB held by who serves it ({ours['own_mb']:,.0f} MB its own)"
        lines.append(
            f"  one query p50 {query['p50_ms']:.0f} ms, p99 {query['p99_ms']:.0f} ms, {query['cpu_ms']:.0f} ms cpu; "
            f"{ours['pairs'] / result['rescues']:,.0f} pairs a person, {ours['looked_at']:.2%} of the rows looked at, "
            f"the true report among the candidates {ours['candidates']:.4f}; {held}"
        )
    for corruption in dict.fromkeys(result["corruption"] for result in results):
        for name, (fixed, each) in model([r for r in results if r["corruption"] == corruption]).items():
            unit = "MB" if name in _MEMORY else "s cpu"
            lines.append(f"{corruption}, {name}: {fixed:.2f} {unit} + {each:.3f} {unit} for each 1,000 reports")
    return "\n".join(lines)


def model(results: Sequence[Result]) -> dict[str, tuple[float, float]]:
    """Return stage or kind of memory -> (a, b): a + b for each 1,000 reports, by least squares.

    Of stages, in seconds of processor time; of memory, in megabytes.

    Args:
        results: of one corruption and one number of rescued people; nothing is said of fewer than two sizes.
    """
    sizes = [result["reports"] / 1000 for result in results]
    if len(set(sizes)) < 2:
        return {}
    said = {}
    engines = [result["engine"] for result in results]
    parts = {name: [Seconds(*one["stages"][name]).cpu for one in engines] for name in engines[0]["stages"]}
    for whole in ("kept", "cold"):
        parts[whole] = [Seconds(*one[whole]).cpu for one in engines]
    for kind, name in _MEMORY.items():
        if all(one[name] is not None for one in engines):
            parts[kind] = [one[name] for one in engines]
    for name, values in parts.items():
        # Relative errors: the smallest size counts as much as the largest.
        each, fixed = np.polyfit(sizes, values, 1, w=1 / np.maximum(values, 1e-3))
        said[name] = (float(fixed), float(each))
    return said


def plot(results: Sequence[Result], path: Path) -> None:
    """Draw processor time and memory against size, both axes logarithmic, one column of panels for each corruption.

    Args:
        path: its suffix says the format, as matplotlib knows them.
    """
    import_module("matplotlib").use("Agg")  # nobody looks on
    pyplot = import_module("matplotlib.pyplot")
    lives = list(dict.fromkeys(result["corruption"] for result in results))
    figure, axes = pyplot.subplots(2, len(lives), figsize=(6.5 * len(lives), 8), squeeze=False, sharex=True)
    for column, life in enumerate(lives):
        seconds: dict[str, list[tuple[int, float]]] = {}
        memory: dict[str, list[tuple[int, float]]] = {}
        for result in (r for r in results if r["corruption"] == life):
            for name, took, figures in tools(result):
                seconds.setdefault(name, []).append((result["reports"], took.cpu))
                if "peak_mb" in figures and name not in (COLD, "Splink, predict"):
                    memory.setdefault(name, []).append((result["reports"], figures["peak_mb"]))
        panels = (axes[0, column], seconds, "seconds of processor time"), (axes[1, column], memory, "peak MB")
        for axis, lines, label in panels:
            for name, points in lines.items():
                colour = f"C{list(seconds).index(name)}"  # one tool, one colour in both panels
                axis.plot(*zip(*sorted(points), strict=True), marker="o", color=colour, label=name)
            axis.set(xscale="log", yscale="log", ylabel=label, xlabel="reports")
            axis.grid(alpha=0.3)
            axis.legend(fontsize=8)
        axes[0, column].set_title(f"{results[0]['rescues']:,} rescued people, {life} life")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
