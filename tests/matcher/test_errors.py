"""Every error is a SandhanError with a code of its own and says what to do, without what was entered."""

from __future__ import annotations

import pytest

from matcher.errors import DimensionMismatch, InvalidRecord, ModelCorrupt, ModelMissing, PhotoError, SandhanError


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InvalidRecord("age", "is above 120"), "invalid_record", "age: is above 120"),
        (DimensionMismatch(128, 512), "dimension_mismatch", "expected vectors of width 128, found 512"),
        (ModelMissing("model x", "make it"), "model_missing", "model x is missing; run: make it"),
        (ModelCorrupt("model x", "torn", "make it"), "model_corrupt", "model x cannot be used (torn); run: make it"),
        (PhotoError("p"), "photo_error", "p"),
    ],
)
def test_code_and_message(error: SandhanError, code: str, message: str) -> None:
    assert isinstance(error, SandhanError)
    assert error.code == code
    assert str(error) == message


def test_parts_are_readable_by_a_program() -> None:
    assert (InvalidRecord("age", "bad").field, InvalidRecord("age", "bad").reason) == ("age", "bad")
    assert (DimensionMismatch(1, 2).expected, DimensionMismatch(1, 2).found) == (1, 2)
    assert (ModelMissing("w", "r").what, ModelMissing("w", "r").run) == ("w", "r")
    assert (ModelCorrupt("w", "x", "r").what, ModelCorrupt("w", "x", "r").run) == ("w", "r")


def test_codes_are_distinct() -> None:
    kinds = (SandhanError, InvalidRecord, DimensionMismatch, ModelMissing, ModelCorrupt, PhotoError)
    assert len({kind.code for kind in kinds}) == len(kinds)
