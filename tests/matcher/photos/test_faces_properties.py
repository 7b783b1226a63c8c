"""Do boxes keep their place when the picture under them turns?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.photos.faces import Box


@st.composite
def boxes_in_pictures(draw: st.DrawFn) -> tuple[int, int, Box]:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return width, height, Box(left, top, draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height)))


@given(boxes_in_pictures(), st.integers(0, 3))
@settings(deadline=None)
def test_unturned_finds_the_painted_rectangle(picture: tuple[int, int, Box], quarters: int) -> None:
    width, height, box = picture
    canvas = np.zeros((height, width), bool)
    canvas[box.top : box.bottom, box.left : box.right] = True
    rows, columns = np.nonzero(np.rot90(canvas, quarters))
    seen = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    assert seen.unturned(quarters, width, height) == box


@given(boxes_in_pictures(), boxes_in_pictures())
@settings(deadline=None)
def test_overlap_is_a_symmetric_fraction(first: tuple[int, int, Box], second: tuple[int, int, Box]) -> None:
    one, other = first[2], second[2]
    assert one.overlap(one) == 1.0
    assert one.overlap(other) == other.overlap(one)
    assert 0.0 <= one.overlap(other) <= 1.0


@given(*[st.integers(-50, 50) for _ in range(4)])
@settings(deadline=None)
def test_clipped_lies_inside(left: int, top: int, width: int, height: int) -> None:
    box = Box(left, top, left + abs(width), top + abs(height)).clipped(20, 30)
    assert 0 <= box.left <= box.right <= 20
    assert 0 <= box.top <= box.bottom <= 30
