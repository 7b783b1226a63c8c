"""What is all that is measured of one size? The engine, the oracle, and the peers on the same people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks.quality.evidence import progress
from benchmarks.scale import engine, others
from benchmarks.scale.population import Setting, drawn, sampled

MANY: Final = 1_000_000
"""From so many reports the oracle is asked about a quarter of the people: each costs that many weights."""


def measure(setting: Setting, oracle: int, peers_python: str | None, cache: Path | None) -> dict[str, Any]:
    """Return the figures of one size.

    Args:
        oracle: people for whom every report is weighed.
        peers_python: Python of an environment that holds the peers; None: no peers.
        cache: see `drawn`.
    """
    progress(f"drawing {setting.name}")
    question = drawn(setting, cache)
    sample = sampled(question, setting.seed)
    few = oracle // 4 if setting.reports >= MANY else oracle
    figures, rank = engine.measure(question, sample, few, folder=cache)
    return {
        "corruption": setting.corruption,
        "reports": setting.reports,
        "rescues": setting.rescues,
        "seed": setting.seed,
        "engine": figures,
        "peers": others.measure(question, rank, sample, peers_python) if peers_python else {},
    }
