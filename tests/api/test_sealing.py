"""What is sealed opens for its partner and its context only, and is found by a keyed hash."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.people.sealing import NoSealer, OneKeySealer, SealBroken, SealerMissing

RANDOM = random.Random(3).randbytes
SEALER = OneKeySealer(bytes(range(32)), RANDOM)
OTHER = OneKeySealer(bytes(32), RANDOM)


@given(st.binary(max_size=100), st.text(max_size=10), st.text(max_size=10))
def test_what_was_sealed_comes_back(data: bytes, partner: str, context: str) -> None:
    sealed = SEALER.seal(partner, context, data)
    assert SEALER.unseal(partner, context, sealed) == data
    assert len(data) < 4 or data not in sealed


def test_nothing_else_opens_it() -> None:
    sealed = SEALER.seal("partner_a", "person:1:name", b"Zubaida")
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for sealer, partner, context, data in (
        (SEALER, "partner_b", "person:1:name", sealed),
        (SEALER, "partner_a", "person:2:name", sealed),
        (SEALER, "partner_ap", "erson:1:name", sealed),  # joined, these would be the same text
        (SEALER, "partner_a", "person:1:name", altered),
        (SEALER, "partner_a", "person:1:name", b""),
        (SEALER, "partner_a", "person:1:name", sealed[:12]),
        (OTHER, "partner_a", "person:1:name", sealed),
    ):
        with pytest.raises(SealBroken):
            sealer.unseal(partner, context, data)


def test_sealing_twice_gives_two_texts() -> None:
    assert SEALER.seal("p", "c", b"Zubaida") != SEALER.seal("p", "c", b"Zubaida")


def test_a_fingerprint_depends_on_key_context_and_text() -> None:
    made = SEALER.fingerprint("e-mail", "a@example.org")
    assert made == SEALER.fingerprint("e-mail", "a@example.org")
    assert len({made, SEALER.fingerprint("e-mail", "b@example.org"), SEALER.fingerprint("client", "a@example.org"),
                OTHER.fingerprint("e-mail", "a@example.org")}) == 4  # fmt: skip


def test_without_keys_nothing_is_sealed_with_a_key_that_would_be_forgotten() -> None:
    for ask in (
        lambda: NoSealer().seal("p", "c", b""),
        lambda: NoSealer().unseal("p", "c", b""),
        lambda: NoSealer().fingerprint("c", ""),
    ):
        with pytest.raises(SealerMissing):
            ask()
