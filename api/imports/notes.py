"""What becomes of the notes of a feed? They stay with the case; a feed brings further ones and takes none away.

Notes about nobody in the file go to the importer's own case of that id, if there is one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from api.access import AccessScope
from api.cases.outcomes import CaseToPut
from api.cases.service import CaseService
from api.imports.pfif import PfifNote
from api.imports.pfif_mapping import note_values
from api.imports.plain import PFIF
from api.imports.rows import LONGEST_KEPT, with_kept
from api.store import Database, cases
from api.store.cases import Case, CaseContent
from matcher.person import Side

_NOBODY = "is a note about a person who is neither in this file nor a case of yours"
_TOO_LONG = f"is a note with which its case would keep more than {LONGEST_KEPT:,} characters"
_BATCH = 200


class NoteKeeper:
    """Keeps notes with cases that are there; a note that is there already changes nothing."""

    def __init__(self, database: Database, service: CaseService) -> None:
        self._database, self._cases = database, service

    def keep(
        self, notes: Sequence[PfifNote], scope: AccessScope, *, dry_run: bool = False
    ) -> list[tuple[PfifNote, str]]:
        """Keep notes, each with the caller's own cases of the id of its person, on either side.

        Args:
            dry_run: store nothing.
        Returns:
            The notes that cannot be kept, each with the reason.
        """
        by_person: dict[str, list[PfifNote]] = defaultdict(list)
        for note in notes:
            by_person[(note.person_record_id or "").strip()].append(note)
        persons = list(by_person)
        refused: list[tuple[PfifNote, str]] = []
        for start in range(0, len(persons), _BATCH):
            some = persons[start : start + _BATCH]
            known = self._known(some, scope)
            entries: list[CaseToPut] = []
            for person in some:
                if not known[person]:
                    refused += [(note, _NOBODY) for note in by_person[person]]
                for case in known[person]:
                    kept, too_many = _with_notes(case, by_person[person])
                    refused += [(note, _TOO_LONG) for note in too_many]
                    if kept != case.payload.get(PFIF):
                        entries.append(CaseToPut(case.side, person, with_kept(case.content, case.side, kept)))
            if entries and not dry_run:
                self._cases.put_many(entries, scope)
        return refused

    def _known(self, persons: Sequence[str], scope: AccessScope) -> dict[str, list[Case]]:
        with self._database.read() as conn:
            found = [cases.find_all_by_external(conn, scope.partner_id, side, persons) for side in Side]
        return {person: [one[person] for one in found if person in one] for person in persons}


def _with_notes(case: Case, new: Sequence[PfifNote]) -> tuple[Mapping[str, Any], list[PfifNote]]:
    """Return what the case keeps of its PFIF record with these notes, and the notes for which there is no room."""
    kept = _kept(case.payload)
    too_many: list[PfifNote] = []
    for note in new:
        values = note_values(note)
        notes = list(kept.get("notes", ()))
        at = next((place for place, one in enumerate(notes) if _is_one(one, values)), len(notes))
        notes[at : at + 1] = [values]
        more = kept | {"notes": notes}
        if len(json.dumps(more, ensure_ascii=False, separators=(",", ":"))) > LONGEST_KEPT:
            too_many.append(note)
        else:
            kept = more
    return kept, too_many


def with_notes_of(case: Case, content: CaseContent) -> CaseContent:
    """Return the content that is to replace a case's, with those of the case's notes that it says nothing of.

    Another feed may have brought them: what this one does not repeat is not taken back.
    """
    old, new = _kept(case.payload), _kept(content.payload)
    if not new:
        return content
    notes = list(new.get("notes", ()))
    missing = [one for one in old.get("notes", ()) if not any(_is_one(one, other) for other in notes)]
    return with_kept(content, case.side, new | {"notes": [*notes, *missing]}) if missing else content


def _kept(payload: Mapping[str, object]) -> dict[str, Any]:
    kept = payload.get(PFIF)
    return dict(kept) if isinstance(kept, Mapping) else {}


def _is_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two notes are the same one, which may have changed."""
    known_by = other.get("note_record_id")
    return one.get("note_record_id") == known_by if known_by else one == other
