"""What is written down? The family's report near home, and the record of a shelter far away, each by its own clerk.

The report is what people who know her say; the rescued side is the same person as `data.corruption` says that life
garbles her: another script, another spelling, a nickname, a guess of her age, a district and no village. Each record
has chance of its own, from the seed, the side and both ids: it does not depend on which others were written before.
"""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate

from data.bodies import first_face, height, later_face, model_id
from data.corruption import Corruption
from data.households import Name, SyntheticPerson
from data.names import Entry
from data.regions import DESTINATIONS, LANGUAGES_OF_COMMUNITY, NATIVE_SCRIPTS, REGIONS, region_of
from data.wearing import Thing, belongings, clothes, community_words, mark_words
from data.writing import misspell, to_bengali, to_devanagari
from matcher.fields import FieldValue, read_record
from matcher.person import FaceEmbedding, PersonRecord, Side

Fields = dict[str, FieldValue]

_SEXES = {"F": "female", "M": "male"}
_YEAR = 365.25
_DESTINATION_SHARES = tuple(accumulate(row[4] for row in DESTINATIONS))
_MEASURING_CM, _ESTIMATING_CM = 2.5, 4.0
_QUALITIES = {Side.MISSING: (("good", 0.45), ("fair", 0.85), ("weak", 1.0)),
              Side.RESCUED: (("good", 0.60), ("fair", 0.92), ("weak", 1.0))}  # fmt: skip
_DATED_PHOTO = 0.4  # of the families' pictures: most are pictures of a picture


@dataclass(frozen=True, slots=True)
class SyntheticRecord:
    """A record as entered.

    Attributes:
        person_id: whom it is about.
        record_id, side: its own id, and which side it stands on.
        region: where the person comes from.
        fields: names of `matcher.fields.FIELDS` to text.
        script: what the clerk writes: "Latn", "Deva", "Beng" or "Mymr".
        faces: of her photo, if there is one; not part of equality.
    """

    person_id: str
    record_id: str
    side: Side
    region: str
    fields: Fields
    script: str = "Latn"
    faces: tuple[FaceEmbedding, ...] = field(default=(), compare=False)

    def to_person(self, today: date) -> PersonRecord:
        """Return the record as the matching core sees it."""
        record = read_record(self.record_id, self.side, self.fields, today=today).record
        return replace(record, faces=self.faces) if self.faces else record


@dataclass(frozen=True, slots=True)
class Pen:
    """One clerk writing one record.

    Attributes:
        rng: chance.
        script: what the clerk writes.
        at_home: whether it is the script of the place, so that names are known as they are written there.
        spelling: how often another spelling than the usual one is written.
        slip: how often something goes wrong on top.
    """

    rng: random.Random
    script: str
    at_home: bool
    spelling: float
    slip: float

    def chance(self, share: float) -> bool:
        """Return true in so many cases."""
        return self.rng.random() < share

    def write(self, entry: Entry, spelling: float | None = None) -> str:
        """Return a name in the clerk's script."""
        rng, other = self.rng, self.rng.random() < (self.spelling if spelling is None else spelling)
        if self.at_home and self.script != "Latn":
            return entry.native
        latin = entry.latin
        if other:
            latin = rng.choice(entry.variants) if entry.variants else misspell(latin, rng)
        if self.script == "Latn":
            return latin
        text = (to_devanagari if self.script == "Deva" else to_bengali)(entry.native, latin, rng)
        # Nepali reaches a Hindi clerk in his own script: only his idea of the vowels differs.
        return misspell(text, rng) if other and text == entry.native else text

    def full(self, name: Name) -> str:
        """Return given name and surname, with a slip now and then."""
        given, surname = name
        text = self.write(given) if surname is None else f"{self.write(given)} {self.write(surname)}"
        return misspell(text, self.rng) if self.rng.random() < self.slip else text


def chance_of(seed: int, side: Side, person_id: str, record_id: str) -> random.Random:
    """Return the chance that belongs to one record."""
    mixed = blake2b(f"{seed}|{side}|{person_id}|{record_id}".encode(), digest_size=8)
    return random.Random(int.from_bytes(mixed.digest(), "little"))


