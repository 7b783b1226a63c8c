"""The address that a person is told is one that answers, or at least waits."""

from __future__ import annotations

import socket

import pytest

from api.serving import PortTaken, bind


def test_whoever_comes_before_the_server_has_started_waits_and_is_not_refused() -> None:
    with bind("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), 5):
        pass


def test_an_address_that_is_taken_is_refused() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            bind("127.0.0.1", port)
