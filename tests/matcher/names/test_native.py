"""How names are written, told from words that were looked up, is what their letters say when all are normalised."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matcher.names.lexicon import Lexicon
from matcher.names.native import letters_met, native_letters, native_script
from matcher.names.reading import MetNames
from matcher.names.words import cut_texts

WORDS = (
    "Sunita", "সুনীতা", "সুনিতা", "মণ্ডল", "Mondal", "Md.", "N.K.", "мария", "Sіta", "ကိုကို", "ခင်ခင်", "ཚེ་རིང་", "रमा",
    "रामा", "😀", "-", "\x00", "s/o", "র" * 70, "\ud800", "J\u0301",
)  # fmt: skip
NAMES = st.lists(st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join), unique=True, max_size=8).map(tuple)


@given(NAMES)
def test_what_words_say_is_what_the_letters_say(names: tuple[str, ...]) -> None:
    found, expected = letters_met(MetNames.of(names)), native_letters(names)
    assert found.written.tolist() == expected.written.tolist()
    assert found.scripts.tolist() == expected.scripts.tolist()
    assert found.script_names == expected.script_names
    assert [found.script_names[script] for script in found.scripts.tolist()] == list(map(native_script, names))


@given(NAMES, NAMES)
def test_names_cut_one_after_the_other_are_cut_as_all_at_once(first: tuple[str, ...], more: tuple[str, ...]) -> None:
    found, expected = cut_texts(first).followed_by(more), cut_texts(first + more)
    assert found.words == expected.words
    assert found.flat.tolist() == expected.flat.tolist()
    assert found.counts.tolist() == expected.counts.tolist()
    assert found.whole == expected.whole


def test_a_script_that_the_lexicon_met_elsewhere_is_not_named() -> None:
    Lexicon.forget()
    letters_met(MetNames.of(("मीना", "ခင်")))
    assert letters_met(MetNames.of(("সুনীতা", "Sunita"))).script_names == ("Latn", "Beng")
