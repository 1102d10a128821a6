"""Frames become messages and come back; everything else is a FrameError."""

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peek_trio.errors import FrameError
from peek_trio.transport.wire import Frame, Limits, Series, pack, unpack
from peek_trio.transport.wire.frames import MOST_NUMBERS
from tests.transport.wire.vectors import VECTORS, described, name_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
frames = st.builds(
    lambda kind, header, body: Frame({**header, "k": kind}, body),
    st.text(max_size=10),
    st.dictionaries(st.text(max_size=5), json_values, max_size=4),
    st.binary(max_size=200),
)


def message_of(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("!II", len(header), len(body)) + header + body


def close_code_of(message: bytes) -> int | None:
    """How unpacking fails, None when it does not; anything but a FrameError is a failed test."""
    try:
        unpack(message)
    except FrameError as error:
        return error.close_code
    return None


calmly = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the machine


@calmly
@given(st.lists(frames, min_size=1, max_size=5))
def test_frames_survive_the_way(sent):
    assert unpack(pack(sent)) == sent


@calmly
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_frames_or_a_frame_error(message):
    assert close_code_of(message) in (None, 1002, 1009)


@calmly
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_arbitrary_headers_are_frames_or_a_frame_error(header, body):
    assert close_code_of(message_of(header, body)) in (None, 1002, 1009)


@calmly
@given(frames, st.integers(1, 2**53 - 1))
def test_a_series_makes_the_same_frames_as_one_by_one(frame, number):
    numbered = Frame({**frame.header, "i": number}, frame.body)
    header = {key: value for key, value in frame.header.items() if key != "i"}
    one = Series(header, frame.body).numbered(number)
    assert one == numbered
    assert unpack(pack([one])) == [numbered]
    assert one.body is frame.body


def test_receivers_with_the_same_number_share_one_frame_of_a_series():
    series = Series({"k": "state", "t": "demo.Item"}, b"rows")
    assert series.numbered(1) is series.numbered(1)
    assert series.numbered(2) is not series.numbered(1)


def test_a_series_keeps_only_so_many_frames():
    series = Series({"k": "state"}, b"rows")
    for number in range(MOST_NUMBERS + 1):
        series.numbered(number)
    assert series.numbered(0) is series.numbered(0)
    assert series.numbered(MOST_NUMBERS) is not series.numbered(MOST_NUMBERS)
    assert series.numbered(MOST_NUMBERS) == series.numbered(MOST_NUMBERS)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=name_of)
def test_both_ends_read_and_write_alike(vector):
    frames = unpack(bytes.fromhex(vector["message"]))
    assert described(frames) == vector["frames"]
    assert pack(frames).hex() == vector["message"]


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=name_of)
def test_both_ends_refuse_alike(vector):
    assert close_code_of(bytes.fromhex(vector["message"])) == vector["close_code"]


def test_the_layout_is_the_one_in_the_protocol():
    header = b'{"k":"res","i":7}'
    assert pack([Frame({"k": "res", "i": 7}, b"42")]) == b"\0\0\0\x11\0\0\0\x02" + header + b"42"


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (b"", 1002, "without frames"),
        (b"\0\0\0\x02", 1002, "ends within"),
        (struct.pack("!II", 2, 9) + b"{}", 1002, "longer than its message"),
        (message_of(b"[]"), 1002, "not a JSON object"),
        (message_of(b"\xff"), 1002, "not a JSON object"),
        (message_of(b'{"k":NaN}'), 1002, "not a JSON object"),
        (message_of(b"{}"), 1002, 'without "k"'),
        (message_of(b'{"k":1}'), 1002, 'without "k"'),
        (message_of(b'{"k":' + b"[" * 64 + b"]" * 64 + b"}"), 1009, "64 levels"),
        (message_of(b"[" * 60_000), 1009, "64 levels"),
        (struct.pack("!II", 64 * 1024 + 1, 0) + b" " * (64 * 1024 + 1), 1009, "header"),
    ],
)
def test_what_breaks_the_rules_is_told_apart(message, code, words):
    with pytest.raises(FrameError, match=words) as caught:
        unpack(message, Limits.DEVICE)
    assert caught.value.close_code == code


def test_a_message_may_be_as_large_as_the_limit_and_no_larger():
    limits = Limits(message=100)
    frame = Frame({"k": "x"}, b"." * (100 - len(pack([Frame({"k": "x"})]))))
    assert unpack(pack([frame]), limits) == [frame]
    with pytest.raises(FrameError, match="101 bytes") as caught:
        unpack(pack([Frame(frame.header, frame.body + b".")]), limits)
    assert caught.value.close_code == 1009


def test_brackets_within_strings_are_no_depth():
    header = json.dumps({"k": "x", "text": '[{"' * 500}).encode()
    assert unpack(message_of(header))[0].header["text"].startswith("[{")
