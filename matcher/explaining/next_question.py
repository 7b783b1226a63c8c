"""What should be asked next? The one unknown field whose answer is expected to spare most wrong decisions, and of whom.

A grade stands for a decision: look at the pair at all (possible), tell the other side now (probable), treat it as found
(certain). Each pays only above its threshold t; deciding at probability p goes wrong at the expected cost

    loss(p) = min(p / t, (1 - p) / (1 - t))          1 at the threshold, 0 where nothing is in doubt

An answer at level l comes with P(l) = p m_l + (1 - p) u_l and moves p to p_l, so a question is worth

    answered * sum over thresholds of  loss(p) - sum over levels of P(l) loss(p_l)

with `answered` the chance that asking brings an answer at all. Counting how many grades the pair would move instead
would prefer a nudge across a threshold that is near anyway to an answer that settles the matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from matcher.explaining.language import ENGLISH
from matcher.explaining.outlook import ALTERNATIVES, Outlook
from matcher.explaining.wording import wording
from matcher.model import Thresholds
from matcher.person import AgeBasis, PersonRecord, Sex, Side

Ask = Literal["rescued", "family", "both"]

# Chance that asking brings an answer: of the rescued person, of the family. Judgement, in step with what synthetic
# rescues are said to know. Sex, order of events, postcode and photos are never asked for: they are seen, they follow
# from records, or they are a matter of consent.
ANSWERED: Mapping[str, tuple[float, float]] = {
    "name": (0.85, 0.99),
    "father": (0.60, 0.95),
    "mother": (0.55, 0.95),
    "relative": (0.40, 0.80),
    "birth": (0.60, 0.90),
    "origin": (0.50, 0.98),
    "remembered": (0.40, 0.0),
    "address": (0.15, 0.90),
    "languages": (0.95, 0.95),
    "community": (0.40, 0.80),
    "height": (0.90, 0.40),
    "marks": (0.40, 0.50),
    "clothing": (0.60, 0.50),
    "belongings": (0.50, 0.40),
    "phones": (0.10, 0.80),
    "identifiers": (0.10, 0.40),
}
_UNASKED = 0.05
LEAST_WORTH = 0.01
"""A question worth less is not asked: each costs a frightened child something."""


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """One question.

    Attributes:
        comparison: what it would let us compare.
        ask: the rescued person, the family through the unit that took its report, or both.
        worth: expected cost of wrong decisions that the answer spares, see above; above `LEAST_WORTH`.
        changes_grade: chance that an answer, once given, changes the grade.
    """

    comparison: str
    ask: Ask
    worth: float
    changes_grade: float

    def text(self, language: str = ENGLISH) -> str:
        """Return what to ask, and how, for the person who will ask it."""
        words = wording(language)
        sides: tuple[Ask, ...] = ("rescued", "family") if self.ask == "both" else (self.ask,)
        topic = TOPICS.get(self.comparison, self.comparison)
        said = {side: words.say(f"ask.{side}", question=words.say(f"question.{topic}.{side}")) for side in sides}
        return words.say("ask.both", **said) if self.ask == "both" else said[self.ask]


TOPICS = {"age": "birth"}
"""A guessed age and a date of birth are one question."""


def known_comparisons(record: PersonRecord) -> frozenset[str]:
    """Return the comparisons for which a record holds its half; it tells which fields are filled in, never with what.

    An age that was guessed is compared as "age", any other as "birth". A report knows its half of "remembered" when it
    says where she comes from.
    """
    place = record.origin
    held = {
        "name": record.names,
        "father": record.father,
        "mother": record.mother,
        "relative": record.relatives,
        "sex": record.sex is not Sex.UNKNOWN,
        "birth": record.birth is not None and record.birth_basis is not AgeBasis.GUESS,
        "age": record.birth is not None and record.birth_basis is AgeBasis.GUESS,
        "origin": not place.is_empty,
        "remembered": place.state or place.village if record.side is Side.MISSING else record.remembered,
        "address": record.address,
        "postcode": record.postcode,
        "languages": record.languages,
        "community": record.community,
        "height": record.height_cm,
        "marks": record.marks,
        "clothing": record.clothing,
        "belongings": record.belongings,
        "phones": record.phones,
        "identifiers": record.identifiers,
        "events": record.event is not None,
        "face": record.faces,
    }
    return frozenset(name for name, value in held.items() if value)


def next_question(outlook: Outlook, known_left: Set[str], known_right: Set[str]) -> NextQuestion | None:
    """Return the question worth most, None where none is worth asking.

    Args:
        outlook: the pair as it stands.
        known_left: `known_comparisons` of the missing report.
        known_right: of the rescued person.
    """
    return next(iter(questions(outlook, known_left, known_right)), None)


def questions(outlook: Outlook, known_left: Set[str], known_right: Set[str]) -> list[NextQuestion]:
    """Return every question worth asking, the one worth most first."""
    found = []
    for comparison in outlook.unknown:
        whom = _whom(comparison, known_left, known_right)
        if whom is None:
            continue
        findings = outlook.findings(comparison)
        now = _loss(outlook.probability, outlook.model.thresholds)
        then = sum(finding.chance * _loss(finding.probability, outlook.model.thresholds) for finding in findings)
        worth = _answered(comparison, whom) * (now - then)
        if worth > LEAST_WORTH:
            changes = sum(finding.chance for finding in findings if finding.grade is not outlook.grade)
            found.append(NextQuestion(comparison, whom, worth, min(changes, 1.0)))
    return sorted(found, key=lambda question: (-question.worth, question.comparison))


def _whom(comparison: str, known_left: Set[str], known_right: Set[str]) -> Ask | None:
    """Return who lacks what is to be compared and can be asked for it; None where nobody can.

    Where both sides hold something that could not be compared (a village here, a country there), both are asked for the
    place once more; of anything else a second answer would be as hard to compare as the first.
    """
    if TOPICS.get(comparison, comparison) not in ANSWERED:
        return None
    held = {comparison}
    if comparison in ALTERNATIVES:
        # Of the two the one that the answer would be compared by: as a guess, if the side that is known guessed.
        if ("age" in known_left | known_right) is not (comparison == "age"):
            return None
        held = {comparison, ALTERNATIVES[comparison]}
    family, rescued = not held & known_left, not held & known_right
    if comparison == "origin" and not family and not rescued:
        family = rescued = True
    whom: Ask | None = "both" if family and rescued else "family" if family else "rescued" if rescued else None
    # Nobody but herself can say what she remembers, and that only if the report says where she comes from.
    return whom if whom and _answered(comparison, whom) > 0.0 else None


def told_by_both(comparison: str) -> float:
    """Return the chance that both sides can tell a field, little for one that nobody is asked for."""
    return _answered(comparison, "both") if TOPICS.get(comparison, comparison) in ANSWERED else _UNASKED


def _answered(comparison: str, whom: Ask) -> float:
    rescued, family = ANSWERED[TOPICS.get(comparison, comparison)]
    return {"rescued": rescued, "family": family, "both": rescued * family}[whom]


def _loss(probability: float, thresholds: Thresholds) -> float:
    """Return the expected cost of deciding at this probability, over the three decisions; see the head of the file."""
    limits = (thresholds.possible, thresholds.probable, thresholds.certain)
    return sum(min(probability / limit, (1 - probability) / (1 - limit)) for limit in limits)
