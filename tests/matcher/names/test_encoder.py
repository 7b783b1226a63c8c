"""Are names that sound alike near each other in space?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names import NameEncoder
from matcher.names.encoder import NAME_WIDTH
from matcher.names.table import NameTable


@pytest.fixture(scope="module")
def encoder() -> NameEncoder:
    return NameEncoder.load()


def test_one_encoder_is_shared_by_width() -> None:
    assert NameEncoder.load() is NameEncoder.load()
    assert NameEncoder.load(16) is not NameEncoder.load()
    assert NameEncoder.load(16).encode(["Ram"]).shape == (1, 16)


def test_the_table_of_directions_is_seeded() -> None:
    np.testing.assert_array_equal(NameEncoder(32).encode(["Sunita"]), NameEncoder(32).encode(["Sunita"]))


def test_shape_type_and_norm(encoder: NameEncoder) -> None:
    vectors = encoder.encode(["Sunita Mondal", "", "Ram", "Sunita Mondal"])
    assert vectors.shape == (4, NAME_WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1.0, 0.0, 1.0, 1.0], atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[3])


def test_nothing_to_encode(encoder: NameEncoder) -> None:
    assert encoder.encode([]).shape == (0, NAME_WIDTH)
    assert encoder.encode_table(NameTable.build([])).shape == (0, NAME_WIDTH)


def test_one_name_in_four_scripts_is_one_vector(encoder: NameEncoder) -> None:
    vectors = encoder.encode(["Sunita Mondal", "सुनीता मंडल", "সুনীতা মণ্ডল", "સુનીતા મંડલ"])
    np.testing.assert_allclose(vectors @ vectors.T, 1.0, atol=1e-5)


def test_words_written_together_stay_near(encoder: NameEncoder) -> None:
    apart, together, other = encoder.encode(["Abdul Rahman", "Abdurrahman", "Sunita Mondal"])
    assert float(apart @ together) > 0.6 > 0.3 > float(apart @ other)


def test_the_spelling_of_a_name_finds_it_among_others(encoder: NameEncoder) -> None:
    written = ["সুনীতা মণ্ডল", "রফিকুল ইসলাম", "राम बहादुर", "खड्ग प्रसाद", "အောင်ကျော်မိုး", "ခင်ခင်ဝင်း", "ৰীতা বৰা"]
    latin = [
        "Suneeta Mandal",
        "Rofikul Islam",
        "Ram Bahadur",
        "Khadga Prasad",
        "Aung Kyaw Moe",
        "Khin Khin Win",
        "Rita Borah",
    ]
    nearest = (encoder.encode(written) @ encoder.encode(latin).T).argmax(axis=1)
    assert nearest.tolist() == list(range(len(written)))