def write_report(person: SyntheticPerson, record_id: str, life: Corruption, seed: int) -> SyntheticRecord:
    """Return the missing report: written where she comes from, by people who know her."""
    rng = chance_of(seed, Side.MISSING, person.person_id, record_id)
    script = NATIVE_SCRIPTS[person.region] if report_is_native(person, life, seed) else "Latn"
    pen = Pen(rng, script, True, life.report_spelling, life.report_slip)
    home, lost = person.home, person.lost
    if pen.chance(life.lost_date_off):
        # A year too early, for a year too late would often lie in the future.
        lost -= timedelta(days=365)
    fields: Fields = {
        "name": pen.full((person.given, person.surname)),
        "sex": _SEXES[person.sex],
        "last_seen": lost.isoformat(),
        "country": home.country,
        "state": pen.write(home.state, life.report_spelling / 2),
        "district": pen.write(home.district),
        "village": pen.write(home.village),
    }
    if pen.chance(life.birth_date_known):
        fields["birth_date"] = person.born.isoformat()
    else:
        off = rng.choice((1, -1)) if pen.chance(life.report_age_off) else 0
        fields["age"], fields["age_as_of"] = str(person.age_on(person.lost) + off), lost.isoformat()
    if pen.chance(life.report_father):
        fields["relative_name" if pen.chance(life.care_of) else "father_name"] = pen.full(person.father)
    if pen.chance(life.report_mother):
        fields["mother_name"] = pen.full(person.mother)
    if person.guardian is not None and pen.chance(life.report_guardian):
        fields["guardian_name"] = pen.full(person.guardian)
    if person.nickname is not None and pen.chance(life.report_nickname):
        fields["nickname"] = pen.write(person.nickname)
    if pen.chance(life.report_community):
        fields["community"] = community_words(person.community, script, rng)
    if pen.chance(life.report_languages):
        fields["languages"] = languages(person)
    if pen.chance(life.report_height):
        fields["height_cm"] = str(round(person.height_at_loss + rng.gauss(0, _ESTIMATING_CM)))
    if person.mark and pen.chance(life.report_mark):
        fields["marks"] = [mark_words(person.mark, script)]
    if pen.chance(life.report_clothing):
        fields["clothing"] = _things(person.clothes, pen)
    if pen.chance(life.report_belongings):
        fields["belongings"] = _things(person.belongings, pen)
    if person.phone:
        fields["phone"] = [person.phone]
    faces: tuple[FaceEmbedding, ...] = ()
    if pen.chance(life.photo_report):
        taken = person.photographed if pen.chance(_DATED_PHOTO) else None
        vector = first_face(person.face).astype("float32")
        faces = (FaceEmbedding(vector, model_id(), _quality(Side.MISSING, rng), taken, record_id),)
    return SyntheticRecord(person.person_id, record_id, Side.MISSING, person.region, fields, script, faces)


def report_is_native(person: SyntheticPerson, life: Corruption, seed: int) -> bool:
    """Tell whether the family's report is in the script of the place; the shelter of a hard case wants to know."""
    drawn = blake2b(f"{seed}|script|{person.person_id}".encode(), digest_size=4).digest()
    return int.from_bytes(drawn, "little") < life.report_native * 2**32


