"""The steps add up to the weight; the text keeps to its columns; the picture is sound, safe and drawn to scale."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, numbered, people

from matcher.compare import COMPARISONS
from matcher.explaining.language import LANGUAGES
from matcher.explaining.waterfall import LEAST_WIDTH, cells, waterfall_steps, waterfall_text
from matcher.explaining.waterfall_svg import WIDTH, waterfall_svg
from matcher.explaining.wording import wording
from matcher.model import Grade, Thresholds
from matcher.person import PersonRecord, Side
from matcher.scoring import PRIOR, Contribution, score_pair
from matcher.training import prior_model

SVG = "{http://www.w3.org/2000/svg}"
LABELS = {comparison.name: comparison.labels for comparison in COMPARISONS}
PAIR = (
    Contribution(PRIOR, "before anything is compared", -12.0, -1),
    Contribution("name", "one name in two spellings", 7.0, 1),
    Contribution("father", "same name, a part left out", 5.5, 2),
    Contribution("origin", "same state", -0.5, 4),
    Contribution("height", "height does not fit", -2.0, 2),
    Contribution("languages", "a language in common", 1.0, 0),
)
THRESHOLDS = Thresholds(certain=0.98, probable=0.75, possible=0.02)
each_language = pytest.mark.parametrize("language", LANGUAGES)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Contribution, ...]:
    names = draw(st.lists(st.sampled_from(sorted(LABELS)), unique=True, max_size=10))
    parts = [Contribution(PRIOR, "before anything is compared", draw(st.floats(-40, 2)), -1)]
    for name in names:
        level = draw(st.integers(0, len(LABELS[name]) - 1))
        parts.append(Contribution(name, LABELS[name][level], draw(st.floats(-40, 40)), level))
    return tuple(parts)


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.encode())


def words_in(svg: str) -> list[str]:
    return [element.text or "" for element in drawn(svg).iter(f"{SVG}text")]


@given(pairs())
def test_each_step_starts_where_the_last_one_ended(pair: tuple[Contribution, ...]) -> None:
    steps = waterfall_steps(pair)
    assert [step.comparison for step in steps] == [part.comparison for part in pair]
    assert steps[0].start == 0.0
    for before, after in itertools.pairwise(steps):
        assert after.start == before.end
    for step in steps:
        assert step.end == step.start + step.bits


@settings(max_examples=50, deadline=None)  # the first example reads the gazetteer
@given(people(Side.MISSING), people(Side.RESCUED))
def test_the_last_total_is_the_weight_to_the_last_bit(left: PersonRecord, right: PersonRecord) -> None:
    scored = score_pair(*numbered([left, right]), known_names(), prior_model("judgement"), 1000)
    assert waterfall_steps(scored.contributions)[-1].end == scored.weight


def test_the_text_draws_against_to_the_left_and_for_to_the_right() -> None:
    lines = waterfall_text(PAIR, Grade.POSSIBLE, 0.31, width=90).splitlines()
    assert lines[0].split() == ["against", "◂", "▸", "for", "bits", "total"]
    bars = [line for line in lines if "│" in line]
    zero = bars[0].index("│")
    for line, part in zip(bars, PAIR, strict=True):
        assert line[zero] == "│"
        left, right = line[:zero].count("█"), line[zero + 1 :].count("█")
        assert (left > 0, right > 0) == (part.bits <= -1, part.bits >= 1), line
        assert f"{part.bits:+.1f}" in line
    assert bars[0].split()[-2:] == ["-12.0", "-12.0"]
    assert bars[-1].split()[-2:] == ["+1.0", "-1.0"]
    closing = "all together: possible – about 31 in 100 such pairs are one person"
    assert lines[-1] == closing + "-1.0".rjust(90 - len(closing))


def test_bars_of_one_length_mean_the_same_on_both_sides() -> None:
    pair = (PAIR[0], Contribution("name", "same name", 12.0, 0))
    first, second = waterfall_text(pair, Grade.POSSIBLE, 0.5, width=100).splitlines()[1:3]
    assert first.count("█") == second.count("█") > 5


@each_language
@pytest.mark.parametrize("width", [20, LEAST_WIDTH, 63, 80, 100, 200])
def test_the_text_keeps_to_its_columns(language: str, width: int) -> None:
    text = waterfall_text(PAIR, Grade.CERTAIN, 0.99, width=width, language=language)
    assert max(cells(line) for line in text.splitlines()) == max(width, LEAST_WIDTH)
    assert all(line == line.rstrip() for line in text.splitlines())
    words = wording(language)
    flat = " ".join(text.split())
    assert words.grade(Grade.CERTAIN).split()[0] in flat
    assert words.subject("father").split()[0] in flat


@given(pairs(), st.integers(0, 140), st.sampled_from(LANGUAGES))
def test_no_pair_breaks_the_columns(pair: tuple[Contribution, ...], width: int, language: str) -> None:
    text = waterfall_text(pair, Grade.POSSIBLE, 0.5, width=width, language=language)
    assert max(cells(line) for line in text.splitlines()) <= max(width, LEAST_WIDTH)
    assert len([line for line in text.splitlines() if "│" in line]) == len(pair)


def test_a_word_wider_than_its_column_is_broken_between_letters() -> None:
    text = waterfall_text([Contribution("extra:" + "নি" * 60, "equal", 1.0, 0)], Grade.POSSIBLE, 0.5, width=50)
    assert not any(line.strip().startswith("ি") for line in text.splitlines())
    assert "".join(text.split()).count("নি") == 60


def test_nothing_scored_is_an_empty_waterfall() -> None:
    assert waterfall_text((), Grade.POSSIBLE, 0.5).splitlines()[-1].endswith("+0.0")
    assert drawn(waterfall_svg((), THRESHOLDS, Grade.POSSIBLE, 0.5)) is not None


@each_language
def test_the_picture_says_every_step_to_eye_and_ear(language: str) -> None:
    words = wording(language)
    svg = waterfall_svg(PAIR, THRESHOLDS, Grade.POSSIBLE, 0.31, language)
    root = drawn(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["lang"] == language
    titles = {
        element.attrib["id"]: element.text or "" for element in root if element.tag in (f"{SVG}title", f"{SVG}desc")
    }
    assert root.attrib["aria-labelledby"].split() == list(titles)
    assert titles["title"] == words.say("waterfall.title")
    seen = " ".join(words_in(svg))
    for step in waterfall_steps(PAIR, language):
        for told in (titles["desc"], seen):
            assert step.subject in told
            assert step.finding in told
    for grade in (Grade.POSSIBLE, Grade.PROBABLE, Grade.CERTAIN):
        assert words.grade(grade) in words_in(svg)
    assert words.say("notice").split()[0] in seen


def test_bars_are_drawn_to_scale_from_total_to_total() -> None:
    root = drawn(waterfall_svg(PAIR, THRESHOLDS, Grade.POSSIBLE, 0.31))
    tall = [element for element in root.iter(f"{SVG}rect") if element.attrib["height"] == "12"]
    tracks, bars = tall[: len(PAIR)], tall[len(PAIR) :]
    assert len(tracks) == len(bars) == len(PAIR)
    assert len({bar.attrib["y"] for bar in bars}) == len(PAIR)
    widths = [float(bar.attrib["width"]) for bar in bars]
    per_bit = widths[0] / 12.0
    for step, bar, width in zip(waterfall_steps(PAIR), bars, widths, strict=True):
        left = float(bar.attrib["x"])
        assert width == pytest.approx(abs(step.bits) * per_bit, abs=0.2)
        start = left if step.bits > 0 else left + width
        expected = float(bars[0].attrib["x"]) + widths[0] + step.start * per_bit
        assert start == pytest.approx(expected, abs=0.3)
    assert bars[1].attrib["fill"] != bars[3].attrib["fill"] != bars[0].attrib["fill"]


def test_lines_stand_where_the_grades_begin() -> None:
    root = drawn(waterfall_svg(PAIR, THRESHOLDS, Grade.POSSIBLE, 0.31))
    dashed = [path for path in root.iter(f"{SVG}path") if "stroke-dasharray" in path.attrib]
    (zero,) = [path for path in root.iter(f"{SVG}path") if "stroke-dasharray" not in path.attrib]
    starts = [re.match(r"M([\d.]+)", path.attrib["d"]) for path in [*dashed, zero]]
    places = [float(start[1]) for start in starts if start is not None]
    assert len(places) == len(starts)
    bars = [element for element in root.iter(f"{SVG}rect") if element.attrib["height"] == "12"][len(PAIR) :]
    per_bit = float(bars[0].attrib["width"]) / 12.0
    offsets = [(place - places[-1]) / per_bit for place in places[:-1]]
    assert offsets == pytest.approx([-5.61, 1.58, 5.61], abs=0.05)


@given(pairs(), st.sampled_from(LANGUAGES))
def test_everything_lies_within_the_picture(pair: tuple[Contribution, ...], language: str) -> None:
    root = drawn(waterfall_svg(pair, THRESHOLDS, Grade.PROBABLE, 0.8, language))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width == WIDTH == 360
    for element in root.iter(f"{SVG}rect"):
        x, across = float(element.attrib.get("x", 0)), float(element.attrib["width"])
        assert -0.1 <= x <= x + across <= width + 0.1
    for element in root.iter(f"{SVG}text"):
        assert 0 < float(element.attrib["y"]) < height
        assert 0 <= float(element.attrib["x"]) <= width


def test_what_is_written_is_never_markup() -> None:
    name = '</text><script>alert("1")</script>&'
    svg = waterfall_svg([Contribution(f"extra:{name}", name, 2.0, 0)], THRESHOLDS, Grade.POSSIBLE, 0.5)
    tags = {element.tag.removeprefix(SVG) for element in drawn(svg).iter()}
    assert tags == {"svg", "title", "desc", "rect", "path", "text"}
    assert "<script" not in svg
    assert "".join(words_in(svg)).count("script") == 4


def test_the_picture_fetches_nothing_and_runs_nothing() -> None:
    svg = waterfall_svg(PAIR, THRESHOLDS, Grade.POSSIBLE, 0.31, "my")
    assert not re.search(r"href|url\(|@import|<script|<image|<foreignObject|\son\w+=", svg)
    assert svg.count("http") == 1  # the name space


@pytest.mark.parametrize("thresholds", [Thresholds(1.0, 0.5, 0.0), Thresholds(0.5, 0.5, 0.5)])
def test_thresholds_at_the_ends_can_be_drawn(thresholds: Thresholds) -> None:
    assert drawn(waterfall_svg(PAIR, thresholds, Grade.POSSIBLE, 0.31)).tag == f"{SVG}svg"
