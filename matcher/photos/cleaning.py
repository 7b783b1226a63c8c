"""How is a photo made anew, without what its camera wrote into it, where nobody looks for faces?

By the same workers as always (`matcher.photos.pool`): whatever a hostile file does, it does to one of them. The
embedder that they are given looks for nobody and loads no model.
"""

from __future__ import annotations

from matcher.photos.faces import DetectedFace, Pixels


class LooksForNobody:
    """An embedder that finds no face in any picture, because it does not look."""

    model_id = "none"
    width = 0

    def embed(self, pixels: Pixels) -> list[DetectedFace]:  # noqa: ARG002 - the protocol's argument
        """Return no faces."""
        return []
