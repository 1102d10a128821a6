"""Frames between a worker and its subprocesses survive any cutting of the bytes, and are bounded."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.tasks.frames import LARGEST, FrameBuffer, TooLarge, frame

json_objects = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
)


@given(st.lists(json_objects, max_size=5), st.integers(min_value=1, max_value=20))
def test_frames_arrive_however_the_bytes_are_cut(frames: list[dict[str, Any]], size: int) -> None:
    data = b"".join(map(frame, frames))
    buffer = FrameBuffer()

    arrived = [item for start in range(0, len(data), size) for item in buffer.feed(data[start : start + size])]

    assert arrived == frames


def test_a_frame_beyond_the_bound_is_not_made() -> None:
    with pytest.raises(TooLarge):
        frame({"result": "x" * LARGEST})


def test_a_frame_beyond_the_bound_is_not_taken() -> None:
    with pytest.raises(TooLarge):
        FrameBuffer().feed(struct.pack("!I", LARGEST + 1))
