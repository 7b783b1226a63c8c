"""Do pet forms meet their formal names, in every spelling of both, and nothing else?"""

from __future__ import annotations

import numpy as np

from matcher.names.grammar import parse_name
from matcher.names.nicknames import pet_forms, pet_keys


def folded(word: str) -> str:
    return parse_name(word)[0].folded


def test_pet_forms_in_both_scripts() -> None:
    for pet, formal in [("Rabi", "Rabindra"), ("রবি", "রবীন্দ্রনাথ"), ("রবি", "Rabindranath"), ("Sunu", "Sunita")]:
        assert (folded(pet), folded(formal)) in pet_forms()
    assert (folded("Rabi"), folded("Sunita")) not in pet_forms()


def test_no_pet_form_is_its_own_formal_name() -> None:
    assert all(pet != formal for pet, formal in pet_forms())


def test_keys_hold_the_pairs_of_a_vocabulary() -> None:
    vocabulary = (folded("Rabindra"), "zzz", folded("Rabi"))
    assert pet_keys(vocabulary).tolist() == [2]
    assert pet_keys(("zzz",)).dtype == np.int64
    assert len(pet_keys(())) == 0
