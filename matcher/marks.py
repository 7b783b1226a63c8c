"""What is the mark, and where on the body? Free text about distinguishing marks as kind, site and side.

"Cut mark on lt. cheek", "बाएं गाल पर कटे का निशान" and "ဘယ်ဘက်ပါးတွင် ဓားရာ" are one mark: a cut, the cheek, the left.
What the tables in `data/reference/descriptions` do not know stays unknown; the text itself is then compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from matcher.terms import Term, Terms, load_terms

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]

KIND, SITE, SIDE = "kind", "site", "side"
SIDES = {"": 0, "left": 1, "right": 2, "both": 3, "middle": 4}
"""Sides as bits: two sides fit where they have a bit in common, so that both hands fit the left one."""
_SIDE_OF = {bits: side for side, bits in SIDES.items()}


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark; "" where it is not said or not understood. Codes are those of `mark_codes.tsv`."""

    kind: str = ""
    site: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class MarkRows:
    """The marks of n records, the first `width` of each; every array has shape (n, width).

    Attributes:
        texts: id of the text in which a mark stands, int32, -1 where there is no mark.
        kinds, sites: codes, int8, as `Terms.numbers` counts them; 0 unknown.
        sides: bits, int8, as `SIDES`; 0 unknown.
    """

    texts: Int32
    kinds: Int8
    sites: Int8
    sides: Int8


@dataclass(frozen=True, slots=True)
class MarkTables:
    """What reading and comparing marks needs; rows and columns are the codes of `MarkRows`.

    Attributes:
        kinds, sites: code -> number; of two kinds or sites the higher one is the more particular.
        alike_kinds: shape (k, k), kinds that people exchange (scar, cut, burn).
        near_sites: shape (s, s), sites that are the same or close to each other.
        paired_sites: shape (s,), of which the body has a left and a right one.
    """

    kinds: dict[str, int]
    sites: dict[str, int]
    alike_kinds: npt.NDArray[np.bool_]
    near_sites: npt.NDArray[np.bool_]
    paired_sites: npt.NDArray[np.bool_]


@lru_cache(maxsize=1)
def mark_tables() -> MarkTables:
    """Return the tables of the shipped words."""
    terms = mark_terms()
    paired = [False, *(site in terms.paired for site in terms.codes[SITE])]
    kinds, sites = terms.numbers(KIND), terms.numbers(SITE)
    return MarkTables(kinds, sites, terms.alike(KIND), terms.alike(SITE), np.array(paired, dtype=np.bool_))


def mark_terms() -> Terms:
    """Return the words for kinds, sites and sides."""
    return load_terms("mark")


def parse_marks(text: str) -> tuple[Mark, ...]:
    """Return the marks that a text describes, in order.

    Returns:
        One or more marks; one that is unknown throughout where no word is understood; none where the text says that
        there is none ("nil", "कोई नहीं").
    """
    said = [piece for part in mark_terms().parts(text) for piece in _pieces(part)]
    marks: list[Mark] = []
    for piece in said:
        seen = _one_mark(piece)
        if seen == Mark():
            continue
        last = marks[-1] if marks else None
        if last is None or _another(last, seen):
            marks.append(seen)
        else:
            marks[-1] = _joined(last, seen)
    for before, mark in enumerate(marks[1:]):
        if not mark.kind:  # scar on chin and forehead: the kind is said once
            marks[before + 1] = replace(mark, kind=marks[before].kind)
    return tuple(dict.fromkeys(marks)) or ((Mark(),) if said else ())


def mark_rows(listed: Iterable[Sequence[str]], text_id: Callable[[str], int], width: int) -> MarkRows:
    """Return the marks of records as arrays.

    Args:
        listed: the texts of each record.
        text_id: gives a text its id, -1 where it has no word.
        width: marks kept of each record.
    """
    found: list[int] = []  # flat, for a hundred thousand small tuples would be walked by the collector of garbage
    read: dict[str, tuple[Mark, ...]] = {}
    n = 0
    for row, texts in enumerate(listed):
        n = row + 1
        if not texts:
            continue
        kinds, sites = mark_tables().kinds, mark_tables().sites
        for text in texts:
            if text not in read:
                read[text] = parse_marks(text)
        marks = [(number, mark) for text in texts if (number := text_id(text)) >= 0 for mark in read[text]]
        for slot, (number, mark) in enumerate(marks[:width]):
            kind, site = kinds.get(mark.kind, 0), sites.get(mark.site, 0)
            found += (row, slot, number, kind, site, SIDES[mark.side])
    rows, slots, *values = np.array(found, dtype=np.int32).reshape(-1, 6).T
    texts_of = np.full((n, width), -1, dtype=np.int32)
    texts_of[rows, slots] = values[0]
    codes = np.zeros((3, n, width), dtype=np.int8)
    codes[:, rows, slots] = values[1:]
    return MarkRows(texts_of, codes[0], codes[1], codes[2])


def _one_mark(piece: Sequence[Term]) -> Mark:
    """Return what a piece says; of several kinds or sites the most particular one (burn scar, finger of the hand)."""
    tables = mark_tables()
    kind = max((term.code for term in piece if term.what == KIND), key=tables.kinds.__getitem__, default="")
    site = max((term.code for term in piece if term.what == SITE), key=tables.sites.__getitem__, default="")
    bits = 0
    for term in piece:
        if term.what == SIDE:
            bits |= SIDES[term.code]
    # Left of the middle is left.
    side = _SIDE_OF.get(bits) or _SIDE_OF[bits & SIDES["both"]]
    return Mark(kind, site, side)


def _pieces(part: list[Term]) -> list[list[Term]]:
    """Cut a part that describes several marks without a word between them.

    Where the kind comes first (mole on left cheek scar on chin) a mark ends before the next kind; where it comes last
    (बाएं गाल पर तिल ठोड़ी पर चोट) it ends after its kind.
    """
    spots = [(term.what, spot) for spot, term in enumerate(part) if term.what in (KIND, SITE)]
    kinds = [spot for what, spot in spots if what == KIND]
    kind_first = bool(spots) and spots[0][0] == KIND
    cuts = [
        here if kind_first else before + 1
        for before, here in pairwise(kinds)
        if not _alike(part[before].code, part[here].code)
    ]
    return [part[start:end] for start, end in zip([0, *cuts], [*cuts, len(part)], strict=True)]


def _another(last: Mark, seen: Mark) -> bool:
    """Tell whether what follows describes another mark, and does not go on about the last."""
    return bool((last.site and seen.site) or (last.kind and seen.kind and not _alike(last.kind, seen.kind)))


def _joined(last: Mark, seen: Mark) -> Mark:
    kind = max(last.kind, seen.kind, key=lambda code: mark_tables().kinds.get(code, 0))
    bits = SIDES[last.side] | SIDES[seen.side]
    return Mark(kind, last.site or seen.site, _SIDE_OF.get(bits, last.side))


def _alike(kind: str, other: str) -> bool:
    tables = mark_tables()
    return bool(tables.alike_kinds[tables.kinds[kind], tables.kinds[other]])
