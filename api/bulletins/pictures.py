"""Which photo of a case may stand in a bulletin? One made anew by us, and of the child alone.

a face was looked for, and just one was found ──> as it is stored
nobody looked (faces are off here, or not consented to), or found none ──> somebody who looked at it says that it
                                       shows only the child, and it is made anew when it is published
several faces were found ──> never: it shows others, too
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from api.store import Connection, Database, photos
from api.store.photos import Photo, PhotoContent
from matcher.errors import InvalidRecord
from matcher.photos.errors import UnusablePhoto


class Cleaner(Protocol):
    """Makes pictures anew, without what the camera wrote into them: `api.face_model.DarkRoom`."""

    def clean(self, data: bytes) -> PhotoContent:
        """Return the picture made anew.

        Raises:
            UnusablePhoto: it cannot be read, or not now.
        """
        ...


@dataclass(frozen=True, slots=True)
class MadeAnew:
    """A picture that was made anew for a publication, and of which photo."""

    photo: Photo
    content: PhotoContent


class Pictures:
    """Finds the photo that is to be published, and makes it anew where that was not done.

    Args:
        cleaner: called outside of any transaction: it may take a while.
    """

    def __init__(self, database: Database, cleaner: Cleaner) -> None:
        self._database, self._cleaner = database, cleaner

    def made_anew(self, case_id: str, photo_id: str | None, *, shows_only_the_child: bool) -> MadeAnew | None:
        """Return a photo of a case made anew; None where it need not be, or may not be published anyway.

        Raises:
            InvalidRecord: it cannot be read.
        """
        if photo_id is None or not shows_only_the_child:
            return None
        with self._database.read() as conn:
            photo = photos.get_photo(conn, photo_id)
            if photo is None or photo.case_id != case_id or not _needs_a_word(photo):
                return None
            received = photos.get_content(conn, photo_id)
        if received is None:
            return None
        try:
            return MadeAnew(photo, self._cleaner.clean(received.content))
        except UnusablePhoto as problem:
            again = "; try again" if problem.transient else ""
            raise InvalidRecord("photo_id", f"cannot be read ({problem.code}): {problem}{again}") from None

    @staticmethod
    def published(conn: Connection, case_id: str, photo_id: str, anew: MadeAnew | None) -> PhotoContent | None:
        """Return the photo to be copied into a bulletin.

        Raises:
            InvalidRecord: it is none that may be shown.
        """
        photo = photos.get_photo(conn, photo_id)
        # Bytes as they came may hold where it was taken; and a picture of several shows others, too.
        if photo is None or photo.case_id != case_id or photo.faces_seen is not None or photo.state == "pending":
            raise InvalidRecord("photo_id", "is no photo of the case that was read, cleaned, and shows nobody else")
        if photo.state == "embedded":
            return photos.get_content(conn, photo_id)
        if anew is None or anew.photo.fingerprint != photo.fingerprint:
            raise InvalidRecord(
                "photo_id", "names a photo in which no face was found or looked for: look at it, and say "
                "shows_only_the_child where it does",
            )  # fmt: skip
        return anew.content


def _needs_a_word(photo: Photo) -> bool:
    return photo.state in ("withheld", "failed") and photo.faces_seen is None
