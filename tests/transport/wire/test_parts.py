"""Large frames are cut into parts and put together again; whatever else arrives is a FrameError."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peek_trio.errors import FrameError
from peek_trio.transport.wire import Frame, Limits, unpack
from peek_trio.transport.wire.frames import packed
from peek_trio.transport.wire.parts import LANES, LARGE, PART, Assembly, cut
from tests.transport.wire.vectors import VECTORS, described, name_of

calmly = settings(deadline=None, max_examples=50)


def assembled(messages, limits=Limits.SERVICE):
    """The frames that a link hands on when it receives these messages."""
    assembly, whole = Assembly(limits), []
    for message in messages:
        for frame in unpack(message, limits):
            if frame.kind != "part":
                whole.append(frame)
            elif (last := assembly.take(frame)) is not None:
                whole.append(last)
    assert len(assembly) == 0
    return whole


@calmly
@given(st.integers(0, 3 * PART), st.integers(0, 200), st.integers(1, LANES))
def test_what_is_cut_comes_together_again(body_size, header_size, lane):
    frame = Frame({"k": "res", "i": 1, "x": "x" * header_size}, bytes(body_size))
    parts = [head + piece for head, piece in cut(packed(frame), lane)]
    assert assembled(parts) == [frame]


def test_a_header_larger_than_a_part_is_cut_as_well():
    frame = Frame({"k": "res", "i": 1, "x": "x" * (PART - 50)}, bytes(range(256)) * 2000)
    assert assembled([head + piece for head, piece in cut(packed(frame), 1)]) == [frame]


@pytest.mark.parametrize("vector", VECTORS["cuts"], ids=name_of)
def test_both_ends_cut_alike(vector):
    parts = [
        unpack(head + piece)[0]
        for head, piece in cut(packed(Frame(vector["header"], bytes(vector["body_length"]))), vector["lane"])
    ]
    assert [{"header": part.header, "bytes": len(part.body)} for part in parts] == vector["parts"]


@pytest.mark.parametrize("vector", VECTORS["parts"], ids=name_of)
def test_both_ends_put_together_alike(vector):
    assert described(assembled(bytes.fromhex(message) for message in vector["messages"])) == vector["frames"]


@pytest.mark.parametrize("vector", VECTORS["invalid_parts"], ids=name_of)
def test_both_ends_refuse_alike(vector):
    with pytest.raises(FrameError) as caught:
        assembled(bytes.fromhex(message) for message in vector["messages"])
    assert caught.value.close_code == vector["close_code"]


def test_a_part_is_no_larger_than_it_may_be():
    with pytest.raises(FrameError, match=f"from 1 to {PART} bytes"):
        Assembly(Limits.SERVICE).take(Frame({"k": "part", "c": 1, "size": LARGE}, bytes(PART + 1)))


def test_a_device_sends_no_frame_larger_than_a_megabyte():
    assembly = Assembly(Limits.DEVICE)
    assert assembly.take(Frame({"k": "part", "c": 1, "size": 1024 * 1024}, bytes(PART))) is None
    with pytest.raises(FrameError, match="larger than the 1048576 allowed here") as caught:
        assembly.take(Frame({"k": "part", "c": 2, "size": 1024 * 1024 + 1}, bytes(PART)))
    assert caught.value.close_code == 1009


def test_memory_is_taken_for_what_arrived_and_not_for_what_was_announced():
    assembly = Assembly(Limits.SERVICE)
    assembly.take(Frame({"k": "part", "c": 1, "size": 16 * 1024 * 1024}, b"x"))
    (arriving,) = assembly._lanes.values()
    assert sys.getsizeof(arriving.received) < 1000


@calmly
@given(
    st.lists(
        st.builds(
            lambda header, body: Frame({"k": "part", **header}, body),
            st.dictionaries(
                st.sampled_from(["c", "size", "end"]), st.none() | st.integers(-1, 20) | st.text(max_size=2)
            ),
            st.binary(max_size=12),
        ),
        max_size=6,
    )
)
def test_arbitrary_parts_are_frames_or_a_frame_error(parts):
    assembly, codes = Assembly(Limits.DEVICE), {1002}
    try:
        for part in parts:
            assembly.take(part)
    except FrameError as error:
        codes.add(error.close_code)
    assert codes <= {1002, 1009}
