"""Why can this photo not be used, and what should be done about it?

    PhotoError                     (matcher.errors)
    └── UnusablePhoto              carries a stable `code`; `transient` ones may be tried again as they are
        ├── PhotoTooLarge          bytes, pixels or memory
        ├── NotAnImage             neither JPEG, PNG, WebP nor HEIC
        ├── PhotoDamaged           cut short or not decodable
        ├── NoFace                 nothing found at any rotation and size
        ├── SeveralFaces           the uploader has to say which (carries the boxes)
        ├── FaceTooSmall           pixels found and needed
        ├── PhotoTooBlurred        sharpness found and needed
        ├── UnlikelyFace           the detector hardly believes it
        ├── NoVector               the face model gives nothing for it
        ├── WorkerDied             the process that examined it ended
        ├── WorkerTimedOut         the process that examined it was ended
        ├── MatchingUnavailable    not the photo's fault: something is not installed, or the pool is closed
        └── PoolBusy               not the photo's fault: too many are waiting

Every error is built from its constructor's arguments alone (`args`), so that all of them survive the pickle
between worker and parent. Messages hold numbers and rules, never anything that was in the photo.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from matcher.errors import PhotoError
from matcher.photos.faces import Box


class UnusablePhoto(PhotoError):
    """Base of the errors of this room.

    Attributes:
        code: stable, stored with the photo and shown by the API.
        transient: whether the same photo may be tried again unchanged.
    """

    code = "photo_error"
    transient: ClassVar[bool] = False


class PhotoTooLarge(UnusablePhoto):
    """The photo needs more than is allowed.

    Args:
        what: "bytes", "pixels" or "memory".
        allowed: the limit, in that unit (memory in megabytes).
        found: what the photo has, if that could be learned.
    """

    code = "photo_too_large"

    def __init__(self, what: str, allowed: int, found: int | None = None) -> None:
        super().__init__(what, allowed, found)
        self.what = what
        self.allowed = allowed
        self.found = found

    def __str__(self) -> str:
        """Return the message."""
        unit = {"memory": "megabytes of memory"}.get(self.what, self.what)
        found = "more" if self.found is None else str(self.found)
        return f"the photo is too large: at most {self.allowed} {unit}, found {found}; send a smaller copy"


class NotAnImage(UnusablePhoto):
    """The first bytes are those of no accepted picture format.

    Args:
        unread: the format they name, if it could be read here but for something that is not installed.
    """

    code = "not_an_image"

    def __init__(self, unread: str | None = None) -> None:
        super().__init__(unread)
        self.unread = unread

    def __str__(self) -> str:
        """Return the message."""
        if self.unread is not None:
            extra = self.unread.lower()
            return (
                f"{self.unread} photos need the extra `{extra}` (pip install 'sandhan[{extra}]'), "
                "which is not installed here; convert the photo to JPEG"
            )
        return "the file is not a JPEG, PNG, WebP or HEIC picture, whatever its name says; convert it to JPEG"


class PhotoDamaged(UnusablePhoto):
    """The picture cannot be decoded.

    Args:
        reason: "cut short" or "cannot be decoded".
    """

    code = "photo_damaged"

    def __init__(self, reason: str = "cannot be decoded") -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        """Return the message."""
        return f"the picture is damaged ({self.reason}); send it again from the original file"


class NoFace(UnusablePhoto):
    """No face was found.

    Args:
        rotations: degrees, counter-clockwise, that were tried.
        enlargements: factors by which the picture was enlarged while looking.
        size: width and height of the picture searched, pixels.
    """

    code = "no_face"

    def __init__(self, rotations: tuple[int, ...], enlargements: tuple[int, ...], size: tuple[int, int]) -> None:
        super().__init__(rotations, enlargements, size)
        self.rotations = rotations
        self.enlargements = enlargements
        self.size = size

    def __str__(self) -> str:
        """Return the message."""
        turns = ", ".join(f"{turn}°" for turn in self.rotations)
        factors = ", ".join(f"x{factor}" for factor in self.enlargements)
        return (
            f"no face was found in {self.size[0]}x{self.size[1]} pixels (rotations tried: {turns}; sizes tried: "
            f"{factors}); send a sharp photo of the face from the front"
        )


class SeveralFaces(UnusablePhoto):
    """More than one face was found; two faces of one photo are two people.

    Args:
        boxes: the faces, in pixels of the upright reduced picture.
        size: width and height of that picture, so that the boxes can be drawn over any copy of it.

    Attributes:
        picture, captured_on: that picture as JPEG and the date the camera recorded, where the pool has them; no
            arguments, for arguments are printed.
    """

    code = "several_faces"

    def __init__(self, boxes: tuple[Box, ...], size: tuple[int, int]) -> None:
        super().__init__(boxes, size)
        self.boxes = boxes
        self.size = size
        self.picture = b""
        self.captured_on: date | None = None

    def __str__(self) -> str:
        """Return the message."""
        return f"the photo shows {len(self.boxes)} faces; say which one is meant, or crop the photo to that person"


class FaceTooSmall(UnusablePhoto):
    """The face has too few pixels to tell people apart.

    Args:
        found, needed: width of the face, pixels of the picture before any enlargement.
    """

    code = "face_too_small"

    def __init__(self, found: int, needed: int) -> None:
        super().__init__(found, needed)
        self.found = found
        self.needed = needed

    def __str__(self) -> str:
        """Return the message."""
        return (
            f"the face is {self.found} pixels wide and {self.needed} are needed; "
            "send the original photo, or one taken closer"
        )


class PhotoTooBlurred(UnusablePhoto):
    """The face is too blurred: blurred faces all look alike, which makes false matches.

    Args:
        found, needed: variance of the Laplacian of the face at 150 pixels.
    """

    code = "photo_too_blurred"

    def __init__(self, found: float, needed: float) -> None:
        super().__init__(found, needed)
        self.found = found
        self.needed = needed

    def __str__(self) -> str:
        """Return the message."""
        return f"the face is too blurred (sharpness {self.found:.1f}, {self.needed:g} needed); send a sharper photo"


class UnlikelyFace(UnusablePhoto):
    """The detector found something that is probably no face, or one that is covered or turned away.

    Args:
        found, needed: the detector's score.
    """

    code = "unlikely_face"

    def __init__(self, found: float, needed: float) -> None:
        super().__init__(found, needed)
        self.found = found
        self.needed = needed

    def __str__(self) -> str:
        """Return the message."""
        return (
            f"what was found is hardly a face (score {self.found:.2f}, {self.needed:g} needed); "
            "send a photo of the uncovered face from the front"
        )


class NoVector(UnusablePhoto):
    """The face model gave nothing that can be compared for this face."""

    code = "no_vector"

    def __str__(self) -> str:
        """Return the message."""
        return "the face model gives nothing for this face; send another photo of it, from the front and in even light"


class WorkerDied(UnusablePhoto):
    """The process that examined the photo ended; another takes its place, the photo is not tried again.

    Args:
        exit_code: its exit status, negative for a signal, None if unknown.
    """

    code = "worker_died"

    def __init__(self, exit_code: int | None = None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        """Return the message."""
        return (
            f"the process examining this photo ended (exit status {self.exit_code}); "
            "save the photo anew as JPEG and send that"
        )


class WorkerTimedOut(UnusablePhoto):
    """Examining the photo took too long; its process was ended.

    Args:
        seconds: the time it was given.
    """

    code = "worker_timed_out"

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        """Return the message."""
        return f"examining the photo took more than {self.seconds:g} seconds; send a smaller copy"


class MatchingUnavailable(UnusablePhoto):
    """Photos cannot be examined here at all; the photo is kept and may be examined later.

    Args:
        reason: what is wrong.
        remedy: what to do, for the person who runs this service.
    """

    code = "matching_unavailable"
    transient = True

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message."""
        return f"photos cannot be examined: {self.reason}; {self.remedy}"


class PoolBusy(UnusablePhoto):
    """Too many photos are waiting already.

    Args:
        waiting: how many.
    """

    code = "pool_busy"
    transient = True

    def __init__(self, waiting: int) -> None:
        super().__init__(waiting)
        self.waiting = waiting

    def __str__(self) -> str:
        """Return the message."""
        return f"{self.waiting} photos are waiting already; try again later"
