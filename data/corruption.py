"""How does life garble what is known of a child? One table: every rate, three lives, and the reason for each.

`CORRUPTION` is the life that the shipped model learns from. `OTHER_CORRUPTION` is another life, with other rates where
nobody can know them, to measure what a model still says truly when the world is not as it was taught.
`HARD_CORRUPTION` is only bad luck at once: another script or romanisation, a part of the name missing or another name
imposed, and a wrong age, often a wrong district too.

The values are judgement, not counts: the project has no real records, and says so in every model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _row(usual: object, because: str, other: object = None, hard: object = None) -> Any:
    """Return one row of the table; what another life leaves out is as usual."""
    lives = {"other": usual if other is None else other, "hard": usual if hard is None else hard}
    return field(default=usual, metadata={"because": because, **lives})


@dataclass(frozen=True, slots=True)
class Corruption:
    """Chances in [0, 1] unless the reason says otherwise; the first rows are of the family's report."""

    report_native: float = _row(0.65, "most families report at home, in the script of the place", other=0.45)
    report_spelling: float = _row(0.25, "a police writer romanises his own way", other=0.40)
    report_slip: float = _row(0.03, "typing errors happen to careful people too", other=0.06)
    birth_date_known: float = _row(0.35, "many births of these years were registered late or never", other=0.55)
    report_age_off: float = _row(0.33, "parents round, or count the running year", other=0.50)
    report_father: float = _row(0.93, "every form asks for it first", other=0.85)
    report_mother: float = _row(0.75, "asked, and more often left empty", other=0.60)
    care_of: float = _row(0.05, "forms that ask for 'S/o, D/o, W/o, C/o' do not say which", other=0.12)
    report_guardian: float = _row(0.80, "who raised her mostly reports her", other=0.60)
    report_nickname: float = _row(0.70, "families call her by it", other=0.50)
    report_languages: float = _row(0.60, "forms seldom ask what goes without saying", other=0.40)
    report_community: float = _row(0.45, "asked for schemes and statistics, not everywhere", other=0.60)
    report_height: float = _row(0.50, "estimated beside a parent", other=0.30)
    report_mark: float = _row(0.80, "mothers know them, forms ask for one", other=0.60)
    report_clothing: float = _row(0.50, "police ask what she wore; weeks later nobody remembers", other=0.35)
    report_belongings: float = _row(0.25, "what she took along is noticed later", other=0.15)
    lost_date_off: float = _row(0.015, "counted back from a feast, or last year's number on the form", other=0.04)
    photo_report: float = _row(0.45, "a family of the poorest has one picture or none", other=0.65)

    without_report: float = _row(0.40, "shame, distance and refusals: many are never reported", other=0.55)
    years_away: tuple[tuple[float, float, float], ...] = _row(
        ((0.25, 0.003, 0.08), (0.45, 0.08, 2.0), (0.30, 2.0, 10.0)),
        "(share, from, to) in years: some are found at the next stations, most within two years of work or marriage, "
        "and those sold young come back grown",
        other=((0.08, 0.003, 0.08), (0.37, 0.08, 2.0), (0.55, 2.0, 10.0)),
        hard=((0.40, 0.08, 2.0), (0.60, 2.0, 10.0)),
    )
    latin_clerk: float = _row(
        0.40, "even where the state writes another script, many fill in Latin letters", other=0.70
    )
    other_script: float = _row(0.0, "the destination alone decides the script; here: one the report lacks", hard=0.70)
    imposed_name: float = _row(0.05, "traffickers rename; she may keep to it out of fear", other=0.12, hard=0.30)
    no_name: float = _row(0.02, "too small, too hurt or without speech", other=0.04)
    nickname_only: float = _row(0.12, "at home she is called by it and gives it", other=0.25, hard=0.40)
    also_nickname: float = _row(0.25, "the worker notes both", other=0.10)
    no_surname: float = _row(0.30, "children often do not say, or have, a family name", other=0.50, hard=1.0)
    part_of_name: float = _row(0.15, "of a name of several words the first is the calling name", other=0.30, hard=1.0)
    other_spelling: float = _row(0.45, "another clerk, another romanisation of the same name", other=0.70, hard=1.0)
    slip: float = _row(0.12, "typing and hearing errors on top", other=0.22)
    father_known: float = _row(0.62, "asked early and usually remembered", other=0.45)
    mother_known: float = _row(0.52, "asked second; often 'Ma' is all a small child knows", other=0.40)
    parent_first_name_only: float = _row(0.55, "a child knows what the village calls them", other=0.75)
    guardian_known: float = _row(0.40, "whoever raised her is whom she asks for", other=0.25)
    community_known: float = _row(0.35, "intake forms ask; workers guess from name and speech", other=0.50)
    community_mistaken: float = _row(0.06, "far from home the smaller peoples are taken for a larger one", other=0.15)
    age_error_years: float = _row(1.3, "standard deviation of a guess by eye, in years", other=1.9)
    age_error_most: int = _row(4, "in years: nobody takes a child of eight for one of thirteen")
    age_badly_off: float = _row(
        0.05, "starved or made up, a girl is misjudged by three or four years", other=0.1, hard=1.0
    )
    even_age: float = _row(0.35, "guesses heap on even numbers", other=0.60)
    age_stated: float = _row(0.15, "she says it herself, within a year", other=0.05, hard=0.0)
    age_document: float = _row(0.05, "a school or health card was with her or came by fax", other=0.02, hard=0.0)
    place: tuple[float, float, float, float] = _row(
        (0.28, 0.42, 0.22, 0.08), "village, district only, state only, nothing: the district is on every bus, the "
        "village on none", other=(0.12, 0.38, 0.35, 0.15), hard=(0.15, 0.60, 0.20, 0.05),
    )  # fmt: skip
    state_left_out: float = _row(0.15, "who knows the district takes the state for known", other=0.30)
    place_spelling: float = _row(0.30, "a far district is written by ear", other=0.50, hard=0.60)
    wrong_district: float = _row(0.05, "the railhead or the market town is taken for home", other=0.15, hard=0.50)
    remembered: float = _row(0.40, "of those without a village: a market, a river town she went to", other=0.25)
    languages_known: float = _row(0.80, "the first thing a worker tries", other=0.60)
    learnt_hindi: float = _row(0.40, "what she learnt on the way is noted as hers", other=0.60)
    only_hindi: float = _row(0.03, "only what the worker could speak with her is noted", other=0.08)
    height_known: float = _row(0.35, "measured where a doctor is", other=0.20)
    mark_known: float = _row(0.67, "of those with a mark: some are covered, some not asked for", other=0.45)
    mark_in_part: float = _row(0.30, "the kind is noted without its place", other=0.50)
    clothing_known: float = _row(0.40, "noted on the first day or never", other=0.25)
    belongings_known: float = _row(0.20, "taken from her, or kept hidden", other=0.10)
    same_clothes_days: int = _row(30, "in days: shelters and employers give other clothes")
    same_clothes: float = _row(0.80, "within those days", other=0.60)
    kept_belongings: float = _row(0.15, "later: an amulet or ear-rings are kept for years", other=0.08)
    phone_remembered: float = _row(0.03, "few children know a number by heart", other=0.06)
    phone_slip: float = _row(0.15, "of those remembered: two digits change places", other=0.30)
    wrong_sex: float = _row(0.003, "a form ticked wrongly", other=0.01)
    photo_rescued: float = _row(0.20, "shelters may not photograph without consent and order; most do not", other=0.40)


