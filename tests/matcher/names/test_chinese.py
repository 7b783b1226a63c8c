"""Is pinyin read as the people who bear these names would read it?"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.names.chinese import romanize_chinese

HAN = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.sampled_from("单曾仇区长重乐行"), max_size=6
)
SYLLABLES = "([a-z]+( [a-z]+)*)?"


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("王小明", "wang xiao ming"),
        ("欧阳娜娜", "ou yang na na"),
        ("赵长生", "zhao chang sheng"),
        ("張偉", "zhang wei"),
        ("吕秀兰", "lyu xiu lan"),
        ("陈茜", "chen qian"),
        ("朝阳", "chao yang"),
        ("李行健", "li xing jian"),
    ],
)
def test_names(name: str, pinyin: str) -> None:
    assert romanize_chinese(name) == pinyin


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("单艳丽", "shan yan li"),
        ("曾志伟", "zeng zhi wei"),
        ("曾", "zeng"),
        ("仇英", "qiu ying"),
        ("解晓东", "xie xiao dong"),
        ("區健", "ou jian"),
        ("尉迟恭", "yu chi gong"),
    ],
)
def test_a_surname_is_read_as_one(name: str, pinyin: str) -> None:
    assert romanize_chinese(name) == pinyin


def test_elsewhere_the_same_character_is_read_as_in_words() -> None:
    assert romanize_chinese("李单") == "li dan"
    assert romanize_chinese("曾曾") == "ceng ceng"


def test_words_decide_between_readings() -> None:
    assert romanize_chinese("重庆\n厦门\n西藏") == "chong qing\nxia men\nxi zang"


@pytest.mark.parametrize("line", ["", "。", "\u302a", "1"])
def test_what_has_no_reading_is_passed_over(line: str) -> None:
    assert romanize_chinese(line) == ""


def test_the_tables_are_read_only_when_needed() -> None:
    code = "import sys, matcher.names.chinese; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.lists(HAN, max_size=5))
def test_each_line_is_read_for_itself(names: list[str]) -> None:
    together = romanize_chinese("\n".join(names)).split("\n")
    assert together == ([romanize_chinese(name) for name in names] or [""])
    assert all(re.fullmatch(SYLLABLES, pinyin) for pinyin in together)


@given(st.text(max_size=20))
def test_any_text_is_survived_with_its_number_of_lines(text: str) -> None:
    assert romanize_chinese(text).count("\n") == text.count("\n")
