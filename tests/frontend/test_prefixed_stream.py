"""prefixed_stream: what was read ahead comes first, then the stream, which may be used directly once nothing is left before it."""

import trio.testing

from peek_trio.frontend.prefixed_stream import PrefixedStream


async def test_the_prefix_comes_first_and_then_the_stream() -> None:
    near, far = trio.testing.memory_stream_pair()
    stream = PrefixedStream(b"GET /", near)
    await far.send_all(b"vortex")
    assert [await stream.receive_some(3), await stream.receive_some(3), await stream.receive_some()] == [
        b"GET",
        b" /",
        b"vortex",
    ]


async def test_the_stream_beneath_is_named_only_when_nothing_of_the_prefix_can_be_missed() -> None:
    near, _ = trio.testing.memory_stream_pair()
    stream = PrefixedStream(b"head", near)
    assert stream.beneath is None
    await stream.receive_some(3)
    assert stream.beneath is None
    await stream.receive_some(3)
    assert stream.beneath is near