@dataclass(frozen=True, slots=True)
class Households:
    """Who is lost with whom; chances after each first child of a household, unless the reason says otherwise."""

    girls: float = _row(0.72, "most reported and most rescued are girls")
    age_mean: float = _row(14.0, "years at loss: trafficking for marriage, work and brothels seeks this age")
    age_spread: float = _row(3.6, "standard deviation in years, cut to 3 and 24: small siblings and young women too")
    lost_within_days: int = _row(4400, "open reports go back twelve years")
    lost_mostly_days: int = _row(400, "most open reports are recent")
    siblings: float = _row(0.06, "sold or married off together, or one after the other")
    twins: float = _row(0.01, "about one birth in a hundred, and they stay together")
    neighbours: float = _row(0.03, "one recruiter takes several from one village on one day")
    neighbours_most: int = _row(3, "a jeep holds so many")
    same_day: float = _row(0.60, "of siblings: the same journey; the others within three years")
    twin_pair_names: float = _row(0.45, "Ram and Lakshman, Ganga and Jamuna; else a name that sounds alike")
    fathers_surname: float = _row(0.80, "where surnames do not go by sex; daughters may bear their own")
    guardian: float = _row(0.25, "raised by an uncle or grandmother, or married")
    mark: float = _row(0.30, "a mark worth writing down")
    phone: float = _row(0.60, "of families with a telephone number that is still theirs")
    nickname_listed: float = _row(0.50, "of those whose given name has a usual pet form")
    nickname: float = _row(0.40, "of the others: a household name of its own")
    photo_age_years: float = _row(1.0, "mean age of the family's last picture when she is lost")
    sibling_face: float = _row(0.62, "distance of sibling faces: between one person (.38) and two (.725)")
    twin_face: float = _row(0.48, "a third of twins are identical")


CORRUPTION = Corruption()
HOUSEHOLDS = Households()


def _life(name: str) -> Corruption:
    return Corruption(**{row.name: row.metadata[name] for row in fields(Corruption)})


OTHER_CORRUPTION = _life("other")
HARD_CORRUPTION = _life("hard")
LIVES: Mapping[str, Corruption] = {"usual": CORRUPTION, "other": OTHER_CORRUPTION, "hard": HARD_CORRUPTION}


def reasons(table: type[Corruption] | type[Households] = Corruption) -> dict[str, str]:
    """Return why each value of a table is what it is, by its name."""
    return {row.name: str(row.metadata["because"]) for row in fields(table)}
