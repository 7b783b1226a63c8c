"""Clothes and belongings as people of the region write them: things with their looks, and how alike two sets are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import HOSTILE

from matcher.carried import Item, Items, item_columns, items_similarity, parse_items, read_items


def items(*texts: str) -> dict[str, set[str]]:
    return {item.thing: set(item.looks) for item in parse_items(texts)}


@pytest.mark.parametrize(
    "text",
    [
        "red salwar, blue kurta",
        "Red Shalwar and Blue Kurti",
        "red salwar blue kurta",
        "salwar red, kurta blue",
        "salwar red kurta blue",
        "salwar (red), kurta (blue)",
        "she was wearing a red colour salwar with blue kameez",
        "लाल सलवार, नीला कुर्ता",
        "लाल रंग की सलवार और नीले रंग का कुर्ता पहने थी",
        "রাঙা নয়, লাল সালোয়ার, নীল কুর্তা",
        "লাল রঙের সালোয়ার ও নীল কামিজ পরা ছিল",
        "ৰঙা চেলোৱাৰ আৰু নীলা কুৰ্তা",
        "रातो सुरुवाल र निलो कुर्ता",
        "سرخ شلوار اور نیلی قمیض",
    ],
)
def test_two_garments_in_every_language(text: str) -> None:
    found = items(text)
    assert found["salwar"] == {"red"}
    assert found["kurta"] == {"blue"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("အင်္ကျီ အနီ၊ လုံချည် အစိမ်း", {"shirt": {"red"}, "longyi": {"green"}}),
        ("အနီရောင်အင်္ကျီနှင့် အပြာရောင်လုံချည်ဝတ်ထားသည်", {"shirt": {"red"}, "longyi": {"blue"}}),
        ("ৰঙা মেখেলা চাদৰ", {"mekhela chador": {"red"}}),
        ("লাল শাড়ি", {"saree": {"red"}}),
        ("রেশমের লাল শাড়ি", {"saree": {"red", "silk"}}),
        ("dark blue pant", {"trousers": {"navy blue"}}),
        ("blue and white school uniform", {"school uniform": {"blue", "white"}}),
        ("yellow frock, black and red shawl", {"frock": {"yellow"}, "shawl": {"black", "red"}}),
        ("white shirt blue skirt", {"shirt": {"white"}, "skirt": {"blue"}}),
        ("frock, red, printed", {"frock": {"red"}}),  # printed waits for a thing that does not come
        ("red torn ghogro", {"~torn": {"red"}, "~gogro": {"red"}}),
        ("red torn frock", {"frock": {"red"}, "~torn": set()}),
        ("silver anklets, nath, school card", {"anklets": {"silver"}, "nose ring": set(), "school card": set()}),
        ("पायल, नथ, आधार कार्ड", {"anklets": set(), "nose ring": set(), "Aadhaar card": set()}),
        ("নূপুর, নাকফুল, মোবাইল", {"anklets": set(), "nose ring": set(), "mobile phone": set()}),
        ("पाउजु, फुली, झोला", {"anklets": set(), "nose ring": set(), "bag": set()}),
        ("ခြေချင်း၊ နားကပ်၊ ဖုန်း", {"anklets": set(), "earrings": set(), "mobile phone": set()}),
        ("red", {}),
        ("nil", {}),
        ("no slippers, red bag", {"bag": {"red"}}),
        ("कुछ नहीं", {}),
        ("", {}),
    ],
)
def test_things(text: str, found: dict[str, set[str]]) -> None:
    assert items(text) == found


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_name_few_things(text: str) -> None:
    assert len(parse_items([text * 5])) <= 24


def test_columns_number_each_set_of_things_once() -> None:
    worn = [("red frock",), (), ("লাল ফ্রক",), ("nil",), ("frock", "bag")]
    held = [(), ("bag", "frock"), ("—",), ("red frock",), ()]
    (clothing, belongings), sets = item_columns(worn, held)
    assert clothing.tolist() == [0, -1, 0, -1, 1]
    assert belongings.tolist() == [-1, 1, -1, 0, -1]
    assert [read_items(text) for text in sets] == [parse_items(["red frock"]), parse_items(["frock", "bag"])]


@pytest.mark.parametrize(
    ("left", "right", "clothes", "things"),
    [
        ("red salwar", "लाल सलवार", 1.0, 1.0),
        ("salwar", "salwar", 0.5, 1.0),  # of clothes the look must agree, too
        ("red salwar", "salwar", 0.5, 0.5),
        ("red salwar", "blue salwar", 0.0, 0.0),
        ("red salwar", "maroon salwar", 0.6, 0.6),
        ("red salwar kameez", "red kurta", 0.7, 0.7),
        ("red salwar", "red saree", 0.0, 0.0),  # a colour alone
        ("red cotton saree", "red silk saree", 0.5, 0.5),
        ("red frock, blue shirt", "red frock", 1.0, 1.0),  # the side that says less decides
        ("red frock, blue shirt", "red frock, green shawl", 0.5, 0.5),
        ("red frock, torn", "red frock, long", 0.8, 0.8),  # words unknown count a quarter
        ("ghogro", "ghogro", 0.5, 1.0),
    ],
)
def test_similarity(left: str, right: str, clothes: float, things: float) -> None:
    a, b = parse_items([left]), parse_items([right])
    assert items_similarity(a, b, looks_needed=True) == pytest.approx(clothes)
    assert items_similarity(a, b, looks_needed=False) == pytest.approx(things)


def some_items() -> st.SearchStrategy[Items]:
    thing = st.sampled_from(["salwar", "salwar kameez", "kurta", "frock", "bag", "~torn"])
    look = st.sampled_from(["red", "maroon", "pink", "blue", "silk", "cotton", "printed"])
    return st.frozensets(st.builds(Item, thing, st.frozensets(look, max_size=3)), min_size=1, max_size=4)


@given(some_items(), some_items(), st.booleans())
def test_similarity_is_symmetric_and_between_nothing_and_all(a: Items, b: Items, looks_needed: bool) -> None:
    alike = items_similarity(a, b, looks_needed=looks_needed)
    assert alike == items_similarity(b, a, looks_needed=looks_needed)
    assert 0.0 <= alike <= 1.0


@given(some_items(), some_items())
def test_a_set_is_like_itself_and_like_all_that_holds_it(a: Items, more: Items) -> None:
    assert items_similarity(a, a | more, looks_needed=False) == 1.0
    looked = frozenset(item for item in a if item.looks)
    if looked:
        assert items_similarity(looked, looked | more, looks_needed=True) == 1.0


@given(some_items(), some_items())
def test_without_a_thing_alike_no_colour_counts(a: Items, b: Items) -> None:
    groups = {"salwar": 0, "salwar kameez": 0, "kurta": 0, "frock": 1, "bag": 2, "~torn": 3}
    if {groups[item.thing] for item in a}.isdisjoint(groups[item.thing] for item in b):
        assert items_similarity(a, b, looks_needed=False) == 0.0
