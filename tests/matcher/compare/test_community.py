"""Communities by example: one people in any script and under any of its names, and what is no contradiction."""

from __future__ import annotations

import unicodedata

import pytest
from made_people import HOSTILE, label, person

from matcher.compare.community import COMMUNITY, KINDS, Communities, Said, _words, understood
from matcher.reference import alternatives, read_table

SAME, OTHER = COMMUNITY.labels
TABLE = list(read_table("communities.tsv"))


def compared(left: str | tuple[str, ...], right: str | tuple[str, ...]) -> str:
    one, other = ((said,) if isinstance(said, str) else said for said in (left, right))
    return label(COMMUNITY, person(community=one), person(community=other))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Santal", "সাঁওতাল সম্প্রদায়"),
        ("Santhal tribe", "सन्थाल जाति"),
        ("Saontal", "SANTHALI (ST)"),
        ("Bodo", "Boro Kachari"),
        ("Khasi", "Khasia people"),
        ("Garo", "A'chik"),
        ("Mising", "Miri"),
        ("Newar samaj", "नेवा"),
        ("Karen", "ကရင်လူမျိုး"),
        ("Kayin", "Karen Baptist"),
        ("Shan", "the Tai people"),
        ("Kachin", "Jingpho"),
        ("Islam", "মুসলমান"),
        ("Muslim", "she is a Musolman girl"),
        ("Buddhist", "ဗုဒ္ဓဘာသာဝင်"),
        ("Dalit", "Scheduled Caste"),
        ("Dalit", "SC"),
        ("Adivasi", "S.T."),
        ("Rohingya", "rohinggya muslim"),  # in no table so, but near
        ("Matua Namashudra", "Nomosudro (SC)"),
        ("Zakhring", "Zakhrin tribe"),  # in no table at all
    ],
)
def test_one_community(left: str, right: str) -> None:
    assert compared(left, right) == SAME


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Santal", "Munda"),
        ("রোহিঙ্গা", "Rakhine"),
        ("Hindu", "Muslim"),
        ("Brahmin", "Dalit"),
        ("Musahar", "डोम"),
        ("Angami Naga", "Ao Naga"),  # of one broader people, and two all the same
        ("Santal Christian", "Munda Christian"),
        ("Brahmin Hindu", "Musahar Hindu"),
        ("Zakhring", "Miju"),
    ],
)
def test_two_communities(left: str, right: str) -> None:
    assert compared(left, right) == OTHER


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Santal", "Christian"),
        ("Santal", "Adivasi"),
        ("Muslim", "OBC"),
        ("Naga", "Angami"),
        ("Kuki", "Mizo"),
        ("Musahar", "SC"),
        ("Gurung", "Nepali"),
        ("Rohingya", "Bengali"),
        ("Santal", "Zakhring"),
        ("Santal", "unknown"),
        ("Santal", "Other"),
        ("tribe", "tribe"),
        ("n/a", "Not known"),
        ("-", "Santal"),
    ],
)
def test_what_says_nothing(left: str, right: str) -> None:
    assert compared(left, right) == "unknown"


def test_of_several_answers_the_best_counts_and_the_narrowest_decides() -> None:
    assert compared(("Munda", "Santal"), ("Santal",)) == SAME
    assert compared(("Santal", "Christian"), ("Santal", "Hindu")) == SAME
    assert compared(("Santal", "Christian"), ("Munda", "Christian")) == OTHER
    assert compared(("SC", "Musahar"), ("SC", "Dom")) == OTHER
    assert compared(("Christian",), ("Santal", "Christian")) == SAME
    assert compared((), ("Santal",)) == "unknown"


def test_no_form_stands_in_two_rows() -> None:
    rows: dict[str, set[str]] = {}
    for row in TABLE:
        for form in (row["canonical"], *alternatives(row["latin"]), *alternatives(row["native"])):
            assert form == unicodedata.normalize("NFC", form)
            folded = "".join(_words(form))
            assert folded, form
            rows.setdefault(folded, set()).add(row["canonical"])
    assert {form: names for form, names in rows.items() if len(names) > 1} == {}


def test_every_row_is_understood_and_stands_beside_its_own_kind() -> None:
    kinds = {row["canonical"]: row["of"] for row in TABLE}
    assert len(kinds) == len(TABLE)
    assert set(kinds.values()) == {*KINDS, "word"}
    names = Communities.load().names
    for row in TABLE:
        assert all(kinds[other] == row["of"] for other in alternatives(row["beside"])), row["canonical"]
        for form in (row["canonical"], *alternatives(row["latin"]), *alternatives(row["native"])):
            found = understood((form,))
            assert found.unknown == (), form
            assert [names[number] for number in found.entries] == ([] if row["of"] == "word" else [row["canonical"]])


def test_only_what_is_not_understood_is_kept_as_it_sounds() -> None:
    assert understood(("Zakhring people", "unknown")) == Said((), ("jakriN",))
    assert understood(("Santal of Zakhring",)).unknown == ()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_any_text_is_compared_or_says_nothing(text: str) -> None:
    assert compared(text, text) in (SAME, "unknown")
    assert compared(text, "Santal") == "unknown"
