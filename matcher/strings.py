"""How are millions of short texts held? One after the other in one array, read where they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Value = TypeVar("Value")
_CODING = ("utf-8", "surrogatepass")  # a broken letter that somebody typed is kept as it is


class Texts(Sequence[str]):
    """n texts.

    Attributes:
        letters: shape (b,), uint8, UTF-8 of all texts, one after the other.
        bounds: shape (n + 1,), int64, where each begins.
    """

    __slots__ = ("_view", "bounds", "letters")

    def __init__(self, letters: Bytes, bounds: Ints) -> None:
        """Hold texts that lie in two arrays, which may be mapped from a file."""
        self.letters, self.bounds = letters, bounds
        self._view = letters.data

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Return texts as arrays."""
        coded = [text.encode(*_CODING) for text in texts]
        bounds = np.zeros(len(coded) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, coded), dtype=np.int64, count=len(coded)), out=bounds[1:])
        return cls(np.frombuffer(b"".join(coded), dtype=np.uint8), bounds)

    def __reduce__(self) -> tuple[type[Texts], tuple[Bytes, Ints]]:
        return Texts, (self.letters, self.bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return self.pick(np.arange(len(self))[number])
        return self.pick(np.array([range(len(self))[number]]))[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.pick(np.arange(len(self))))

    def pick(self, numbers: npt.NDArray[np.integer[Any]]) -> list[str]:
        """Return some of the texts in the order asked for."""
        view, coding = self._view, _CODING
        starts, ends = self.bounds[numbers].tolist(), self.bounds[numbers + 1].tolist()
        return [str(view[start:end], *coding) for start, end in zip(starts, ends, strict=True)]


def pick(values: Sequence[Value], numbers: npt.NDArray[np.integer[Any]]) -> list[Value]:
    """Return some of many values in the order asked for; texts that are held as here are read at once."""
    if isinstance(values, Texts):
        texts: list[Any] = values.pick(numbers)
        return texts
    return list(map(values.__getitem__, numbers.tolist()))
