"""After the demonstration: does anything that was entered stand readable in the database or beside it?"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.demo.population import NAMESAKE, REPORT, REPORTS, RESCUE, RESCUES, SEED, demo_photo
from api.demo.run import Watcher, run_demo
from api.settings import Settings
from api.store import Database, cases, upgrade
from data.synthetic import linked_sample

NAMES = ("name", "nickname", "alias", "imposed_name", "father_name", "mother_name", "relative_name", "guardian_name")
TELLING = (*NAMES, "phone", "identifier", "address", "village", "narrative", "marks", "remembered")
FEWEST = 8
"""Bytes of a word: shorter ones stand by chance in an id, or in megabytes of what is sealed."""

HASH = re.compile(rb"[0-9a-f]{64}")
"""In the digits of thousands of these, ten of a telephone number stand by chance."""


def words_of(fields: dict[str, Any]) -> Iterator[str]:
    for name in TELLING:
        value = fields.get(name) or ()
        for text in [value] if isinstance(value, str) else value:
            yield str(text)
            yield from str(text).split()
            if name == "phone":
                yield "".join(filter(str.isdigit, str(text)))[-10:]


def entered() -> set[str]:
    """Return every word of every record of the demonstration, long enough not to stand anywhere by chance."""
    found: set[str] = set()
    for form in (REPORT, NAMESAKE, RESCUE):
        found.update(words_of(form.model_dump(exclude_none=True)))
    sample = linked_sample(SEED, REPORTS, RESCUES, share=1.0)
    for record in sample.reports:
        found.update(words_of(record.fields))
    return {word for word in found if len(word.encode()) >= FEWEST}


def readings(word: str) -> list[bytes]:
    """Return the ways in which a word might stand in a file."""
    forms = {word, word.casefold(), word.title(), word.upper()}
    return [form.encode(coding) for form in forms for coding in ("utf-8", "utf-16-le", "utf-32-le")]


def standing_in(raw: bytes, words: set[str]) -> set[str]:
    """Return which of the words stand in some bytes, in any reading: looked for by their first bytes, all at once."""
    starts: dict[int, list[tuple[bytes, str]]] = {}
    for word in words:
        for reading in readings(word):
            starts.setdefault(int.from_bytes(reading[:FEWEST], "little"), []).append((reading, word))
    if len(raw) < FEWEST:
        return set()
    data = np.frombuffer(raw, np.uint8).astype(np.uint64)
    heads = np.zeros(len(data) - FEWEST + 1, np.uint64)
    for offset in range(FEWEST):
        heads |= data[offset : len(data) - FEWEST + 1 + offset] << np.uint64(8 * offset)
    places = np.flatnonzero(np.isin(heads, np.array(sorted(starts), np.uint64)))
    return {
        word
        for place in places.tolist()
        for reading, word in starts[int(heads[place])]
        if raw[place : place + len(reading)] == reading
    }


def values_of(database: sqlite3.Connection) -> Iterator[bytes]:
    """Return every value of every row; what is sealed as it is, and not as digits."""
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in database.execute(f'SELECT * FROM "{table}"'):
            yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a demonstration that has run and ended."""
    folder = tmp_path_factory.mktemp("demo") / "home"

    with run_demo(folder, "127.0.0.1", 0, Watcher()):
        pass
    return folder


@pytest.mark.slow
def test_no_word_of_the_demonstration_stands_in_its_files(home: Path, tmp_path: Path) -> None:
    words = entered()
    upgrade(f"sqlite:///{tmp_path / 'empty.db'}")
    words -= standing_in((tmp_path / "empty.db").read_bytes(), words)  # "missing" is the name of a side, too
    # What is public about the service itself: names of its tables, of places and of organisations.
    with sqlite3.connect(home / "sandhan.db") as plain:
        public = " ".join(str(row) for row in plain.execute("SELECT name, kind FROM partners"))
        public += " ".join(str(row) for row in plain.execute("SELECT DISTINCT origin_area, event_area FROM cases"))
        values = b"\n".join(values_of(plain))
    words = {word for word in words if word.casefold() not in public.casefold()}
    assert len(words) > 1000
    files = [Path(folder) / name for folder, _, names in os.walk(home) for name in names]
    assert len(files) > 20
    assert len(values) > 1_000_000
    for path in files:
        raw = path.read_bytes()
        assert standing_in(HASH.sub(b"", raw), words) == set(), path.name
        for photo in ("astronaut.jpg", "grace_hopper.jpg"):
            picture = demo_photo(photo)
            assert not any(picture[at : at + 32] in raw for at in range(600, len(picture) - 32, 4999)), path.name
        assert path.name == "master.key" or b"JFIF" not in raw, path.name
    assert standing_in(HASH.sub(b"", values), words) == set()


@pytest.mark.slow
def test_the_search_would_find_what_is_not_sealed(home: Path) -> None:
    """Opened with the key, the same words are there: the search above looked for the right ones."""
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    database = Database.open(settings.database, settings.master_keys)
    try:
        with database.read() as conn:
            page = cases.list_cases(conn, limit=10_000)
    finally:
        database.dispose()
    opened = "\n".join(str(case.payload) for case in page).encode()
    words = entered()
    assert len(standing_in(opened, words)) > 0.9 * len(words)
