"""How is a column kept that grows at its end, batch by batch? What was handed out of it stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", bound=np.generic)


class Column(Generic[_Number]):
    """An array that grows at its end."""

    def __init__(self, number: type[_Number], *first: int, width: int | None = None) -> None:
        """Begin a column of numbers, or with a width one of rows of so many."""
        self._held = np.array(first, dtype=number).reshape((-1,) if width is None else (-1, width))
        self._length = len(first)

    @property
    def values(self) -> npt.NDArray[_Number]:
        """Return what is there now, shape (n,) or (n, width)."""
        return self._held[: self._length]

    def add(self, more: Sequence[float] | npt.NDArray[np.generic]) -> None:
        """Append values."""
        length = self._length + len(more)
        if length > len(self._held):
            grown = np.empty((max(length, 2 * len(self._held), 1024), *self._held.shape[1:]), dtype=self._held.dtype)
            grown[: self._length] = self.values
            self._held = grown
        self._held[self._length : length] = more
        self._length = length
