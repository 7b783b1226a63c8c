"""Who is lost, and who with? People of one region after another: single children, siblings, twins, neighbours.

Nobody here exists. One seed gives one endless row of people; `people(count)` is its beginning, so that a larger
population begins with the smaller one.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate

from data.bodies import FaceSeed, height
from data.corruption import HOUSEHOLDS, Households
from data.names import Entry
from data.regions import REGIONS, Region, Village, region_of
from data.wearing import Thing, belongings, clothes, marks
from matcher.names.romanize import romanize

_YEAR = 365.25
_YOUNGEST, _OLDEST = 3.0, 24.0
_SOONEST_DAYS = 5
_TRIES = 12

Name = tuple[Entry, Entry | None]


class Tie(StrEnum):
    """How somebody lost is tied to the person before."""

    NONE = "none"
    SIBLING = "sibling"
    TWIN = "twin"
    NEIGHBOUR = "neighbour"


@dataclass(frozen=True, slots=True)
class SyntheticPerson:
    """The truth about one person, before any clerk wrote it down.

    Attributes:
        person_id: unique within a world.
        region, community: codes of `REGIONS` and of the tables of names.
        sex: "F" or "M".
        father, mother, guardian: given name and surname; no guardian for most.
        home, born, lost: where from, when born, when last seen.
        height_at_loss: cm; `stature` is the same in standard deviations from others of that age.
        mark: in English, None for most.
        clothes, belongings: what she wore and carried when she was lost.
        photographed: the day of the family's last picture, should they have one.
        face: what her face is drawn from.
        tie, tied_to: how she is tied to the first one lost of her household or village, "" for nobody.
    """

    person_id: str
    region: str
    community: str
    sex: str
    born: date
    given: Entry
    surname: Entry | None
    nickname: Entry | None
    father: Name
    mother: Name
    guardian: Name | None
    home: Village
    lost: date
    stature: float
    height_at_loss: int
    mark: str | None
    phone: str | None
    clothes: tuple[Thing, ...]
    belongings: tuple[Thing, ...]
    photographed: date
    face: FaceSeed
    tie: Tie = Tie.NONE
    tied_to: str = ""

    def age_on(self, day: date) -> int:
        """Return her age in whole years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True)
class _Home:
    """What a household shares."""

    region: Region
    community: str
    father: Name
    mother: Name
    place: Village


