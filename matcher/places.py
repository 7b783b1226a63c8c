"""Which place does a text mean? From what somebody wrote to a gazetteer path: country, state, district, block, village.

Old names, other scripts and misspellings lead to the same path (Jessore = যশোর = Jashore). What the gazetteer does not
know stays as text and is compared as text: most villages are in no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

import numpy as np

from matcher.kept import kept
from matcher.names.phonetics import encode_tokens, fold_many, token_similarities
from matcher.names.romanize import romanize_texts
from matcher.person import Place
from matcher.reference import alternatives, read_table

Parts = tuple[str | None, str | None, str | None, str | None]
"""Country, state, district, village of a `Place`."""

_SAME_PLACE = 0.86
_COMPASS = frozenset("nsew")
COUNTRIES = ("IN", "NP", "BD", "MM")
# Words that say what kind of place it is, in Latin letters after romanisation.
_GENERIC = re.compile(
    r"\b(village|vill|gram|gaon|gaun|mouza|block|upazila|upajila|thana|p\s?s|p\s?o|post|office|police|station|district|"
    r"dist|zila|zilla|jila|jela|jella|jilla|upjela|upajela|tehsil|taluk|taluka|township|municipality|nagarpalika|gaunpalika|gaupalika|ward|"
    r"state|pradesh state|province|division|region|pargana district)\b"
)


def fold_place(text: str) -> str:
    """Return the folded form of a place name: one string without spaces ("" if there are no letters)."""
    return _FOLDED[text]


def fold_places(texts: Sequence[str]) -> list[str]:
    """Return the folded form of each place name; all are folded at once, which is many times faster."""
    bare = list(map(_bare, romanize_texts(texts)))
    folded = iter(fold_many([word for word, _ in bare if word]))
    return [next(folded) + compass if word else compass for word, compass in bare]


def _bare(roman: str) -> tuple[str, str]:
    """Return (the words of a place that are its name, written together; a point of the compass at its end)."""
    words = _GENERIC.sub(" ", roman).split() or roman.split()
    if len(words) > 1 and words[-1] in _COMPASS:
        # 24 Parganas (S): folded with the word before it, the letter would vanish into the plural.
        return "".join(words[:-1]), words[-1]
    return "".join(words), ""


class _Folded(dict[str, str]):
    """The folded form of each place name that was met; forgotten when there are too many."""

    def __missing__(self, text: str) -> str:
        self.meet([text])
        return self[text]

    def meet(self, texts: Iterable[str]) -> None:
        """Fold the names that are new, all at once."""
        new = [text for text in dict.fromkeys(texts) if text not in self]
        if len(self) + len(new) > _FOLDED_KEPT:
            self.clear()
        self.update(zip(new, fold_places(new), strict=True))


_FOLDED_KEPT = 262_144
_FOLDED = _Folded()


@dataclass(frozen=True, slots=True)
class ResolvedPlace:
    """A place as a gazetteer path and what could not be resolved.

    Attributes:
        path: hierarchical id, e.g. `IN/WB/south-24-parganas/gosaba`; "" if nothing was recognised.
        village: folded text of the narrowest part as written ("" if unknown).
        district: folded text of the district as written, when the gazetteer does not know it.
        state: the same of the state.
    """

    path: str = ""
    village: str = ""
    district: str = ""
    state: str = ""

    def area(self, level: int) -> str:
        """Return the path cut to a level (0 country, 1 state, 2 district, 3 block or town), "" if not known so far."""
        return area_at(self.path, level)


def area_at(path: str, level: int) -> str:
    """Return a path cut to a level, as `ResolvedPlace.area`."""
    parts = path.split("/")
    return "/".join(parts[: level + 1]) if path and len(parts) > level else ""


@dataclass(slots=True)
class _Entry:
    place_id: str
    level: int
    latin: str
    role: str
    forms: tuple[str, ...]
    location: tuple[float, float] | None


@dataclass(slots=True)
class Gazetteer:
    """The places of the region, found by any spelling."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    by_form: dict[str, list[str]] = field(default_factory=dict)
    _resolved: dict[Parts, ResolvedPlace] = field(default_factory=dict)

    @classmethod
    @lru_cache(maxsize=1)
    @kept
    def load(cls) -> Gazetteer:
        """Return the shipped gazetteer."""
        gazetteer = cls()
        rows = [row for country in COUNTRIES for row in read_table(f"places/gazetteer_{country}.tsv")]
        named = [
            (row["latin"], *alternatives(row["native"]), *alternatives(row["variants"]),
             *([row["id"]] if row["level"] == "country" else []))
            for row in rows
        ]  # fmt: skip
        folded = iter(fold_places([name for names in named for name in names]))
        for row, names in zip(rows, named, strict=True):
            forms = tuple(dict.fromkeys(filter(None, islice(folded, len(names)))))
            location = (float(row["latitude"]), float(row["longitude"])) if row["latitude"] else None
            place_id = row["id"]
            gazetteer.entries[place_id] = _Entry(
                place_id, place_id.count("/"), row["latin"], row["role"], forms, location
            )
            gazetteer.children.setdefault(place_id.rpartition("/")[0], []).append(place_id)
            for form in forms:
                gazetteer.by_form.setdefault(form, []).append(place_id)
        return gazetteer

    def resolve(self, place: Place) -> ResolvedPlace:
        """Return the narrowest path that all given parts agree on, wider parts first."""
        return self._known((place.country, place.state, place.district, place.village))

    def resolve_all(self, places: Sequence[Parts]) -> list[ResolvedPlace]:
        """Return `resolve` of each place; what is written of those that are new is folded at once."""
        found = list(map(self._resolved.get, places))
        new = [place for place, known in zip(places, found, strict=True) if known is None]
        _FOLDED.meet(part for place in new for part in place if part is not None)
        return [self._known(place) if known is None else known for place, known in zip(places, found, strict=True)]

    def _known(self, place: Parts) -> ResolvedPlace:
        known = self._resolved.get(place)
        if known is None:
            if len(self._resolved) > 500_000:  # bounded: a deployment sees far fewer distinct places
                self._resolved.clear()
            known = self._resolved[place] = self._resolve(place)
        return known

    def _resolve(self, place: Parts) -> ResolvedPlace:
        country, in_state, in_district, village = place
        if village:
            # Most people come from villages of few districts, which are looked up once.
            around = self._known((country, in_state, in_district, None))
            path = self._find(village, around.path, (3, 4, 2)) or around.path
            return replace(around, path=path, village=fold_place(village))
        path = self._find(country, "", (0,)) if country else ""
        state = ""
        if in_state:
            found = self._find(in_state, path, (1,))
            path, state = (found, "") if found else (path, fold_place(in_state))
        district = ""
        if in_district:
            found = self._find(in_district, path, (2, 3)) or self._find(in_district, path, (1,))
            path, district = (found, "") if found else (path, fold_place(in_district))
        return ResolvedPlace(path, "", district, state)

    def _find(self, text: str, within: str, levels: tuple[int, ...]) -> str:
        """Return the id of the place called `text` below `within` at one of the levels; "" if none or ambiguous."""
        form = fold_place(text)
        if not form:
            return ""
        prefix = within + "/" if within else ""
        exact = [i for i in self.by_form.get(form, ()) if i.startswith(prefix) and i.count("/") in levels]
        for level in levels:
            at_level = [place_id for place_id in exact if place_id.count("/") == level]
            if len(at_level) == 1:
                return at_level[0]
            if at_level:  # two places of one name: only what they share is known
                return _common_path(at_level) if len(_common_path(at_level)) > len(within) else ""
        return self._fuzzy(form, prefix, levels) if within else ""

    def _fuzzy(self, form: str, prefix: str, levels: tuple[int, ...]) -> str:
        candidates = [
            (other, place_id)
            for place_id, entry in self._below(prefix.rstrip("/"))
            if entry.level in levels
            for other in entry.forms
            if abs(len(other) - len(form)) <= 3
        ]
        if not candidates or len(form) < 4:
            return ""
        codes = encode_tokens([form, *(other for other, _ in candidates)])
        right = np.arange(1, len(candidates) + 1)
        values = token_similarities(codes, np.zeros_like(right), right)
        best = int(values.argmax())
        return candidates[best][1] if values[best] >= _SAME_PLACE else ""

    def _below(self, place_id: str) -> list[tuple[str, _Entry]]:
        """Return every place below one, itself left out."""
        found: list[tuple[str, _Entry]] = []
        pending = list(self.children.get(place_id, ()))
        while pending:
            child = pending.pop()
            found.append((child, self.entries[child]))
            pending.extend(self.children.get(child, ()))
        return found

    def find_anywhere(self, text: str) -> tuple[str, ...]:
        """Return the ids of all places that bear this name at any level (a remembered place has no context)."""
        return tuple(self.by_form.get(fold_place(text), ()))

    def label(self, path: str) -> str:
        """Return the usual Latin names along a path, narrowest first ("" for an unknown path)."""
        parts = path.split("/")
        ids = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        return ", ".join(self.entries[i].latin for i in reversed(ids) if i in self.entries)


def _common_path(ids: list[str]) -> str:
    """Return the longest path that all ids start with."""
    split = [place_id.split("/") for place_id in ids]
    common = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common)
