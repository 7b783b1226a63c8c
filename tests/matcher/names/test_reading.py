"""Are many names read at once as each is read alone?"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from name_cases import names, region_names

from matcher.names.grammar import parse_with_titles
from matcher.names.reading import ReadNames, read_names, read_with

UNUSUAL = [
    "Md. Rahim @ Raju",
    "AKM Nurul Islam",
    "MdRahim s/o Karim",
    "Unknown",
    "N/A",
    "সুনীতা মণ্ডল",
    "ဒေါ်အေးအေး",
    "Maung Win",
    "এ কে এম নুরুল ইসলাম",
    "U Ba",
    "",
    " \n ",
    "Late Shri Ram Das",
    "Kumari Devi",
    "Ram\nDas",
    "Рam",
    "བསྟན་འཛིན་",
    "😀",
    "\ud800Ram\u202e",
    "x" * 5000,
]


def found(read: ReadNames) -> list[list[tuple[str, float, bool, bool, str]]]:
    return [
        [
            (
                read.vocabulary[read.tokens[t]],
                round(float(read.weights[t]), 5),
                bool(read.initials[t]),
                bool(read.titles[t]),
                read.written[read.entry_words[read.entries[t]]],
            )
            for t in range(read.starts[name], read.starts[name + 1])
        ]
        for name in range(len(read))
    ]


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_names_alone(name: str) -> None:
    assert found(read_names([name])) == found(read_with([name], parse_with_titles))


def test_unusual_names_together() -> None:
    assert found(read_names(UNUSUAL)) == found(read_with(UNUSUAL, parse_with_titles))


@given(st.lists(names | region_names | st.sampled_from(UNUSUAL) | st.text(max_size=12), max_size=8))
@example(["a", "", "b"])
@settings(deadline=None, max_examples=150)
def test_the_batch_meets_the_slow_truth(texts: list[str]) -> None:
    assert found(read_names(texts)) == found(read_with(texts, parse_with_titles))


def test_no_names() -> None:
    assert len(read_names([])) == 0
