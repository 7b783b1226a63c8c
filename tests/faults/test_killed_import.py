"""Does an import that is killed by SIGKILL, in any batch and in any form, end as if it had not been?"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.access import OPERATOR, AccessScope
from api.bootstrap import Sandhan
from api.commands.context import scope_for
from api.commands.exports import export_service
from api.commands.imports import import_service
from api.exports.service import ExportRequest
from api.exports.writers import ExportFormat
from api.imports.summary import ImportRequest
from api.partners.service import NewPartner
from api.settings import Settings
from api.store import Database, audit, cases, partners

CHILD = Path(__file__).with_name("import_child.py")
ROWS, BATCH = 1050, 200


def child(home: Path, file: Path, partner: str, kill_at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHILD), str(home), str(file), partner, str(kill_at)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def found(home: Path) -> str:
    """Make a home with a partner; return its id."""
    operator = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
    with Sandhan.build(Settings(_env_file=None, home=home, faces=False)) as sandhan:  # type: ignore[call-arg]
        new = NewPartner("Unit", "ahtu", "IN", email="unit@example.org")
        return sandhan.partners.register(new, operator).partner.id


def content(home: Path) -> list[tuple[object, ...]]:
    """Return what is stored, without ids and times; the audit log must be whole."""
    database = Database.open(f"sqlite:///{home / 'sandhan.db'}")
    try:
        with database.read() as conn:
            assert audit.verify(conn) is None
            stored = cases.list_cases(conn, limit=10_000)
            return sorted((case.external_id or "", case.side, case.version, repr(case.payload)) for case in stored)
    finally:
        database.dispose()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], list[tuple[object, ...]]]:
    """Return one population as a file of each form, and what an import that nobody disturbs makes of it."""
    folder = tmp_path_factory.mktemp("calm")
    source = folder / "population.csv"
    rows = "".join(f"R-{n:04},Name {n},{n % 15},+91 98301 {n:05}\n" for n in range(ROWS))
    source.write_text(f"id,name,age,phone\n{rows}", encoding="utf-8")
    partner = found(folder / "home")
    files = {"csv": source}
    with Sandhan.build(Settings(_env_file=None, home=folder / "home", faces=False)) as sandhan:  # type: ignore[call-arg]
        with sandhan.database.read() as conn:
            owner = partners.get_partner(conn, partner)
        assert owner is not None
        scope = scope_for(owner)
        import_service(sandhan).run(ImportRequest(source, side="missing", match=False), scope)
        for form in (ExportFormat.JSONL, ExportFormat.XLSX, ExportFormat.PFIF):
            files[form.value] = folder / f"export.{form.value}"
            export_service(sandhan).run(ExportRequest(form, files[form.value]), scope)
    return files, content(folder / "home")


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "pfif"])
def test_killed_in_a_random_batch_and_run_again_it_ends_as_if_undisturbed(
    tmp_path: Path, calm: tuple[dict[str, Path], list[tuple[object, ...]]], form: str
) -> None:
    files, expected = calm
    batches = -(-ROWS // BATCH)
    partner = found(tmp_path / "home")
    # The transaction after the last batch is the audit entry of the import.
    kill_at = random.Random(f"killed import {form}").randint(1, batches)
    killed = child(tmp_path / "home", files[form], partner, kill_at)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = len(content(tmp_path / "home"))
    assert kept == min((kill_at - 1) * BATCH, ROWS)
    again = child(tmp_path / "home", files[form], partner, 0)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == [str(ROWS - kept), "0", str(kept), "0"]
    assert content(tmp_path / "home") == expected
