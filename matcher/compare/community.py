"""Do they belong to one people or community? What was said, read by a table of peoples, castes and religions.

A people, a caste and a religion are answers to three questions: Santal beside Christian is no contradiction, Santal
beside Munda is one, and so is Muslim beside Hindu. The narrowest question that both sides answer decides, the people
before the caste before the religion. Words that the table does not know are compared with each other as they sound.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs, distinct_pairs
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.names.script import script_of
from matcher.names.weighing import SAME_WORD
from matcher.reference import alternatives, read_table
from matcher.texts import parse_text

LABELS = ("same community", "different communities")
KINDS = ("people", "caste", "religion")
ENTRIES_KEPT, UNKNOWN_KEPT = 6, 3
_PASSED_OVER, _PEOPLE = -1, 0
_SHORT = 3
_LEAST_LETTERS = 5  # in shorter words one letter makes another people: Kora, Kota, Koch

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Communities:
    """The shipped table.

    Attributes:
        names: canonical names, by row.
        kinds: shape (k,), positions in `KINDS`.
        broader: for each row those named beside it, which say nothing for or against it.
        beside: shape (k, k), the same both ways.
        forms: folded words written together -> row, -1 for words that are passed over.
        codes: shape (forms, width), letters of each form that names a community; `rows`, their rows.
        longest: words of the longest form.
        joined: words to be passed over in scripts that write no spaces, the longest first.
    """

    names: tuple[str, ...]
    kinds: npt.NDArray[np.int8]
    broader: tuple[frozenset[int], ...]
    beside: Bools
    forms: dict[str, int]
    codes: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]
    longest: int
    joined: tuple[str, ...]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Communities:
        """Return the table `communities.tsv`; a form that stands in two rows belongs to the first."""
        table = list(read_table("communities.tsv"))
        known = [row for row in table if row["of"] in KINDS]
        names = tuple(row["canonical"] for row in known)
        row_of = {name: number for number, name in enumerate(names)}
        broader = tuple(frozenset(row_of[name] for name in alternatives(row["beside"])) for row in known)
        beside = np.zeros((len(names), len(names)), dtype=np.bool_)
        for number, others in enumerate(broader):
            beside[number, list(others)] = beside[list(others), number] = True
        forms: dict[str, int] = {}
        longest, joined = 1, []
        for row in table:
            for form in (row["canonical"], *alternatives(row["latin"]), *alternatives(row["native"])):
                words = _words(form)
                forms.setdefault("".join(words), row_of.get(row["canonical"], _PASSED_OVER))
                longest = max(longest, len(words))
                if row["canonical"] not in row_of and script_of(form[0]) == "Mymr":
                    joined.append(form)
        named = [form for form, number in forms.items() if number != _PASSED_OVER]
        return cls(
            names,
            np.array([KINDS.index(row["of"]) for row in known], dtype=np.int8),
            broader,
            beside,
            forms,
            encode_tokens(named),
            np.array([forms[form] for form in named], dtype=np.int64),
            longest,
            tuple(sorted(joined, key=len, reverse=True)),
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says of the community: rows of the table, and folded texts of which no word was understood."""

    entries: tuple[int, ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=65536)
def understood(texts: tuple[str, ...]) -> Said:
    """Return what the texts of one record say together; a broader word beside a narrower one says no more."""
    table = Communities.load()
    entries: set[int] = set()
    unknown: dict[str, None] = {}
    for text in texts:
        found, rest = _read(text, table)
        entries.update(found)
        if rest and not found:
            unknown["".join(rest)] = None
    broader = frozenset().union(*(table.broader[row] for row in entries))
    # Two rows that name each other as broader would leave nothing.
    kept = sorted(entries - broader) or sorted(entries)
    return Said(tuple(kept)[:ENTRIES_KEPT], tuple(unknown)[:UNKNOWN_KEPT])


