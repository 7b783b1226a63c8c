"""How is the space made in which records are searched? From synthetic people whose reports are known.

`sandhan train retrieval` runs this. Two thirds of those who ask live the usual life of `data/corruption.py`, one third
the hard one: weights of the usual life alone find the usual child a little sooner and the hard one much later.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from api.artefacts import write_artefact
from data.corruption import LIVES
from data.synthetic import TODAY, linked_sample
from indexing.record_space import ARTEFACT, RecordSpace
from indexing.record_vectors import BLOCKS, RecordVectors, encode_records
from indexing.space_training import Lesson, fit_space
from matcher.columns import RecordColumns
from matcher.person import PersonRecord

SHARES = (("usual", 71_001, 2000), ("hard", 71_002, 1000))
"""Which life, its seed (never one of an evaluation), and how many names that ask are learned from."""


@dataclass(frozen=True, slots=True)
class TrainedSpace:
    """The space, and what its card says: block -> what agreement counts, and what unknown counts; name is 1."""

    space: RecordSpace
    weights: dict[str, tuple[float, float]]


def train_retrieval(reports: int = 30_000) -> TrainedSpace:
    """Return the space that ships; deterministic.

    Args:
        reports: of each life, every one with a rescued person.
    """
    lessons = [_lesson(life, seed, reports, asked) for life, seed, asked in SHARES]
    space = fit_space(ARTEFACT.removesuffix(".npz"), lessons, SHARES[0][1])
    scale = float(space.weights[0])
    figures = {
        block: (round(float(weight) / scale, 3), round(float(unknown) / scale, 3))
        for block, weight, unknown in zip(BLOCKS, space.weights, space.unknown, strict=True)
    }
    return TrainedSpace(space, figures)


def write_space(trained: TrainedSpace, folder: Path) -> Path:
    """Write the artefact and its checksum into a folder; return its path."""
    space, content = trained.space, io.BytesIO()
    np.savez(
        content, version=np.array(space.version), weights=space.weights, unknown=space.unknown,
        middle=space.middle, turn=space.turn, steps=space.steps,
    )  # fmt: skip
    return write_artefact(folder, ARTEFACT, content.getvalue())


def _lesson(life: str, seed: int, reports: int, asked: int) -> Lesson:
    sample = linked_sample(seed, reports, reports, TODAY, share=1.0, corruption=LIVES[life])
    place = {record.record_id: number for number, record in enumerate(sample.reports)}
    truth = np.array([place[sample.truth[record.record_id]] for record in sample.rescues], dtype=np.int64)
    filed, found = (_vectors([record.to_person(TODAY) for record in side]) for side in (sample.reports, sample.rescues))
    return Lesson(filed, found, truth, asked)


def _vectors(records: list[PersonRecord]) -> RecordVectors:
    return encode_records(RecordColumns.build(records))
