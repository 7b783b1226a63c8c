"""Two public-domain faces, one embedder for all tests, and fakes that a spawned worker can import."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from matcher.photos.embedder import FaceRecognitionEmbedder

HERE = Path(__file__).parent
PHOTOS = HERE.parents[2] / "data" / "photos"

# Workers get the parent's sys.path, so what is importable here is importable there.
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    with Image.open(PHOTOS / "astronaut.jpg") as image:
        return image.convert("RGB")


@pytest.fixture(scope="session")
def hopper() -> Image.Image:
    with Image.open(PHOTOS / "grace_hopper.jpg") as image:
        return image.convert("RGB")


@pytest.fixture(scope="session")
def embedder() -> FaceRecognitionEmbedder:
    return FaceRecognitionEmbedder()


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    def encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
        out = io.BytesIO()
        image.save(out, kind, **options)
        return out.getvalue()

    return encode
