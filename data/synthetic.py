"""Who might be missing, and who might have been found? Seeded synthetic people of the region, any number of them.

Nobody here exists. Names are drawn by region, community and sex from the tables under `reference/people`, places from
the gazetteer; the rescued side is then corrupted as life does it, by the parameters of `CORRUPTION`, each with its
reason.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache

from data.writing import misspell, to_bengali, to_devanagari
from matcher.fields import FieldValue, read_record
from matcher.person import PersonRecord, Side
from matcher.places import COUNTRIES
from matcher.reference import alternatives, read_table

Fields = dict[str, FieldValue]

REGIONS: dict[str, tuple[str, float, tuple[str, ...]]] = {
    # region: gazetteer prefix, share of the reports, languages
    "IN-WB": ("IN/WB", 0.25, ("bn",)),
    "BD": ("BD", 0.20, ("bn",)),
    "NP": ("NP", 0.20, ("ne",)),
    "IN-AS": ("IN/AS", 0.15, ("as",)),
    "MM": ("MM", 0.12, ("my",)),
    "IN-ML": ("IN/ML", 0.08, ("kha",)),
}
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
class Corruption:
    """How often life garbles what a rescued person's record says; each with the reason.

    The values are judgement, not counts: the project has no real records, and says so in every model card.
    """

    latin_clerk: float = 0.40  # even where the state writes another script, forms are often filled in Latin letters
    nickname_only: float = 0.12  # at home she is called by the household name and gives that
    also_nickname: float = 0.25  # the worker notes both
    imposed_name: float = 0.05  # traffickers rename; she may keep to it out of fear
    no_surname: float = 0.30  # children often do not say, or have, a family name
    other_spelling: float = 0.45  # another clerk, another romanisation of the same name
    slip: float = 0.12  # typing and hearing errors on top
    father_known: float = 0.62  # asked early and usually remembered
    mother_known: float = 0.52
    parent_first_name_only: float = 0.55
    age_error_years: float = 1.3  # standard deviation of a guess by eye, cut at four years
    even_age: float = 0.35  # guesses heap on even numbers
    place: tuple[float, float, float, float] = (0.28, 0.42, 0.22, 0.08)  # village, district only, state only, nothing
    remembered: float = 0.40  # of those without a village: a market, a river town she went to
    height_known: float = 0.35
    mark_known: float = 0.20
    phone_remembered: float = 0.03
    wrong_sex: float = 0.003  # a form ticked wrongly
    years_away: tuple[float, float] = (0.02, 6.0)  # between loss and rescue


CORRUPTION = Corruption()


@dataclass(frozen=True, slots=True)
class _Entry:
    native: str
    latin: str
    variants: tuple[str, ...]
    nicknames: tuple[str, ...] = ()


@dataclass(slots=True)
class _Choice:
    """Entries drawn by weight."""

    entries: list[_Entry] = field(default_factory=list)
    cumulative: list[float] = field(default_factory=list)

    def add(self, entry: _Entry, weight: float) -> None:
        self.entries.append(entry)
        self.cumulative.append((self.cumulative[-1] if self.cumulative else 0.0) + weight)

    def draw(self, rng: random.Random) -> _Entry | None:
        if not self.entries:
            return None
        return rng.choices(self.entries, cum_weights=self.cumulative)[0]


@dataclass(frozen=True, slots=True)
class _Village:
    country: str
    state: _Entry
    district: _Entry
    village: _Entry
    path: str


@dataclass(frozen=True, slots=True)
class _Region:
    communities: _Choice
    given: dict[tuple[str, str], _Choice]
    surnames: dict[tuple[str, str], _Choice]
    nicknames: dict[str, _Choice]
    villages: tuple[_Village, ...]


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """The truth about one person, before any clerk wrote it down."""

    person_id: str
    region: str
    community: str
    sex: str
    born: date
    given: _Entry
    surname: _Entry | None
    nickname: _Entry | None
    father: tuple[_Entry, _Entry | None]
    mother: tuple[_Entry, _Entry | None]
    home: _Village
    lost: date
    height_at_loss: float
    mark: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class SyntheticRecord:
    """A record as entered: the id of the person it is about, the fields, and which side."""

    person_id: str
    record_id: str
    side: Side
    region: str
    fields: Fields

    def to_person(self, today: date) -> PersonRecord:
        """Return the record as the matching core sees it."""
        return read_record(self.record_id, self.side, self.fields, today=today).record


@cache
def _region(code: str) -> _Region:
    given: dict[tuple[str, str], _Choice] = {}
    totals: dict[str, float] = {}
    for row in read_table(f"people/given_{code}.tsv"):
        entry = _Entry(row["native"], row["latin"], alternatives(row["variants"]), alternatives(row["nicknames"]))
        for sex in "FM" if row["sex"] == "U" else row["sex"]:
            given.setdefault((row["community"], sex), _Choice()).add(entry, float(row["weight"]))
        totals[row["community"]] = totals.get(row["community"], 0.0) + float(row["weight"])
    surnames: dict[tuple[str, str], _Choice] = {}
    for row in read_table(f"people/surnames_{code}.tsv"):
        entry = _Entry(row["native"], row["latin"], alternatives(row["variants"]))
        for sex in "FM" if row["sex"] == "U" else row["sex"]:
            surnames.setdefault((row["community"], sex), _Choice()).add(entry, float(row["weight"]))
    nicknames: dict[str, _Choice] = {}
    for row in read_table(f"people/nicknames_{code}.tsv"):
        entry = _Entry(row["native"], row["latin"], alternatives(row["variants"]))
        for sex in "FM" if row["sex"] == "U" else row["sex"]:
            nicknames.setdefault(sex, _Choice()).add(entry, float(row["weight"]))
    communities = _Choice()
    for community, total in totals.items():
        if (community, "F") in given and (community, "M") in given:
            communities.add(_Entry(community, community, ()), total**0.7)
    return _Region(communities, given, surnames, nicknames, _villages(REGIONS[code][0]))


@lru_cache(maxsize=1)
def _gazetteer() -> dict[str, _Entry]:
    return {
        row["id"]: _Entry(alternatives(row["native"])[0], row["latin"], alternatives(row["variants"]))
        for country in COUNTRIES
        for row in read_table(f"places/gazetteer_{country}.tsv")
    }


def _villages(prefix: str) -> tuple[_Village, ...]:
    places = _gazetteer()
    found = []
    for place_id, entry in places.items():
        parts = place_id.split("/")
        if len(parts) == 4 and place_id.startswith(prefix + "/"):
            state, district = places["/".join(parts[:2])], places["/".join(parts[:3])]
            found.append(_Village(places[parts[0]].latin, state, district, entry, place_id))
    return tuple(found)


class SyntheticWorld:
    """Draws people and their records from one seed; equal seeds give equal people."""

    def __init__(self, seed: int, today: date = date(2026, 11, 1), corruption: Corruption = CORRUPTION) -> None:
        self.rng = random.Random(seed)
        self.today = today
        self.corruption = corruption
        self._counter = 0

    # -- people ---------------------------------------------------------------------------------------------------

    def people(self, count: int) -> Iterator[SyntheticPerson]:
        """Yield `count` people; about one household in ten has lost two children."""
        codes = list(REGIONS)
        shares = [REGIONS[code][1] for code in codes]
        made = 0
        while made < count:
            person = self._person(self.rng.choices(codes, shares)[0])
            yield person
            made += 1
            if made < count and self.rng.random() < 0.06:
                yield self._sibling(person)
                made += 1

    def _person(self, code: str) -> SyntheticPerson:
        rng, region = self.rng, _region(code)
        community_entry = region.communities.draw(rng)
        assert community_entry is not None  # every region's table has a community
        community = community_entry.native
        sex = "F" if rng.random() < 0.72 else "M"
        father_name, mother_name = self._adult(region, community, "M"), self._adult(region, community, "F")
        surname = self._surname(region, community, sex, father_name[1])
        lost = self.today - timedelta(days=int(rng.triangular(5, 2200, 200)))
        return self._make(code, community, sex, surname, father_name, mother_name, rng.choice(region.villages), lost)

    def _sibling(self, other: SyntheticPerson) -> SyntheticPerson:
        rng = self.rng
        sex = other.sex if rng.random() < 0.7 else ("M" if other.sex == "F" else "F")
        surname = (
            other.surname
            if sex == other.sex
            else self._surname(_region(other.region), other.community, sex, other.father[1])
        )
        return self._make(
            other.region, other.community, sex, surname, other.father, other.mother, other.home, other.lost
        )

    def _make(
        self,
        code: str,
        community: str,
        sex: str,
        surname: _Entry | None,
        father: tuple[_Entry, _Entry | None],
        mother: tuple[_Entry, _Entry | None],
        home: _Village,
        lost: date,
    ) -> SyntheticPerson:
        rng, region = self.rng, _region(code)
        self._counter += 1
        given = region.given[community, sex].draw(rng)
        assert given is not None
        age = min(max(rng.gauss(14.0, 3.6), 3.0), 24.0)
        born = lost - timedelta(days=int(age * 365.25))
        nickname = None
        if given.nicknames and rng.random() < 0.5:
            text = rng.choice(given.nicknames)
            nickname = _Entry(text, _rough_latin(text, given.latin), ())
        elif rng.random() < 0.4 and sex in region.nicknames:
            nickname = region.nicknames[sex].draw(rng)
        height = (78 + 5.6 * min(age, 15.5) + rng.gauss(0, 6)) + (6 if sex == "M" and age > 13 else 0)
        mark = rng.choice(_MARKS) if rng.random() < 0.3 else None
        phone = f"9{rng.randrange(10**8, 10**9):09d}" if rng.random() < 0.6 else None
        return SyntheticPerson(
            f"P{self._counter:07d}", code, community, sex, born, given, surname, nickname, father, mother, home, lost,
            round(height), mark, phone,
        )  # fmt: skip

    def _adult(self, region: _Region, community: str, sex: str) -> tuple[_Entry, _Entry | None]:
        given = region.given[community, sex].draw(self.rng)
        assert given is not None
        choice = region.surnames.get((community, sex))
        return given, choice.draw(self.rng) if choice else None

    def _surname(self, region: _Region, community: str, sex: str, fathers: _Entry | None) -> _Entry | None:
        """A child mostly has the father's surname, unless the community's surnames go by sex."""
        choice = region.surnames.get((community, sex))
        if choice is None:
            return None
        if fathers is not None and fathers in choice.entries and self.rng.random() < 0.8:
            return fathers
        return choice.draw(self.rng)

    # -- records --------------------------------------------------------------------------------------------------

    def report(self, person: SyntheticPerson, record_id: str) -> SyntheticRecord:
        """Return the missing report: written where she comes from, by people who know her."""
        rng = self.rng
        script = "native" if rng.random() < 0.65 else "Latn"
        fields: Fields = {
            "name": self._full(person.given, person.surname, script, spelling=0.25),
            "sex": {"F": "female", "M": "male"}[person.sex],
            "last_seen": person.lost.isoformat(),
            "country": person.home.country,
            "state": self._write(person.home.state, script, 0.1),
            "district": self._write(person.home.district, script, 0.2),
            "village": self._write(person.home.village, script, 0.2),
        }
        if rng.random() < 0.35:
            fields["birth_date"] = person.born.isoformat()
        else:
            fields["age"] = str(_age_on(person.born, person.lost) + rng.choice((0, 0, 0, 0, 1, -1)))
            fields["age_as_of"] = person.lost.isoformat()
        if rng.random() < 0.93:
            fields["father_name"] = self._full(*person.father, script, spelling=0.2)
        if rng.random() < 0.75:
            fields["mother_name"] = self._full(*person.mother, script, spelling=0.2)
        if person.nickname is not None and rng.random() < 0.7:
            fields["nickname"] = self._write(person.nickname, script, 0.2)
        languages = self._languages(person)
        if rng.random() < 0.6:
            fields["languages"] = languages
        if rng.random() < 0.5:
            fields["height_cm"] = str(round(person.height_at_loss + rng.gauss(0, 2)))
        if person.mark and rng.random() < 0.8:
            fields["marks"] = [person.mark]
        if person.phone:
            fields["phone"] = [person.phone]
        return SyntheticRecord(person.person_id, record_id, Side.MISSING, person.region, fields)

    def rescue(self, person: SyntheticPerson, record_id: str, script: str | None = None) -> SyntheticRecord:
        """Return the record of the same person as a shelter far away enters it."""
        rng, life = self.rng, self.corruption
        first, last = (round(365.25 * years) for years in life.years_away)
        longest = max(min(last, (self.today - person.lost).days), first)
        found = person.lost + timedelta(days=round(rng.triangular(first, longest, min(200, longest))))
        country, state, city, clerk, _ = rng.choices(DESTINATIONS, [row[4] for row in DESTINATIONS])[0]
        script = script or ("Latn" if rng.random() < life.latin_clerk else clerk)
        fields: Fields = {"found": found.isoformat(), "sex": {"F": "female", "M": "male"}[person.sex]}
        fields["event_country"], fields["event_state"], fields["event_district"] = country, state, city
        if rng.random() < life.wrong_sex:
            fields["sex"] = {"F": "male", "M": "female"}[person.sex]
        self._rescued_names(person, script, fields)
        years = _age_on(person.born, found)
        guess = years + max(-4, min(4, round(rng.gauss(0, life.age_error_years))))
        if guess % 2 and rng.random() < life.even_age:
            guess += rng.choice((-1, 1))
        fields["age"], fields["age_as_of"], fields["age_basis"] = str(max(guess, 2)), found.isoformat(), "guess"
        self._rescued_place(person, script, fields)
        if rng.random() < 0.8:
            fields["languages"] = self._languages(person) + (["hi"] if rng.random() < 0.4 else [])
        if rng.random() < life.height_known:
            grown = person.height_at_loss + self._growth(person, found)
            fields["height_cm"] = str(round(grown + rng.gauss(0, 2.5)))
        if person.mark and rng.random() < life.mark_known / 0.3:
            fields["marks"] = [person.mark if rng.random() < 0.7 else person.mark.split(" on ")[0]]
        if person.phone and rng.random() < life.phone_remembered:
            fields["phone"] = [person.phone]
        return SyntheticRecord(person.person_id, record_id, Side.RESCUED, person.region, fields)

    def _rescued_names(self, person: SyntheticPerson, script: str, fields: Fields) -> None:
        rng, life = self.rng, self.corruption
        surname = None if rng.random() < life.no_surname else person.surname
        if rng.random() < life.imposed_name:
            other = _region("IN-WB").given["hindu", person.sex].draw(rng)
            assert other is not None
            fields["imposed_name"] = self._write(other, script, life.other_spelling)
        elif person.nickname is not None and rng.random() < life.nickname_only:
            fields["nickname"] = self._write(person.nickname, script, life.other_spelling)
        else:
            fields["name"] = self._full(person.given, surname, script, life.other_spelling, life.slip)
            if person.nickname is not None and rng.random() < life.also_nickname:
                fields["nickname"] = self._write(person.nickname, script, life.other_spelling)
        for field_name, (given, family), known in (
            ("father_name", person.father, life.father_known),
            ("mother_name", person.mother, life.mother_known),
        ):
            if rng.random() < known:
                shown = None if rng.random() < life.parent_first_name_only else family
                fields[field_name] = self._full(given, shown, script, life.other_spelling, life.slip)

    def _rescued_place(self, person: SyntheticPerson, script: str, fields: Fields) -> None:
        rng, life, home = self.rng, self.corruption, person.home
        known = rng.choices(("village", "district", "state", "nothing"), life.place)[0]
        if known == "nothing":
            return
        fields["country"] = home.country
        if known == "state" or rng.random() < 0.85:
            fields["state"] = self._write(home.state, script, 0.3)
        if known in ("village", "district"):
            fields["district"] = self._write(home.district, script, 0.3)
        if known == "village":
            fields["village"] = self._write(home.village, script, life.other_spelling)
        elif rng.random() < life.remembered:
            near = [v for v in _region(person.region).villages if v.district is home.district]
            fields["remembered"] = [self._write(rng.choice(near).village, script, life.other_spelling)]

    def _growth(self, person: SyntheticPerson, found: date) -> float:
        at_loss = (person.lost - person.born).days / 365.25
        years = max(min((found - person.lost).days / 365.25, 15.5 - at_loss), 0.0)
        return 5.6 * years

    def _languages(self, person: SyntheticPerson) -> list[str]:
        spoken = list(REGIONS[person.region][2])
        own = LANGUAGES_OF_COMMUNITY.get(person.community)
        return [*spoken, own] if own and own not in spoken else spoken

    def _full(self, given: _Entry, surname: _Entry | None, script: str, spelling: float, slip: float = 0.02) -> str:
        parts = [self._write(given, script, spelling)]
        if surname is not None:
            parts.append(self._write(surname, script, spelling))
        text = " ".join(parts)
        return misspell(text, self.rng) if self.rng.random() < slip else text

    def _write(self, entry: _Entry, script: str, spelling: float) -> str:
        """Return a name in the clerk's script; with chance `spelling` in another of its spellings."""
        rng = self.rng
        latin = rng.choice(entry.variants) if entry.variants and rng.random() < spelling else entry.latin
        if script == "native":
            return misspell(entry.native, rng) if rng.random() < spelling * 0.15 else entry.native
        if script == "Deva":
            return to_devanagari(entry.native, latin, rng)
        if script == "Beng":
            return to_bengali(entry.native, latin, rng)
        return latin


