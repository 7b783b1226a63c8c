"""Who registers, reads and changes suspects? Police and coordination, each unit its own; for all others there are none.

A suspect never stands in a case: a case and a suspect are linked by their ids, and only who may read both learns of it.
"""

from __future__ import annotations

from datetime import date, datetime

from api.access import POLICE_KINDS, AccessScope, NotFound, NotPermitted, Permission, View
from api.cases.standing import standing
from api.days import require_past
from api.entity_tags import PreconditionFailed
from api.ids import Clock, RandomBytes, new_id
from api.pairs.ending import end_pairs_of
from api.pairs.same_suspect import SameSuspect
from api.store import Connection, Database, audit, cases, suspects
from api.store.suspects import Suspect, SuspectLink, SuspectVersion
from api.suspects.forms import SuspectForm
from api.suspects.records import as_record
from matcher.errors import InvalidRecord


class SuspectService:
    """Keeps the suspects of each unit apart from those of every other, and from all cases."""

    def __init__(
        self, database: Database, same_suspect: SameSuspect, clock: Clock, random_bytes: RandomBytes
    ) -> None:  # fmt: skip
        self._database, self._clock, self._random = database, clock, random_bytes
        self._same_suspect = same_suspect

    def register(self, form: SuspectForm, scope: AccessScope, suspect_id: str | None = None) -> Suspect:
        """Store a suspect with a key of his own.

        Args:
            suspect_id: reserved for this request (`api.idempotency`); who stands under it is returned.
        Raises:
            NotPermitted: the caller lacks the permission, or is neither police nor coordination.
            InvalidRecord: nothing is said, a sex or an age cannot be understood, or a day lies in the future.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        values = self._checked(form)
        now = self._clock()
        with self._database.write() as conn:
            begun = suspects.get(conn, suspect_id) if suspect_id else None
            if begun is not None:
                return begun
            suspect = suspects.add(
                conn, suspect_id=suspect_id or new_id("suspect", now, self._random), owner_id=scope.partner_id,
                values=values, at=now, by=scope.actor_id,
            )  # fmt: skip
            self._note(conn, suspect.id, "registered", scope)
        self._same_suspect.follow()
        return suspect

    def read(self, suspect_id: str, scope: AccessScope) -> Suspect:
        """Return one of the unit's own suspects; the read is audited.

        Raises:
            NotFound: there is none, or he is another unit's: the answer is the same.
        """
        _require(scope, Permission.SUSPECTS_READ)
        with self._database.write() as conn:
            suspect = _own(conn, suspect_id, scope)
            self._note(conn, suspect_id, "read", scope)
        return suspect

    def page(
        self, scope: AccessScope, *, status: str | None, after: str | None, limit: int
    ) -> tuple[list[Suspect], str | None]:
        """Return a page of the unit's own suspects in id order, and the cursor of the next."""
        _require(scope, Permission.SUSPECTS_READ)
        with self._database.write() as conn:
            rows = suspects.page(conn, scope.partner_id, status=status, after=after, limit=limit + 1)
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="suspects.listed", subject=scope.partner_id,
                detail={"count": min(len(rows), limit)},
            )  # fmt: skip
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def history(self, suspect_id: str, scope: AccessScope) -> list[SuspectVersion]:
        """Return every version of what was said of one of the unit's own suspects.

        Raises:
            NotFound: there is none, or he is another unit's.
        """
        _require(scope, Permission.SUSPECTS_READ)
        with self._database.write() as conn:
            _own(conn, suspect_id, scope)
            self._note(conn, suspect_id, "history_read", scope)
            return suspects.versions_of(conn, suspect_id)

    def change(
        self,
        suspect_id: str,
        form: SuspectForm,
        version: int,
        scope: AccessScope,
        expected_version: int | None = None,
    ) -> Suspect:
        """Replace what is said of one of the unit's own suspects; the history is kept.

        Args:
            expected_version: of `If-Match`.
        Raises:
            NotFound: there is none, he is another unit's, or he was erased.
            InvalidRecord: nothing is said, a sex or an age cannot be understood, or a day lies in the future.
            VersionConflict: somebody else changed it meanwhile.
            PreconditionFailed: he is not in the expected version; nothing was changed.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        values = self._checked(form)
        with self._database.write() as conn:
            found = _present(conn, suspect_id, scope)
            if expected_version is not None and expected_version != found.version:
                raise PreconditionFailed
            suspect = suspects.replace(
                conn, suspect_id, values, at=self._clock(), by=scope.actor_id, expected_version=version
            )
            self._note(conn, suspect_id, "changed", scope)
        self._same_suspect.follow()
        return suspect

    def set_status(self, suspect_id: str, status: str, scope: AccessScope) -> Suspect:
        """Close one of the unit's own suspects ("closed"), or open him again ("open").

        Raises:
            NotFound: there is none, he is another unit's, or he was erased.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        with self._database.write() as conn:
            _present(conn, suspect_id, scope)
            suspect = suspects.set_status(conn, suspect_id, status, self._clock())
            if status == "closed":
                self._end_pairs(conn, suspect_id, "closed", scope)
            self._note(conn, suspect_id, status, scope)
        self._same_suspect.follow()
        return suspect

    def erase(self, suspect_id: str, scope: AccessScope) -> Suspect:
        """Destroy the key of one of the unit's own suspects and all that was said; the id stays as a tombstone.

        Raises:
            NotFound: there is none, or he is another unit's.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        with self._database.write() as conn:
            if _own(conn, suspect_id, scope).status != "erased":
                suspects.erase(conn, suspect_id, self._clock())
                self._end_pairs(conn, suspect_id, "erased", scope)
                self._note(conn, suspect_id, "erased", scope)
            return suspects.require(conn, suspect_id)

    def link(self, suspect_id: str, case_id: str, relation: str, scope: AccessScope) -> SuspectLink:
        """Note that a case names a suspect; doing it twice changes nothing.

        Raises:
            NotFound: the caller may not read the suspect or the case, or there is none.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        with self._database.write() as conn:
            _present(conn, suspect_id, scope)
            if not _reads_case(conn, case_id, scope, self._clock()):
                raise NotFound("case")
            if suspects.link(conn, suspect_id, case_id, relation, at=self._clock(), by=scope.actor_id):
                self._note(conn, suspect_id, "linked", scope, case_id)
            found = suspects.links_of(conn, suspect_id)
        return next(one for one in found if (one.case_id, one.relation) == (case_id, relation))

    def unlink(self, suspect_id: str, case_id: str, relation: str, scope: AccessScope) -> None:
        """Take such a note back.

        Raises:
            NotFound: there is none that the caller may know of.
        """
        _require(scope, Permission.SUSPECTS_WRITE)
        with self._database.write() as conn:
            _present(conn, suspect_id, scope)
            if not _reads_case(conn, case_id, scope, self._clock()) or not suspects.unlink(
                conn, suspect_id, case_id, relation
            ):
                raise NotFound("link")
            self._note(conn, suspect_id, "unlinked", scope, case_id)

    def cases_of(self, suspect_id: str, scope: AccessScope) -> list[SuspectLink]:
        """Return which cases name one of the unit's own suspects, of those that the caller may read.

        Raises:
            NotFound: there is no such suspect, or he is another unit's.
        """
        _require(scope, Permission.SUSPECTS_READ)
        with self._database.write() as conn:
            _own(conn, suspect_id, scope)
            self._note(conn, suspect_id, "links_read", scope)
            return [
                one
                for one in suspects.links_of(conn, suspect_id)
                if _reads_case(conn, one.case_id, scope, self._clock())
            ]

    def of_case(self, case_id: str, scope: AccessScope) -> list[SuspectLink]:
        """Return which of the unit's own suspects a case names.

        Raises:
            NotFound: there is no such case, or the caller may not read it.
        """
        _require(scope, Permission.SUSPECTS_READ)
        with self._database.write() as conn:
            if not _reads_case(conn, case_id, scope, self._clock()):
                raise NotFound("case")
            # Not a row of the case: its owner's auditor may not learn that suspects are looked for in it.
            audit.append(
                conn, at=self._clock(), actor=scope.actor_id, action="case.suspects_read", subject=scope.partner_id,
                detail={"case": case_id},
            )  # fmt: skip
            return suspects.links_of_case(conn, case_id, scope.partner_id)

    def _checked(self, form: SuspectForm) -> dict[str, object]:
        values = form.values()
        if not values:
            raise InvalidRecord("names", "say at least one thing of a suspect")
        for field, said in values.items():
            for one in said:
                if "date" in one:
                    require_past(field, date.fromisoformat(one["date"]), self._clock())
        for one in values.get("ages", ()):
            one.setdefault("date", self._clock().date().isoformat())  # people grow older, and what is written does not
        as_record("asked", values)
        return dict(values)

    def _end_pairs(self, conn: Connection, suspect_id: str, reason: str, scope: AccessScope) -> None:
        end_pairs_of(conn, suspect_id, reason, self._clock(), by=scope.actor_id, random_bytes=self._random)

    def _note(
        self, conn: Connection, suspect_id: str, what: str, scope: AccessScope, case_id: str | None = None
    ) -> None:
        audit.append(
            conn, at=self._clock(), actor=scope.actor_id, action=f"suspect.{what}", subject=suspect_id,
            detail={} if case_id is None else {"case": case_id},
        )  # fmt: skip


def _require(scope: AccessScope, permission: Permission) -> None:
    """Refuse whoever lacks the permission; and everybody who is neither police nor coordination, whatever he was given.

    Raises:
        NotPermitted: it is refused.
    """
    scope.require(permission)
    if scope.kind not in POLICE_KINDS:
        raise NotPermitted(permission)


def _own(conn: Connection, suspect_id: str, scope: AccessScope) -> Suspect:
    suspect = suspects.get(conn, suspect_id)
    if suspect is None or suspect.owner_id != scope.partner_id:
        raise NotFound("suspect")
    return suspect


def _present(conn: Connection, suspect_id: str, scope: AccessScope) -> Suspect:
    suspect = _own(conn, suspect_id, scope)
    if suspect.status == "erased":
        raise NotFound("suspect")
    return suspect


def _reads_case(conn: Connection, case_id: str, scope: AccessScope, now: datetime) -> bool:
    """Tell whether the caller sees a case in full."""
    if Permission.CASES_READ not in scope.permissions:
        return False
    case = cases.get_case(conn, case_id)
    return case is not None and scope.view_of(standing(conn, case, scope, now)) in (View.FULL, View.DISCLOSED)
