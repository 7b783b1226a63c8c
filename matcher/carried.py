"""What did she wear, and what had she with her? Free text about clothes and belongings as things and how they look.

"Red salwar, blue kurta" is two things with a colour each; so is "লাল সালোয়ার, নীল কুর্তা". A thing that the tables in
`data/reference/descriptions` do not know is kept by its sound in Latin letters, so that it can still be found equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from matcher.distinct import numbered
from matcher.terms import Term, Terms, load_terms

Int32 = npt.NDArray[np.int32]

THING = "thing"
LOOKS = ("colour", "material", "pattern")
UNKNOWN_WEIGHT = 0.25
"""What a word that is not in the table counts beside a thing that is: it may be no thing at all."""
# What a pair of things is worth: told for each other, of colours next to each other, of a look that one side omits.
_ALIKE_THING, _NEAR_LOOK, _LOOK_OMITTED = 0.7, 0.6, 0.5
_ITEMS_KEPT = 24
_THINGS, _LOOKS = "\x1e", "\x1f"  # no word has them


@dataclass(frozen=True, slots=True)
class Item:
    """One thing.

    Attributes:
        thing: a code of `thing_codes.tsv`, or "~" and the sound of a word that is not there.
        looks: codes of its colours, materials and patterns.
    """

    thing: str
    looks: frozenset[str] = frozenset()

    @property
    def weight(self) -> float:
        """Return what it counts among the things of one person."""
        return UNKNOWN_WEIGHT if self.thing.startswith("~") else 1.0


Items = frozenset[Item]


def parse_items(texts: Iterable[str]) -> Items:
    """Return the things that some texts name; empty where they name none, as "nil" or a colour alone do."""
    return frozenset(item for text in texts for item in _items_of(text))


def item_columns(*columns: Iterable[tuple[str, ...]]) -> tuple[list[Int32], tuple[str, ...]]:
    """Return columns of texts as ids of what they name.

    Args:
        columns: the texts of each of n records, of one column after the other.
    Returns:
        (ids of each column, shape (n,), -1 where nothing is named; the distinct sets of things, by id, as
        `written_items` writes them).
    """
    distinct, which = numbered(chain.from_iterable(columns))
    sets: dict[str, int] = {"": -1}
    ids = np.array([sets.setdefault(items, len(sets) - 1) for items in map(_written, distinct)], dtype=np.int32)
    return list(ids[which].reshape(len(columns), -1)), tuple(sets)[1:]


@lru_cache(maxsize=65536)
def _written(texts: tuple[str, ...]) -> str:
    return written_items(parse_items(texts))


def written_items(items: Items) -> str:
    """Return a set of things as one text, equal for equal sets; "" for an empty one."""
    return _THINGS.join(sorted(_LOOKS.join((item.thing, *sorted(item.looks))) for item in items))


@lru_cache(maxsize=65536)
def read_items(text: str) -> Items:
    """Return the set of things that `written_items` wrote."""
    return frozenset(
        Item(thing, frozenset(looks)) for thing, *looks in (each.split(_LOOKS) for each in text.split(_THINGS) if each)
    )


def items_similarity(a: Items, b: Items, *, looks_needed: bool) -> float:
    """Return how alike two sets of things are, in [0, 1], symmetric.

    Each thing of one side takes the most similar of the other; the side that says less decides, for nobody lists all.
    Two things are as alike as thing and looks together: the same thing 1, one told for another .7, else 0; times the
    mean over colour, material and pattern, where both sides say it, of 1 for one in common, .6 for colours next to each
    other, 0 for others. A colour without its thing is therefore worth nothing.

    Args:
        a, b: not empty.
        looks_needed: whether a thing of which nobody says how it looks agrees by half only (a shirt is any shirt), or
            in full (a school card). Where one side alone says it, the thing agrees by half in any case.
    """
    # Rounded, for the order in which a set is walked must not move a pair across a threshold.
    return round(max(_covered(a, b, looks_needed), _covered(b, a, looks_needed)), 9)


def _covered(items: Items, others: Items, looks_needed: bool) -> float:
    """Return how much of the things of one side the other side has."""
    found = total = 0.0
    for item in items:
        weight, best = item.weight, 0.0
        for other in others:
            alike = _item_similarity(item, other, looks_needed)
            if alike > best:
                best = alike
        total += weight
        found += weight * best
    return found / total


@lru_cache(maxsize=65536)
def _item_similarity(a: Item, b: Item, looks_needed: bool) -> float:
    thing = 1.0 if a.thing == b.thing else _ALIKE_THING if _alike(THING, a.thing, b.thing) else 0.0
    if not thing:
        return 0.0
    looks = []
    for what in LOOKS:
        codes = item_terms().codes[what]
        one, other = ({look for look in item.looks if look in codes} for item in (a, b))
        if one and other:
            near = any(_alike(what, x, y) for x in one for y in other)
            looks.append(1.0 if one & other else _NEAR_LOOK if near else 0.0)
    if looks:
        return thing * sum(looks) / len(looks)
    return thing * (_LOOK_OMITTED if a.looks or b.looks or looks_needed else 1.0)


def _alike(what: str, a: str, b: str) -> bool:
    groups: Mapping[str, tuple[str, ...]] = item_terms().codes[what]
    others = groups.get(b, ())
    return any(group in others for group in groups.get(a, ()))


def item_terms() -> Terms:
    """Return the words for things and how they look."""
    return load_terms("thing")


@lru_cache(maxsize=65536)
def _items_of(text: str) -> tuple[Item, ...]:
    """Return the things of one text.

    A look belongs to the next thing (red salwar), but where a part begins with its thing and ends with a look, to the
    thing before (salwar red; အင်္ကျီ အနီ). A part of looks alone goes with the thing before if that has none yet
    (salwar, red), or else with the next one (red and black shawl).
    """
    items: list[Item] = []
    waiting: set[str] = set()
    for part in item_terms().parts(text):
        looks = {term.code for term in part if term.what in LOOKS}
        if looks and all(term.what in LOOKS for term in part):
            if items and not items[-1].looks and not waiting:
                items[-1] = Item(items[-1].thing, frozenset(looks))
            else:
                waiting |= looks
            continue
        items.extend(_things_of(part, waiting))
        waiting = set()
    return tuple(items[:_ITEMS_KEPT])


def _things_of(part: Sequence[Term], waiting: set[str]) -> list[Item]:
    known = any(term.what == THING for term in part)
    if not known:
        # Which of the words is the thing is not known, so all share what is said of it.
        looks = frozenset(waiting | {term.code for term in part if term.what in LOOKS})
        return [Item(f"~{term.code}", looks) for term in part if not term.what]
    strange = [Item(f"~{term.code}") for term in part if not term.what]
    told = [term for term in part if term.what]
    backwards = told[0].what == THING and told[-1].what in LOOKS and not waiting
    named: list[tuple[str, set[str]]] = []
    looks_now = set(waiting)
    for term in told:
        if term.what == THING:
            named.append((term.code, set() if backwards else looks_now))
            looks_now = set()
        elif backwards:
            named[-1][1].add(term.code)
        else:
            looks_now.add(term.code)
    named[-1][1].update(looks_now)
    return [Item(thing, frozenset(looks)) for thing, looks in named] + strange
