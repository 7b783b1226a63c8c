"""What would change the grade? What would have to be found, or to be otherwise, in at most three sentences."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.explaining.language import ENGLISH
from matcher.explaining.next_question import told_by_both
from matcher.explaining.outlook import Outlook
from matcher.explaining.wording import wording
from matcher.model import Grade
from matcher.scoring import FACE_NAME

MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class GradeChange:
    """A finding of one comparison that would change the grade.

    Attributes:
        comparison: its name.
        current: what was found, as its English label; "" where the field is unknown.
        label: what would have to be found: of an unknown field the likeliest that would do, of a known one the least.
        grade: what the pair would be.
        upward: whether that is a higher grade.
        chance: that an unknown field is found to change the grade in this direction; 0 where it is known.
        bits: how far the weight would move.
    """

    comparison: str
    current: str
    label: str
    grade: Grade
    upward: bool
    chance: float
    bits: float


def grade_changes(outlook: Outlook) -> list[GradeChange]:
    """Return what would change the grade, up to two for each comparison, in the order of the model.

    Photos are left out: whether there may be one is for consent, not for the search, to decide.
    """
    names = [*outlook.unknown, *(name for name in outlook.known if name in outlook.model.comparisons)]
    found = (_change(outlook, name, upward) for name in names if name != FACE_NAME for upward in (True, False))
    return [change for change in found if change is not None]


def _change(outlook: Outlook, name: str, upward: bool) -> GradeChange | None:
    sign = 1 if upward else -1
    known = outlook.known.get(name)
    enough = [f for f in outlook.findings(name) if (f.grade.rank - outlook.grade.rank) * sign > 0]
    if known:
        # Counts from few pairs may put a lesser level a little above a better one; nobody would believe the sentence.
        enough = [f for f in enough if (known.level - f.level) * sign > 0]
    if not enough:
        return None
    # What is not known may turn out any way; what is known is wrong, if it is, by as little as can be.
    finding = min(enough, key=lambda f: f.bits * sign) if known else max(enough, key=lambda f: f.chance)
    return GradeChange(
        comparison=name,
        current=known.label if known else "",
        label=finding.label,
        grade=finding.grade,
        upward=upward,
        chance=0.0 if known else sum(f.chance for f in enough),
        bits=finding.bits,
    )


def what_would_change(outlook: Outlook, language: str = ENGLISH, most: int = MOST_SENTENCES) -> list[str]:
    """Return sentences on what would change the grade, none where no single finding would.

    First the unknown field most likely to lift the pair, then the one most likely to lower it, then the known finding
    that would have to differ least; what room is left goes to more of the same, the likeliest first. How likely it is
    that anybody can tell a field counts too.
    """
    words = wording(language)
    changes = grade_changes(outlook)
    unknown = [change for change in changes if not change.current]
    unknown.sort(key=lambda change: -change.chance * told_by_both(change.comparison))
    known = sorted((change for change in changes if change.current), key=lambda change: abs(change.bits))
    first = [next((change for change in unknown if change.upward is up), None) for up in (True, False)]
    chosen = [change for change in (*first, *known[:1]) if change is not None]
    chosen += [change for change in (*unknown, *known) if change not in chosen]
    return [
        words.say(
            "change.known" if change.current else "change.up" if change.upward else "change.down",
            subject=words.subject(change.comparison),
            finding=words.finding(change.label),
            current=words.finding(change.current),
            grade=words.grade(change.grade),
        )
        for change in chosen[:most]
    ]
