"""The dispatcher of the chaos benchmark, as a process of its own that may be killed at any moment."""

import logging
import os
import random
import time
from datetime import UTC, datetime, timedelta

from api.alerts.delivery import DeliverySettings, Dispatcher
from benchmarks.delivery_world import open_database

TIMEOUT_S = 0.5
SCHEDULE = (
    timedelta(0),
    *[timedelta(milliseconds=wait) for wait in (20, 50, 100, 200)],
    *[timedelta(seconds=0.3)] * 200,
)
_SETTINGS = DeliverySettings(
    None, 25, "alerts@sandhan.example.org", "https://sandhan.example.org", allow_private_targets=True,
    timeout_s=TIMEOUT_S, lease_s=4.0, poll_s=0.2, schedule=SCHEDULE,
)  # fmt: skip


def dispatch_for_ever(url: str) -> None:
    """Be the dispatcher until killed; runs in a process of its own."""
    logging.getLogger("sandhan.delivery").setLevel(logging.CRITICAL)  # failures are what this is about
    database = open_database(url)
    with Dispatcher(database, _SETTINGS, lambda: datetime.now(UTC), random.random) as dispatcher:
        dispatcher.start()
        while os.getppid() != 1:
            time.sleep(0.2)
