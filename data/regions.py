"""Where do missing people come from, and where are they found? Regions, villages, destinations, twins' names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from data.names import Entry, Names
from matcher.places import COUNTRIES
from matcher.reference import alternatives, read_table

REGIONS: dict[str, tuple[str, float, tuple[str, ...]]] = {
    # region: gazetteer prefix, share of the reports, languages
    "IN-WB": ("IN/WB", 0.25, ("bn",)),
    "BD": ("BD", 0.20, ("bn",)),
    "NP": ("NP", 0.20, ("ne",)),
    "IN-AS": ("IN/AS", 0.15, ("as",)),
    "MM": ("MM", 0.12, ("my",)),
    "IN-ML": ("IN/ML", 0.08, ("kha",)),
}
NATIVE_SCRIPTS = {"IN-WB": "Beng", "BD": "Beng", "NP": "Deva", "IN-AS": "Beng", "MM": "Mymr", "IN-ML": "Latn"}
DESTINATIONS: tuple[tuple[str, str, str, str, float], ...] = (
    # country, state, city, script of the shelter's clerk, share
    ("India", "Maharashtra", "Mumbai", "Deva", 0.28),
    ("India", "Delhi", "New Delhi", "Deva", 0.20),
    ("India", "West Bengal", "Kolkata", "Beng", 0.14),
    ("India", "West Bengal", "Siliguri", "Latn", 0.08),
    ("India", "Karnataka", "Bengaluru", "Latn", 0.08),
    ("India", "Assam", "Guwahati", "Latn", 0.06),
    ("Nepal", "Bagmati", "Kathmandu", "Deva", 0.08),
    ("Bangladesh", "Dhaka", "Dhaka", "Beng", 0.05),
    ("Myanmar", "Yangon", "Yangon", "Latn", 0.03),
)
LANGUAGES_OF_COMMUNITY = {
    "tamang": "taj", "tharu": "thl", "madhesi": "mai", "newar": "new", "khasi": "kha", "jaintia": "kha", "garo": "grt",
    "bodo": "brx", "karbi": "mjw", "mising": "mrg", "santal": "sat", "karen": "ksw", "shan": "shn", "kachin": "kac",
    "chin": "cnh", "mon": "mnw", "rakhine": "rki", "rohingya": "rhg", "chakma": "ccp", "tea-garden": "sck",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Village:
    """A place of the gazetteer's fourth level (block or town) with what it lies in."""

    country: str
    state: Entry
    district: Entry
    village: Entry
    path: str


@dataclass(frozen=True, slots=True)
class TwinNames:
    """Two names that twins are given together, for two sexes."""

    community: str
    sexes: str
    names: tuple[Entry, Entry]


@dataclass(frozen=True, slots=True)
class Region:
    """One region of origin.

    Attributes:
        names: what people are called.
        villages: all of its villages.
        by_district: path of a district -> its villages.
        districts: path of a state -> its districts with their paths.
        twins: pairs of names.
    """

    code: str
    names: Names
    villages: tuple[Village, ...]
    by_district: dict[str, tuple[Village, ...]]
    districts: dict[str, tuple[tuple[str, Entry], ...]]
    twins: tuple[TwinNames, ...]

    def near(self, home: Village) -> tuple[Village, ...]:
        """Return the villages of the same district."""
        return self.by_district[home.path.rpartition("/")[0]]

    def other_districts(self, home: Village) -> list[Entry]:
        """Return the other districts of the same state; empty where there are none."""
        own = home.path.rpartition("/")[0]
        return [entry for path, entry in self.districts[own.rpartition("/")[0]] if path != own]


@cache
def region_of(code: str) -> Region:
    """Return a region by its code, read once."""
    villages = _villages(REGIONS[code][0])
    by_district: dict[str, list[Village]] = {}
    districts: dict[str, dict[str, Entry]] = {}
    for village in villages:
        district = village.path.rpartition("/")[0]
        by_district.setdefault(district, []).append(village)
        districts.setdefault(district.rpartition("/")[0], {})[district] = village.district
    return Region(
        code, Names.of(code), villages,
        {path: tuple(found) for path, found in by_district.items()},
        {path: tuple(found.items()) for path, found in districts.items()},
        _twins(code),
    )  # fmt: skip


def _twins(code: str) -> tuple[TwinNames, ...]:
    found = []
    for row in read_table("people/twins.tsv"):
        if code in alternatives(row["region"]):
            first = Entry(row["native"], row["latin"])
            second = Entry(row["other_native"], row["other_latin"])
            for community in alternatives(row["community"]):
                found.append(TwinNames(community, row["sexes"], (first, second)))
                if row["sexes"] == "FM":
                    found.append(TwinNames(community, "MF", (second, first)))
    return tuple(found)


@lru_cache(maxsize=1)
def _gazetteer() -> dict[str, Entry]:
    return {
        row["id"]: Entry(alternatives(row["native"])[0], row["latin"], alternatives(row["variants"]))
        for country in COUNTRIES
        for row in read_table(f"places/gazetteer_{country}.tsv")
    }


def _villages(prefix: str) -> tuple[Village, ...]:
    places = _gazetteer()
    found = []
    for place_id, entry in places.items():
        parts = place_id.split("/")
        if len(parts) == 4 and place_id.startswith(prefix + "/"):
            state, district = places["/".join(parts[:2])], places["/".join(parts[:3])]
            found.append(Village(places[parts[0]].latin, state, district, entry, place_id))
    return tuple(found)
