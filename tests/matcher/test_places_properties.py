"""Resolving is the same every time, never leaves what the wider parts say, and folding ignores what nobody means."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.person import Place
from matcher.places import Gazetteer, fold_place

GAZETTEER = Gazetteer.load()
ids = st.sampled_from(sorted(GAZETTEER.entries))
texts = st.one_of(
    st.none(), st.text(max_size=20), ids.map(lambda place_id: GAZETTEER.entries[place_id].latin), st.just("24 Pgs (S)")
)
places = st.builds(Place, texts, texts, texts, texts)


@settings(max_examples=150, deadline=None)
@given(places)
def test_a_path_exists_and_the_answer_is_remembered(place: Place) -> None:
    found = GAZETTEER.resolve(place)
    assert found.path == "" or found.path in GAZETTEER.entries
    assert GAZETTEER._resolve((place.country, place.state, place.district, place.village)) == found


@settings(max_examples=100, deadline=None)
@given(ids, texts)
def test_a_narrower_part_never_leaves_the_wider(place_id: str, village: str | None) -> None:
    parts = place_id.split("/")
    names = [GAZETTEER.entries["/".join(parts[: n + 1])].latin for n in range(min(len(parts), 3))]
    wide = GAZETTEER.resolve(Place(*names)).path
    narrow = GAZETTEER.resolve(Place(*names, *[None] * (3 - len(names)), village)).path
    assert narrow == wide or narrow.startswith(wide + "/")


@given(st.text(max_size=30))
def test_folding_ignores_case_and_space_around(text: str) -> None:
    folded = fold_place(text)
    assert folded == fold_place(f"  {text}\t")
    assert folded.isascii()
    assert " " not in folded


@given(ids)
def test_every_form_leads_back_to_its_place(place_id: str) -> None:
    for form in GAZETTEER.entries[place_id].forms:
        assert place_id in GAZETTEER.by_form[form]
    for native_or_latin in (GAZETTEER.entries[place_id].latin,):
        assert place_id in GAZETTEER.find_anywhere(native_or_latin)
