"""Does the guide name every purpose, ground and reason that the code knows, and every limit as it is?"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from api.cases.agreed import Basis, GivenBy, Purpose, Recipients
from api.cases.lifecycle import ErasureReason
from api.cases.retention import Retention
from api.matches.disclosures import GRANTED_FOR, DisclosurePurpose

TEXT = (Path(__file__).parents[2] / "docs" / "guides" / "cases.md").read_text(encoding="utf-8")
WORDS = [
    word
    for words in (Basis, GivenBy, Purpose, Recipients, ErasureReason, DisclosurePurpose)
    for word in get_args(words)
]


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_named(word: str) -> None:
    assert f"`{word}`" in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"holds for {GRANTED_FOR.days} days",
        f"`SANDHAN_KEEP_MISSING_YEARS` ({Retention().missing_years:g})",
        f"`SANDHAN_KEEP_RESCUED_YEARS` ({Retention().rescued_years:g})",
    ],
)
def test_every_limit_is_as_it_is(said: str) -> None:
    assert said in TEXT
