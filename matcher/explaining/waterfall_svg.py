"""How do the contributions add up, as a picture? An SVG of its own: no script, no style sheet, no font to fetch.

Drawn 360 units wide, the width of a cheap phone, where one unit is one pixel; each step has its words on lines of their
own above its bar, for words in Burmese need more room than any column would leave. Bars float from the running total
before a step to the one after it; dashed lines stand where the grades begin. Signs, not only colours, tell for from
against, and a screen reader finds every step in the description.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from matcher.explaining.language import ENGLISH
from matcher.explaining.waterfall import WaterfallStep, step_sentences, waterfall_steps
from matcher.explaining.wording import Wording, wording
from matcher.model import Grade, Thresholds
from matcher.scoring import PRIOR, Contribution

MEDIA_TYPE = "image/svg+xml"
WIDTH = 360
_LEFT, _RIGHT = 12.0, 348.0
_INK, _SOFT, _LINE, _TRACK = "#1d1d1f", "#55585c", "#8a8d91", "#eceef0"
_FOR, _AGAINST, _NEUTRAL = "#1f6fb2", "#b8500f", "#7a7d82"
_FONTS = (
    "system-ui, 'Noto Sans', 'Noto Sans Devanagari', 'Noto Sans Bengali', 'Noto Sans Myanmar', 'Nirmala UI', "
    "'Myanmar Text', Padauk, sans-serif"
)
_GRADES = (Grade.POSSIBLE, Grade.PROBABLE, Grade.CERTAIN)
_MARGIN_BITS = 1.0


def waterfall_svg(
    contributions: Iterable[Contribution],
    thresholds: Thresholds,
    grade: Grade | str,
    probability: float,
    language: str = ENGLISH,
) -> str:
    """Return the waterfall of one pair as an SVG document.

    Args:
        contributions: of one pair, prior first; at least one.
        thresholds: of the model, drawn where the weight reaches them.
        grade, probability: what the contributions came to.
        language: of every word in it.
    """
    words = wording(language)
    steps = waterfall_steps(contributions, language)
    lines = {grade: _bits(getattr(thresholds, grade.value)) for grade in _GRADES}
    reached = [0.0, *lines.values(), *(step.end for step in steps)]
    canvas = _Canvas(min(reached) - _MARGIN_BITS, max(reached) + _MARGIN_BITS)
    canvas.text(words.say("waterfall.title"), 15, bold=True)
    _grade_names(canvas, lines, words)
    canvas.starts[0.0] = canvas.y
    for step in steps:
        _draw_step(canvas, step)
    canvas.rule()
    total = steps[-1].end if steps else 0.0
    result = words.say("waterfall.result", probability=words.probability(probability))
    canvas.y += 8
    closing = f"{words.say('waterfall.total')}: {words.grade(grade)}"
    canvas.text(closing, 14, bold=True, right=_signed(total))
    for small in (result, words.say("waterfall.legend"), words.say("notice")):
        canvas.text(small, 11.5, colour=_SOFT)
    spoken = " ".join([*step_sentences(steps, words), f"{words.grade(grade)}.", result])
    return canvas.document(words.language, words.say("waterfall.title"), spoken)


def _bits(probability: float) -> float:
    """Return the weight at which a probability is reached, kept within what can be drawn."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(bounded / (1 - bounded))


def _grade_names(canvas: _Canvas, lines: dict[Grade, float], words: Wording) -> None:
    """Write each grade's name beside its line, one below the other: the lines often stand closer than the words."""
    canvas.y += 5
    for grade, weight in lines.items():
        x = canvas.x(weight)
        name = words.grade(grade)
        before = x + 4 + _width(name, 11) > _RIGHT
        canvas.y += 14
        canvas.add(
            _text(x - 4 if before else x + 4, canvas.y - 3, name, 11, _SOFT, anchor="end" if before else "start")
        )
        canvas.starts[weight] = canvas.y - 13


def _draw_step(canvas: _Canvas, step: WaterfallStep) -> None:
    canvas.y += 6
    canvas.text(step.subject, 13, bold=True, right=_signed(step.bits), right_colour=_colour(step))
    canvas.text(step.finding, 12, colour=_SOFT, right=f"= {_signed(step.end)}")
    canvas.y += 4
    canvas.tracks.append(f'<rect x="{_LEFT}" y="{canvas.y:.1f}" width="{_RIGHT - _LEFT}" height="12" fill="{_TRACK}"/>')
    first, last = sorted((canvas.x(step.start), canvas.x(step.end)))
    canvas.add(
        f'<rect x="{first:.1f}" y="{canvas.y:.1f}" width="{max(last - first, 1.5):.1f}" height="12" '
        f'fill="{_colour(step)}"/>'
    )
    canvas.y += 14


