"""Old names, other scripts, misspellings and doubtful letters lead to the place that was meant, or to nothing."""

from __future__ import annotations

import pytest
from made_people import HOSTILE

from matcher import places as places_module
from matcher.person import Place
from matcher.places import Gazetteer, ResolvedPlace, fold_place


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Place("India", "West Bengal", "Calcutta"), "IN/WB/kolkata"),
        (Place(None, None, "Calcutta"), "IN/WB/kolkata"),
        (Place("ভারত", "পশ্চিমবঙ্গ", "কলকাতা"), "IN/WB/kolkata"),
        (Place("BD", None, "যশোর"), "BD/khulna/jessore"),
        (Place("Bangladesh", "Khulna", "Jashore"), "BD/khulna/jessore"),
        (Place(None, None, "Jessore"), "BD/khulna/jessore"),
        (Place("MM", None, "Akyab"), "MM/rakhine/sittwe"),
        (Place("Burma", "Arakan", "Sittwe"), "MM/rakhine/sittwe"),
        (Place("IN", "WB", "24 Pgs (S)"), "IN/WB/south-24-parganas"),
        (Place("IN", "West Bengal", "24 Pgs (N)"), "IN/WB/north-24-parganas"),
        (Place("IN", "West Bengal", "24 Parganas (S)"), "IN/WB/south-24-parganas"),
        (Place("IN", "West Bengal", "24 Parganas (N)"), "IN/WB/north-24-parganas"),
        (Place("IN", "West Bengal", "দক্ষিণ ২৪ পরগনা"), "IN/WB/south-24-parganas"),
        (Place("IN", "West Bengal", "South 24 Pargnas"), "IN/WB/south-24-parganas"),
        (Place("IN", "West Bengal", "Dist. South 24 Parganas"), "IN/WB/south-24-parganas"),
        (Place("IN", "West Bengal", "South 24 Parganas", "Gosaba"), "IN/WB/south-24-parganas/gosaba"),
        (Place("IN", "West Bengal", "S 24 Pgs", "Vill. Gosava"), "IN/WB/south-24-parganas/gosaba"),
        (Place("India"), "IN"),
        (Place("np"), "NP"),
    ],
)
def test_resolved(gazetteer: Gazetteer, place: Place, path: str) -> None:
    assert gazetteer.resolve(place).path == path


def test_the_undivided_district_is_known_as_far_as_both_parts_share(gazetteer: Gazetteer) -> None:
    found = gazetteer.resolve(Place("IN", "West Bengal", "24 Parganas"))
    assert found.path == "IN/WB"
    assert found.district == fold_place("24 Parganas")


def test_unknown_parts_stay_as_text(gazetteer: Gazetteer) -> None:
    found = gazetteer.resolve(Place("IN", "West Bengal", "Nowhere", "Nowheregram"))
    assert found == ResolvedPlace("IN/WB", fold_place("Nowheregram"), fold_place("Nowhere"))
    assert gazetteer.resolve(Place("Atlantis", "Poseidonis")) == ResolvedPlace(state=fold_place("Poseidonis"))
    assert gazetteer.resolve(Place()) == ResolvedPlace()


def test_without_a_wider_part_only_an_exact_name_counts(gazetteer: Gazetteer) -> None:
    assert gazetteer.resolve(Place(None, None, "Kolkaata Nagarr")).path == ""


def test_a_place_of_another_country_is_not_found_below_this_one(gazetteer: Gazetteer) -> None:
    assert gazetteer.resolve(Place("NP", None, "Jessore")).path == "NP"


def test_areas_are_cut_to_a_level() -> None:
    place = ResolvedPlace("IN/WB/south-24-parganas/gosaba")
    assert [place.area(n) for n in range(5)] == [
        "IN", "IN/WB", "IN/WB/south-24-parganas", "IN/WB/south-24-parganas/gosaba", "",
    ]  # fmt: skip
    assert [ResolvedPlace("IN").area(n) for n in range(2)] == ["IN", ""]
    assert ResolvedPlace().area(0) == ""


def test_labels_run_from_narrow_to_wide(gazetteer: Gazetteer) -> None:
    assert gazetteer.label("IN/WB/south-24-parganas/gosaba") == "Gosaba, South 24 Parganas, West Bengal, India"
    assert gazetteer.label("IN/XX") == "India"
    assert gazetteer.label("") == ""


def test_a_remembered_place_is_sought_everywhere(gazetteer: Gazetteer) -> None:
    assert "IN/WB/kolkata" in gazetteer.find_anywhere("কলকাতা")
    assert {"IN/WB/north-24-parganas", "IN/WB/south-24-parganas"} <= set(gazetteer.find_anywhere("24 Parganas"))
    assert gazetteer.find_anywhere("a river") == ()


def test_words_that_say_what_kind_of_place_it_is_are_left_out() -> None:
    assert fold_place("Vill. Gosaba") == fold_place("Gosaba Block") == fold_place("gosaba")
    assert fold_place("Village") != ""
    assert fold_place("24 Parganas (S)") != fold_place("24 Parganas") != fold_place("24 Parganas (N)")


def test_the_memory_of_resolved_places_is_bounded() -> None:
    class Full(dict[Place, ResolvedPlace]):
        def __len__(self) -> int:
            return 500_001

    small = Gazetteer(_resolved=Full({("India", None, None, None): ResolvedPlace()}))
    small.resolve(Place("Nepal"))
    assert list(small._resolved) == [("Nepal", None, None, None)]


def test_every_place_of_the_gazetteer_is_found_by_its_own_path(gazetteer: Gazetteer) -> None:
    lost = []
    for place_id, entry in gazetteer.entries.items():
        parts = place_id.split("/")
        names = [gazetteer.entries["/".join(parts[: n + 1])].latin for n in range(len(parts))]
        if entry.level == 2 and gazetteer.resolve(Place(*names)).path != place_id:
            lost.append(place_id)
    assert lost == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_any_text_is_resolved_to_something(gazetteer: Gazetteer, text: str) -> None:
    found = gazetteer.resolve(Place("IN", text, text, text))
    assert found.path.split("/")[0] == "IN"
    assert len(found.village) <= 1000
    assert gazetteer.resolve(Place(text, text, text, text)) == gazetteer.resolve(Place(text, text, text, text))
    assert isinstance(gazetteer.find_anywhere(text), tuple)


def test_common_paths() -> None:
    common = places_module._common_path
    assert common(["IN/WB/a", "IN/WB/b"]) == "IN/WB"
    assert common(["IN/WB", "BD/x"]) == ""
    assert common(["IN/WB", "IN/WB/a"]) == "IN/WB"
