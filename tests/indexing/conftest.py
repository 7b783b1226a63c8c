"""Two hundred people who do not exist, their reports and rescues, and a record source that is a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import pytest

from data.synthetic import linked_sample
from matcher.person import PersonRecord

TODAY = date(2026, 11, 1)


class MemoryRecords:
    """A `RecordSource` over the records given; `asked` remembers what was wanted."""

    def __init__(self, records: Iterable[PersonRecord], *, backwards: bool = False) -> None:
        self.held = {record.record_id: record for record in records}
        self.backwards = backwards
        self.asked: list[str] = []

    def records(self, record_ids: Sequence[str]) -> list[PersonRecord]:
        self.asked += record_ids
        found = [self.held[record_id] for record_id in record_ids if record_id in self.held]
        return found[::-1] if self.backwards else found


class Population:
    """Reports, rescues, and which report (by id) each rescue is really about."""

    # No dataclass: hypothesis prints the arguments of a failing test, and would print two hundred records each time.
    def __init__(
        self, reports: tuple[PersonRecord, ...], rescues: tuple[PersonRecord, ...], truth: dict[str, str]
    ) -> None:
        self.reports, self.rescues, self.truth = reports, rescues, truth

    @property
    def everybody(self) -> tuple[PersonRecord, ...]:
        return (*self.reports, *self.rescues)


@pytest.fixture(scope="session")
def population() -> Population:
    sample = linked_sample(77, 200, 60)
    return Population(
        tuple(record.to_person(TODAY) for record in sample.reports),
        tuple(record.to_person(TODAY) for record in sample.rescues),
        sample.truth,
    )


@pytest.fixture(scope="session")
def in_memory() -> Callable[..., MemoryRecords]:
    return MemoryRecords