def _read(text: str, table: Communities) -> tuple[list[int], list[str]]:
    """Return (rows of the table, words that are in no row), the longest forms first."""
    text = unicodedata.normalize("NFC", text)
    for form in table.joined:
        text = text.replace(form, " ")
    words = _words(text)
    found: list[int] = []
    rest: list[str] = []
    position = 0
    while position < len(words):
        taken, row = _longest_form(words[position : position + table.longest], table)
        if taken == 0:
            near = _sounds_like(words[position])
            if near is None:
                rest.append(words[position])
            row, taken = _PASSED_OVER if near is None else near, 1
        if row != _PASSED_OVER:
            found.append(row)
        position += taken
    return found, rest


@lru_cache(maxsize=131072)
def _sounds_like(word: str) -> int | None:
    """Return the row of the form that a folded word nearly is, None where there is none."""
    if len(word) < _LEAST_LETTERS:
        return None
    table = Communities.load()
    codes = np.concatenate([encode_tokens([word]), table.codes])
    right = np.arange(1, len(codes))
    found = token_similarities(codes, np.zeros_like(right), right)
    best = int(found.argmax())
    return int(table.rows[best]) if found[best] >= SAME_WORD else None


def _words(text: str) -> list[str]:
    """Return folded words; short ones as they are spelled, for folded they all sound alike: the, Tai; BC, BK."""
    return [token.roman if len(token.roman) <= _SHORT else token.folded for token in parse_text(text)]


def _longest_form(words: list[str], table: Communities) -> tuple[int, int]:
    """Return (how many words the longest form takes from the beginning, 0 for none; its row)."""
    for length in range(len(words), 0, -1):
        row = table.forms.get("".join(words[:length]))
        if row is not None:
            return length, row
    return 0, _PASSED_OVER


def _community(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.community[i], columns.community[j]
    levels = np.full(len(i), NULL, dtype=np.int8)
    rows = np.flatnonzero((a >= 0) & (b >= 0))
    if len(rows):
        low, high, place = distinct_pairs(a[rows], b[rows])
        levels[rows] = _levels([understood(texts) for texts in columns.communities], low, high)[place]
    return LevelResult.plain(levels)


def _levels(said: list[Said], left: Pairs, right: Pairs) -> npt.NDArray[np.int8]:
    """Return the level of pairs of answers, shape (n,): by the narrowest kind that tells, null where none does."""
    table = Communities.load()
    entries = np.full((len(said), ENTRIES_KEPT), -1, dtype=np.int64)
    for number, one in enumerate(said):
        entries[number, : len(one.entries)] = one.entries
    a, b = entries[left][:, :, None], entries[right][:, None, :]
    known = (a >= 0) & (b >= 0)
    agree, kind = known & (a == b), table.kinds[a]
    differ = known & (a != b) & (kind == table.kinds[b]) & ~table.beside[a, b]
    levels = np.full(len(left), NULL, dtype=np.int8)
    for number in reversed(range(len(KINDS))):
        same = (agree & (kind == number)).any(axis=(1, 2))
        other = (differ & (kind == number)).any(axis=(1, 2))
        if number == _PEOPLE:
            # Nobody asks for a religion in words that no table has.
            unknown_same, unknown_other = _unknown(said, left, right)
            same, other = same | unknown_same, other | unknown_other
        levels = np.where(same, 0, np.where(other, 1, levels)).astype(np.int8)
    return levels


def _unknown(said: list[Said], left: Pairs, right: Pairs) -> tuple[Bools, Bools]:
    """Return where unknown words of both answers sound alike, and where there are some and none do; shape (n,) each."""
    vocabulary = {word: number for number, word in enumerate(sorted({word for one in said for word in one.unknown}))}
    words = np.full((len(said), UNKNOWN_KEPT), -1, dtype=np.int64)
    for number, one in enumerate(said):
        words[number, : len(one.unknown)] = [vocabulary[word] for word in one.unknown]
    a, b = words[left], words[right]
    pair, x, y = np.nonzero((a[:, :, None] >= 0) & (b[:, None, :] >= 0))
    alike = np.zeros(len(left), dtype=np.float32)
    np.maximum.at(alike, pair, token_similarities(encode_tokens(list(vocabulary)), a[pair, x], b[pair, y]))
    both = (a[:, 0] >= 0) & (b[:, 0] >= 0)
    return both & (alike >= SAME_WORD), both & (alike < SAME_WORD)


COMMUNITY = Comparison("community", "Do they belong to one people or community?", LABELS, _community)
