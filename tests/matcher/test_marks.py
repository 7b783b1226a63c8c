"""Marks as people of the region write them: kind, site and side in every language, several in one text, and none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import HOSTILE

from matcher.marks import SIDES, Mark, mark_rows, mark_tables, mark_terms, parse_marks

MOLE = Mark("mole", "cheek", "left")


@pytest.mark.parametrize(
    "text",
    [
        "mole on left cheek",
        "Mole on Lt. cheek",
        "LEFT CHEEK: MOLE",
        "left cheek - mole",
        "til baye gaal par",
        "बाएं गाल पर तिल",
        "बायें गाल पर काला तिल है",
        "बायाँ गालमा कोठी",
        "देब्रे गालमा कालो कोठी",
        "বাম গালে তিল",
        "বাঁ গালে একটি কালো তিল আছে",
        "বাওঁ গালত তিল",
        "ဘယ်ဘက်ပါးတွင် မှဲ့",
        "ဘယ်ပါးမှာမှဲ့နက်ရှိသည်",
        "بائیں گال پر تل",
    ],
)
def test_one_mark_in_every_language(text: str) -> None:
    assert parse_marks(text) == (MOLE,)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("burn scar on left forearm", Mark("burn", "forearm", "left")),
        ("cut mark on forehead", Mark("cut", "forehead")),
        ("माथे पर चोट का निशान", Mark("scar", "forehead")),
        ("কপালে কাটা দাগ", Mark("cut", "forehead")),
        ("কপালত কটা দাগ", Mark("cut", "forehead")),
        ("ডান হাতে পোড়া দাগ", Mark("burn", "hand", "right")),
        ("ဘယ်ခြေထောက်တွင် မီးလောင်ဒဏ်ရာ", Mark("burn", "leg", "left")),
        ("ညာဘက်လက်ကောက်ဝတ်တွင် ဆေးမင်ကြောင်", Mark("tattoo", "wrist", "right")),
        ("दाहिने हाथ की उंगली पर कटे का निशान", Mark("cut", "finger", "right")),  # the narrower of two sites
        ("देब्रे हातको औंलामा काटेको दाग", Mark("cut", "finger", "left")),
        ("mole above upper lip", Mark("mole", "lip")),
        ("squint in left eye", Mark("squint", "eye", "left")),
        ("squint", Mark("squint", "eye")),  # the word says where
        ("missing tooth in front", Mark("missing tooth", "tooth")),
        ("सामने का दाँत नहीं है", Mark("missing tooth", "tooth")),
        ("সামনের দাঁত নেই", Mark("missing tooth", "tooth")),
        ("limps on the right leg", Mark("limp", "leg", "right")),
        ("six fingers in left hand", Mark("extra finger", "finger", "left")),
        ("missing finger of right hand", Mark("amputation", "finger", "right")),
        ("burns on both hands", Mark("burn", "hand", "both")),
        ("scar on left and right knee", Mark("scar", "knee", "both")),
        ("scar left of the middle of the chin", Mark("scar", "chin", "left")),
        ("pock marks on face", Mark("pockmarks", "face")),
        ("wart", Mark("wart")),
        ("neck", Mark("", "neck")),
        ("gait peculiar", Mark()),
        ("लक्षण विशेष", Mark()),
    ],
)
def test_marks(text: str, mark: Mark) -> None:
    assert parse_marks(text) == (mark,)


@pytest.mark.parametrize(
    "text",
    [
        "mole on left cheek, cut on chin",
        "mole on left cheek and cut mark on chin",
        "Mole on left cheek. Cut on chin.",
        "mole on left cheek cut on chin",  # the kind first: the next kind begins another mark
        "बाएं गाल पर तिल ठोड़ी पर कटे का निशान",  # the kind last: it ends one
        "বাম গালে তিল, থুতনিতে কাটা দাগ",
        "ဘယ်ဘက်ပါးတွင် မှဲ့၊ မေးစေ့တွင် ဓားရာ",
        "left cheek, mole; chin, cut",
        "mole on left cheek, no other marks; cut on chin",
        "mole on left cheek, mole on left cheek, cut on chin",
    ],
)
def test_several_marks_in_one_text(text: str) -> None:
    assert parse_marks(text) == (MOLE, Mark("cut", "chin"))


def test_a_kind_said_once_holds_for_every_site() -> None:
    assert parse_marks("scar on chin and forehead") == (Mark("scar", "chin"), Mark("scar", "forehead"))


def test_what_follows_goes_on_about_the_last_mark() -> None:
    assert parse_marks("scar on chin, from a burn") == (Mark("burn", "chin"),)
    assert parse_marks("tattoo, left, wrist, a name") == (Mark("tattoo", "wrist", "left"),)


@pytest.mark.parametrize(
    "text", ["nil", "None", "N/A", "n.a.", "no identification mark", "कोई निशान नहीं", "নেই", "নাই", "छैन", "မရှိပါ", "نہیں"]
)
def test_a_text_that_says_none_is_no_mark(text: str) -> None:
    assert parse_marks(text) == ()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_have_few_marks(text: str) -> None:
    assert len(parse_marks(text * 5)) <= 200


@given(
    st.lists(st.sampled_from(["mole", "scar", "on", "left", "right", "both", "chin", "knee", "and", ",", "nil", "x"]))
)
def test_every_mark_of_any_text_has_codes_of_the_table(words: list[str]) -> None:
    tables = mark_tables()
    marks = parse_marks(" ".join(words))
    assert len(set(marks)) == len(marks)
    for mark in marks:
        assert mark.kind in ("", *tables.kinds)
        assert mark.site in ("", *tables.sites)
        assert mark.side in SIDES


def test_rows_hold_each_mark_with_the_text_it_stands_in() -> None:
    ids = {"mole on left cheek, cut on chin": 7, "wart": 8, "nil": 9}
    listed = [(), ("wart", "mole on left cheek, cut on chin"), ("nil",), ("—",), ("wart",) * 9]
    rows = mark_rows(listed, lambda text: ids.get(text, -1), 4)
    kinds, sites = mark_tables().kinds, mark_tables().sites
    assert rows.texts.tolist() == [[-1] * 4, [8, 7, 7, -1], [-1] * 4, [-1] * 4, [8] * 4]
    assert rows.kinds[1].tolist() == [kinds["wart"], kinds["mole"], kinds["cut"], 0]
    assert rows.sites[1].tolist() == [0, sites["cheek"], sites["chin"], 0]
    assert rows.sides[1].tolist() == [0, SIDES["left"], 0, 0]
    assert {array.dtype for array in (rows.kinds, rows.sites, rows.sides)} == {np.dtype(np.int8)}


def test_no_rows() -> None:
    rows = mark_rows([], lambda _text: -1, 4)
    assert rows.texts.shape == rows.kinds.shape == (0, 4)


@pytest.mark.parametrize(
    ("what", "alike", "others"),
    [
        ("kind", "scar cut burn", "mole tattoo"),
        ("kind", "mole birthmark wart", "scar squint"),
        ("site", "forehead eyebrow head", "hand"),
        ("site", "cheek chin lip nose ear", "knee"),
        ("site", "hand wrist forearm finger elbow", "foot"),
        ("site", "foot ankle leg knee", "hand"),
        ("site", "chest belly back shoulder neck", "finger"),
    ],
)
def test_neighbours(what: str, alike: str, others: str) -> None:
    tables = mark_tables()
    numbers, table = (tables.kinds, tables.alike_kinds) if what == "kind" else (tables.sites, tables.near_sites)
    group = [numbers[code] for code in alike.split()]
    assert table[np.ix_(group, group)].all()
    assert not table[np.ix_(group, [numbers[code] for code in others.split()])].any()


def test_the_middle_of_the_body_has_no_side() -> None:
    tables = mark_tables()
    assert not tables.paired_sites[[tables.sites[site] for site in ("chin", "nose", "neck", "back", "tooth")]].any()
    assert tables.paired_sites[[tables.sites[site] for site in ("cheek", "hand", "eyebrow", "knee")]].all()
    assert set(mark_terms().codes["side"]) == set(SIDES) - {""}
