"""What did the form, the file or the API say? From named text fields to a `PersonRecord`, or a precise refusal.

One vocabulary serves the CSV import, `sandhan link`, the API and the synthetic people. A value that cannot be
understood is refused with the field's name and the rule; the value itself is never repeated in a message.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain

from matcher.errors import InvalidRecord
from matcher.person import AgeBasis, NameKind, PartialDate, PersonName, PersonRecord, Place, Sex, Side
from matcher.reference import alternatives, read_table

FIELDS: dict[str, str] = {
    "id": "the record's own id, unique in the file",
    "name": "her name as given; several names are several people calling her",
    "nickname": "household or pet name",
    "alias": "any other name she goes by",
    "imposed_name": "a name that was given to her by force",
    "father_name": "father's name",
    "mother_name": "mother's name",
    "relative_name": "a relative whose relation is unknown",
    "guardian_name": "a guardian's name",
    "sex": "female, male, other or unknown",
    "birth_date": "date of birth: 2011-05-30, 30/05/2011, 2011-05 or 2011",
    "age": "age in whole years",
    "age_as_of": "the day on which that age held",
    "age_basis": "document, stated or guess",
    "country": "country she comes from",
    "state": "state, province or division",
    "district": "district",
    "village": "village, town or ward",
    "address": "the family's address",
    "postcode": "postal code",
    "remembered": "places she remembers",
    "phone": "telephone numbers of the family",
    "identifier": "other systems' ids, as type:value",
    "community": "tribe, people, caste group or religion, as said",
    "language": "languages she speaks: bn, hi (BCP 47), or their names: Bengali, हिन्दी",
    "languages": "the same, under its other name",
    "height_cm": "height in centimetres",
    "height_on": "the day the height was taken",
    "marks": "distinguishing marks",
    "clothing": "what she wore when last seen or found",
    "belongings": "what she carried: jewellery, bag, papers",
    "last_seen": "when she was last seen (missing)",
    "found": "when she was found (rescued)",
    "event_country": "country where she was found, or last seen",
    "event_state": "state where she was found, or last seen",
    "event_district": "district or city where she was found, or last seen",
}
MULTIPLE = frozenset(
    {"name", "nickname", "alias", "imposed_name", "father_name", "mother_name", "relative_name", "guardian_name",
     "remembered", "phone", "identifier", "community", "language", "languages", "marks", "clothing", "belongings"}
)  # fmt: skip
FieldValue = str | Sequence[str]

# Words that clerks of the region write; a native reader may add to them.
_SEX_WORDS: dict[Sex, str] = {
    Sex.FEMALE: "f female girl woman lady w महिला स्त्री लड़की बालिका कन्या युवती औरत केटी नारी স্ত্রী মেয়ে মহিলা নারী বালিকা কন্যা "
    "ছোৱালী মহিলা তিৰোতা မ မိန်းကလေး မိန်းမ အမျိုးသမီး عورت لڑکی خاتون",
    Sex.MALE: "m male boy man पुरुष लड़का बालक आदमी केटा पुरुष ছেলে পুরুষ বালক ল'ৰা পুৰুষ লৰা ကျား ယောက်ျား ယောက်ျားလေး "
    "ကောင်လေး အမျိုးသား مرد لڑکا",
    Sex.OTHER: "o other t transgender third तृतीय हिजड़ा হিজড়া অন্য अन्य",
    Sex.UNKNOWN: "u unknown ? - अज्ञात অজ্ঞাত မသိ",
}
_SEXES = {unicodedata.normalize("NFC", word): sex for sex, words in _SEX_WORDS.items() for word in words.split()} | {
    "": Sex.UNKNOWN
}
_DIGITS = str.maketrans("०१२३४५६७८९০১২৩৪৫৬৭৮৯၀၁၂၃၄၅၆၇၈၉", "0123456789" * 3)
# ISO 639-2 and 639-3 codes of languages whose tag is shorter.
_LONG_TAGS = {
    "asm": "as", "ben": "bn", "eng": "en", "hin": "hi", "urd": "ur", "nep": "ne", "npi": "ne", "mya": "my", "bur": "my",
    "guj": "gu", "kan": "kn", "mal": "ml", "mar": "mr", "ori": "or", "ory": "or", "pan": "pa", "tam": "ta", "tel": "te",
}  # fmt: skip
# Two people who speak "other", or of whom it is said that they "speak" something, have nothing rare in common.
_NO_LANGUAGE = frozenset(
    unicodedata.normalize(
        "NFC",
        "unknown other others none nil na n/a und mis mul zxx - ? speaks speak understands knows only some little bit "
        "a language languages भाषा बोलती बोलता बोलते है हैं केवल ভাষা বলে জানে শুধু কয় စကား",
    ).split()
)
_BETWEEN_LANGUAGES = re.compile(r"[,;/&+()]|(?<!\S)(?:and|or|with|और|एवं|तथा|व|र|ও|এবং|আর|আৰু|နှင့်)(?!\S)", re.IGNORECASE)
_JOINERS = dict.fromkeys((0x200C, 0x200D))  # how letters are joined, not which they are
MAX_AGE = 120
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ParsedRecord:
    """A record and the fields that could not be understood (empty unless asked to be lenient)."""

    record: PersonRecord
    problems: tuple[InvalidRecord, ...]


@lru_cache(maxsize=65536)
def parse_date(field: str, text: str) -> PartialDate:
    """Return the interval that a date means.

    Accepts 2011-05-30, 20110530, 30/05/2011 (day first, also with - or .), 2011-05 and 2011, in the digits of the
    region's scripts.

    Raises:
        InvalidRecord: names the field and says which part is impossible.
    """
    value = text.strip().translate(_DIGITS)
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.+Z-]+)?", value):
        return PartialDate.exact(_day(field, int(match[1]), int(match[2]), int(match[3])))
    if match := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", value):
        return PartialDate.exact(_day(field, int(match[1]), int(match[2]), int(match[3])))
    if match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", value):
        return PartialDate.exact(_day(field, int(match[3]), int(match[2]), int(match[1])))
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})", value):
        first = _day(field, int(match[1]), int(match[2]), 1)
        return PartialDate(first, first.replace(day=monthrange(first.year, first.month)[1]))
    if match := re.fullmatch(r"(\d{4})", value):
        first = _day(field, int(match[1]), 1, 1)
        return PartialDate(first, date(first.year, 12, 31))
    raise InvalidRecord(field, "is not a date; write 2011-05-30, 30/05/2011, 2011-05 or 2011")


def _day(field: str, year: int, month: int, day: int) -> date:
    if not 1900 <= year <= 2200:
        raise InvalidRecord(field, "the year is not between 1900 and 2200")
    if not 1 <= month <= 12:
        raise InvalidRecord(field, "there is no such month; dates with slashes are read day first")
    if not 1 <= day <= monthrange(year, month)[1]:
        raise InvalidRecord(field, f"that month has {monthrange(year, month)[1]} days")
    return date(year, month, day)


def birth_from_age(age: int, as_of: PartialDate) -> PartialDate:
    """Return the interval in which somebody who was `age` years old on that day was born."""
    earliest = _years_before(as_of.earliest, age + 1) + _DAY
    return PartialDate(earliest, _years_before(as_of.latest, age))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


_YEARS_AFTER = re.compile(
    r"(?<=\d)\s*(?:years?|yrs?|yo|y)\.?(?:\s*old)?$|(?<=\d)\s*(?:वर्ष|साल|बर्ष|বছর|বৎসর|বছৰ|နှစ်|سال)$", re.I
)


@lru_cache(maxsize=4096)
def parse_age(text: str) -> int:
    """Return an age in whole years.

    Raises:
        InvalidRecord: it is not a whole number between 0 and 120.
    """
    value = text.strip().translate(_DIGITS)
    # Spreadsheets turn whole numbers into 14.0; people write "14 years".
    value = _YEARS_AFTER.sub("", re.sub(r"^(\d+)\.0+$", r"\1", value))
    if not re.fullmatch(r"\d{1,3}", value):
        raise InvalidRecord(
            "age", "is not a whole number of years; write 12 (and guess in age_basis if it is about that)"
        )
    if int(value) > MAX_AGE:
        raise InvalidRecord("age", f"is above {MAX_AGE}")
    return int(value)


@lru_cache(maxsize=4096)
def parse_sex(text: str) -> Sex:
    """Return the sex that a word or letter means.

    Raises:
        InvalidRecord: the word is not known.
    """
    try:
        return _SEXES[unicodedata.normalize("NFC", text.strip().casefold())]
    except KeyError:
        raise InvalidRecord(
            "sex", "is not one of female, male, other, unknown (or a word for it in a language of the region)"
        ) from None


@lru_cache(maxsize=4096)
def parse_age_basis(text: str) -> AgeBasis:
    """Return how a birth interval is known.

    Raises:
        InvalidRecord: the word is not known.
    """
    try:
        return AgeBasis(text.casefold())
    except ValueError:
        raise InvalidRecord("age_basis", "is not one of document, stated, guess") from None


@lru_cache(maxsize=4096)
def parse_height(text: str) -> float:
    """Return a height in centimetres.

    Raises:
        InvalidRecord: it is not a number between 30 and 250.
    """
    value = text.translate(_DIGITS).casefold().removesuffix("cm").strip()
    if not re.fullmatch(r"\d{2,3}(\.\d+)?", value) or not 30 <= float(value) <= 250:
        raise InvalidRecord("height_cm", "is not a number of centimetres between 30 and 250")
    return float(value)


def normalise_phone(text: str) -> str:
    """Return the last ten digits of a number ("" when it has fewer than six): the prefix is written in many ways.

    The comparison needs equality, not dialling, and `+91`, `0091` and `0` all come before the same ten digits.
    """
    digits = "".join(filter(str.isdigit, text.translate(_DIGITS)))
    return digits[-10:] if len(digits) >= 6 else ""


class _Reader:
    """Reads fields one by one; refuses at once, or collects what it could not understand."""

    def __init__(self, fields: Mapping[str, FieldValue], lenient: bool) -> None:
        # Most fields are empty in most records, and all are asked for.
        self.fields = {field: value for field, value in fields.items() if value}
        self.lenient = lenient
        self.problems: list[InvalidRecord] = []

    def many(self, field: str) -> tuple[str, ...]:
        value = self.fields.get(field)
        if value is None:
            return ()
        if isinstance(value, str):
            return (text,) if (text := value.strip()) else ()
        return tuple([part.strip() for part in value if part and part.strip()])

    def one(self, field: str) -> str | None:
        value = self.fields.get(field)
        if value is None or isinstance(value, str):
            return (value and value.strip()) or None
        return " ".join(self.many(field)) or None

    def refuse(self, problem: InvalidRecord) -> None:
        if not self.lenient:
            raise problem
        self.problems.append(problem)

    def date(self, field: str) -> PartialDate | None:
        text = self.one(field)
        if text is None:
            return None
        try:
            return parse_date(field, text)
        except InvalidRecord as problem:
            self.refuse(problem)
            return None

    def names(self, field: str, kind: NameKind = NameKind.BIRTH) -> tuple[PersonName, ...]:
        return tuple([PersonName(text, kind) for text in self.many(field)]) if field in self.fields else ()


def read_record(
    record_id: str,
    side: Side,
    fields: Mapping[str, FieldValue],
    *,
    today: date,
    lenient: bool = False,
    extras: Sequence[tuple[str, str]] = (),
) -> ParsedRecord:
    """Return the record that the fields describe.

    Args:
        record_id: unique id.
        side: missing or rescued.
        fields: `FIELDS` names to text, or to several texts where `MULTIPLE` allows.
        today: ages without a day are taken to hold at the event, or else today.
        lenient: collect what cannot be understood (and leave it unknown) instead of refusing the record.
        extras: further columns to compare.
    Raises:
        InvalidRecord: a field cannot be understood (unless lenient).
    """
    reader = _Reader(fields, lenient)
    event = reader.date("found" if side is Side.RESCUED else "last_seen")
    birth, basis = _birth(reader, event, today)
    sex = Sex.UNKNOWN
    if text := reader.one("sex"):
        try:
            sex = parse_sex(text)
        except InvalidRecord as problem:
            reader.refuse(problem)
    height, height_on = _height(reader, event)
    record = PersonRecord(
        record_id=record_id,
        side=side,
        names=reader.names("name")
        + reader.names("nickname", NameKind.NICKNAME)
        + reader.names("alias", NameKind.ALIAS)
        + reader.names("imposed_name", NameKind.IMPOSED),
        father=reader.names("father_name"),
        mother=reader.names("mother_name"),
        relatives=reader.names("relative_name") + reader.names("guardian_name"),
        sex=sex,
        birth=birth,
        birth_basis=basis,
        origin=Place(reader.one("country"), reader.one("state"), reader.one("district"), reader.one("village")),
        remembered=reader.many("remembered"),
        event=event,
        languages=tuple(chain.from_iterable(map(language_tags, reader.many("language") + reader.many("languages")))),
        height_cm=height,
        height_on=height_on,
        marks=reader.many("marks"),
        phones=tuple(filter(None, map(normalise_phone, reader.many("phone")))),
        identifiers=parse_identifiers(reader.many("identifier")),
        postcode=reader.one("postcode"),
        address=reader.one("address"),
        extras=tuple((name, value) for name, value in extras if value.strip()),
        community=reader.many("community"),
        clothing=reader.many("clothing"),
        belongings=reader.many("belongings"),
    )
    return ParsedRecord(record, tuple(reader.problems))


def _birth(reader: _Reader, event: PartialDate | None, today: date) -> tuple[PartialDate | None, AgeBasis]:
    basis = AgeBasis.STATED
    if text := reader.one("age_basis"):
        try:
            basis = parse_age_basis(text)
        except InvalidRecord as problem:
            reader.refuse(problem)
    born = reader.date("birth_date")
    if born is not None and born.earliest > today:
        reader.refuse(InvalidRecord("birth_date", "lies in the future"))
        born = None
    if born is not None:
        return born, AgeBasis.DOCUMENT if reader.one("age_basis") is None else basis
    age_text = reader.one("age")
    if age_text is None:
        return None, basis
    as_of = reader.date("age_as_of") or event or PartialDate.exact(today)
    try:
        return birth_from_age(parse_age(age_text), as_of), basis
    except InvalidRecord as problem:
        reader.refuse(problem)
        return None, basis


@lru_cache(maxsize=1)
def _tags_of_languages() -> dict[str, str]:
    tags = {row["name"].casefold(): row["tag"] for row in read_table("languages.tsv")} | _LONG_TAGS
    for row in read_table("language_names.tsv"):
        tags |= dict.fromkeys(map(_plainly, alternatives(row["names"])), row["tag"])
    return tags


def _plainly(text: str) -> str:
    """Return a text in the form in which names of languages are looked up."""
    return unicodedata.normalize("NFC", text).translate(_JOINERS).casefold()


@lru_cache(maxsize=4096)
def language_tags(text: str) -> tuple[str, ...]:
    """Return the tags of the languages named, in any script; a name that the tables do not have is its own tag."""
    tags = _tags_of_languages()
    text = unicodedata.normalize("NFC", text).translate(_JOINERS)
    parts = (part.strip(" .") for part in _BETWEEN_LANGUAGES.split(text))
    # "Sgaw Karen" is one language, "bn hi" are two.
    words = chain.from_iterable([part] if part.casefold() in tags else part.split() for part in parts)
    said = [word for word in words if len(word) > 1 and word.casefold() not in _NO_LANGUAGE]
    return tuple([tags.get(word.casefold()) or _primary(word) for word in said])


def _primary(word: str) -> str:
    """Return the language of a tag that names a country or a script, too (bn-IN); another word as it is."""
    language = word.partition("-")[0].casefold()
    return language if language in _known_tags() else word


@lru_cache(maxsize=1)
def _known_tags() -> frozenset[str]:
    return frozenset(_tags_of_languages().values())


def _height(reader: _Reader, event: PartialDate | None) -> tuple[float | None, date | None]:
    text = reader.one("height_cm")
    if text is None:
        return None, None
    try:
        height = parse_height(text)
    except InvalidRecord as problem:
        reader.refuse(problem)
        return None, None
    taken = reader.date("height_on") or event
    return height, taken.middle if taken else None


def parse_identifiers(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the (type, value) pairs of ids written as type:value; those without a letter or digit are left out."""
    found = []
    for text in texts:
        kind, colon, value = text.partition(":")
        if not colon:
            kind, value = "id", text
        # Case and separators vary between clerks, digits and letters do not.
        bare = "".join(char for char in value.translate(_DIGITS).casefold() if char.isalnum())
        if bare:
            found.append((kind.strip().casefold(), bare))
    return tuple(found)
