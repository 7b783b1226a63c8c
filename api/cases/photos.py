"""What becomes of a photo that came with a case? Kept, read by a worker, and each outcome stored on it by name.

pending ──> embedded   its face is compared
   ↑   ├──> failed     by name; with several faces a person says which one is meant, and it is read again
   └───┴──> withheld   faces are switched off here or for its partner, or nobody consented
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Protocol

from api.access import AccessScope, NotFound
from api.ids import Clock, RandomBytes, new_id
from api.store import Connection, Database, audit, cases, meta, partners, photos
from api.store.cases import Case
from api.store.faces import NewFace
from api.store.photos import Photo
from matcher.errors import InvalidRecord
from matcher.photos.errors import SeveralFaces, UnusablePhoto
from matcher.photos.faces import Box, PhotoResult

log = logging.getLogger(__name__)

GAVE_UP_CODE = "photo_gave_up"
_STILL_READING = timedelta(minutes=10)  # longer than any photo may take
_MAX_ATTEMPTS = 2  # a photo that twice took the process down is not tried a third time


class Photographer(Protocol):
    """Reads a photo and finds the face in it; the pool of `matcher.photos`, or nothing when faces are switched off."""

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        """Return the cleaned photo and its face.

        Args:
            data: the photo.
            pick: which face is meant, where there are several.
        Raises:
            SeveralFaces: it is not clear which; with the cleaned picture that the boxes belong to.
            UnusablePhoto: says what to do; `transient` when the same photo may do later.
        """
        ...


class PhotoDesk:
    """Keeps photos and has them read.

    Args:
        photographer: None when this deployment compares no faces; photos are then kept and never embedded.
        readers: photos that are read at a time when many wait.
    """

    def __init__(
        self,
        database: Database,
        photographer: Photographer | None,
        clock: Clock,
        random_bytes: RandomBytes,
        readers: int = 1,
    ) -> None:
        self._database, self._photographer, self._readers = database, photographer, readers
        self._clock, self._random = clock, random_bytes

    def keep(self, conn: Connection, case: Case, uploads: Sequence[bytes]) -> list[Photo]:
        """Keep photos as received; what cannot be read later is still there for a person to look at."""
        start = len(photos.list_photos(conn, case.id)) if uploads else 0
        return [
            photos.add_photo(
                conn,
                photo_id=new_id("photo", self._clock(), self._random),
                case_id=case.id,
                position=start + position,
                sha256=hashlib.sha256(data).hexdigest(),
                media_type="application/octet-stream",
                content=data,
                at=self._clock(),
                state="pending" if self._may_compare(conn, case) else "withheld",
            )
            for position, data in enumerate(uploads)
        ]

    def follow_consent(self, conn: Connection, case: Case) -> None:
        """Let photos that waited for consent be read once it is given; forget their faces once it is withdrawn."""
        self._follow(conn, case, photos.list_photos(conn, case.id))

    def follow_partner(self, conn: Connection, partner_id: str) -> None:
        """Do the same for all cases of a partner, after faces were switched on or off for it."""
        of_case: dict[str, list[Photo]] = {}
        for photo in photos.photos_of_owner(conn, partner_id):
            of_case.setdefault(photo.case_id, []).append(photo)
        for case in cases.get_cases(conn, list(of_case)).values():
            self._follow(conn, case, of_case[case.id])

    def withhold_all(self) -> int:
        """Keep no embedding anywhere: faces are switched off in this deployment. Return how many photos had one."""
        with self._database.write() as conn:
            found = photos.in_states(conn, ("embedded", "pending"))
            for photo in found:
                photos.store_result(conn, photo.id, "withheld", at=self._clock())
        return len(found)

    def choose(self, conn: Connection, case: Case, photo_id: str, box: Box, scope: AccessScope) -> Photo:
        """Note which face of a photo is meant, and by whom; it waits to be read again.

        Raises:
            NotFound: the case has no such photo, or it does not show several faces.
            InvalidRecord: the box is none of those that were found.
        """
        photo = photos.get_photo(conn, photo_id)
        if photo is None or photo.case_id != case.id or photo.faces_seen is None:
            raise NotFound("photo with several faces")
        if list(box) not in photo.faces_seen["boxes"]:
            raise InvalidRecord("box", "is none of the boxes of this photo; send one of them as it is")
        now = self._clock()
        audit.append(conn, at=now, actor=scope.actor_id, action="photo.face_chosen", subject=photo_id)
        return photos.choose_face(conn, photo_id, box, by=scope.actor_id, at=now)

    def process_pending(self, limit: int = 1000, on_settled: Callable[[int], None] | None = None) -> int:
        """Read every photo that waits, e.g. after a crash; return how many are settled now.

        Args:
            limit: how many are fetched at a time.
            on_settled: told after each photo how many are settled so far.
        """
        self._admit_allowed()
        done = 0
        while True:
            with self._database.read() as conn:
                waiting = photos.pending(conn, limit)
            settled = 0
            for one in self._each(waiting):
                settled += one
                if on_settled:
                    on_settled(done + settled)
            done += settled
            if settled < len(waiting) or not waiting:  # the pool is busy or not available: later
                return done

    def _admit_allowed(self) -> None:
        """Let photos be read that were withheld while faces were switched off in this deployment."""
        if self._photographer is None:
            return
        with self._database.read() as conn:
            allowed = photos.withheld_though_allowed(conn)
        if not allowed:
            return
        with self._database.write() as conn:
            for case in cases.get_cases(conn, [photo.case_id for photo in allowed]).values():
                self.follow_consent(conn, case)

    def _each(self, waiting: Sequence[Photo]) -> Iterator[bool]:
        """Read photos, as many at a time as there are readers; yield whether each is settled, in order."""
        if self._readers == 1:
            yield from map(self.process, waiting)
            return
        with ThreadPoolExecutor(self._readers, thread_name_prefix="photo-reader") as threads:
            yield from threads.map(self.process, waiting)

    def waiting(self) -> int:
        """Return how many photos wait."""
        return self.states().get("pending", 0)

    def states(self) -> dict[str, int]:
        """Return how many photos are in each state."""
        with self._database.read() as conn:
            return photos.count_by_state(conn)

    def readmit(self, model: str, limit: int = 1000) -> int:
        """Have photos read again that were embedded, but not by the model that is searched now; return how many.

        Such are photos that came in while the model was changed.
        """
        if self._photographer is None:
            return 0
        with self._database.write() as conn:
            if meta.face_model(conn) != model:  # changed meanwhile, or not set up here: not for this process to read
                return 0
            left = photos.without_faces_of(conn, model, limit)
            for photo in left:
                photos.ask_again(conn, photo.id, self._clock())
        return len(left)

    def process(self, photo: Photo) -> bool:
        """Read one photo; a failure is stored on it and never blocks the case. False: it has to wait."""
        with self._database.read() as conn:
            current = photos.get_photo(conn, photo.id)
            case = cases.require_case(conn, photo.case_id)
            permitted = self._may_compare(conn, case)
        if current is None or current.state != "pending":  # another worker was faster; what it found stands
            return True
        # Consent may have been withdrawn while the photo waited.
        if self._photographer is None or not permitted:
            with self._database.write() as conn:
                photos.store_result(conn, photo.id, "withheld", at=self._clock())
            return True
        with self._database.write(ordered=False) as conn:
            attempts = photos.count_attempt(conn, photo.id, self._clock())
        with self._database.read() as conn:
            content = photos.get_content(conn, photo.id)
        if content is None:
            return True
        if attempts > _MAX_ATTEMPTS:
            if current.attempted_at is not None and self._clock() - current.attempted_at < _STILL_READING:
                # Other processes may be at it now: only one that has had its time can have been taken down.
                with self._database.write(ordered=False) as conn:
                    photos.forget_attempt(conn, photo.id)
                return False
            self._give_up(photo.id)
            return True
        try:
            pick = None if current.chosen_box is None else Box(*current.chosen_box)
            result = self._photographer.process(content.content, pick=pick)
        except UnusablePhoto as problem:
            log.info("photo %s not used: %s", photo.id, problem.code)
            if problem.transient:
                # The pool was busy or is gone: only a photo that brought the process down may be given up.
                with self._database.write(ordered=False) as conn:
                    photos.forget_attempt(conn, photo.id)
                return False
            self._fail(current, problem)
            return True
        now = self._clock()
        with self._database.write() as conn:
            if self._still_wanted(conn, current):
                photos.store_result(
                    conn, photo.id, "embedded", at=now, content=result.jpeg, media_type=result.media_type,
                    captured_on=past_day(result.captured_on, now), faces=new_faces(result, now, self._random),
                )  # fmt: skip
        return True

    def _still_wanted(self, conn: Connection, read: Photo) -> bool:
        """Tell whether what was made of a photo may be stored.

        While it was read, consent may have been withdrawn, another face chosen, or another reader been faster.
        """
        now = photos.get_photo(conn, read.id)
        if now is None or now.state != "pending" or now.chosen_box != read.chosen_box:
            return False
        return self._may_compare(conn, cases.require_case(conn, read.case_id))

    def _may_compare(self, conn: Connection, case: Case) -> bool:
        """Tell whether faces are compared here, for this partner, and for this person."""
        if self._photographer is None or not case.face_consent:
            return False
        owner = partners.get_partner(conn, case.owner_id)
        return owner is not None and owner.faces

    def _follow(self, conn: Connection, case: Case, found: Sequence[Photo]) -> None:
        """Settle photos of a case by what is allowed now: off means that no embedding is kept."""
        allowed = self._may_compare(conn, case)
        owner = partners.get_partner(conn, case.owner_id)
        refused = not case.face_consent or owner is None or not owner.faces
        for photo in found:
            if allowed and photo.state == "withheld":
                photos.store_result(conn, photo.id, "pending", at=self._clock())
            elif refused and photo.state in ("embedded", "pending"):
                photos.store_result(conn, photo.id, "withheld", at=self._clock())

    def _fail(self, photo: Photo, problem: UnusablePhoto) -> None:
        several = problem if isinstance(problem, SeveralFaces) else None
        with self._database.write() as conn:
            if not self._still_wanted(conn, photo):
                return
            photos.store_result(
                conn, photo.id, "failed", at=self._clock(), error_code=problem.code, error_detail=str(problem),
                # The boxes belong to the cleaned picture, so that is what a person must be shown.
                content=several.picture if several else None,
                media_type="image/jpeg" if several and several.picture else None,
                captured_on=past_day(several.captured_on, self._clock()) if several else None,
                faces_seen=(
                    {"boxes": [list(box) for box in several.boxes], "size": list(several.size)} if several else None
                ),
            )  # fmt: skip

    def _give_up(self, photo_id: str) -> None:
        with self._database.write() as conn:
            current = photos.get_photo(conn, photo_id)
            if current is not None and current.state == "pending":
                photos.store_result(
                    conn, photo_id, "failed", at=self._clock(), error_code=GAVE_UP_CODE,
                    error_detail="reading this photo was interrupted twice; upload it again or leave it out",
                )  # fmt: skip


def past_day(day: date | None, now: datetime) -> date | None:
    """Return the day that a camera recorded, None if its clock ran ahead."""
    return day if day is not None and day <= now.date() else None


def new_faces(result: PhotoResult, now: datetime, random_bytes: RandomBytes) -> list[NewFace]:
    """Return the faces of a photo as they are stored."""
    return [
        NewFace(
            new_id("face", now, random_bytes), result.model_id, face.vector,
            dict(zip(("left", "top", "right", "bottom"), face.box, strict=True)), str(face.quality), face.score,
        )
        for face in result.faces
    ]  # fmt: skip
