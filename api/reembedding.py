"""How does a deployment change its face model? Every photo is read again by the new one, beside what the old one found.

    photos without a face by the new model ──> read, for the same face ──> faces beside the old ones
    none left ──> the new model's index is made ──> one transaction: nothing came in meanwhile? then it is searched

Until then everything goes on with the old model, and distances never mix: each search and each weight uses the faces
of one model only. Interrupted, it goes on where it stopped. What the new model cannot use keeps its old face until the
change, and is then told to its owner like any photo that cannot be used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from api.cases.photos import Photographer, new_faces
from api.face_model import FaceModel
from api.ids import Clock, RandomBytes
from api.index_keeper import IndexKeeper
from api.store import Connection, Database, audit, faces, meta, photos
from api.store.photos import Photo
from indexing.sealing import FileSeal
from matcher.photos.errors import UnusablePhoto
from matcher.photos.faces import Box

_PAGE = 100
Progress = Callable[[int], None]


@dataclass(slots=True)
class ReembedSummary:
    """What a run came to.

    Attributes:
        embedded: photos that now have a face by the new model.
        refused: why others have none, by photo id; their owners are told once the model is changed.
        switched: whether the new model is searched now.
        forgotten: faces of other models that were deleted.
    """

    model: str
    embedded: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    switched: bool = False
    forgotten: int = 0


class Reembedding:
    """Reads photos again with another model.

    Args:
        model: the new one.
        camera: looks at photos with it.
        index_folder: of the deployment; the new model's index gets a folder beside it.
        seal: what the index is sealed by, as in `IndexKeeper`.
    """

    def __init__(
        self,
        database: Database,
        model: FaceModel,
        camera: Photographer,
        index_folder: Path,
        clock: Clock,
        random_bytes: RandomBytes,
        seal: FileSeal | None = None,
    ) -> None:
        self._seal = seal
        self._database, self._model, self._camera = database, model, camera
        self._index_folder, self._clock, self._random = index_folder, clock, random_bytes

    def waiting(self) -> int:
        """Return how many photos have no face by the new model yet."""
        with self._database.read() as conn:
            return photos.count_without_faces_of(conn, self._model.model_id)

    def run(self, progress: Progress = lambda _done: None, *, forget_others: bool = False) -> ReembedSummary:
        """Read what is left, make the index, and have the new model searched.

        Args:
            progress: told after each photo how many were tried.
            forget_others: delete the faces of all other models afterwards; changing back then means reading again.
        Raises:
            UnusablePhoto: photos cannot be read at all; nothing is changed.
        """
        summary = ReembedSummary(self._model.model_id)
        while not summary.switched:
            self._read_left(summary, progress)
            keeper = IndexKeeper(
                self._database, self._index_folder, {}, self._clock, ahead=self._model, seal=self._seal
            )
            keeper.rebuild()
            with self._database.write() as conn:
                summary.switched = self._switch(conn, summary)
                if summary.switched and forget_others:
                    for photo_id in summary.refused:  # or its owner would never hear of it: nothing is left of its face
                        photos.ask_again(conn, photo_id, self._clock())
                    summary.forgotten = faces.forget_other_models(conn, self._model.model_id)
        keeper.forget_other_models()
        return summary

    def _read_left(self, summary: ReembedSummary, progress: Progress) -> None:
        after: str | None = None
        while True:
            with self._database.read() as conn:
                page = photos.without_faces_of(conn, self._model.model_id, _PAGE, after)
            if not page:
                return
            for photo in page:
                if photo.id not in summary.refused:
                    self._read(photo, summary)
                    progress(summary.embedded + len(summary.refused))
            after = page[-1].id

    def _read(self, photo: Photo, summary: ReembedSummary) -> None:
        with self._database.read() as conn:
            content = photos.get_content(conn, photo.id)
            known = faces.faces_of_photo(conn, photo.id)
        if content is None:
            return
        # The stored picture is the one that the old face's box belongs to: the same person is meant.
        box = None
        if known:
            box = Box(*(known[0].box[edge] for edge in ("left", "top", "right", "bottom")))
        elif photo.chosen_box is not None:
            box = Box(*photo.chosen_box)
        try:
            result = self._camera.process(content.content, pick=box)
        except UnusablePhoto as problem:
            if problem.transient:
                raise
            summary.refused[photo.id] = problem.code
            return
        found = new_faces(result, self._clock(), self._random)
        with self._database.write() as conn:
            now = photos.get_photo(conn, photo.id)
            done = any(face.model == self._model.model_id for face in faces.faces_of_photo(conn, photo.id))
            # Consent may have been withdrawn meanwhile, or another run been faster.
            if now is not None and now.state == "embedded" and not done:
                faces.add_faces(conn, photo.id, photo.case_id, found, self._clock())
                summary.embedded += 1

    def _switch(self, conn: Connection, summary: ReembedSummary) -> bool:
        """Have the new model searched unless photos came in meanwhile."""
        left = photos.without_faces_of(conn, self._model.model_id, len(summary.refused) + 1)
        if any(photo.id not in summary.refused for photo in left):
            return False
        if meta.face_model(conn) != self._model.model_id:
            meta.switch_face_model(conn, self._model.model_id)
            audit.append(
                conn, at=self._clock(), actor="command-line", action="faces.model_changed", subject=self._model.model_id
            )
        # Also where the model stays: its calibration may be another.
        faces.ask_comparison(conn, self._model.model_id)
        return True
