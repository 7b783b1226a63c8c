"""Is anything unreadable, wherever a rotation of keys is killed? A program of its own: it forks, pytest must not.

    rotation_child.py FOLDER

For n = 1, 2, 3 ... a fresh copy of one home is rotated, master key and partners' keys, by a forked child that dies at
its n-th point: before a statement, a commit, a file taking another's place. What is left must be readable by the keys
in the file; then the command runs again, and all must be as if nothing had happened. Prints one JSON object.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from crash_points import KILLED, Fuse, run_forked

from api.keeping import rotate_master_key, rotate_partner_keys
from api.store import Database, cases, keys, partners, upgrade
from api.store.master_keys import FileKeys

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PARTNERS = ("one", "other")


def main() -> None:
    folder = Path(sys.argv[1])
    prepared, home = folder / "prepared", folder / "home"
    prepare(prepared)
    killed, left_keys, problems = 0, set[int](), list[dict[str, object]]()
    for point in range(1, 10_000):
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(prepared, home)
        note = folder / "note"
        status = run_forked(partial(rotate, home, Fuse(note, point)))
        if status not in (0, KILLED):
            problems.append({"point": point, "status": status})
        where = note.read_text() if status == KILLED else "the end"
        killed += status == KILLED
        left_keys.add(len(FileKeys(home / "master.key").load().keys))
        problems += [{"point": point, "where": where, "left": found} for found in check(home, finished=status == 0)]
        if status == 0:
            break
        if run_forked(partial(rotate, home, None)) != 0:
            problems.append({"point": point, "where": where, "left": "it cannot be run again"})
        problems += [{"point": point, "where": where, "again": found} for found in check(home, finished=True)]
    print(json.dumps({"killed": killed, "left_keys": sorted(left_keys), "problems": problems}))


def opened(home: Path) -> Database:
    return Database.open(f"sqlite:///{home / 'sandhan.db'}")


def prepare(home: Path) -> None:
    """Make a home with two partners and two records of each."""
    home.mkdir()
    upgrade(f"sqlite:///{home / 'sandhan.db'}")
    database = opened(home)
    with database.write() as conn:
        for name in PARTNERS:
            partners.add_partner(
                conn, partner_id=name, name=name, kind="ngo", country="IN", language="en", at=NOW, email=mail(name)
            )
        new = [cases.NewCase(f"case_{n}{name}", "missing", name, content(n)) for name in PARTNERS for n in "12"]
        cases.insert_cases(conn, new, at=NOW, by="test")
        keys.ensure_service_key(conn, keys.INDEX)
        (home / "fingerprint").write_text(keys.fingerprint(conn, "test", "text"))
    database.dispose()


def rotate(home: Path, fuse: Fuse | None) -> None:
    """Do what `sandhan keys rotate --partners` does."""
    database, source = opened(home), FileKeys(home / "master.key")
    if fuse is not None:
        fuse.arm(database)
        sys.addaudithook(lambda what, _given: fuse.tick("before RENAME") if what == "os.rename" else None)
    rotate_master_key(database, source, lambda: NOW)
    rotate_partner_keys(database, lambda: NOW)
    database.dispose()


def check(home: Path, *, finished: bool) -> list[str]:
    """Return what is wrong in a home, for a process that knows nothing but the file of keys."""
    database, wrong = opened(home), list[str]()
    with database.read() as conn:
        for name in PARTNERS:
            partner = partners.get_partner(conn, name)
            if partner is None or partner.email != mail(name):
                wrong.append("a partner cannot be reached")
            for n in "12":
                case = cases.get_case(conn, f"case_{n}{name}")
                if case is None or case.payload != content(n).payload:
                    wrong.append("a record does not open")
        if keys.fingerprint(conn, "test", "text") != (home / "fingerprint").read_text():
            wrong.append("keyed hashes are others")
        counted = keys.counts(conn)
        if finished and (counted["stale"], counted["partners"]) != (0, len(PARTNERS)):
            wrong.append(f"not all keys are exchanged: {dict(counted)}")
    database.dispose()
    if finished and len(FileKeys(home / "master.key").load().keys) != 1:
        wrong.append("an old master key is left in the file")
    return wrong


def mail(name: str) -> str:
    return f"{name}@example.org"


def content(n: str) -> cases.CaseContent:
    return cases.CaseContent(payload={"name": f"Name {n}"}, content_hash=n)


if __name__ == "__main__":
    main()
