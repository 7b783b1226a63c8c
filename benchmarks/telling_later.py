"""How long does it take to tell who may know of standing matches only now? Seeded matches of two owners.

    python -m benchmarks.telling_later --matches 20000 --share 0.02 --seed 1 [--url postgresql+psycopg://…]

A police unit whose agreement begins is told of the matches in its area, which are a share of all; asked again, of none.
Then the two owners share again: they are told of all the others, and asked again of none.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from api.cases.agreed import agreed_at_first
from api.partners.telling import Telling
from api.store import Database, agreements, cases, consents, partners, tables, untold, upgrade
from api.store.cases import CaseContent, NewCase
from api.store.consents import Consent
from benchmarks.delivery_world import MASTER_KEYS

_NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
_OWNERS = ("north", "south")
_AREA, _ELSEWHERE = "IN/WB/south-24-parganas", "IN/MH/mumbai-city"
_BATCH = 500


def make(url: str, count: int, share: float, seed: int) -> Database:
    """Make the matches; those in the unit's area are chosen by the seed."""
    upgrade(url, MASTER_KEYS)
    database, rng = Database.open(url, MASTER_KEYS), random.Random(seed)
    there = set(rng.sample(range(count), round(share * count)))
    with database.write() as conn:
        for name, kind, areas in (("north", "ngo", ()), ("south", "ngo", ()), ("late", "ahtu", (_AREA,))):
            partners.add_partner(
                conn, partner_id=name, name=name, kind=kind, country="IN", language="en", at=_NOW, areas=areas
            )
        agreements.add_agreement(
            conn, agreement_id="agreement", reference="bench", parties=[*_OWNERS, "late"], valid_from=_NOW,
            valid_until=None, at=_NOW, by="bench", accepted=[*_OWNERS, "late"],
        )  # fmt: skip
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        with database.write() as conn:
            new = [
                NewCase(f"case-{side[0]}{n:06}", side, owner, _content(_AREA if n in there else _ELSEWHERE))
                for n in numbers
                for side, owner in zip(("missing", "rescued"), _OWNERS, strict=True)
            ]
            cases.insert_cases(conn, new, at=_NOW, by="bench")
            consents.add_consents(
                conn,
                [
                    Consent(f"consent-{case.id}-{n}", case.id, n, one.purpose, one.recipients, one.basis, one.given_by,
                            _NOW, "bench")
                    for case in new
                    for n, one in enumerate(agreed_at_first(case.side, False, ()), 1)
                ],
            )  # fmt: skip
            conn.execute(insert(tables.matches), [_match(n) for n in numbers])
    return database


def _content(area: str) -> CaseContent:
    return CaseContent({"name": "A"}, "0", area, area, protect_location=False, face_consent=False)


def _match(number: int) -> dict[str, object]:
    return {
        "id": f"match-{number:06}", "missing_id": f"case-m{number:06}", "rescued_id": f"case-r{number:06}",
        "state": "suggested", "grade": "probable", "weight": 12.0, "weight_without_face": 12.0, "probability": 0.9,
        "contributions": [], "routes": [], "model_version": "1", "evidence_hash": "0", "missing_version": 1,
        "rescued_version": 1, "created_at": _NOW, "updated_at": _NOW,
    }  # fmt: skip


def run(database: Database, seed: int) -> list[tuple[str, int, float]]:
    """Return of each stage what it is, how many alerts it raised, and its seconds."""
    telling = Telling(database, lambda: _NOW + timedelta(hours=1), random.Random(seed).randbytes)
    done = []

    def stage(name: str, note: Callable[[], None]) -> None:
        note()
        started = time.perf_counter()
        raised = telling.follow()
        done.append((name, raised, time.perf_counter() - started))

    def unit() -> None:
        with database.write() as conn:
            untold.note(conn, ["late"])

    def owners() -> None:
        with database.write() as conn:
            untold.note_between(conn, [_OWNERS])

    stage("a unit hears of what lies in its area", unit)
    stage("the unit again: it knows", unit)
    stage("two owners share again: the rest hear", owners)
    stage("two owners again: all know", owners)
    return done


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.02, help="of the matches that lie in the unit's area")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="of an empty database; SQLite in a folder of its own otherwise")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        url = chosen.url or f"sqlite:///{Path(folder) / 'later.db'}"
        database = make(url, chosen.matches, chosen.share, chosen.seed)
        print(f"{chosen.matches:,} living matches made in {time.perf_counter() - started:.1f} s")
        print(f"{'':<42}{'alerts':>8}{'seconds':>10}{'ms a match':>12}")
        for name, raised, seconds in run(database, chosen.seed):
            print(f"{name:<42}{raised:>8,}{seconds:>10.2f}{1000 * seconds / chosen.matches:>12.3f}")


if __name__ == "__main__":
    main()
