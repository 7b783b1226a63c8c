"""Every message can be said in every language, in its own letters, and says neither more nor less than the English."""

from __future__ import annotations

import re
import unicodedata
from string import Formatter

import pytest

from api.alerts.notice import EVENTS, GRADES, PRIORITIES, REMINDERS, AlertNotice
from api.alerts.wording import alert_wording
from api.message_reference import PAGE, page, sample
from matcher.explaining.language import LANGUAGES
from matcher.names.zawgyi import looks_like_zawgyi
from matcher.reference import read_table

FOREIGN = LANGUAGES[1:]
SCRIPTS = {"hi": "DEVANAGARI", "ne": "DEVANAGARI", "bn": "BENGALI", "as": "BENGALI", "my": "MYANMAR"}
OCCASIONS = [(kind, event) for kind in EVENTS for event in EVENTS[kind]]
each_language = pytest.mark.parametrize("language", LANGUAGES)
each_foreign = pytest.mark.parametrize("language", FOREIGN)


def table(language: str) -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in read_table(f"alert_wording/{language}.tsv")}


def fields_of(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@each_foreign
def test_every_text_is_translated_and_its_english_is_still_the_one_that_was(language: str) -> None:
    english = {key: row["text"] for key, row in table("en").items()}
    translated = {key: row["english"] for key, row in table(language).items()}
    assert translated == english  # names the row that is missing, left over, or of another English


@each_language
def test_no_key_stands_twice_and_nothing_is_empty(language: str) -> None:
    rows = list(read_table(f"alert_wording/{language}.tsv"))
    assert len({row["key"] for row in rows}) == len(rows)
    assert all(row["text"].strip() == row["text"] != "" for row in rows)


@each_foreign
def test_the_fields_of_a_text_are_those_of_the_english(language: str) -> None:
    for key, row in table(language).items():
        assert fields_of(row["text"]) == fields_of(row["english"]), key


@each_foreign
def test_letters_are_of_the_language_and_digits_stay_western(language: str) -> None:
    for key, row in table(language).items():
        bare = re.sub(r"\{\w+\}", "", row["text"])
        assert unicodedata.is_normalized("NFC", bare), key
        for char in bare:
            if char.isalpha() or unicodedata.category(char) in ("Mn", "Mc"):
                assert unicodedata.name(char).startswith(SCRIPTS[language]), (key, char)
            assert not char.isdigit() or char in "0123456789", key


def test_no_two_languages_say_a_sentence_in_the_same_words() -> None:
    for key in table("en"):
        texts = [table(language)[key]["text"] for language in LANGUAGES]
        if key.partition(".")[0] in ("subject", "lead") or key in ("review", "people_decide", "no_details", "withheld"):
            assert len(set(texts)) == len(LANGUAGES), key
        elif key != "fact":  # neighbours share words such as "grade"; none keeps the English
            assert texts[0] not in texts[1:], key


def test_assamese_and_bengali_keep_their_own_letters() -> None:
    assamese = " ".join(row["text"] for row in table("as").values())
    bengali = " ".join(row["text"] for row in table("bn").values())
    assert "র" not in assamese
    assert {"ৰ", "ৱ"} <= set(assamese)
    assert not {"ৰ", "ৱ"} & set(bengali)


def test_burmese_is_unicode_not_zawgyi() -> None:
    for key, row in table("my").items():
        assert not looks_like_zawgyi(row["text"]), key


@each_foreign
def test_grades_are_called_as_explanations_call_them(language: str) -> None:
    explained = {row["key"]: row["text"] for row in read_table(f"wording/{language}.tsv")}
    for grade in GRADES:
        assert alert_wording(language).texts[f"grade.{grade}"] == explained[f"grade.{grade}"]


@each_language
def test_a_subject_holds_nothing_that_a_locked_screen_must_not_show(language: str) -> None:
    # How each language calls a child, a victim, a suspect, trafficking, a rescue and the police.
    told = {
        "en": "child|girl|victim|suspect|traffic|rescue|missing|police|untraced",
        "hi": "बच्च|लड़की|पीड़ित|संदिग्ध|तस्करी|बचाव|लापता|पुलिस",
        "bn": "শিশু|মেয়ে|সন্দেহভাজন|পাচার|উদ্ধার|নিখোঁজ|পুলিশ",
        "as": "শিশু|ছোৱালী|সন্দেহভাজন|সৰবৰাহ|উদ্ধাৰ|নিৰুদ্দেশ|আৰক্ষী",
        "ne": "बाल|केटी|पीडित|शङ्कास्पद|बेचबिखन|उद्धार|हराएको|प्रहरी",
        "my": "ကလေး|သံသယ|လူကုန်ကူး|ကယ်ဆယ်|ပျောက်ဆုံး|ရဲ",
    }
    for kind, event in OCCASIONS:
        subject = alert_wording(language).subject(sample(kind, event)).lower()
        assert not re.search(unicodedata.normalize("NFC", told[language]), subject), (kind, event)
        assert not re.search(r"_01|Example", subject), (kind, event)


@each_language
@pytest.mark.parametrize("priority", PRIORITIES)
def test_every_occasion_has_a_subject_and_a_first_sentence(language: str, priority: str) -> None:
    words = alert_wording(language)
    subjects = set()
    for kind, event in OCCASIONS:
        payload = {**sample(kind, event).to_payload(), "priority": priority}
        notice = AlertNotice.from_payload(payload)
        assert "{" not in words.subject(notice) + words.lead(notice)
        subjects.add(words.subject(notice))
    assert len(subjects) == len({event if event in REMINDERS else (kind, event) for kind, event in OCCASIONS})


@each_language
def test_an_organisation_that_is_not_told_is_said_so_in_the_readers_language(language: str) -> None:
    words = alert_wording(language)
    notice = AlertNotice.from_payload({**sample("match", "escalated").to_payload(), "other_organisation": "withheld"})
    assert words.texts["withheld"] in words.lead(notice)
    assert words.organisation("withheld") == words.texts["withheld"]
    assert words.organisation("Childline") == "Childline"


def test_the_page_of_messages_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m api.message_reference"


@each_language
def test_the_page_shows_every_text(language: str) -> None:
    shown = page()
    for key, row in table(language).items():
        if key != "fact" and not key.startswith("label."):
            assert row["text"].replace("{subject}", "") in shown, key
