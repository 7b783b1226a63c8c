"""Does anything that is sent lie in a file on the way in?"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import House


def large_photo(seed: int) -> bytes:
    """Return a photo of some megabytes: noise cannot be made smaller."""
    noise = np.random.default_rng(seed).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every temporary file fail."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError):
        tempfile.mkstemp()


@pytest.mark.usefixtures("no_temporary_files")
def test_large_photos_stay_in_memory(house: House) -> None:
    photos = large_photo(1), large_photo(2)
    assert min(map(len, photos)) > 2**21
    answer = house.send("family", {"side": "missing", "name": "Rina Mondal"}, *photos)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["case"]["photos"]) == 2


@pytest.mark.usefixtures("no_temporary_files")
def test_a_photo_over_the_limit_is_refused_by_name_and_the_case_goes_in(house: House) -> None:
    limit = house.sandhan.settings.photo_limit_mb * 2**20
    answer = house.send("family", {"side": "missing", "name": "Mina Mondal"}, bytes(limit + 3 * 2**20))
    assert answer.status_code == 201, answer.text
    photos = answer.json()["case"]["photos"]
    assert [(photo["state"], photo["error_code"]) for photo in photos] == [("failed", "photo_too_large")]
