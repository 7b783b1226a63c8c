"""Is one person in two records of one side found out, and are two people left two? Seeded people, seeded duplicates.

Of some, a second report is filed, a second shelter makes a record, or a second unit knows the suspect; each is written
anew by another clerk, by the same table of what life does to records (`data.corruption`). A pair counts from probable
on. False pairs are of two people; "of one house" says how many of these are brothers, sisters or neighbours lost
together. A first record is asked after the second is in the index, as at entry.

python -m benchmarks.quality.duplicates [--seed 1] [--records 2000] [--share 0.05] [--corruption usual] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.suspects.records import as_record
from benchmarks.quality.rescues import TODAY
from data.corruption import LIVES, Corruption
from data.households import SyntheticPerson
from data.synthetic import SyntheticWorld
from indexing.match_index import MatchIndex
from indexing.same_side import Alike, find_alike
from matcher.fields import FieldValue
from matcher.model import MatchModel
from matcher.person import PersonRecord
from matcher.rivals import DUPLICATES
from matcher.suspect_model import SUSPECT_COMPARISONS, SUSPECT_DUPLICATES, suspect_model

FIRST_SEED = 90_000  # never one that trains or tunes
_BATCH = 50
_CITIES = (
    "Canning", "Howrah", "Sealdah", "Siliguri", "Raxaul", "Birgunj", "Gorakhpur", "Delhi", "Mumbai", "Pune", "Patna",
    "Kolkata", "Guwahati", "Dhaka", "Jessore", "Bangaon", "Kathmandu", "Lucknow", "Varanasi", "Hyderabad", "Nagpur",
    "Surat", "Agra", "Jaipur", "Ranchi",
)  # fmt: skip
_LOOKS = ("limps", "gold tooth", "scar on left cheek", "tattoo on right arm", "mole on chin", "burn on neck")
Known = dict[str, set[str]]
Find = Callable[[Sequence[PersonRecord]], list[list[Alike]]]


def suspects(world: SyntheticWorld, people: Sequence[SyntheticPerson]) -> Callable[[int, str], PersonRecord]:
    """Return what writes down the n-th of these people as a suspect, as one unit knows him."""
    rng = random.Random(f"{world.seed}/suspects")
    ages = [random.Random(f"{world.seed}/age/{number}").randrange(20, 56) for number in range(len(people))]
    private = [
        (f"9{rng.randrange(10**9):09d}", rng.sample(_CITIES, 4), rng.choice(_LOOKS), rng.random() < 0.5) for _ in people
    ]

    def write(number: int, record_id: str) -> PersonRecord:
        phone, places, looks, has_look = private[number]
        own = random.Random(f"{world.seed}/{record_id}")
        person = people[number]
        told = world.report(person, record_id).fields
        home = world.rescue(person, record_id).fields
        names, aliases = [str(told["name"])], [str(told["nickname"])] if "nickname" in told else []
        if own.random() < 0.4:  # another unit, which writes another script
            names = [str(home["name"])] if "name" in home else []
        if own.random() < 0.25:
            names, aliases = aliases, []
        values: dict[str, list[str]] = {
            "names": names,
            "aliases": [name for name in aliases if own.random() < 0.6],
            "phones": [phone] if own.random() < 0.45 else [],
            "routes": [f"{' to '.join(own.sample(places, 2))} by train"] if own.random() < 0.7 else [],
            "description": [looks] if has_look and own.random() < 0.6 else [],
        }
        if own.random() < 0.2:  # another card, since
            values["phones"] = [f"9{own.randrange(10**9):09d}"]
        said: dict[str, list[dict[str, str]]] = {
            field: [{"value": value} for value in some] for field, some in values.items() if some
        }
        said |= _by_hearsay(person, home if own.random() < 0.4 else told, ages[number], own)
        return as_record(record_id, said)

    return write


def _by_hearsay(
    person: SyntheticPerson, fields: Mapping[str, FieldValue], age: int, rng: random.Random
) -> dict[str, list[dict[str, str]]]:
    """Return what victims tell of a suspect: sex, a guess at his age, a language, where he may come from."""
    said: dict[str, list[dict[str, str]]] = {}
    if rng.random() < 0.9:
        said["sex"] = [{"value": person.sex}]
    guess = round(rng.gauss(age, 4))
    if rng.random() < 0.65:
        guess = 5 * round(guess / 5) if rng.random() < 0.5 else guess  # people say thirty, not thirty-one
        said["ages"] = [{"value": str(max(guess, 15)), "date": TODAY.isoformat()}]
    if rng.random() < 0.4 and "languages" in fields:
        said["languages"] = [{"value": tag} for tag in fields["languages"]]
    home = {part: str(fields[part]) for part in ("country", "state", "district", "village") if part in fields}
    if rng.random() < 0.85:
        home.pop("village", None)
    if rng.random() < 0.3:
        home.pop("district", None)
    if rng.random() < 0.1:
        home = {"country": "India", "state": "Uttar Pradesh"}  # so he told them
    if home and rng.random() < 0.5:
        said["homes"] = [home]
    return said


def measure(
    people: Sequence[SyntheticPerson], write: Callable[[int, str], PersonRecord], find: Callable[[MatchIndex], Find],
    share: float, seed: int,
) -> dict[str, float]:  # fmt: skip
    """Return the figures of one kind of record."""
    rng = random.Random(f"{seed}/twice")
    twice = sorted(rng.sample(range(len(people)), round(share * len(people))))
    first = [write(number, f"A{number:06d}") for number in range(len(people))]
    second = [write(number, f"B{number:06d}") for number in twice]
    index = MatchIndex("none")
    started = time.perf_counter()
    index.upsert([*first, *second])
    built = time.perf_counter() - started
    asked = [*first, *second]
    look = find(index)
    look(asked[:_BATCH])  # what is read once is read before the clock runs
    started = time.perf_counter()
    found = {
        tuple(sorted((record.record_id, alike.other_id)))
        for start in range(0, len(asked), _BATCH)
        for record, some in zip(asked[start : start + _BATCH], look(asked[start : start + _BATCH]), strict=True)
        for alike in some
    }
    searched = time.perf_counter() - started
    true = {(f"A{number:06d}", f"B{number:06d}") for number in twice}
    false = found - true
    together = sum(_home(people[int(a[1:])]) == _home(people[int(b[1:])]) for a, b in false)
    return {
        "records": len(asked),
        "duplicates": len(true),
        "recall": len(found & true) / max(len(true), 1),
        "precision": len(found & true) / max(len(found), 1),
        "false pairs": len(false),
        "of one house": together,
        "build s": built,
        "ms per record": 1000 * searched / len(asked),
    }


def _home(person: SyntheticPerson) -> object:
    return person.home, person.lost


def run(seed: int, records: int, share: float, life: Corruption) -> dict[str, dict[str, float]]:
    """Return the figures of reports, of rescued persons and of suspects."""
    world = SyntheticWorld(FIRST_SEED + seed, TODAY, life)
    people = list(world.people(records))
    model = MatchModel.load()
    known = suspect_model(model)

    def plain(record: PersonRecord) -> PersonRecord:
        return replace(record, faces=())  # what faces add is measured elsewhere

    def same_person(index: MatchIndex) -> Find:
        return lambda some: find_alike(some, index, model, share=DUPLICATES)

    def same_suspect(index: MatchIndex) -> Find:
        return lambda some: find_alike(
            some, index, known, share=SUSPECT_DUPLICATES, comparisons=SUSPECT_COMPARISONS
        )  # fmt: skip

    kinds: dict[str, tuple[Callable[[int, str], PersonRecord], Callable[[MatchIndex], Find]]] = {
        "missing": (lambda n, name: plain(world.report(people[n], name).to_person(TODAY)), same_person),
        "rescued": (lambda n, name: plain(world.rescue(people[n], name).to_person(TODAY)), same_person),
        "suspects": (suspects(world, people), same_suspect),
    }
    return {kind: measure(people, write, find, share, seed) for kind, (write, find) in kinds.items()}


def show(figures: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    names = list(next(iter(figures.values())))
    print(f"{'':<10}" + "".join(f"{name:>15}" for name in names))
    for kind, row in figures.items():
        cells = (f"{row[name]:>15.3f}" if isinstance(row[name], float) else f"{row[name]:>15,}" for name in names)
        print(f"{kind:<10}" + "".join(cells))


def main() -> None:
    """Run one seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.05, help="of the people who have a second record")
    parser.add_argument("--corruption", choices=sorted(LIVES), default="usual")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures: Any = run(chosen.seed, chosen.records, chosen.share, LIVES[chosen.corruption])
    if chosen.json:
        print(json.dumps(figures, indent=1))
    else:
        show(figures)


if __name__ == "__main__":
    main()
