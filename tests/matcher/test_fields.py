"""Fields become a record, or a refusal that names the field and the rule and never the value."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from made_people import HOSTILE, TODAY

from matcher.errors import InvalidRecord
from matcher.fields import (
    FIELDS,
    MULTIPLE,
    FieldValue,
    birth_from_age,
    normalise_phone,
    parse_age,
    parse_date,
    parse_sex,
    read_record,
)
from matcher.person import AgeBasis, NameKind, PartialDate, PersonRecord, Sex, Side
from matcher.reference import alternatives, read_table


def read(side: Side = Side.MISSING, **fields: FieldValue) -> PersonRecord:
    return read_record("r", side, fields, today=TODAY).record


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2011-05-30", date(2011, 5, 30), date(2011, 5, 30)),
        ("20110530", date(2011, 5, 30), date(2011, 5, 30)),
        ("30/05/2011", date(2011, 5, 30), date(2011, 5, 30)),
        ("30-5-2011", date(2011, 5, 30), date(2011, 5, 30)),
        ("30.05.2011", date(2011, 5, 30), date(2011, 5, 30)),
        ("৩০/০৫/২০১১", date(2011, 5, 30), date(2011, 5, 30)),
        ("३०/०५/२०११", date(2011, 5, 30), date(2011, 5, 30)),
        ("၂၀၁၁-၀၅-၃၀", date(2011, 5, 30), date(2011, 5, 30)),
        ("2011-05-30T10:00:00Z", date(2011, 5, 30), date(2011, 5, 30)),
        ("2011-05-30 00:00:00", date(2011, 5, 30), date(2011, 5, 30)),
        (" 2011-05 ", date(2011, 5, 1), date(2011, 5, 31)),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29)),
        ("2011", date(2011, 1, 1), date(2011, 12, 31)),
        ("29/02/2012", date(2012, 2, 29), date(2012, 2, 29)),
    ],
)
def test_dates(text: str, first: date, last: date) -> None:
    assert parse_date("birth_date", text) == PartialDate(first, last)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("31/02/2020", "that month has 29 days"),
        ("31/02/2021", "that month has 28 days"),
        ("05/30/2011", "dates with slashes are read day first"),
        ("2011-13-01", "there is no such month"),
        ("2011-00", "there is no such month"),
        ("00/01/2011", "that month has 31 days"),
        ("1899-12-31", "the year is not between 1900 and 2200"),
        ("9999", "the year is not between 1900 and 2200"),
        ("last winter", "is not a date"),
        ("30/05/11", "is not a date"),
        ("2011/05/30", "is not a date"),
        ("", "is not a date"),
        ("²⁰¹¹", "is not a date"),
    ],
)
def test_dates_refused(text: str, rule: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        parse_date("last_seen", text)
    assert caught.value.field == "last_seen"
    assert rule in caught.value.reason
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(("text", "age"), [("12", 12), (" 0 ", 0), ("১২", 12), ("१४", 14), ("14.0", 14), ("120", 120)])
def test_ages(text: str, age: int) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["12", "12 years", "१२ साल", "12 yrs old", "12y", "১২ বছর", "၁၂ နှစ်", " 12.0 "])
def test_ages_as_people_write_them(text: str) -> None:
    assert parse_age(text) == 12


@pytest.mark.parametrize(
    "text", ["about 12 years", "12-14", "12.5", "-3", "121", "999", "1e1", "twelve", "", "9" * 10_000]
)
def test_ages_refused(text: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        parse_age(text)
    assert caught.value.field == "age"
    assert len(text) < 3 or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("F", Sex.FEMALE), (" girl ", Sex.FEMALE), ("महिला", Sex.FEMALE), ("মেয়ে", Sex.FEMALE), ("MALE", Sex.MALE),
        ("ছেলে", Sex.MALE), ("transgender", Sex.OTHER), ("unknown", Sex.UNKNOWN), ("", Sex.UNKNOWN),
    ],
)  # fmt: skip
def test_sexes(text: str, sex: Sex) -> None:
    assert parse_sex(text) is sex


def test_an_unknown_word_for_sex_is_refused_without_the_word() -> None:
    with pytest.raises(InvalidRecord, match="is not one of") as caught:
        parse_sex("Sunita")
    assert "Sunita" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "the word would stand in a traceback's context"


@pytest.mark.parametrize(
    ("age", "as_of", "first", "last"),
    [
        (12, date(2020, 6, 15), date(2007, 6, 16), date(2008, 6, 15)),
        (0, date(2020, 6, 15), date(2019, 6, 16), date(2020, 6, 15)),
        (12, date(2020, 2, 29), date(2007, 3, 1), date(2008, 2, 29)),
        (11, date(2019, 2, 28), date(2007, 3, 1), date(2008, 2, 28)),
        (4, date(2024, 12, 31), date(2020, 1, 1), date(2020, 12, 31)),
    ],
)
def test_birth_from_age(age: int, as_of: date, first: date, last: date) -> None:
    assert birth_from_age(age, PartialDate.exact(as_of)) == PartialDate(first, last)


def test_birth_from_age_on_an_uncertain_day_is_wider() -> None:
    wide = birth_from_age(10, PartialDate(date(2020, 1, 1), date(2020, 12, 31)))
    assert wide == PartialDate(date(2009, 1, 2), date(2010, 12, 31))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+91 98765 43210", "9876543210"), ("0091-9876543210", "9876543210"), ("09876543210", "9876543210"),
        ("৯৮৭৬৫৪৩২১০", "9876543210"), ("12345", ""), ("call me", ""), ("", ""), ("033-2250", "0332250"),
    ],
)  # fmt: skip
def test_phones(text: str, digits: str) -> None:
    assert normalise_phone(text) == digits


def test_a_whole_report() -> None:
    record = read(
        name=["Sunita Mondal", " "],
        nickname="Puja",
        alias="Rani",
        imposed_name="Sonia",
        father_name="Gopal Mondal",
        mother_name="Kamala Mondal",
        relative_name="Haran",
        guardian_name=["Bimala", "Kamal"],
        sex="girl",
        age="১২",
        last_seen="30/05/2024",
        country="India",
        state="West Bengal",
        district="24 Pgs (S)",
        village=" Gosaba ",
        address="12 Lake Road",
        postcode="743370",
        remembered=["Canning", ""],
        phone=["+91 98765 43210", "none"],
        identifier=["FIR: 12/2024", "AB-12", ":", "card:—"],
        languages="bn, hi;ne",
        height_cm="142 cm",
        marks=["mole on left cheek"],
        community=["Santal", " Christian "],
        clothing="blue school dress, red ribbon",
        belongings=["silver anklet", ""],
    )
    assert [(name.text, name.kind) for name in record.names] == [
        ("Sunita Mondal", NameKind.BIRTH),
        ("Puja", NameKind.NICKNAME),
        ("Rani", NameKind.ALIAS),
        ("Sonia", NameKind.IMPOSED),
    ]
    assert record.sex is Sex.FEMALE
    assert record.birth == PartialDate(date(2011, 5, 31), date(2012, 5, 30))
    assert record.birth_basis is AgeBasis.STATED
    assert record.event == PartialDate.exact(date(2024, 5, 30))
    assert record.origin.village == "Gosaba"
    assert record.phones == ("9876543210",)
    assert record.identifiers == (("fir", "122024"), ("id", "ab12"))
    assert record.languages == ("bn", "hi", "ne")
    assert (record.height_cm, record.height_on) == (142.0, date(2024, 5, 30))
    assert record.remembered == ("Canning",)
    assert [name.text for name in record.relatives] == ["Haran", "Bimala", "Kamal"]
    assert record.community == ("Santal", "Christian")
    assert record.clothing == ("blue school dress, red ribbon",)
    assert record.belongings == ("silver anklet",)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Bengali", ("bn",)),
        ("hindi, SANTALI;bn", ("hi", "sat", "bn")),
        ("Sgaw Karen; Burmese", ("ksw", "my")),
        ("ben hin nep", ("bn", "hi", "ne")),
        ("bn-IN, HI-Deva", ("bn", "hi")),
        ("Zakhring", ("Zakhring",)),
        ("other, unknown", ()),
        ("Bengali and Hindi", ("bn", "hi")),
        ("speaks Bengali (some Hindi)", ("bn", "hi")),
        ("Nepali/Hindi & Urdu", ("ne", "hi", "ur")),
        ("बंगाली और हिन्दी", ("bn", "hi")),
        ("বাংলা ও হিন্দি", ("bn", "hi")),
        ("অসমীয়া আৰু বড়ো", ("as", "brx")),
        ("नेपाली र मैथिली भाषा", ("ne", "mai")),
        ("မြန်မာ နှင့် ရှမ်း", ("my", "shn")),
        ("ᱥᱟᱱᱛᱟᱲᱤ", ("sat",)),
        ("Bangla", ("bn",)),
        ("বাংলা ক\u09df, ক\u09af\u09bc", ("bn",)),
        ("Khas Kura or Newari", ("ne", "new")),
        ("रोहिङ्\u200dग्या", ("rhg",)),
        ("N/A", ()),
        ("-", ()),
    ],
)
def test_languages_are_read_by_tag_or_name(text: str, tags: tuple[str, ...]) -> None:
    assert read(language=text).languages == read(languages=[text]).languages == tags


def test_no_name_is_that_of_two_languages_and_every_tag_has_a_rarity() -> None:
    listed = {row["tag"]: row["name"] for row in read_table("languages.tsv")}
    named: dict[str, str] = {name.casefold(): tag for tag, name in listed.items()}
    for row in read_table("language_names.tsv"):
        assert row["tag"] in listed
        for name in alternatives(row["names"]):
            assert named.setdefault(name.casefold(), row["tag"]) == row["tag"], name
            assert read(language=name).languages == (row["tag"],), name


def test_each_side_reads_its_own_event() -> None:
    fields: dict[str, FieldValue] = {"last_seen": "2020-01-01", "found": "2022-01-01"}
    missing = read_record("m", Side.MISSING, fields, today=TODAY).record
    rescued = read_record("r", Side.RESCUED, fields, today=TODAY).record
    assert missing.event == PartialDate.exact(date(2020, 1, 1))
    assert rescued.event == PartialDate.exact(date(2022, 1, 1))


def test_an_age_holds_on_its_day_else_at_the_event_else_today() -> None:
    on_day = read(age="10", age_as_of="2020-01-01", last_seen="2022-01-01").birth
    at_event = read(age="10", last_seen="2022-01-01").birth
    now = read(age="10").birth
    assert on_day == birth_from_age(10, PartialDate.exact(date(2020, 1, 1)))
    assert at_event == birth_from_age(10, PartialDate.exact(date(2022, 1, 1)))
    assert now == birth_from_age(10, PartialDate.exact(TODAY))


def test_a_date_of_birth_goes_before_an_age_and_is_a_document_unless_said() -> None:
    record = read(birth_date="2011-05-30", age="40")
    assert (record.birth, record.birth_basis) == (PartialDate.exact(date(2011, 5, 30)), AgeBasis.DOCUMENT)
    assert read(birth_date="2011", age_basis="Guess").birth_basis is AgeBasis.GUESS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sex", "xyzzy"),
        ("age", "about 12 years"),
        ("age_basis", "xyzzy"),
        ("birth_date", "31/02/2020"),
        ("birth_date", "2199-01-01"),
        ("last_seen", "xyzzy"),
        ("height_cm", "four feet"),
        ("height_cm", "900"),
        ("height_cm", "9999999999"),
    ],
)
def test_refused_at_once_or_collected_when_lenient(field: str, value: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        read(**{field: value})
    assert caught.value.field == field
    assert value not in str(caught.value)
    lenient = read_record("r", Side.MISSING, {field: value, "name": "Puja"}, today=TODAY, lenient=True)
    assert [problem.field for problem in lenient.problems] == [field]
    assert lenient.record.names[0].text == "Puja"
    assert (lenient.record.sex, lenient.record.birth, lenient.record.height_cm) == (Sex.UNKNOWN, None, None)


def test_a_height_without_any_day_has_none() -> None:
    record = read(height_cm="१४२")
    assert (record.height_cm, record.height_on) == (142.0, None)
    assert read(height_cm="142", height_on="2020").height_on == date(2020, 7, 1)


def test_extras_of_blanks_are_left_out() -> None:
    parsed = read_record("r", Side.MISSING, {}, today=TODAY, extras=[("ward", "7"), ("ward", " ")])
    assert parsed.record.extras == (("ward", "7"),)


def test_the_guide_names_every_field() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/importing.md").read_text(encoding="utf-8")
    assert {field for field in FIELDS if f"`{field}`" not in guide} == {"languages"}  # said under its other name


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_any_text_in_any_field_is_read_or_refused(field: str, text: str) -> None:
    value: FieldValue = [text] if field in MULTIPLE else text
    kept = read_record("r", Side.RESCUED, {field: value}, today=TODAY, lenient=True)
    assert [problem.field for problem in kept.problems] in ([], [field])
    if kept.problems:
        with pytest.raises(InvalidRecord) as caught:
            read_record("r", Side.RESCUED, {field: value}, today=TODAY)
        assert len(str(caught.value)) < 200
    else:
        assert read_record("r", Side.RESCUED, {field: value}, today=TODAY) == kept
