"""Are names that sound alike near each other in space?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names import NameEncoder
from matcher.names.encoder import ARTEFACT, NAME_WIDTH, REDUCED_WIDTH
from matcher.reference import data_root


@pytest.fixture(scope="module")
def encoder() -> NameEncoder:
    return NameEncoder.load()


def test_one_encoder_is_shared(encoder: NameEncoder) -> None:
    assert NameEncoder.load() is encoder
    assert encoder.width == NAME_WIDTH


def test_the_artefact_is_small_enough_to_ship() -> None:
    assert len(data_root().joinpath("models").joinpath(ARTEFACT).read_bytes()) < 20_000_000


def test_shape_type_and_norm(encoder: NameEncoder) -> None:
    vectors = encoder.encode(["Sunita Mondal", "", "Ram", "Sunita Mondal"])
    assert vectors.shape == (4, NAME_WIDTH)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1.0, 0.0, 1.0, 1.0], atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[3])


def test_nothing_to_encode(encoder: NameEncoder) -> None:
    assert encoder.encode([]).shape == (0, NAME_WIDTH)
    assert not encoder.encode(["", "123", "😀"]).any()


def test_one_name_in_many_scripts_is_near_itself(encoder: NameEncoder) -> None:
    same = encoder.encode(["Sunita Mondal", "सुनीता मंडल", "সুনীতা মণ্ডল", "સુનીતા મંડલ", "ସୁନୀତା ମଣ୍ଡଳ", "ਸੁਨੀਤਾ ਮੰਡਲ"])
    other = encoder.encode(["Anita Mondal", "Sunita Das"])
    assert (same @ same.T).min() > (same @ other.T).max()


def test_words_written_together_stay_near(encoder: NameEncoder) -> None:
    apart, together, other = encoder.encode(["Abdul Rahman", "Abdurrahman", "Sunita Mondal"])
    assert float(apart @ together) > 0.5 > float(apart @ other)


def test_order_tells_two_burmese_names_apart(encoder: NameEncoder) -> None:
    written, same, turned = encoder.encode(["သန်းဌေး", "Than Htay", "Htay Than"])
    assert float(written @ same) > float(written @ turned)


def test_an_initial_is_one_letter_in_every_script(encoder: NameEncoder) -> None:
    native, latin = encoder.encode(["এম মণ্ডল", "M Mondal"])
    assert float(native @ latin) > 0.8


def test_the_spelling_of_a_name_finds_it_among_others(encoder: NameEncoder) -> None:
    written = ["সুনীতা মণ্ডল", "রফিকুল ইসলাম", "राम बहादुर", "खड्ग प्रसाद", "အောင်ကျော်မိုး", "ခင်ခင်ဝင်း", "ৰীতা বৰা"]
    written += ["สมชาย", "முருகன்", "سنیتا", "བསྟན་འཛིན", "សុភា", "ꯁꯨꯅꯤꯇꯥ ꯗꯦꯕꯤ"]
    latin = [
        "Suneeta Mandal",
        "Rofikul Islam",
        "Ram Bahadur",
        "Khadga Prasad",
        "Aung Kyaw Moe",
        "Khin Khin Win",
        "Rita Borah",
        "Somchai",
        "Murugan",
        "Sunita",
        "Tenzin",
        "Sophea",
        "Sunita Devi",
    ]
    nearest = (encoder.encode(written) @ encoder.encode(latin).T).argmax(axis=1)
    assert [latin[place] for place in nearest] == latin


def test_fewer_dimensions_keep_the_neighbours(encoder: NameEncoder) -> None:
    vectors = encoder.reduced(encoder.encode(["Sunita Mondal", "সুনীতা মণ্ডল", "Anita Mondal", "Rafiqul Islam"]))
    assert vectors.shape == (4, REDUCED_WIDTH)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] > vectors[0] @ vectors[3]
