"""Who might be missing, and who might have been found? Seeded synthetic people of the region, any number of them.

Nobody here exists. `data.households` draws people with names of their region and villages of the gazetteer,
`data.clerks` writes their reports and garbles the rescued side by the table of `data.corruption`. Everything streams:
a million reports need no more memory than ten. From the command line, for tools that read files:

    python -m data.synthetic --reports 10000 --rescues 2000 --seed 7 --out DIR [--corruption usual|other|hard]
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.clerks import Fields, SyntheticRecord, write_report, write_rescue
from data.corruption import CORRUPTION, HARD_CORRUPTION, HOUSEHOLDS, LIVES, OTHER_CORRUPTION, Corruption, Households
from data.export import Written, write_files
from data.households import People, SyntheticPerson, Tie
from data.regions import DESTINATIONS, NATIVE_SCRIPTS, REGIONS

__all__ = [
    "CORRUPTION", "DESTINATIONS", "HARD_CORRUPTION", "HOUSEHOLDS", "NATIVE_SCRIPTS", "OTHER_CORRUPTION", "REGIONS",
    "TODAY", "Corruption", "Fields", "Households", "LinkedPair", "LinkedSample", "SyntheticPerson", "SyntheticRecord",
    "SyntheticWorld", "Tie", "linked_pairs", "linked_sample",
]  # fmt: skip

TODAY = date(2026, 11, 1)


class SyntheticWorld:
    """Draws people and their records from one seed; equal seeds give equal people, records and faces.

    Args:
        seed: any integer.
        today: nobody is lost or found later.
        corruption: what life does to records.
        households: who is lost with whom.
    """

    def __init__(
        self,
        seed: int,
        today: date = TODAY,
        corruption: Corruption = CORRUPTION,
        households: Households = HOUSEHOLDS,
    ) -> None:
        self.seed, self.today, self.corruption = seed, today, corruption
        self.rng = random.Random(seed)
        self._people = People(self.rng, today, households)

    def people(self, count: int) -> Iterator[SyntheticPerson]:
        """Yield the next `count` people; whoever is lost together stands together."""
        return self._people.people(count)

    def reports(self, count: int) -> Iterator[SyntheticRecord]:
        """Yield the reports of the next `count` people, with the ids M0000000 and so on."""
        for number, person in enumerate(self.people(count)):
            yield self.report(person, _report_id(number))

    def report(self, person: SyntheticPerson, record_id: str) -> SyntheticRecord:
        """Return the missing report of a person; the same for the same ids, whatever else was written before."""
        return write_report(person, record_id, self.corruption, self.seed)

    def rescue(self, person: SyntheticPerson, record_id: str, script: str | None = None) -> SyntheticRecord:
        """Return the record of the same person as a shelter far away enters it.

        Args:
            script: "Latn", "Deva" or "Beng"; None lets the destination decide.
        """
        return write_rescue(person, record_id, self.corruption, self.seed, self.today, script)


@dataclass(frozen=True, slots=True)
class LinkedPair:
    """A report, the record of the same child found, or both."""

    report: SyntheticRecord | None
    rescue: SyntheticRecord | None


@dataclass(frozen=True, slots=True)
class LinkedSample:
    """Reports, rescues and the truth between them (rescue record id -> report record id)."""

    reports: tuple[SyntheticRecord, ...]
    rescues: tuple[SyntheticRecord, ...]
    truth: dict[str, str]


def linked_pairs(
    seed: int, reports: int, rescues: int, today: date = TODAY, share: float | None = None,
    corruption: Corruption = CORRUPTION,
) -> Iterator[LinkedPair]:  # fmt: skip
    """Yield all reports, in the order of their ids, those found with their rescue; then rescues without a report.

    Args: as of `linked_sample`, which holds the same records in memory.
    """
    share = 1.0 - corruption.without_report if share is None else share
    world = SyntheticWorld(seed, today, corruption)
    with_report = round(rescues * share)
    found = {number: n for n, number in enumerate(random.Random(f"{seed}/found").sample(range(reports), with_report))}
    for number, person in enumerate(world.people(reports)):
        at = found.get(number)
        rescue = None if at is None else world.rescue(person, _rescue_id(at))
        yield LinkedPair(world.report(person, _report_id(number)), rescue)
    for n, person in enumerate(world.people(rescues - with_report), with_report):
        yield LinkedPair(None, world.rescue(person, _rescue_id(n)))


def linked_sample(
    seed: int, reports: int, rescues: int, today: date = TODAY, share: float | None = None,
    corruption: Corruption = CORRUPTION,
) -> LinkedSample:  # fmt: skip
    """Return a seeded sample of both sides.

    Args:
        seed: equal seeds give equal samples.
        reports, rescues: how many of each; `rescues * share` must not exceed `reports`.
        today: nobody is lost or found later.
        share: of the rescued people who have a report; None: as `corruption.without_report` says.
        corruption: what life does to records.
    """
    filed, found, truth = [], [], {}
    for pair in linked_pairs(seed, reports, rescues, today, share, corruption):
        if pair.report is not None:
            filed.append(pair.report)
        if pair.rescue is not None:
            found.append(pair.rescue)
            if pair.report is not None:
                truth[pair.rescue.record_id] = pair.report.record_id
    found.sort(key=lambda record: record.record_id)
    return LinkedSample(tuple(filed), tuple(found), dict(sorted(truth.items())))


def _report_id(number: int) -> str:
    return f"M{number:07d}"


def _rescue_id(number: int) -> str:
    return f"R{number:07d}"


def main(arguments: list[str] | None = None) -> Written:
    """Write reports.csv, rescues.csv and truth.tsv; return how many rows went into each."""
    parser = argparse.ArgumentParser(prog="python -m data.synthetic", description="Write a linked synthetic sample.")
    parser.add_argument("--reports", type=int, required=True)
    parser.add_argument("--rescues", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--corruption", choices=sorted(LIVES), default="usual")
    parser.add_argument("--share", type=float, help="of the rescued people who have a report")
    parser.add_argument("--today", type=date.fromisoformat, default=TODAY)
    chosen = parser.parse_args(arguments)
    life = LIVES[chosen.corruption]
    share = 1.0 - life.without_report if chosen.share is None else chosen.share
    if min(chosen.reports, chosen.rescues) < 0 or not 0 <= share <= 1 or chosen.rescues * share > chosen.reports:
        parser.error("there cannot be more rescues with a report than reports, nor fewer than none of anything")
    pairs = linked_pairs(chosen.seed, chosen.reports, chosen.rescues, chosen.today, share, life)
    return write_files(((pair.report, pair.rescue) for pair in pairs), chosen.out)


if __name__ == "__main__":
    written = main()
    print(f"{written.reports:,} reports, {written.rescues:,} rescues, {written.true:,} of one person")
