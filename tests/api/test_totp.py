"""The second factor: RFC 6238's own numbers, one step of tolerance, recovery codes that are read by people."""

from __future__ import annotations

import random
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from api.people.totp import (
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    recovery_hash,
    totp_address,
)

RFC = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert matching_step(RFC, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_wrong_by_one_step(steps: int, taken: bool) -> None:
    now = datetime(2026, 11, 1, 9, 0, 10, tzinfo=UTC)
    code = pyotp.TOTP(RFC).at(now + timedelta(seconds=30 * steps))
    expected = int(now.timestamp()) // 30 + steps if taken else None
    assert matching_step(RFC, code, now) == expected


@pytest.mark.parametrize("code", ["", "1", "abcdef", "²²²²²²", "1234567", "٢٨٧٠٨٢"])
def test_what_is_no_code_fits_no_step(code: str) -> None:
    assert matching_step(RFC, code, datetime.fromtimestamp(59, UTC)) is None


def test_a_code_may_be_typed_in_two_groups() -> None:
    assert matching_step(RFC, " 287 082 ", datetime.fromtimestamp(59, UTC)) == 1


def test_the_address_says_who_and_where() -> None:
    secret = new_totp_secret(random.Random(1).randbytes)
    parts = urlsplit(totp_address(secret, "officer@example.org"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Sandhan:officer%40example.org")
    assert parse_qs(parts.query)["secret"] == [secret]
    assert len(secret) == 32


def test_recovery_codes_are_many_and_differ() -> None:
    codes = new_recovery_codes(random.Random(1).randbytes)
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    assert not set("".join(codes)) & set("ilou")


def test_a_recovery_code_is_read_as_people_write_it() -> None:
    kept = recovery_hash("person_1", "k3d9-10zt-07qe-x1va")
    for written in ("K3D9 10ZT 07QE X1VA", "k3d910zt07qex1va", "k3d9-lozt-o7qe-xiva"):
        assert recovery_hash("person_1", written) == kept
    assert recovery_hash("person_2", "k3d9-10zt-07qe-x1va") != kept
    assert recovery_hash("person_1", "k3d9-10zt-07qe-x1vb") != kept
