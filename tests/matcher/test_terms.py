"""Words of descriptions: every word of the tables is read back, in other spellings and with endings; refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import HOSTILE

from matcher import reference
from matcher.errors import ModelCorrupt
from matcher.reference import alternatives, read_table
from matcher.terms import COMMON, ENDING, FILLER, FOLDER, NO, Term, Terms, load_terms

MARK, THING = load_terms("mark"), load_terms("thing")


def words_of(path: str) -> list[tuple[str, str]]:
    return [(row["code"], word) for row in read_table(path) for word in alternatives(row["words"])]


def codes(terms: Terms, text: str) -> list[list[str]]:
    return [[term.code for term in part] for part in terms.parts(text)]


@pytest.mark.parametrize(("terms", "name"), [(MARK, "mark"), (THING, "thing")])
def test_every_word_of_the_tables_is_read_back_as_it_is_and_in_capitals(terms: Terms, name: str) -> None:
    wrong = []
    for code, word in words_of(f"{FOLDER}/{name}_words.tsv"):
        expected = [] if code == FILLER else [list(alternatives(code))]
        wrong += [(code, word) for text in (word, word.upper(), f" {word} ") if codes(terms, text) != expected]
    assert not wrong


@pytest.mark.parametrize(("terms", "name"), [(MARK, "mark"), (THING, "thing")])
def test_every_code_has_words_and_fits_a_small_integer(terms: Terms, name: str) -> None:
    said = {code for cell, _ in words_of(f"{FOLDER}/{name}_words.tsv") for code in alternatives(cell)}
    for what, some in terms.codes.items():
        assert len(some) < 127, what
        if what not in ("and", NO, FILLER):
            assert set(some) <= said, what


def test_common_words_join_or_deny() -> None:
    for code, word in words_of(COMMON):
        if code == "and":
            assert codes(THING, f"shirt {word} skirt") == [["shirt"], ["skirt"]], word
        elif code == NO:
            assert codes(THING, f"shirt {word}, skirt") == [["skirt"]], word
        else:
            assert code == ENDING


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gaal", "cheek"),
        ("Gal", "cheek"),
        ("moles", "mole"),
        ("गाल", "cheek"),
        ("गालों", "cheek"),
        ("गालमा", "cheek"),
        ("গালে", "cheek"),
        ("গালের", "cheek"),
        ("গালত", "cheek"),
        ("গলায়", "neck"),
        ("দাঁত", "tooth"),
        ("দাত", "tooth"),
        ("হাঁটুতে", "knee"),
        ("হাটু", "knee"),
        ("बायाँ", "left"),
        ("बायां", "left"),
        ("বাঁ", "left"),
        ("বা", ""),  # "or": of a short word every sign counts
        ("वाला", ""),
        ("हाथी", ""),  # an elephant is no hand
        ("গলা", "neck"),
        ("गला", "neck"),
        ("کان", "ear"),
        ("ناك", "nose"),  # typed with the Arabic letter
        ("ပါး", "cheek"),
        ("ပါ", ""),
        ("နား", "ear"),
    ],
)
def test_words_in_their_spellings(text: str, found: str) -> None:
    said = [term.code for part in MARK.parts(text) for term in part if term.what]
    assert said == ([found] if found else [])


def test_burmese_words_are_found_where_nothing_stands_between_them() -> None:
    assert codes(MARK, "ဘယ်ဘက်ပါးမှဲ့") == [["left", "cheek", "mole"]]
    # The wrist is written with the hand and the bangle in it.
    assert codes(MARK, "လက်ကောက်ဝတ်") == [["wrist"]]
    assert codes(THING, "လက်ကောက်") == [["bangles"]]


def test_the_longest_phrase_wins() -> None:
    assert codes(MARK, "birth mark") == [["birthmark"]]
    assert codes(MARK, "missing front tooth") == [["missing tooth", "tooth"]]
    assert codes(THING, "school id card") == [["school card"]]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mole, scar", 2),
        ("mole; scar|burn\ncut", 4),
        ("mole and scar", 2),
        ("তিল এবং ক্ষত", 2),
        ("तिल।चोट", 2),
        ("မှဲ့၊အမာရွတ်", 2),
        ("تل، زخم", 2),
        ("Mole on cheek. Scar on chin.", 2),
        ("mole on lt. cheek", 1),
        ("N.A.", 0),
        ("n/a", 0),
        ("nil", 0),
        ("कोई नहीं", 0),
        ("", 0),
        ("...", 0),
    ],
)
def test_parts(text: str, parts: int) -> None:
    assert len(MARK.parts(text)) == parts


def test_unknown_words_are_kept_by_their_sound() -> None:
    assert THING.parts("Redmi") == [[Term("", "redmi")]]
    assert THING.parts("রেডমি") == [[Term("", "redami")]]
    assert THING.parts("😀") == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_are_read(text: str) -> None:
    for terms in (MARK, THING):
        assert all(term.code for part in terms.parts(text * 3) for term in part)


@settings(deadline=None)  # the first text of a script reads that script's tables
@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    for terms in (MARK, THING):
        known = {Term(what, code) for what, some in terms.codes.items() for code in some}
        assert all(term in known or not term.what for part in terms.parts(text) for term in part)


def test_alike_is_symmetric_and_nothing_is_like_the_unknown() -> None:
    for terms, whats in ((MARK, ("kind", "site")), (THING, ("thing", "colour"))):
        for what in whats:
            alike = terms.alike(what)
            assert (alike == alike.T).all()
            assert alike.diagonal().tolist() == [False, *[True] * len(terms.codes[what])]
            assert not alike[0].any()


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "reference" / FOLDER
    folder.mkdir(parents=True)
    monkeypatch.setattr(reference, "data_root", lambda: tmp_path)
    (folder / "common.tsv").write_text("code\tlang\twords\nand\ten\tand\n", encoding="utf-8")
    (folder / "t_codes.tsv").write_text("what\tcode\talike\nkind\tmole\tspot\nkind\tscar\t-\n", encoding="utf-8")
    return folder


def test_a_word_with_two_meanings_is_refused(tables: Path) -> None:
    (tables / "t_words.tsv").write_text("code\tlang\twords\nmole\ten\ttil|mole\nscar\ten\tteel\n", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match="a word of scar means mole as well"):
        Terms.load("t")


def test_a_code_that_is_not_in_the_table_is_refused(tables: Path) -> None:
    (tables / "t_words.tsv").write_text("code\tlang\twords\nmole|wart\ten\tspot\n", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match="no code wart"):
        Terms.load("t")
