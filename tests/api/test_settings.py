"""Is every setting documented, with the default it really has, and does a wrong one stop the start?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "settings.md"
_ROW = re.compile(r"^\| `(SANDHAN_[A-Z_]+)` \| (?:`([^`]*)`|\(empty\)) \| (.+) \|$", re.MULTILINE)


def documented(text: str) -> dict[str, tuple[str, str]]:
    """Return variable -> default and meaning, as a table of the guide says them."""
    return {variable: (default, meaning) for variable, default, meaning in _ROW.findall(text)}


def undocumented(settings: type[Settings], table: dict[str, tuple[str, str]]) -> set[str]:
    return {f"SANDHAN_{name.upper()}" for name in settings.model_fields} - table.keys()


@pytest.fixture
def table() -> dict[str, tuple[str, str]]:
    return documented(GUIDE.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SANDHAN_{name.upper()}", raising=False)


def test_every_setting_is_in_the_guide(table: dict[str, tuple[str, str]]) -> None:
    assert undocumented(Settings, table) == set()


def test_a_setting_that_is_not_in_the_guide_would_be_found(table: dict[str, tuple[str, str]]) -> None:
    class More(Settings):
        new_setting: int = 1

    assert undocumented(More, table) == {"SANDHAN_NEW_SETTING"}


def test_the_guide_lists_no_setting_that_is_gone(table: dict[str, tuple[str, str]]) -> None:
    assert table.keys() == {f"SANDHAN_{name.upper()}" for name in Settings.model_fields}
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) == len(table)  # no row that cannot be read, none twice


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_guide_states_the_default_and_a_meaning(table: dict[str, tuple[str, str]], name: str) -> None:
    default, meaning = table[f"SANDHAN_{name.upper()}"]
    assert default == str(getattr(Settings(), name))
    assert len(meaning) > 20
    assert Settings.model_fields[name].description


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("SANDHAN_PORT", "0", "port", 0),
        ("SANDHAN_FACES", "false", "faces", False),
        ("SANDHAN_HOME", "elsewhere", "home", Path("elsewhere")),
        ("SANDHAN_PUBLIC_URL", "https://sandhan.example.org/", "public_url", "https://sandhan.example.org"),
        ("sandhan_query_limit", "5", "query_limit", 5),
    ],
)
def test_the_environment_sets_them(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(Settings(), name) == expected


def test_a_file_sets_them_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SANDHAN_PORT=9000\nSANDHAN_CANDIDATES=100\nOTHER=1\n")
    monkeypatch.setenv("SANDHAN_PORT", "9001")
    assert (Settings().port, Settings().candidates) == (9001, 100)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "eighty"),
        ("public_url", "sandhan.example.org"),
        ("photo_workers", "0"),
        ("photo_memory_mb", "100"),
        ("photo_timeout_s", "0"),
        ("photos_per_case", "-1"),
        ("candidates", "9"),
        ("query_limit", "51"),
        ("faces", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SANDHAN_{name.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name,)]


def test_the_embedded_database_stands_in_the_home_folder(tmp_path: Path) -> None:
    settings: Any = Settings(home=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/sandhan.db"
    assert settings.index_folder == tmp_path / "index"
    shared = Settings(home=tmp_path, database_url="postgresql+psycopg://somebody@host/name")
    assert shared.database == "postgresql+psycopg://somebody@host/name"
