"""Names of each region: as common as they are, in its script, put together as its people put them together."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from data.names import Choice, Entry, Names, Pattern, joined
from data.regions import NATIVE_SCRIPTS, REGIONS, region_of
from matcher.names.romanize import romanize
from matcher.names.script import main_script
from matcher.reference import alternatives, read_table

DRAWN = 9000


def given_of(code: str, count: int, seed: int = 5) -> list[Entry]:
    names, rng = region_of(code).names, random.Random(seed)
    return [
        names.given[names.communities.draw(rng).native, "F" if rng.random() < 0.7 else "M"].draw(rng)
        for _ in range(count)
    ]


@pytest.mark.parametrize("code", sorted(REGIONS))
def test_given_names_are_as_unequal_as_names_are(code: str) -> None:
    """In lists of real candidates of the region, the first fifty names hold about a fifth, 250 about a half."""
    counts = Counter(entry.latin for entry in given_of(code, DRAWN))
    shares = {k: sum(n for _, n in counts.most_common(k)) / DRAWN for k in (10, 50, 250, 1000)}
    assert len(counts) > 1500
    assert shares[10] < 0.18
    assert 0.12 < shares[50] < 0.36
    assert 0.33 < shares[250] < 0.65
    assert shares[1000] < 0.88


@pytest.mark.parametrize("code", sorted(REGIONS))
def test_every_native_name_romanises_to_something_in_the_regions_script(code: str) -> None:
    for entry in given_of(code, 1500):
        assert main_script(entry.native) == NATIVE_SCRIPTS[code], entry
        assert romanize(entry.native).strip()
        assert entry.latin.isascii()
        assert entry.latin.replace(" ", "").replace("'", "").replace("-", "").isalpha()
        assert "" not in entry.variants
        if NATIVE_SCRIPTS[code] == "Latn":
            assert entry.native == entry.latin
    if code == "IN-AS":
        assert not any("র" in entry.native for entry in given_of(code, 1500))


@pytest.mark.parametrize("code", ["IN-WB", "BD", "NP", "IN-AS"])
def test_surnames_have_a_tail_and_a_head(code: str) -> None:
    names, rng = region_of(code).names, random.Random(6)
    counts: Counter[str] = Counter()
    for _ in range(DRAWN):
        choice = names.surnames.get((names.communities.draw(rng).native, "M"))
        if choice is not None:
            counts[choice.draw(rng).latin] += 1
    total = counts.total()
    assert len(counts) > 400
    assert 0.15 < sum(n for _, n in counts.most_common(10)) / total < 0.40
    assert 0.8 < sum(n for _, n in counts.most_common(250)) / total < 0.95


def test_every_class_of_every_pattern_exists_and_none_is_forgotten() -> None:
    classes = {row["class"] for row in read_table("people/elements.tsv")}
    used: set[str] = set()
    for row in read_table("people/patterns.tsv"):
        used |= set(row["parts"].replace("+", " ").replace("~", " ").split())
        assert set(alternatives(row["region"])) <= set(REGIONS)
        assert row["kind"] in ("given", "surname")
        assert row["sex"] in ("F", "M", "U")
        assert float(row["share"]) > 0
    assert used == classes


def test_every_pattern_belongs_to_a_community_with_listed_names() -> None:
    for row in read_table("people/patterns.tsv"):
        kinds = [
            getattr(region_of(code).names, "given" if row["kind"] == "given" else "surnames")
            for code in alternatives(row["region"])
        ]
        for community in alternatives(row["community"]):
            assert any((community, sex) in kind for kind in kinds for sex in "FM"), (row["region"], community)


def test_words_join_as_they_are_written() -> None:
    subha, endu = Entry("শুভ", "Subha", ("Shubho",)), Entry("েন্দু", "endu", ("indu",))
    made = joined(subha, "+", endu)
    assert (made.native, made.latin) == ("শুভেন্দু", "Subhendu")
    assert {"Shubhendu", "Subhindu", "Subha Endu"} == set(made.variants)
    hari, nath = Entry("হরি", "Hari"), Entry("নাথ", "nath")
    assert joined(hari, "+", nath).native == "হরিনাথ"
    assert joined(hari, "+", endu).native == "হরেন্দু"
    assert joined(hari, "+", endu).latin == "Harendu"
    assert joined(Entry("অশোক", "Ashok"), " ", Entry("কুমার", "Kumar")).native == "অশোক কুমার"
    burmese = joined(Entry("အေး", "Aye"), "~", Entry("မြတ်", "Myat"))
    assert (burmese.native, burmese.latin) == ("အေးမြတ်", "Aye Myat")
    assert "Ayemyat" in burmese.variants
    khasi = joined(Entry("Iba", "Iba"), "+", Entry("i", "i"))
    assert khasi.native == khasi.latin == "Ibi"


def test_nobody_is_called_twice_the_same_word() -> None:
    one = Choice()
    one.add(Entry("নাহার", "Nahar"), 1.0)
    assert Pattern(" ", (one, one), "F").draw(random.Random(1)).latin == "Nahar"


def test_a_name_cut_to_its_first_words() -> None:
    name = Entry("राम बहादुर", "Ram Bahadur", ("Ram Bdr",))
    assert name.first_words(1) == Entry("राम", "Ram", ("Ram",))
    burmese = Entry("အေးမြတ်သူ", "Aye Myat Thu")
    assert burmese.first_words(2) == Entry("အေးမြတ်သူ", "Aye Myat")


def test_weights_decide_and_seeds_repeat() -> None:
    choice = Choice()
    choice.add(Entry("a", "a"), 1.0)
    choice.add(Entry("b", "b"), 3.0)
    drawn = Counter(choice.draw(random.Random(seed)).latin for seed in range(2000))
    assert drawn["b"] / 2000 == pytest.approx(0.75, abs=0.04)
    assert given_of("NP", 50) == given_of("NP", 50)


def test_twins_of_every_region_are_two_names_in_its_script() -> None:
    for code in REGIONS:
        twins = region_of(code).twins
        assert twins
        for pair in twins:
            one, other = pair.names
            assert one.latin != other.latin
            assert {main_script(entry.native) for entry in pair.names} == {NATIVE_SCRIPTS[code]}
            assert (pair.community, "F") in region_of(code).names.given


def test_tables_are_read_once() -> None:
    assert region_of("BD") is region_of("BD")
    assert Names.of("BD").communities.entries == region_of("BD").names.communities.entries
