"""What does the test of the killed server kill? A real one: uvicorn, the application, its background threads.

    serve_child.py prepare HOME WEBHOOK_URL SECRET     makes a home with two partners and reports; prints their keys
    serve_child.py serve HOME SMTP_PORT AHEAD_S        prints the port, then serves until it is killed

Only the photographer is a fake. The clock is the machine's, moved by AHEAD_S seconds.
"""

from __future__ import annotations

import os

# One thread is enough for thirty records, and the machine that runs the tests has other work.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import socket
import sys
from datetime import timedelta
from pathlib import Path

import uvicorn
from fault_world import Camera, found_home, home_settings, sample

from api.app import create_app
from api.bootstrap import Sandhan
from api.ids import utc_now

REPORTS, RESCUES = 30, 20


def prepare(home: Path, url: str, secret: str) -> None:
    """Make a home whose unit listens at an address of this machine."""
    people = sample(RESCUES, REPORTS, today=utc_now().date())
    found_home(home, "", people, utc_now, (url, secret))
    print((home / "keys.json").read_text())


def serve(home: Path, smtp_port: int, ahead_s: float) -> None:
    """Serve on a free port."""
    # Bound before anything slow: a client that comes early waits instead of being refused.
    door = socket.create_server(("127.0.0.1", 0))
    print(door.getsockname()[1], flush=True)
    settings = home_settings(home, smtp_host="127.0.0.1", smtp_port=smtp_port, allow_private_targets=True)
    ahead = timedelta(seconds=ahead_s)
    with Sandhan.build(settings, clock=lambda: utc_now() + ahead, photographer=Camera()) as sandhan:
        config = uvicorn.Config(create_app(sandhan), log_level="warning")
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    command, home, *rest = sys.argv[1:]
    if command == "prepare":
        prepare(Path(home), rest[0], rest[1])
    else:
        serve(Path(home), int(rest[0]), float(rest[1]))
