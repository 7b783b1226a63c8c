"""How rare is a word, here and everywhere?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from matcher.names.frequency import NameFrequencies, region_of
from matcher.names.grammar import parse_name
from matcher.names.near import Blocks, join
from matcher.names.prior import EVERYWHERE, NamePrior

NO_TABLES = NamePrior.of({})


def word(name: str) -> str:
    return parse_name(name)[0].folded


@pytest.mark.parametrize(
    ("area", "region"), [("IN/WB/24PGS/X", "IN/WB"), ("IN/WB", "IN/WB"), ("IN", "IN"), ("", ""), ("/", "/")]
)
def test_region_of(area: str, region: str) -> None:
    assert region_of(area) == region


def bits(frequencies: NameFrequencies, name: str, area: str = EVERYWHERE) -> list[float]:
    words = [token.folded for token in parse_name(name)]
    return frequencies.bits(words, [area] * len(words)).tolist()


def test_nothing_counted_and_nothing_known() -> None:
    frequencies = NameFrequencies(prior=NO_TABLES)
    assert frequencies.names == 0
    assert frequencies.bits(["sunita"], [EVERYWHERE]).tolist() == [9.0]
    assert frequencies.bits([], []).shape == (0,)


def test_the_common_say_less_than_the_rare() -> None:
    frequencies = NameFrequencies()
    for _ in range(9_999):
        frequencies.add("Sunita Mondal")
    frequencies.add("Balaiamlang Mondal")
    sunita, rare, unseen = frequencies.bits([word("Sunita"), word("Balaiamlang"), "xyz"], [EVERYWHERE] * 3)
    assert sunita < 0.1 < 5.0 < rare < unseen
    assert frequencies.names == 10_000


def test_a_new_deployment_takes_no_word_for_common() -> None:
    frequencies = NameFrequencies()
    frequencies.add("Sunita Mondal", "IN/WB")
    assert frequencies.bits([word("Sunita")], ["IN/WB"])[0] > 5.0


def test_spellings_share_their_count() -> None:
    frequencies = NameFrequencies()
    for spelling in ("Sunita", "Suneeta", "সুনীতা", "सुनीता"):
        frequencies.add(spelling)
    assert frequencies.regions[EVERYWHERE].words[word("Sunita")] == 4


def test_initials_and_repetitions_are_not_counted() -> None:
    frequencies = NameFrequencies()
    frequencies.add("S. Su Su")
    assert dict(frequencies.regions[EVERYWHERE].words) == {word("Su"): 1}


def test_what_is_common_in_one_state_is_rare_in_another() -> None:
    frequencies = NameFrequencies()
    for _ in range(300):
        frequencies.add("Sunita", "IN/WB/KOLKATA")
        frequencies.add("Lalduhawma", "IN/MZ")
        frequencies.add("Khin", "MM")
    bits = frequencies.bits([word("Lalduhawma")] * 4, ["IN/MZ/AIZAWL", "IN/WB", "IN", "MM"])
    assert bits[0] < bits[2] < bits[1]
    assert bits[2] < bits[3]


def test_an_area_without_reports_leans_on_its_country() -> None:
    frequencies = NameFrequencies()
    frequencies.add("Sunita", "IN/WB")
    frequencies.add("Rina", "IN")
    words = [word("Sunita")] * 2
    new, country = frequencies.bits(words, ["IN/GA", "IN"])
    assert new == country


def test_taking_away_what_was_never_there_leaves_nothing_below_zero() -> None:
    frequencies = NameFrequencies()
    frequencies.subtract("Sunita", "IN/WB")
    assert frequencies.names == 0
    assert not frequencies.regions[EVERYWHERE].words
    assert np.isfinite(frequencies.bits([word("Sunita")], ["IN/WB"])).all()


def test_words_and_areas_come_in_pairs() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        NameFrequencies().bits(["a", "b"], [""])


class TestTables:
    def test_a_first_day_knows_who_is_everybody(self) -> None:
        first_day = NameFrequencies()
        common = bits(first_day, "Sunita Mondal", "IN/WB/nadia")
        rare = bits(first_day, "Balaiamlang Wanshnong", "IN/WB/nadia")
        assert sum(common) < sum(rare) - 5.0
        assert common[1] < 5.0

    def test_what_the_tables_leave_out_is_rarer_where_they_speak(self) -> None:
        first_day = NameFrequencies()
        assert bits(first_day, "Zqwertu", "IN/GA") == bits(first_day, "Zqwertu") == [9.0]
        assert 9.5 < bits(first_day, "Zqwertu", "IN/WB")[0] < 11.0

    def test_the_spellings_of_a_row_are_one_name(self) -> None:
        first_day = NameFrequencies()
        spelled = [bits(first_day, name, "IN/WB") for name in ("মণ্ডল", "Mondal", "Mandol")]
        assert spelled[0] == spelled[1] == spelled[2]

    def test_a_neighbour_has_the_table_that_was_written_for_both(self) -> None:
        first_day = NameFrequencies()
        assert bits(first_day, "Kumar", "IN/JH") == bits(first_day, "Kumar", "IN/BR")
        assert bits(first_day, "Kumar", "IN/JH") < bits(first_day, "Kumar", "IN/ML")

    def test_a_table_of_a_country_holds_in_all_its_states(self) -> None:
        first_day = NameFrequencies()
        assert bits(first_day, "Fatema", "BD/khulna") == bits(first_day, "Fatema", "BD")

    def test_peoples_of_whom_only_surnames_are_listed_have_a_share(self) -> None:
        assert word("Tripura") in NamePrior.load().regions["BD"].words

    def test_no_judgement_calls_a_name_very_common_or_very_rare(self) -> None:
        first_day, prior = NameFrequencies(), NamePrior.load()
        listed = sorted({word for known in prior.regions.values() for word in known.words})
        for region in prior.regions:
            there = first_day.bits(listed, [region] * len(listed))
            assert there.min() >= 4.0
            assert there.max() <= 11.0

    def test_own_reports_overrule_the_tables(self) -> None:
        frequencies = NameFrequencies()
        for _ in range(3_000):
            frequencies.add("Zqwertu", "IN/WB")
        assert bits(frequencies, "Mondal", "IN/WB")[0] > 7.5
        assert bits(frequencies, "Zqwertu", "IN/WB")[0] < 0.5

    def test_a_wide_region_has_the_mean_of_its_parts_where_that_says_more_than_nothing(self) -> None:
        prior = NamePrior.of({"IN/WB": {"a": 0.04, "b": 0.001}, "IN/AS": {"a": 0.02, "c": 0.5}})
        assert prior.regions["IN"].words == pytest.approx({"a": 0.03, "c": 1 / 16})
        assert prior.regions["IN"].unlisted == 0.0
        assert prior.regions[""].words == prior.regions["IN"].words
        assert prior.regions["IN/AS"].words == {"a": 0.02, "c": 1 / 16}
        assert prior.regions["IN/WB"].unlisted == 2.0**-11


class TestNearSpellings:
    def test_a_rare_spelling_of_a_common_name_is_as_common(self) -> None:
        frequencies = NameFrequencies(prior=NO_TABLES)
        for _ in range(200):
            frequencies.add("Rafiqul", "IN/WB")
            frequencies.add("Purnima", "IN/WB")
        frequencies.add("Rofiqul", "IN/WB")
        assert word("Rafiqul") != word("Rofiqul")
        assert bits(frequencies, "Rofiqul", "IN/WB") == bits(frequencies, "Rafiqul", "IN/WB")
        assert bits(frequencies, "Rafiqool", "IN/WB") == bits(frequencies, "Rafiqul", "IN/WB")

    @pytest.mark.parametrize("other", ["Gita", "Rita", "Suta", "Sitara"])
    def test_another_name_is_not_made_common(self, other: str) -> None:
        frequencies = NameFrequencies(prior=NO_TABLES)
        for _ in range(200):
            frequencies.add("Sita")
        assert bits(frequencies, other)[0] > bits(frequencies, "Sita")[0] + 3.0

    def test_a_spelling_seen_twice_lends_nothing(self) -> None:
        frequencies = NameFrequencies(prior=NO_TABLES)
        alone = NameFrequencies(prior=NO_TABLES)
        for _ in range(2):
            frequencies.add("Rafiqul")
            alone.add("Balaiamlang")
        assert bits(frequencies, "Rofiqul") == bits(alone, "Rofiqul")
        frequencies.add("Rafiqul")
        assert bits(frequencies, "Rofiqul") == bits(frequencies, "Rafiqul")
        frequencies.subtract("Rafiqul")
        assert bits(frequencies, "Rofiqul") == bits(alone, "Rofiqul")

    def test_a_listed_word_lends_without_being_counted_and_after_it_is_gone(self) -> None:
        frequencies = NameFrequencies()
        assert bits(frequencies, "Mundal", "IN/WB") == bits(frequencies, "Mondal", "IN/WB")
        for change in (frequencies.add, frequencies.subtract):
            for _ in range(4):
                change("Mondal", "IN/WB")
        assert bits(frequencies, "Mundal", "IN/WB") == bits(frequencies, "Mondal", "IN/WB")

    def test_frequencies_of_counts_taken_over_lend_too(self) -> None:
        counted = NameFrequencies(prior=NO_TABLES)
        for _ in range(50):
            counted.add("Rafiqul")
        taken = NameFrequencies(counted.regions, NO_TABLES)
        assert taken == counted
        assert bits(taken, "Rofiqul") == bits(counted, "Rofiqul") == bits(counted, "Rafiqul")


class TestWhatIsRemembered:
    """Shares that were asked for once are kept until something is counted."""

    WORDS = ("rafikul", "purnima", "sunita", "das", "unheard")
    AREAS = ("IN/WB", "IN/WB/MALDA", "IN", "", "MM")

    def fresh(self, names: list[tuple[str, str]]) -> NameFrequencies:
        frequencies = NameFrequencies()
        for name, area in names:
            frequencies.add(name, area)
        return frequencies

    def every(self, frequencies: NameFrequencies) -> list[float]:
        words = [word for word in self.WORDS for _ in self.AREAS]
        return frequencies.bits(words, [*self.AREAS] * len(self.WORDS)).tolist()

    def test_no_answer_is_of_before_a_change(self) -> None:
        names = [("Rafiqul Das", "IN/WB"), ("Purnima Das", "IN"), ("Sunita Das", "MM"), ("Rofiqul Das", "IN/WB")] * 3
        frequencies = NameFrequencies()
        for number, (name, area) in enumerate(names):
            assert self.every(frequencies) == self.every(self.fresh(names[:number]))
            frequencies.add(name, area)
        before = self.every(frequencies)
        frequencies.subtract_all([name for name, _ in names[6:]], [area for _, area in names[6:]])
        assert self.every(frequencies) == self.every(self.fresh(names[:6])) != before

    def test_what_is_asked_while_names_are_counted_is_not_kept(self) -> None:
        frequencies = NameFrequencies()

        class Words(list[str]):
            """Counts a name between two words that are asked about."""

            def __iter__(self) -> Iterator[str]:
                for number in range(len(self)):
                    if number == 1:
                        frequencies.add_all(["Sunita Das"] * 50, ["IN/WB"] * 50)
                    yield self[number]

        frequencies.bits(Words(["das", "sunita"]), ["IN/WB"] * 2)
        assert self.every(frequencies) == self.every(self.fresh([("Sunita Das", "IN/WB")] * 50))

    def test_what_is_asked_in_the_middle_of_a_change_is_not_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frequencies, asked = NameFrequencies(), []

        def ask_and_join(blocks: Blocks, word: str) -> None:
            asked.append(self.every(frequencies))
            join(blocks, word)

        monkeypatch.setattr("matcher.names.frequency.join", ask_and_join)
        frequencies.add_all(["Sunita Das"] * 50, ["IN/WB"] * 50)
        assert len(asked) == 2
        assert self.every(frequencies) == self.every(self.fresh([("Sunita Das", "IN/WB")] * 50))

    def test_a_change_that_fails_is_forgotten_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frequencies = NameFrequencies()
        before = self.every(frequencies)
        monkeypatch.setattr("matcher.names.frequency.join", fails)
        with pytest.raises(RuntimeError, match="in the middle"):
            frequencies.add_all(["Sunita"] * 3, ["IN/WB"] * 3)
        assert frequencies.regions[EVERYWHERE].words["sunita"] == 3
        assert self.every(frequencies) != before

    def test_threads_ask_while_another_counts(self) -> None:
        frequencies, names = NameFrequencies(), [("Sunita Das", "IN/WB"), ("Rafiqul Das", "IN")] * 10
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(self.every, frequencies) for _ in range(40)]
            for name, area in names:
                frequencies.add(name, area)
            assert all(np.isfinite(one.result()).all() for one in asked)
        assert self.every(frequencies) == self.every(self.fresh(names))

    def test_not_more_is_kept_than_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("matcher.names.frequency._REMEMBERED", 3)
        frequencies = self.fresh([("Sunita Das", "IN/WB")])
        expected = self.every(self.fresh([("Sunita Das", "IN/WB")]))
        for number in range(20):
            frequencies.bits([f"word{number}"], ["IN/WB"])
            assert sum(len(region.exact) for region in frequencies._asked.values()) <= 4
        assert self.every(frequencies) == expected


def fails(*_arguments: object) -> None:
    raise RuntimeError("in the middle of a change")
