"""Records become columns: unknown is -1 or 0, texts are parsed once, and nothing that is entered breaks the table."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from made_people import HOSTILE, person

from matcher.columns import AREA_LEVELS, LANGUAGES_KEPT, RecordColumns, exact_key
from matcher.languages import language_bits
from matcher.person import AgeBasis, FaceEmbedding, PartialDate, PersonName, Place, Sex, Side
from matcher.texts import parse_text


def test_no_records_make_an_empty_table() -> None:
    columns = RecordColumns.build(())
    assert len(columns) == 0
    assert columns.areas.shape == (0, AREA_LEVELS)
    assert columns.birth.shape == (0, 2)
    assert columns.face_vectors.shape == (0, 1)


def test_a_bare_record_is_unknown_everywhere() -> None:
    columns = RecordColumns.build([person()])
    for name in ("own", "father", "mother", "relatives", "areas", "remembered_areas", "remembered_texts", "marks"):
        assert (getattr(columns, name) == -1).all(), name
    for name in (
        "community",
        "region",
        "village",
        "district_text",
        "postcode",
        "address",
        "height_on",
        "birth",
        "event",
        "faces",
    ):
        assert (getattr(columns, name) == -1).all(), name
    for name in ("sex", "languages", "phones", "identifiers", "identifier_types"):
        assert (getattr(columns, name) == 0).all(), name
    assert np.isnan(columns.height).all()
    assert not columns.rescued.any()
    assert not columns.exact_birth.any()
    assert not columns.birth_guessed.any()
    assert columns.communities == ()
    assert columns.extras == {}


def test_a_full_record() -> None:
    record = person(
        side=Side.RESCUED,
        names="Sunita Mondal",
        father="Gopal Mondal",
        sex=Sex.FEMALE,
        birth=date(2011, 5, 30),
        event=PartialDate(date(2020, 1, 1), date(2020, 1, 31)),
        origin=Place("IN", "West Bengal", "24 Pgs (S)", "Gosaba"),
        remembered=("Canning",),
        languages=("bn", "bn-IN", "hi"),
        height_cm=142.0,
        height_on=date(2020, 1, 15),
        marks=("mole on left cheek",),
        postcode="743370",
        address="12 Lake Road",
        extras=(("ward", "7"),),
        phones=("9876543210",),
        identifiers=(("fir", "1"),),
    )
    columns = RecordColumns.build([person(), record])
    assert columns.names.names[columns.own[1, 0]] == "Sunita Mondal"
    assert columns.names.names[columns.father[1, 0]] == "Gopal Mondal"
    assert columns.sex.tolist() == [0, 1]
    assert columns.birth[1].tolist() == [date(2011, 5, 30).toordinal()] * 2
    assert columns.event[1].tolist() == [date(2020, 1, 1).toordinal(), date(2020, 1, 31).toordinal()]
    assert columns.exact_birth.tolist() == [False, True]
    assert [columns.area_paths[code] for code in columns.areas[1]] == [
        "IN", "IN/WB", "IN/WB/south-24-parganas", "IN/WB/south-24-parganas/gosaba",
    ]  # fmt: skip
    assert columns.area_paths[columns.region[1]] == "IN/WB"
    assert columns.area_paths[columns.remembered_areas[1, 0]] == "IN/WB/south-24-parganas/canning"
    assert int(columns.languages[1]).bit_count() == 2
    assert columns.height[1] == 142
    assert columns.texts.names[columns.marks[1, 0]] == "mole on left cheek"
    assert columns.texts.names[columns.address[1]] == "12 Lake Road"
    assert columns.texts.names[columns.extras["ward"][1]] == "7"
    assert columns.extras["ward"][0] == -1
    assert columns.phones[1, 0] == exact_key("phone", "9876543210")
    assert columns.rescued.tolist() == [False, True]


def test_the_region_is_the_country_where_no_state_is_known() -> None:
    columns = RecordColumns.build([person(origin=Place("Nepal"))])
    assert columns.area_paths[columns.region[0]] == "NP"


def test_more_values_than_are_kept_are_cut() -> None:
    many = tuple(PersonName(f"Name{chr(97 + n)}") for n in range(9))
    columns = RecordColumns.build([person(names=many, father=many, marks=tuple(name.text for name in many))])
    assert columns.own.shape == (1, 4)
    assert columns.father.shape == (1, 3)
    assert columns.marks.shape == (1, 4)
    assert [columns.names.names[n] for n in columns.own[0]] == [name.text for name in many[:4]]


@pytest.mark.parametrize("nothing", ["", " ", "😀", "—", "\u200b"])
def test_a_text_without_any_word_is_unknown(nothing: str) -> None:
    record = person(marks=(nothing, "scar"), address=nothing, postcode=nothing, remembered=(nothing,))
    columns = RecordColumns.build([record])
    assert columns.address[0] == columns.postcode[0] == -1
    assert (columns.remembered_texts == -1).all()
    assert [columns.texts.names[n] for n in columns.marks[0] if n >= 0] == ["scar"]


def test_texts_keep_digits_and_every_script() -> None:
    assert [token.folded for token in parse_text("12-B, Lake  Road")] == ["12", "b", "lake", "road"]
    assert [token.roman for token in parse_text("४ কলকাতা")][-1].startswith("k")
    assert parse_text("—😀…") == ()


def test_keys_are_stable_positive_and_typed() -> None:
    assert exact_key("fir", "1") == exact_key("fir", "1") > 0
    assert exact_key("fir", "1") != exact_key("card", "1")
    assert exact_key("fir", "1").bit_length() <= 62
    assert exact_key("\ud800", "\udfff") != exact_key("\ud801", "\udfff")


def test_more_languages_than_bits_say_less_and_do_not_break() -> None:
    codes = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(80)]
    columns = RecordColumns.build([person(languages=(code,)) for code in codes])
    assert len(set(columns.languages[:62].tolist())) == 62
    assert set(columns.languages[62:].tolist()) == {1 << 62}


def test_a_language_is_as_rare_as_the_table_says() -> None:
    columns = RecordColumns.build([person(languages=("kha", "hi")), person(languages=("hi-IN",))])
    assert columns.language_bits.shape == (LANGUAGES_KEPT,)
    assert columns.language_bits[:2] == pytest.approx([language_bits("kha"), language_bits("hi")])
    assert not columns.language_bits[2:].any()


def test_equal_answers_of_the_community_are_one() -> None:
    said = [("Santal", "Christian"), (), ("Santal",), ("Santal", "Christian")]
    columns = RecordColumns.build([person(community=answer) for answer in said])
    assert columns.community.tolist() == [0, -1, 1, 0]
    assert columns.communities == (said[0], said[2])


def test_a_guess_is_a_guess_even_to_the_day() -> None:
    columns = RecordColumns.build([person(birth=date(2010, 1, 1), birth_basis=basis) for basis in AgeBasis])
    assert columns.birth_guessed.tolist() == [basis is AgeBasis.GUESS for basis in AgeBasis]
    assert columns.exact_birth.all()


def test_faces_of_several_models_and_widths() -> None:
    wide, narrow = np.ones(8, dtype=np.float32), np.ones(4, dtype=np.float32)
    columns = RecordColumns.build(
        [
            person(faces=(FaceEmbedding(wide, "w"), FaceEmbedding(narrow, "n"))),
            person(faces=(FaceEmbedding(wide, "w"),)),
        ]
    )
    assert columns.face_vectors.shape == (3, 8)
    assert columns.face_models.tolist() == [0, 1, 0]
    assert columns.faces[:, :2].tolist() == [[0, 1], [2, -1]]
    assert columns.face_vectors[1].tolist() == [1.0] * 4 + [0.0] * 4


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()], ids=lambda text: repr(text[:12]))
def test_any_text_anywhere_makes_a_row(text: str) -> None:
    record = person(
        names=text, father=text, relatives=text, origin=Place(text, text, text, text), remembered=(text,),
        marks=(text,), languages=(text,), phones=(text,), identifiers=((text, text),), postcode=text, address=text,
        extras=((text, text),), community=(text,),
    )  # fmt: skip
    columns = RecordColumns.build([record, person()])
    assert len(columns) == 2
    assert columns.phones[0, 0] > 0
    assert set(columns.names.names) <= {text, ""}  # "" is what is left of a father who bears her very name
    assert columns.communities == ((text,),)
