"""What does an explanation say in the reader's language? Subjects, findings, odds and questions from one table each.

The words name comparisons and levels, never values of a record. The tables under `data/reference/wording` are for
native readers to correct; the English labels of levels and the questions of comparisons stand in `matcher.compare` and
are the keys of their translations. What has no translation is left in English rather than out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from matcher.compare import COMPARISONS
from matcher.explaining.language import ENGLISH, LANGUAGES
from matcher.model import Grade
from matcher.reference import read_table
from matcher.scoring import PRIOR

_EXTRA = "extra:"
_MOST_FACTOR = 100_000
_LEAST_BITS = 0.15
"""Below this a finding changes the odds by less than a ninth."""
_ENGLISH_ASKED = {f"asked.{comparison.name}": comparison.question for comparison in COMPARISONS}
_FIELD = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language.

    Attributes:
        language: one of `LANGUAGES`.
        texts: key -> text; `{name}` is filled in by `say`.
    """

    language: str
    texts: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """Return a text with its fields filled in.

        Raises:
            KeyError: there is no such key.
        """
        return self.texts[key].format(**values)

    def subject(self, comparison: str) -> str:
        """Return what a comparison is about, as "the father's name"; an extra column keeps its own name."""
        return self.texts.get(f"subject.{comparison}", comparison.removeprefix(_EXTRA))

    def asked(self, comparison: str) -> str:
        """Return what a comparison asks of two records."""
        known = self.texts.get(f"asked.{comparison}")
        return known if known is not None else self.say("asked.extra", subject=self.subject(comparison))

    def finding(self, label: str) -> str:
        """Return a level in words, by its English label; a label of an older model may be left as it is."""
        return self.texts.get(f"finding.{label}", label)

    def odds(self, bits: float) -> str:
        """Say what a weight does to the odds, in numbers that people use."""
        if abs(bits) < _LEAST_BITS:
            return self.say("odds.nothing")
        direction = "more" if bits > 0 else "less"
        if abs(bits) > 60 or 2 ** abs(bits) >= _MOST_FACTOR:
            return self.say(f"odds.far_{direction}", factor=f"{_MOST_FACTOR:,}")
        factor = 2 ** abs(bits)
        return self.say(f"odds.{direction}", factor=f"{factor:.1f}" if factor < 10 else f"{factor:,.0f}")

    def probability(self, probability: float) -> str:
        """Return a probability as a person would say it, never as certainty."""
        if probability >= 0.995:
            return self.say("probability.high")
        if probability < 0.005:
            return self.say("probability.low")
        return self.say("probability.about", count=max(1, round(probability * 100)))

    def grade(self, grade: Grade | str) -> str:
        """Return a grade in words."""
        return self.say(f"grade.{Grade(grade).value}")

    def label(self, comparison: str, label: str, bits: float) -> tuple[str, str]:
        """Return subject and finding of one contribution; of the prior, one in how many."""
        if comparison == PRIOR:
            count = f"{round(1 + 2 ** min(-bits, 60.0)):,}"  # one in (1 + odds against)
            return self.say("prior.subject"), self.say("prior.finding", count=count)
        return self.subject(comparison), self.finding(label)

    def statement(self, comparison: str, label: str, bits: float, note: str = "") -> str:
        """Return one contribution as a sentence, with its strength and its note."""
        subject, finding = self.label(comparison, label, bits)
        if comparison == PRIOR:
            return self.say("statement.short", subject=subject, finding=finding)
        said = self.say("statement", subject=subject, finding=finding, odds=self.odds(bits))
        return self.say("statement.with_note", statement=said, note=self.note(note)) if note else said

    def note(self, note: str) -> str:
        """Return a note in this language as far as its phrases are known; the rest stays English."""
        if self.language == ENGLISH:
            return note
        return "; ".join(self._phrase(part) for part in note.split("; "))

    def _phrase(self, phrase: str) -> str:
        for key, pattern in _note_patterns():
            if found := pattern.fullmatch(phrase):
                return self.say(key, **{name: self._phrase(value) for name, value in found.groupdict().items()})
        return phrase


@lru_cache(maxsize=len(LANGUAGES))
def wording(language: str) -> Wording:
    """Return the words of one of `LANGUAGES`; anything else gets English.

    Raises:
        ModelMissing, ModelCorrupt: a table is not installed, or a row of it is broken.
    """
    english = _ENGLISH_ASKED | _texts(ENGLISH)
    if language not in LANGUAGES or language == ENGLISH:
        return Wording(ENGLISH, english)
    # A key that a translation lacks is said in English: half an explanation would be worse than a foreign sentence.
    return Wording(language, english | _texts(language))


def _texts(language: str) -> dict[str, str]:
    return {row["key"]: row["text"] for row in read_table(f"wording/{language}.tsv")}


@lru_cache(maxsize=1)
def _note_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return a pattern for each phrase of a note: the English text itself, its fields being what was filled in."""
    phrases = [(key, text) for key, text in _texts(ENGLISH).items() if key.startswith("note.")]
    return tuple((key, re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(text)))) for key, text in phrases)
