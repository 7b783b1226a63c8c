"""What does the test of the killed import kill? An import in a process of its own, which may end itself by SIGKILL.

import_child.py HOME FILE PARTNER KILL_AT     imports FILE, killed in its KILL_AT-th write transaction (0: never)
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.bootstrap import Sandhan
from api.commands.context import scope_for
from api.commands.imports import import_service
from api.imports.summary import ImportRequest
from api.settings import Settings
from api.store import Connection, partners


def run(home: Path, file: Path, partner_id: str, kill_at: int) -> None:
    """Import a file; die with nothing closed and nothing said when the time has come."""
    with Sandhan.build(Settings(_env_file=None, home=home, faces=False)) as sandhan:  # type: ignore[call-arg]
        with sandhan.database.read() as conn:
            partner = partners.get_partner(conn, partner_id)
        assert partner is not None
        write, count = sandhan.database.write, 0

        @contextmanager
        def counted(**options: Any) -> Iterator[Connection]:
            nonlocal count
            count += 1
            with write(**options) as conn:
                yield conn
                if count == kill_at:
                    # All of the batch is written, nothing of it is committed.
                    os.kill(os.getpid(), signal.SIGKILL)

        sandhan.database.write = counted  # type: ignore[method-assign]
        summary = import_service(sandhan).run(ImportRequest(file, side="missing", match=False), scope_for(partner))
        print(summary.created, summary.changed, summary.unchanged, summary.rejected)


if __name__ == "__main__":
    home, file, partner_id, kill_at = sys.argv[1:]
    run(Path(home), Path(file), partner_id, int(kill_at))