_MARKS = (
    "mole on left cheek", "mole on right hand", "burn scar on left forearm", "cut mark on forehead",
    "birth mark on neck", "scar on right knee", "pierced nose", "tattoo on left wrist", "missing tooth in front",
    "mole above upper lip", "scar on chin", "black mark on back", "tattoo of name on right arm", "squint in left eye",
)  # fmt: skip


def _rough_latin(native: str, fallback: str) -> str:
    """Return a Latin spelling for a nickname the tables give only in native letters."""
    from matcher.names.romanize import romanize

    return romanize(native).title() or fallback


def _age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class LinkedSample:
    """Reports, rescues and the truth between them (rescue record id -> report record id)."""

    reports: tuple[SyntheticRecord, ...]
    rescues: tuple[SyntheticRecord, ...]
    truth: dict[str, str]


def linked_sample(
    seed: int, reports: int, rescues: int, today: date = date(2026, 11, 1), share: float = 0.6,
    corruption: Corruption = CORRUPTION,
) -> LinkedSample:  # fmt: skip
    """Return a seeded sample in which `share` of the rescued people have a report.

    Args:
        seed: equal seeds give equal samples.
        reports, rescues: how many of each; `rescues * share` must not exceed `reports`.
    """
    world = SyntheticWorld(seed, today, corruption)
    people = list(world.people(reports))
    filed = tuple(world.report(person, f"M{number:07d}") for number, person in enumerate(people))
    with_report = round(rescues * share)
    chosen = world.rng.sample(range(reports), with_report)
    found = [world.rescue(people[number], f"R{n:07d}") for n, number in enumerate(chosen)]
    truth = {f"R{n:07d}": f"M{number:07d}" for n, number in enumerate(chosen)}
    strangers = world.people(rescues - with_report)
    found += [world.rescue(person, f"R{with_report + n:07d}") for n, person in enumerate(strangers)]
    return LinkedSample(filed, tuple(found), truth)
