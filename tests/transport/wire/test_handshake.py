"""Hello, welcome, and every way in which there is no link."""

import attrs
import pytest
import trio

from peek_trio.errors import DatabaseUnavailable, FrameError, LinkLost, LinkRefused
from peek_trio.security import Principal
from peek_trio.transport.wire import (
    Frame,
    Hello,
    Limits,
    accept_link,
    dial_link,
    memory_stream_pair,
    pack,
    same_release,
)
from tests.transport.wire.conftest import RunningLink, link_up, websocket_pair

DEVICE = Hello("device", "d1", site="mobile")
SERVER = Hello("server", "s1", "Centre", "0.1.0")
AGENT = Hello("agent", "a1", "Yard", "0.2.0", {"peek_plugin_noop": "0.1.0"}, {"peek.Person": "abc"}, token="secret")


async def admit(hello):
    return Principal.for_service(hello.service, hello.id)


async def both(streams, *, admit=admit, me=AGENT):
    """The results of dialling and accepting: links or what was raised."""
    results = {}

    async def attempt(name, fn, *args):
        try:
            results[name] = await fn(*args)
        except (LinkRefused, LinkLost, FrameError) as error:
            results[name] = error

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(attempt, "accepted", accept_link, streams[1], SERVER, admit)
            nursery.start_soon(attempt, "dialled", dial_link, streams[0], me)
    return results["dialled"], results["accepted"]


async def test_each_end_learns_who_the_other_is(links):
    dialled, accepted = links
    assert (accepted.peer.service, accepted.peer.id, accepted.peer.name, accepted.peer.address) == (
        "agent",
        "a1",
        "Yard",
        "here",
    )
    assert accepted.peer.plugins == {"peek_plugin_noop": "0.1.0"}
    assert accepted.peer.schemas == {"peek.Person": "abc"}
    assert (dialled.peer.service, dialled.peer.id, dialled.peer.version) == ("server", "s1", "0.1.0")


async def test_each_end_learns_who_it_is_there(links):
    dialled, accepted = links
    assert dialled.principal == accepted.peer.principal == Principal.for_service("agent", "a1", "Yard")
    assert dialled.peer.principal == Principal.for_service("server", "s1", "Centre")


async def test_a_refusal_reaches_the_one_who_dials_as_a_sentence(streams):
    async def refuse(hello):
        raise LinkRefused(f"The token of {hello.name} is not ours.", code="token")

    dialled, accepted = await both(streams, admit=refuse)
    assert isinstance(dialled, LinkRefused)
    assert isinstance(accepted, LinkRefused)
    assert (dialled.code, dialled.reason) == ("token", "The token of Yard is not ours.")


async def test_when_nobody_can_check_the_hello_the_answer_is_busy(streams):
    async def unable(hello):
        raise DatabaseUnavailable("The database is not reachable.")

    dialled, _ = await both(streams, admit=unable)
    assert isinstance(dialled, LinkRefused)
    assert (dialled.code, dialled.reason) == ("busy", "The database is not reachable.")


async def test_a_check_that_takes_too_long_is_busy(autojump_clock):
    async def slow(hello):
        await trio.sleep(1000)

    dialled, _ = await both(memory_stream_pair(), admit=slow)
    assert isinstance(dialled, LinkRefused)
    assert dialled.code == "busy"


async def test_another_version_of_the_protocol_is_refused(streams):
    left, right = streams
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def accept():
            with pytest.raises(LinkRefused, match="version 1"):
                await accept_link(right, SERVER, admit)

        await left.send(pack([Frame({"k": "hello", "protocol": 2, "service": "agent", "id": "a1"})]))
        message = await left.receive()
    assert b'"refuse"' in message
    assert b'"code":"protocol"' in message


@pytest.mark.parametrize(
    "frames",
    [
        [Frame({"k": "call", "i": 1, "m": "x.y"})],
        [Frame({"k": "hello", "protocol": 1, "service": 5, "id": "a"})],
        [Hello("agent", "").frame()],
        [Hello("agent", "a1", "x" * 201).frame()],
        [AGENT.frame(), Frame({"k": "call", "i": 1, "m": "x.y"})],
    ],
    ids=["a call first", "a malformed hello", "nobody's id", "an endless name", "a call behind the hello"],
)
async def test_nothing_but_a_hello_is_accepted_first(streams, frames):
    left, right = streams
    await left.send(pack(frames))
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def accept():
            with pytest.raises(FrameError):
                await accept_link(right, SERVER, admit)

        with pytest.raises(LinkLost) as caught:
            await left.receive()
    assert caught.value.code == 1002