def _signed(bits: float) -> str:
    """Return a number with its sign; a true minus is as wide as the plus and is read out as one."""
    return f"{bits:+.1f}".replace("-", "−")


def _colour(step: WaterfallStep) -> str:
    if step.comparison == PRIOR:
        return _NEUTRAL
    return _FOR if step.bits >= 0 else _AGAINST


@dataclass(slots=True)
class _Canvas:
    """What has been drawn so far, from the top down.

    Attributes:
        low, high: the weights at the two ends of the bars, bits.
        y: where the next thing goes.
        parts: elements, in the order drawn.
        tracks: the grounds of the bars, drawn before everything else.
        starts: weight -> where the line that marks it begins; 0 is drawn through, the grades are dashed.
    """

    low: float
    high: float
    y: float = 10.0
    parts: list[str] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    starts: dict[float, float] = field(default_factory=dict)

    def x(self, weight: float) -> float:
        """Return where a weight lies."""
        return _LEFT + (weight - self.low) / (self.high - self.low) * (_RIGHT - _LEFT)

    def add(self, element: str) -> None:
        """Draw an element."""
        self.parts.append(element)

    def text(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        colour: str = _INK,
        right: str = "",
        right_colour: str = _INK,
    ) -> None:
        """Write a text in as many lines as it needs, with a number at the right end of the first."""
        room = _RIGHT - _LEFT - (58 if right else 0)
        for number, line in enumerate(_lines(text, size, room)):
            self.y += size * 1.5
            self.add(_text(_LEFT, self.y - size * 0.3, line, size, colour, bold=bold))
            if right and not number:
                self.add(_text(_RIGHT, self.y - size * 0.3, right, size, right_colour, bold=bold, anchor="end"))

    def rule(self) -> None:
        """Draw every line of `starts` down to here, over the grounds of the bars and under what is written."""
        drawn = []
        for weight, top in self.starts.items():
            x, dashed = self.x(weight), ' stroke-dasharray="3 3"' if weight else ""
            drawn.append(f'<path d="M{x:.1f} {top:.1f}V{self.y:.1f}" stroke="{_LINE}" stroke-width="1"{dashed}/>')
        self.parts = [*self.tracks, *drawn, *self.parts]

    def document(self, language: str, title: str, description: str) -> str:
        """Return the whole document; on a wide screen it is drawn a third larger."""
        height = math.ceil(self.y + 12)
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                f'<svg xmlns="http://www.w3.org/2000/svg" xml:lang="{language}" lang="{language}" role="img" '
                f'aria-labelledby="title desc" viewBox="0 0 {WIDTH} {height}" width="{WIDTH * 4 // 3}" '
                f'height="{height * 4 // 3}" style="max-width:100%;height:auto" font-family="{_FONTS}">',
                f'<title id="title">{escape(title)}</title>',
                f'<desc id="desc">{escape(description)}</desc>',
                f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
                *self.parts,
                "</svg>",
                "",
            ]
        )


def _text(x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="600"' if bold else ""
    # The white rim keeps words readable where a line passes behind them.
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight} '
        f'stroke="#ffffff" stroke-width="3" paint-order="stroke" stroke-linejoin="round">{escape(text)}</text>'
    )


# Units of width per unit of size, measured on the Noto fonts and rounded up; marks above and below take none.
_WIDTHS = (("LATIN", 0.56), ("DEVANAGARI", 0.68), ("BENGALI", 0.68), ("MYANMAR", 0.95))


def _width(text: str, size: float) -> float:
    """Return about how wide a text is drawn; rather too wide than too narrow."""
    total = 0.0
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Mn", "Me", "Cf"):
            continue
        script = unicodedata.name(char, "").split(" ")[0]
        total += dict(_WIDTHS).get(script, 0.56) * (0.6 if kind == "Mc" else 1.0)
    return total * size


def _lines(text: str, size: float, room: float) -> list[str]:
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _width(joined, size) > room:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines
