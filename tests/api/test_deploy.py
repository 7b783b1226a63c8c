"""Do the files under deploy/ name only settings, commands and files that exist, and do they agree with each other?"""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.app import bare_app
from api.cli import build_app
from api.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts)
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OF_THE_COMMAND_LINE = {"SANDHAN_LOG_LEVEL"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_settings_that_exist_are_named(path: Path) -> None:
    known = {f"SANDHAN_{name.upper()}" for name in Settings.model_fields} | OF_THE_COMMAND_LINE
    assert set(re.findall(r"SANDHAN_[A-Z_0-9]+", path.read_text())) <= known


def test_settings_are_named_at_all() -> None:
    named = {name for path in FILES for name in re.findall(r"SANDHAN_[A-Z_0-9]+", path.read_text())}
    assert {"SANDHAN_MASTER_KEY_FILE", "SANDHAN_DATABASE_URL", "SANDHAN_HOME"} <= named


def test_no_secret_stands_in_a_file() -> None:
    for path in FILES:
        for line in path.read_text().splitlines():
            assert not re.search(r"(?i)(password|secret|master_key)\s*[=:]\s*[A-Za-z0-9+/]{12,}", line), path.name
            assert not re.search(r"\b[A-Za-z0-9+/]{43}=", line), path.name


def test_the_settings_of_the_unit_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (DEPLOY / "systemd" / "sandhan.env").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).database == "postgresql+psycopg:///?service=sandhan"  # type: ignore[call-arg]


def test_what_is_started_exists() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    lists = [re.split(r",\s*", found) for found in re.findall(r"^\s+command: \[(.+)\]$", compose, re.MULTILINE)]
    starts = [unit.read_text() for unit in UNITS]
    lists += [
        line.split() for text in starts for line in re.findall(r"^ExecStart=\S+/sandhan (.+)$", text, re.MULTILINE)
    ]
    assert len(lists) == 4
    for words in lists:
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        shown = CliRunner().invoke(build_app(names), [*names, "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, names
        assert all(word in shown.stdout for word in words if word.startswith("--")), words


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_closed_alike(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    service = parser["Service"]
    for name, value in {"UMask": "0077", "DynamicUser": "yes", "ProtectSystem": "strict", "LimitCORE": "0",
                        "MemorySwapMax": "0", "User": "sandhan", "StateDirectory": "sandhan"}.items():  # fmt: skip
        assert service[name] == value
    first, second = (_closing(path) for path in UNITS)
    assert first == second


def _closing(unit: Path) -> str:
    return unit.read_text().partition("DynamicUser=yes")[2].partition("\n[Install]")[0].strip()


def test_the_health_check_asks_a_path_that_is_served() -> None:
    served = set(bare_app().openapi()["paths"])
    for name in ("Containerfile", "Caddyfile"):
        asked = set(re.findall(r"/v1/[a-z]+", (DEPLOY / name).read_text()))
        assert asked
        assert asked <= served


def test_the_image_holds_what_the_package_needs_and_no_more() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]
    copied = {words.split()[0] for words in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)}
    copied |= {"README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in copied)
    allowed = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == copied


def test_the_image_has_the_versions_that_are_tested() -> None:
    whole, image = (set(re.findall(r"^[a-z0-9._-]+==\S+", (folder / "requirements.lock").read_text(), re.MULTILINE))
                    for folder in (ROOT, DEPLOY))  # fmt: skip
    assert image < whole
    named = {line.partition("==")[0] for line in image}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted += ["psycopg"]
    assert {re.split(r"[<>=;\s\[]", one)[0].lower() for one in wanted} <= named
