"""What do the e-mails of alerts say in the reader's language? One table of sentences for each.

The tables under `data/reference/alert_wording` are for native readers to correct; docs/reference/messages.md shows
every message in every language. What has no translation is said in English rather than left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from api.alerts.notice import REMINDERS, AlertNotice
from api.store.outbox import RECALLS
from matcher.explaining.language import ENGLISH, LANGUAGES, choose_language
from matcher.reference import read_table

_NOT_TOLD = "withheld"  # stands in stored notices for an organisation that would tell where a protected person is


@dataclass(frozen=True, slots=True)
class AlertWording:
    """The words of one language.

    Attributes:
        language: one of `LANGUAGES`.
        texts: key -> text; `{name}` is filled in.
    """

    language: str
    texts: Mapping[str, str]

    def subject(self, notice: AlertNotice) -> str:
        """Return the subject: it shows on locked screens, so not even a record id stands in it."""
        said = self._about(notice, "subject")
        if notice.priority == "critical" and notice.event not in RECALLS:
            return self.texts["subject.critical"].format(subject=said)
        return said

    def lead(self, notice: AlertNotice) -> str:
        """Return the first sentence."""
        return self._about(notice, "lead")

    def organisation(self, name: str) -> str:
        """Return the name of another organisation, or in the reader's language that it is not told."""
        return self.texts["withheld"] if name == _NOT_TOLD else name

    def fact(self, label: str, value: str) -> str:
        """Return a line of plain text that says one thing."""
        return self.texts["fact"].format(label=label, value=value)

    def _about(self, notice: AlertNotice, part: str) -> str:
        event = notice.event if notice.event in REMINDERS else f"{notice.kind}.{notice.event}"
        other = self.organisation(notice.other_organisation or _NOT_TOLD)
        return self.texts[f"{part}.{event}"].format(count=notice.count, other_organisation=other)


@lru_cache(maxsize=len(LANGUAGES))
def _wording(language: str) -> AlertWording:
    english = _texts(ENGLISH)
    return AlertWording(language, english if language == ENGLISH else english | _texts(language))


def alert_wording(language: str | None) -> AlertWording:
    """Return the words of the language nearest to a BCP 47 tag, English where there is none.

    Raises:
        ModelMissing, ModelCorrupt: a table is not installed, or a row of it is broken.
    """
    return _wording(choose_language(language))


def _texts(language: str) -> dict[str, str]:
    return {row["key"]: row["text"] for row in read_table(f"alert_wording/{language}.tsv")}