def write_rescue(
    person: SyntheticPerson, record_id: str, life: Corruption, seed: int, today: date, script: str | None = None
) -> SyntheticRecord:
    """Return the record of the same person as a shelter far away enters it.

    Args:
        script: what its clerk writes; None lets the destination decide.
    """
    rng = chance_of(seed, Side.RESCUED, person.person_id, record_id)
    found = person.lost + timedelta(days=days_away(rng, life, (today - person.lost).days))
    country, state, city, clerk, _ = DESTINATIONS[bisect(_DESTINATION_SHARES, rng.random(), 0, len(DESTINATIONS) - 1)]
    native = NATIVE_SCRIPTS[person.region]
    if script is None:
        script = "Latn" if rng.random() < life.latin_clerk else clerk
        reported = native if report_is_native(person, life, seed) else "Latn"
        if script == reported and rng.random() < life.other_script:
            script = "Deva" if reported == "Latn" else "Latn"
    pen = Pen(rng, script, False, life.other_spelling, life.slip)
    fields: Fields = {"found": found.isoformat(), "sex": _SEXES[person.sex]}
    fields["event_country"], fields["event_state"], fields["event_district"] = country, state, city
    if pen.chance(life.wrong_sex):
        fields["sex"] = _SEXES["M" if person.sex == "F" else "F"]
    _rescued_names(person, pen, life, fields)
    _rescued_age(person, pen, life, found, fields)
    _rescued_place(person, pen, life, fields)
    if pen.chance(life.community_known):
        mistaken = pen.chance(life.community_mistaken)
        fields["community"] = community_words(person.community, script, rng, mistaken)
    if pen.chance(life.languages_known):
        spoken = [] if pen.chance(life.only_hindi) else languages(person)
        fields["languages"] = [*spoken, "hi"] if not spoken or pen.chance(life.learnt_hindi) else spoken
    if pen.chance(life.height_known):
        grown = height(person.sex, (found - person.born).days / _YEAR, person.stature)
        fields["height_cm"] = str(round(grown + rng.gauss(0, _MEASURING_CM)))
    if person.mark and pen.chance(life.mark_known):
        fields["marks"] = [mark_words(person.mark, script, pen.chance(life.mark_in_part))]
    _rescued_things(person, pen, life, found, fields)
    if person.phone and pen.chance(life.phone_remembered):
        fields["phone"] = [_swapped(person.phone, rng) if pen.chance(life.phone_slip) else person.phone]
    faces: tuple[FaceEmbedding, ...] = ()
    if pen.chance(life.photo_rescued):
        before = person.photographed
        age, years = (before - person.born).days / _YEAR, (found - before).days / _YEAR
        vector = later_face(person.face, rng.getrandbits(63), max(age, 0.0), years).astype("float32")
        faces = (FaceEmbedding(vector, model_id(), _quality(Side.RESCUED, rng), found, record_id),)
    return SyntheticRecord(person.person_id, record_id, Side.RESCUED, person.region, fields, script, faces)


def days_away(rng: random.Random, life: Corruption, longest: int) -> int:
    """Return the days between loss and rescue, at least one.

    Args:
        longest: nobody has been found in the future.
    """
    # Whoever was lost last month cannot have been away for years: only the bands that have begun count.
    bands = [(share, low * _YEAR, high * _YEAR) for share, low, high in life.years_away if low * _YEAR <= longest]
    if not bands:
        return rng.randint(1, max(longest, 1))
    steps = tuple(accumulate(share for share, _, _ in bands))
    _, low, high = bands[bisect(steps, rng.random() * steps[-1], 0, len(bands) - 1)]
    return min(max(round(rng.uniform(low, min(high, longest))), 1), max(longest, 1))


def _rescued_names(person: SyntheticPerson, pen: Pen, life: Corruption, fields: Fields) -> None:
    if pen.chance(life.imposed_name):
        # Traffickers give names that sound like the place of sale.
        fields["imposed_name"] = pen.write(region_of("IN-WB").names.given["hindu", person.sex].draw(pen.rng))
    elif pen.chance(life.no_name):
        pass
    elif person.nickname is not None and pen.chance(life.nickname_only):
        fields["nickname"] = pen.write(person.nickname)
    else:
        given, surname = person.given, None if pen.chance(life.no_surname) else person.surname
        if surname is None and " " in given.latin and pen.chance(life.part_of_name):
            given = given.first_words(max(len(given.latin.split()) - 1, 1))
        fields["name"] = pen.full((given, surname))
        if person.nickname is not None and pen.chance(life.also_nickname):
            fields["nickname"] = pen.write(person.nickname)
    for field_name, (first, family), known in (
        ("father_name", person.father, life.father_known),
        ("mother_name", person.mother, life.mother_known),
    ):
        if pen.chance(known):
            fields[field_name] = pen.full((first, None if pen.chance(life.parent_first_name_only) else family))
    if person.guardian is not None and pen.chance(life.guardian_known):
        first, family = person.guardian
        fields["guardian_name"] = pen.full((first, None if pen.chance(life.parent_first_name_only) else family))


