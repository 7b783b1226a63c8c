"""The limit on a whole exchange."""

import socket
import time

from api.alerts.deadline import Deadline


def test_a_read_that_would_last_ends_with_the_deadline() -> None:
    left, right = socket.socketpair()
    with left, right, Deadline(0.05) as deadline:
        deadline.watch(left)
        left.settimeout(5)
        assert left.recv(1) == b""
        assert deadline.passed


def test_a_connection_made_too_late_is_ended_at_once() -> None:
    left, right = socket.socketpair()
    with left, right, Deadline(0.01) as deadline:
        time.sleep(0.05)
        deadline.watch(left)
        left.settimeout(5)
        assert left.recv(1) == b""


def test_in_time_nothing_happens() -> None:
    left, right = socket.socketpair()
    with left, right:
        with Deadline(5) as deadline:
            deadline.watch(left)
        assert not deadline.passed
        right.sendall(b"x")
        assert left.recv(1) == b"x"
        # Leaving must close the duplicate too, or the other side would never see the end.
        left.close()
        right.settimeout(5)
        assert right.recv(1) == b""
