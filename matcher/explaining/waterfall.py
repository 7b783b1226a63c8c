"""How do the contributions add up to the weight? One step after the other from the prior, as data and as text.

The steps keep the order of the contributions, which is that of the scoring: two matches can be read side by side, and
the last running total is the weight to the last bit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from matcher.explaining.language import ENGLISH
from matcher.explaining.wording import Wording, wording
from matcher.model import Grade
from matcher.scoring import Contribution

LEAST_WIDTH = 48
"""Columns: in fewer, labels would be broken into single letters."""
_NUMBERS = 16  # two columns of "+100.0"


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One contribution and where it leads.

    Attributes:
        comparison: its name, "prior" for the first.
        subject, finding: in the reader's language.
        bits: what it adds.
        start, end: running total before and after, bits.
    """

    comparison: str
    subject: str
    finding: str
    bits: float
    start: float
    end: float


def waterfall_steps(contributions: Iterable[Contribution], language: str = ENGLISH) -> tuple[WaterfallStep, ...]:
    """Return the steps in the order given; each starts where the one before it ended, the first at 0."""
    words = wording(language)
    steps, total = [], 0.0
    for part in contributions:
        subject, finding = words.label(part.comparison, part.label, part.bits)
        steps.append(WaterfallStep(part.comparison, subject, finding, part.bits, total, total + part.bits))
        total += part.bits
    return tuple(steps)


def waterfall_text(
    contributions: Iterable[Contribution],
    grade: Grade | str,
    probability: float,
    *,
    width: int = 80,
    language: str = ENGLISH,
) -> str:
    """Return a waterfall for a terminal: label, bar to the left or right of zero, bits, running total.

    Args:
        contributions: of one pair, prior first.
        grade, probability: what they came to.
        width: columns of the terminal; below `LEAST_WIDTH` that many are used all the same.
        language: of the labels.
    Returns:
        Lines joined by newlines, no trailing blanks. In scripts whose letters combine, terminals may be a column off.
    """
    words = wording(language)
    steps = waterfall_steps(contributions, language)
    width = max(width, LEAST_WIDTH)
    area = max(13, (width - _NUMBERS) * 2 // 5)
    room = width - _NUMBERS - area - 1
    left, right = _sides(steps, area)
    against, supporting = words.say("waterfall.against"), words.say("waterfall.for")
    heads = [_pad(words.say(f"waterfall.{name}"), 8, right=True) for name in ("bits", "running")]
    lines = [_pad("", room + 1) + _heading(against, supporting, left, area) + "".join(heads)]
    scale = _columns_per_bit(steps, left, right)
    for step in steps:
        label = _wrapped(words.say("statement.short", subject=step.subject, finding=step.finding), room)
        bar = _bar(step.bits, scale, left, right)
        lines.append(f"{_pad(label[0], room)} {bar}{step.bits:>+8.1f}{step.end:>+8.1f}")
        lines += [f"  {line}" for line in label[1:]]
    total = steps[-1].end if steps else 0.0
    result = words.say("waterfall.result", probability=words.probability(probability))
    closing = _wrapped(f"{words.say('waterfall.total')}: {words.grade(grade)} – {result}", width - 8)
    lines.append("─" * width)
    lines += [*closing[:-1], f"{_pad(closing[-1], width - 8)}{total:>+8.1f}"]
    return "\n".join(line.rstrip() for line in lines)


def _sides(steps: tuple[WaterfallStep, ...], area: int) -> tuple[int, int]:
    """Return how many columns of the bars lie left and right of the zero line, by what has to fit there."""
    most_against = max((-step.bits for step in steps), default=0.0)
    most_for = max((step.bits for step in steps), default=0.0)
    most_against, most_for = max(most_against, 0.1), max(most_for, 0.1)
    free = area - 1
    left = min(max(round(free * most_against / (most_against + most_for)), 3), free - 3)
    return left, free - left


def _columns_per_bit(steps: tuple[WaterfallStep, ...], left: int, right: int) -> float:
    """Return one scale for both sides, so that bars of one length mean the same."""
    against = max((-step.bits for step in steps), default=0.0)
    supporting = max((step.bits for step in steps), default=0.0)
    return min(left / max(against, 0.1), right / max(supporting, 0.1))


def _bar(bits: float, scale: float, left: int, right: int) -> str:
    """Return the bar of one step, in half columns; a finding that says anything at all shows half of one."""
    halves = round(abs(bits) * scale * 2) or (abs(bits) >= 0.05)
    full, half = divmod(int(halves), 2)
    if bits < 0:
        return f"{'▐' * half + '█' * full:>{left}}│{'':{right}}"
    return f"{'':{left}}│{'█' * full + '▌' * half:<{right}}"


def _heading(against: str, supporting: str, left: int, area: int) -> str:
    """Return what stands over the bars; arrows alone where the words have no room."""
    right = area - left - 1
    before = f"{against} ◂" if cells(against) + 2 <= left else "◂"
    after = f"▸ {supporting}" if cells(supporting) + 2 <= right else "▸"
    return f"{_pad(before, left, right=True)} {_pad(after, right)}"


def cells(text: str) -> int:
    """Return how many columns a terminal gives a text: marks that combine take none, wide letters two."""
    count = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        count += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return count


def _pad(text: str, width: int, right: bool = False) -> str:
    space = " " * max(width - cells(text), 0)
    return space + text if right else text + space


def _wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of at most `room` columns; a longer word is broken."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells(joined) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            room -= 2 if len(lines) == 1 else 0  # further lines are indented
            lines.append("")
        lines[-1] = word
        while cells(lines[-1]) > room:
            cut = _fitting(lines[-1], room)
            lines[-1:] = [lines[-1][:cut], lines[-1][cut:]]
    return lines


def _fitting(word: str, room: int) -> int:
    """Return how many characters of a word fit, never parting a letter from the marks on it."""
    cut = max(next((n for n in range(len(word), 0, -1) if cells(word[:n]) <= room), 1), 1)
    while 1 < cut < len(word) and unicodedata.category(word[cut]).startswith("M"):
        cut -= 1
    return cut


def step_sentences(steps: Iterable[WaterfallStep], words: Wording) -> list[str]:
    """Return each step as a sentence, for those who hear the picture."""
    return [
        words.say(
            "waterfall.step",
            label=words.say("statement.short", subject=step.subject, finding=step.finding),
            bits=f"{step.bits:+.1f}",
            total=f"{step.end:+.1f}",
        )
        for step in steps
    ]
