"""What is expected of names before any report? Shares of words by region, from the shipped tables of people.

Source: `data/reference/people`; `docs/guides/names.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from matcher.kept import kept
from matcher.names.near import Blocks, join, skeletons
from matcher.names.reading import read_names
from matcher.reference import alternatives, read_table, table_names

PRIOR_FREQUENCY = 2.0**-9
"""Where no table speaks of a region, nobody knows whether a word is common: it is taken for middling rare."""
_UNLISTED = 2.0**-11
"""What a region's own tables leave out is rarer, but not by much: they list the head of a long tail."""
_COMMONEST = 2.0**-4
"""Only counted reports may call a name commoner than this: a judgement of weights is no census."""
_COVERED = {"given": 0.5, "surnames": 0.8, "nicknames": 0.1}
"""Which part of the names of a region a whole table stands for: the lists of given names are the shortest of what there
is, of surnames they hold nearly all that are common, and one counted name in ten is a household name."""
_HOUSEHOLD = 0.2
"""How often the pet form of a given name is written down, against the given name itself."""
_NEIGHBOURS_SERVED = {"IN/BR": ("IN/JH",)}
"""Regions for which a table was written beside the one it is called after; the table itself says so."""

EVERYWHERE = ""


def whole_of(words: Iterable[str]) -> str:
    """Return a household name of several folded words as one entry of the shares."""
    return " ".join(words)


def is_whole(word: str) -> bool:
    """Tell whether an entry of the shares is a whole name of several words."""
    return " " in word


def wider(region: str) -> list[str]:
    """Return a region and everything that contains it, widest first: "", "IN", "IN/WB"."""
    parts = region.split("/") if region else []
    return [EVERYWHERE, *("/".join(parts[: n + 1]) for n in range(len(parts)))]


@dataclass(frozen=True, slots=True)
class RegionPrior:
    """What is expected of a region before any report.

    Attributes:
        words: folded word -> share of the names that hold it; household name of several (`whole_of`) -> share of the
            names that it is.
        unlisted: the share of any other word; 0 where nothing is known of it, and the wider area decides.
    """

    words: Mapping[str, float]
    unlisted: float


NOTHING = RegionPrior({}, 0.0)


@dataclass(frozen=True, slots=True)
class NamePrior:
    """What is expected of names before any report, by region.

    Attributes:
        regions: region -> prior; the one of EVERYWHERE is always there.
        blocks: skeleton -> the words listed anywhere that have it.
    """

    regions: Mapping[str, RegionPrior]
    blocks: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, float]]) -> NamePrior:
        """Return the prior of the shares of words in some regions.

        A region above them has the mean of its parts, and of that only what is commoner than an unknown word: that a
        word is missing from the lists of Bihar and Assam says nothing about Goa.

        Args:
            tables: region -> folded word -> share of the names that hold it.
        """
        sums: dict[str, dict[str, float]] = {}
        parts: Counter[str] = Counter()
        for region, words in tables.items():
            for wide in wider(region)[:-1]:
                parts[wide] += 1
                for word, share in words.items():
                    sums.setdefault(wide, {})[word] = sums.get(wide, {}).get(word, 0.0) + share
        regions = {EVERYWHERE: RegionPrior({}, PRIOR_FREQUENCY)}
        for wide, total in sums.items():
            means = {word: min(share / parts[wide], _COMMONEST) for word, share in total.items()}
            known = {word: mean for word, mean in means.items() if mean > PRIOR_FREQUENCY}
            regions[wide] = RegionPrior(known, 0.0 if wide else PRIOR_FREQUENCY)
        for region, words in tables.items():
            bounded = {word: min(max(share, _UNLISTED), _COMMONEST) for word, share in words.items()}
            regions[region] = RegionPrior(bounded, _UNLISTED)
        blocks: Blocks = {}
        for word in sorted({word for words in tables.values() for word in words}):
            join(blocks, word)
        return cls(regions, blocks)

    @classmethod
    @lru_cache(maxsize=1)
    @kept
    def load(cls) -> NamePrior:
        """Return the prior of the shipped tables of people."""
        tables: dict[str, Mapping[str, float]] = {}
        for path in table_names("people"):
            if path.startswith("people/given_"):
                code = path.removeprefix("people/given_").removesuffix(".tsv")
                region = code.replace("-", "/")
                tables |= dict.fromkeys((region, *_NEIGHBOURS_SERVED.get(region, ())), _shares(code))
        return cls.of(tables)

    def lists(self, word: str) -> bool:
        """Return whether any table has the word."""
        return any(word in self.blocks.get(key, ()) for key in skeletons(word))


def _shares(code: str) -> dict[str, float]:
    """Return folded word -> share of the names of one set of tables that hold it.

    The spellings of a row are one name: each has the share of all. Within a community and sex the weights add up to
    the whole; communities count by the weights of all their given names, which grow with how many names were listed.
    """
    rows = {kind: list(read_table(f"people/{kind}_{code}.tsv")) for kind in _COVERED}
    # Some small peoples are listed with their surnames only.
    sizes = _totals((row["community"], row) for row in rows["surnames"])
    sizes |= _totals((row["community"], row) for row in rows["given"])
    everybody = sum(sizes.values())
    texts: list[str] = []
    names: list[tuple[int, float, bool]] = []
    for kind, covered in _COVERED.items():
        totals = _totals(((row.get("community", ""), sex), row) for row in rows[kind] for sex in _sexes(row))
        for row in rows[kind]:
            community = row.get("community", "")
            size = sizes[community] / everybody if community else 1.0
            share = covered * size / 2 * sum(float(row["weight"]) / totals[community, sex] for sex in _sexes(row))
            for forms, part, household in (
                ((row["native"], row["latin"], *alternatives(row["variants"])), 1.0, kind == "nicknames"),
                (alternatives(row.get("nicknames", "")), _HOUSEHOLD, True),
            ):
                names.append((len(forms), share * part, household))
                texts.extend(forms)
    return _summed(texts, names)


_Key = TypeVar("_Key")


def _totals(rows: Iterable[tuple[_Key, Mapping[str, str]]]) -> dict[_Key, float]:
    """Return the sum of the weights of the rows of each key."""
    totals: dict[_Key, float] = {}
    for key, row in rows:
        totals[key] = totals.get(key, 0.0) + float(row["weight"])
    return totals


def _sexes(row: Mapping[str, str]) -> str:
    return "FM" if row["sex"] == "U" else row["sex"]


def _summed(texts: Sequence[str], names: Iterable[tuple[int, float, bool]]) -> dict[str, float]:
    """Return word -> sum of the shares of the names that hold it; of household names of several words, the whole, too.

    Args:
        texts: the spellings of all names, one name after the other.
        names: of each name how many spellings it has, its share, and whether it is a household name.
    """
    read = read_names(texts)
    counted = ~read.initials & ~read.titles
    shares: dict[str, float] = {}
    start = 0
    for spellings, share, household in names:
        found: dict[str, None] = {}
        for spelling in range(start, start + spellings):
            tokens = slice(read.starts[spelling], read.starts[spelling + 1])
            words = [read.vocabulary[token] for token in read.tokens[tokens][counted[tokens]].tolist()]
            found |= dict.fromkeys(words)
            if household and len(words) > 1 and not read.initials[tokens].any():
                found[whole_of(words)] = None
        for word in found:
            shares[word] = shares.get(word, 0.0) + share
        start += spellings
    return shares