async def test_who_says_nothing_for_five_seconds_is_sent_away(autojump_clock):
    left, right = memory_stream_pair()
    began = trio.current_time()
    with pytest.raises(LinkLost, match="said nothing in time"):
        await accept_link(right, SERVER, admit)
    assert trio.current_time() - began == pytest.approx(5)
    with pytest.raises(LinkLost) as caught:
        await left.receive()
    assert caught.value.code == 1008


async def test_who_never_answers_a_hello_is_given_up(autojump_clock):
    left, _right = memory_stream_pair()
    with pytest.raises(LinkLost, match="said nothing"):
        await dial_link(left, AGENT)


async def test_a_peer_that_leaves_during_the_hello_is_a_lost_link(streams):
    left, right = streams
    await left.aclose()
    with pytest.raises(LinkLost):
        await accept_link(right, SERVER, admit)


async def test_a_hello_may_name_thousands_of_tuple_types():
    many = {f"peek_plugin_number_{number}.SomeTupleType": "0123456789abcdef01234567" for number in range(5000)}
    dialled, accepted = await both(memory_stream_pair(), me=Hello("agent", "a1", schemas=many))
    assert accepted.peer.schemas == many
    assert dialled.peer.service == "server"


async def test_a_device_says_hello_in_four_kilobytes(streams):
    left, right = streams
    await left.send(pack([attrs.evolve(DEVICE, schemas={f"a.T{number}": "0" * 24 for number in range(120)}).frame()]))
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def accept():
            with pytest.raises(FrameError, match="than the 4096") as refused:
                await accept_link(right, SERVER, admit)
            assert refused.value.close_code == 1009

        with pytest.raises(LinkLost) as caught:
            await left.receive()
    assert caught.value.code == 1009


async def test_a_device_may_send_more_once_it_is_welcome():
    async with websocket_pair(Limits.HELLO_DEVICE) as streams:
        device, server = map(RunningLink, await link_up(streams, dialler=DEVICE))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(device.run)
            nursery.start_soon(server.run)
            device.link.send_nowait(Frame({"k": "call", "i": 1}, bytes(200_000)))
            assert len((await server.next()).body) == 200_000
            device.link.close()


async def test_a_message_over_four_kilobytes_is_not_even_received_before_the_hello_is_answered():
    async with websocket_pair(Limits.HELLO_DEVICE) as (left, right):
        await left.send(bytes(4097))
        with pytest.raises(LinkLost) as caught:
            await accept_link(right, SERVER, admit)
        assert caught.value.code == 1009


async def test_the_one_who_dials_is_told_how_to_spread_the_return_and_is_kept_informed(streams, nursery):
    spread = iter([2.5, 4.0])
    accepted = []

    async def accept():
        accepted.append(await accept_link(streams[1], SERVER, admit, spread=lambda: next(spread)))

    async with trio.open_nursery() as meeting:
        meeting.start_soon(accept)
        dialled = await dial_link(streams[0], DEVICE)
    assert dialled.told_spread == 2.5
    left, right = RunningLink(dialled), RunningLink(accepted[0])
    nursery.start_soon(left.run)
    nursery.start_soon(right.run)
    left.link.send_nowait(Frame({"k": "ping", "n": 1}))
    left.link.send_nowait(Frame({"k": "res", "i": 1}))
    await right.next()
    right.link.send_nowait(Frame({"k": "res", "i": 1}))
    await left.next()
    assert dialled.told_spread == 4.0
    left.link.close()


async def test_a_service_that_does_not_say_leaves_it_to_the_one_who_dials(links):
    assert links[0].told_spread is None


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [("0.1.0", "0.1.9", True), ("0.1.0", "0.2.0", False), ("0.1.0", "1.1.0", False), ("0.1.0", "", False)],
)
def test_releases_that_differ_in_the_last_number_only_speak_to_each_other(ours, theirs, same):
    assert same_release(ours, theirs) is same


def test_a_token_is_not_in_the_text_of_a_hello():
    assert "secret" not in repr(AGENT)