@dataclass(slots=True)
class People:
    """Draws people; two with equal seeds draw equal people.

    Attributes:
        rng: where chance comes from.
        today: nobody is lost later.
        life: who is lost with whom.
    """

    rng: random.Random
    today: date
    life: Households = HOUSEHOLDS
    drawn: int = 0

    def people(self, count: int) -> Iterator[SyntheticPerson]:
        """Yield `count` people, household by household."""
        codes = list(REGIONS)
        shares = list(accumulate(REGIONS[code][1] for code in codes))
        made = 0
        while made < count:
            code = codes[bisect(shares, self.rng.random() * shares[-1], 0, len(codes) - 1)]
            for person in self._lost_together(region_of(code)):
                if made < count:
                    yield person
                    made += 1

    def _lost_together(self, region: Region) -> list[SyntheticPerson]:
        """Return the first child of a household, and whoever is lost with her."""
        rng, life = self.rng, self.life
        home = self._home(region, None)
        first = self._single(home, self._day_lost(), self._sex())
        drawn = rng.random()
        if drawn < life.siblings:
            return [first, self._sibling(home, first)]
        drawn -= life.siblings
        if drawn < life.twins:
            return self._twins(home, first)
        drawn -= life.twins
        if drawn >= life.neighbours:
            return [first]
        together = [first]
        for _ in range(rng.randint(1, life.neighbours_most)):
            other = self._single(self._home(region, first.home), first.lost, self._sex())
            together.append(replace(other, tie=Tie.NEIGHBOUR, tied_to=first.person_id))
        return together

    def _home(self, region: Region, place: Village | None) -> _Home:
        community = region.names.communities.draw(self.rng).native
        father, mother = self._adult(region, community, "M"), self._adult(region, community, "F")
        return _Home(region, community, father, mother, place or self.rng.choice(region.villages))

    def _single(self, home: _Home, lost: date, sex: str) -> SyntheticPerson:
        rng, life = self.rng, self.life
        age = min(max(rng.gauss(life.age_mean, life.age_spread), _YOUNGEST), _OLDEST)
        given = home.region.names.given[home.community, sex].draw(rng)
        surname = self._surname(home, sex)
        return self._make(home, sex, given, surname, lost - timedelta(days=int(age * _YEAR)), lost, rng.gauss(0, 1))

    def _sibling(self, home: _Home, other: SyntheticPerson) -> SyntheticPerson:
        rng = self.rng
        sex = other.sex if rng.random() < 0.7 else self._other_sex(other.sex)
        lost = other.lost
        if rng.random() >= self.life.same_day:
            lost += timedelta(days=rng.randint(-1000, 1000))
            lost = min(lost, self.today - timedelta(days=_SOONEST_DAYS))
        years = rng.uniform(1.1, 6.0) * (1 if rng.random() < 0.5 else -1)
        born = other.born + timedelta(days=int(years * _YEAR))
        if not _YOUNGEST <= (lost - born).days / _YEAR <= _OLDEST:
            born = lost - timedelta(days=int(rng.uniform(8.0, 18.0) * _YEAR))
        stature = 0.5 * other.stature + rng.gauss(0, 0.87)  # brothers and sisters are tall together, half the way
        made = self._make(home, sex, self._unlike(home, sex, other), self._kin_surname(home, sex, other),
                          born, lost, stature)  # fmt: skip
        face = FaceSeed(made.face.own, other.face.own, max(rng.gauss(self.life.sibling_face, 0.06), 0.1))
        return replace(made, face=face, tie=Tie.SIBLING, tied_to=other.person_id)

    def _twins(self, home: _Home, first: SyntheticPerson) -> list[SyntheticPerson]:
        """Return both twins: born and lost the same day, as tall within a finger, and often named to match."""
        rng, life = self.rng, self.life
        sex = first.sex if rng.random() < 0.7 else self._other_sex(first.sex)
        pairs = [p for p in home.region.twins if p.community == home.community and p.sexes == first.sex + sex]
        if pairs and rng.random() < life.twin_pair_names:
            elders, given = rng.choice(pairs).names
            first = replace(first, given=elders, nickname=None)
        else:
            given = self._alike(home, sex, first)
        surname, stature = self._kin_surname(home, sex, first), first.stature + rng.gauss(0, 0.15)
        second = self._make(home, sex, given, surname, first.born, first.lost, stature)
        apart = life.twin_face if sex == first.sex else life.sibling_face
        face = FaceSeed(second.face.own, first.face.own, max(rng.gauss(apart, 0.06), 0.1))
        return [first, replace(second, face=face, tie=Tie.TWIN, tied_to=first.person_id)]

    def _make(
        self, home: _Home, sex: str, given: Entry, surname: Entry | None, born: date, lost: date, stature: float
    ) -> SyntheticPerson:
        rng, life, names = self.rng, self.life, home.region.names
        self.drawn += 1
        age = (lost - born).days / _YEAR
        nickname = None
        if given.nicknames and rng.random() < life.nickname_listed:
            text = rng.choice(given.nicknames)
            nickname = Entry(text, romanize(text).title() or given.latin)
        elif rng.random() < life.nickname and sex in names.nicknames:
            nickname = names.nicknames[sex].draw(rng)
        guardian = None
        if rng.random() < life.guardian:
            guardian = self._adult(home.region, home.community, "M" if rng.random() < 0.6 else "F")
            if rng.random() < 0.5:  # a father's brother, or his mother
                guardian = (guardian[0], home.father[1])
        return SyntheticPerson(
            person_id=f"P{self.drawn:07d}",
            region=home.region.code,
            community=home.community,
            sex=sex,
            born=born,
            given=given,
            surname=surname,
            nickname=nickname,
            father=home.father,
            mother=home.mother,
            guardian=guardian,
            home=home.place,
            lost=lost,
            stature=stature,
            height_at_loss=round(height(sex, age, stature)),
            mark=rng.choice(marks()) if rng.random() < life.mark else None,
            phone=f"9{rng.randrange(10**8, 10**9):09d}" if rng.random() < life.phone else None,
            clothes=clothes(sex, age, rng),
            belongings=belongings(sex, age, rng),
            photographed=lost - timedelta(days=int(min(rng.expovariate(1 / life.photo_age_years), age - 1) * _YEAR)),
            face=FaceSeed(rng.getrandbits(63)),
        )

    def _sex(self) -> str:
        return "F" if self.rng.random() < self.life.girls else "M"

    @staticmethod
    def _other_sex(sex: str) -> str:
        return "M" if sex == "F" else "F"

    def _day_lost(self) -> date:
        life = self.life
        days = self.rng.triangular(_SOONEST_DAYS, life.lost_within_days, life.lost_mostly_days)
        return self.today - timedelta(days=int(days))

    def _adult(self, region: Region, community: str, sex: str) -> Name:
        surnames = region.names.surnames.get((community, sex))
        given = region.names.given[community, sex].draw(self.rng)
        return given, surnames.draw(self.rng) if surnames else None

    def _surname(self, home: _Home, sex: str) -> Entry | None:
        """A child mostly has the father's surname, unless it goes by sex (a Begum's brother is no Begum)."""
        surnames = home.region.names.surnames.get((home.community, sex))
        if surnames is None:
            return None
        fathers = home.father[1]
        if fathers is not None and fathers.sex in ("U", sex) and self.rng.random() < self.life.fathers_surname:
            return fathers
        return surnames.draw(self.rng)

    def _kin_surname(self, home: _Home, sex: str, other: SyntheticPerson) -> Entry | None:
        return other.surname if sex == other.sex else self._surname(home, sex)

    def _unlike(self, home: _Home, sex: str, other: SyntheticPerson) -> Entry:
        """Return a given name that the brother or sister does not have."""
        given = home.region.names.given[home.community, sex].draw(self.rng)
        for _ in range(_TRIES):
            if given.latin != other.given.latin:
                break
            given = home.region.names.given[home.community, sex].draw(self.rng)
        return given

    def _alike(self, home: _Home, sex: str, other: SyntheticPerson) -> Entry:
        """Return a name that begins like the twin's, if a few tries find one."""
        given = self._unlike(home, sex, other)
        for _ in range(_TRIES):
            if given.latin[:2] == other.given.latin[:2] and given.latin != other.given.latin:
                break
            given = self._unlike(home, sex, other)
        return given
