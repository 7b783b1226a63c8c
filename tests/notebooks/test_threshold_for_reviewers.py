"""Does the notebook answer whoever puts other numbers in: nobody to read, a handful, a crowd?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "threshold_for_reviewers.ipynb"


def run(reviewers: int) -> dict[str, Any]:
    """Run the notebook for so many reviewers on a smaller sample; returns its variables."""
    namespace: dict[str, Any] = {"__name__": "notebook"}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            source = source.replace("REVIEWERS = 2", f"REVIEWERS = {reviewers}").replace("1500, 400", "500, 150")
            exec(compile(source, NOTEBOOK.name, "exec"), namespace)
    assert (namespace["REVIEWERS"], len(namespace["right"])) == (reviewers, 150)
    return namespace


def test_without_readers_there_is_no_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(0)["recommended"] is None
    assert "more people are needed" in capsys.readouterr().out


def test_a_crowd_reads_all_that_is_possible(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(100)
    assert found["recommended"] == pytest.approx(found["limits"].possible)
    assert "more readers find nobody else" in capsys.readouterr().out


def test_the_recommended_threshold_is_the_lowest_whose_nights_fit() -> None:
    found = run(2)
    recommended, fine, pairs_of_nights = found["recommended"], found["fine"], found["pairs_of_nights"]
    assert np.mean(pairs_of_nights(recommended) <= found["capacity"]) >= 0.95
    lower = fine[fine < recommended]
    assert len(lower) == 0 or np.mean(pairs_of_nights(lower[-1]) <= found["capacity"]) < 0.96
