"""One gazetteer and one model for all tests of evidence; `made_people` is importable from every test below."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from matcher.comparison import Context
from matcher.model import MatchModel
from matcher.places import Gazetteer

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(scope="session")
def model() -> MatchModel:
    return MatchModel.load()


@pytest.fixture(scope="session")
def context() -> Context:
    from made_people import known_names  # importable only from here on

    return known_names()