def _rescued_age(person: SyntheticPerson, pen: Pen, life: Corruption, found: date, fields: Fields) -> None:
    rng, years = pen.rng, person.age_on(found)
    basis = rng.random()
    if basis < life.age_document:
        fields["birth_date"], fields["age_basis"] = person.born.isoformat(), "document"
        return
    if basis < life.age_document + life.age_stated:
        said = years + rng.choice((0, 0, 0, 1, -1))
        fields["age"], fields["age_as_of"], fields["age_basis"] = str(max(said, 1)), found.isoformat(), "stated"
        return
    most = life.age_error_most
    if pen.chance(life.age_badly_off):
        off = rng.choice((-1, 1)) * rng.randint(max(most - 1, 0), most)
    else:
        off = max(-most, min(most, round(rng.gauss(0, life.age_error_years))))
    guess = years + off
    if guess % 2 and pen.chance(life.even_age):
        # Towards the truth where the other even number would be further off than anybody guesses.
        guess += rng.choice([step for step in (-1, 1) if abs(off + step) <= most] or [0])
    fields["age"], fields["age_as_of"], fields["age_basis"] = str(max(guess, 2)), found.isoformat(), "guess"


def _rescued_place(person: SyntheticPerson, pen: Pen, life: Corruption, fields: Fields) -> None:
    rng, home, region = pen.rng, person.home, region_of(person.region)
    steps = tuple(accumulate(life.place))
    known = ("village", "district", "state", "nothing")[bisect(steps, rng.random() * steps[-1], 0, 3)]
    if known == "nothing":
        return
    fields["country"] = home.country
    if known == "state" or not pen.chance(life.state_left_out):
        fields["state"] = pen.write(home.state, life.place_spelling)
    wrong = pen.chance(life.wrong_district)
    if known in ("village", "district"):
        others = region.other_districts(home) if wrong else []
        fields["district"] = pen.write(rng.choice(others) if others else home.district, life.place_spelling)
    if known == "village":
        fields["village"] = pen.write(home.village)
    elif pen.chance(life.remembered):
        fields["remembered"] = [pen.write(rng.choice(region.near(home)).village)]


def _rescued_things(person: SyntheticPerson, pen: Pen, life: Corruption, found: date, fields: Fields) -> None:
    rng, soon = pen.rng, (found - person.lost).days <= life.same_clothes_days
    age = (found - person.born).days / _YEAR
    if pen.chance(life.clothing_known):
        same = soon and pen.chance(life.same_clothes)
        fields["clothing"] = _things(person.clothes if same else clothes(person.sex, age, rng), pen)
    if pen.chance(life.belongings_known):
        same = pen.chance(life.same_clothes if soon else life.kept_belongings)
        fields["belongings"] = _things(person.belongings if same else belongings(person.sex, age, rng), pen)


def _things(things: tuple[Thing, ...], pen: Pen) -> list[str]:
    return [thing.written(pen.script, pen.rng) for thing in things]


def _swapped(phone: str, rng: random.Random) -> str:
    """Return a number with two neighbouring digits exchanged."""
    at = rng.randrange(1, len(phone) - 1)
    return phone[:at] + phone[at + 1] + phone[at] + phone[at + 2 :]


def languages(person: SyntheticPerson) -> list[str]:
    """Return what she speaks at home, as BCP 47 tags."""
    spoken = list(REGIONS[person.region][2])
    own = LANGUAGES_OF_COMMUNITY.get(person.community)
    return [*spoken, own] if own and own not in spoken else spoken


def _quality(side: Side, rng: random.Random) -> str:
    drawn = rng.random()
    return next(quality for quality, upto in _QUALITIES[side] if drawn < upto)
