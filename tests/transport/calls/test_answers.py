"""A call of all services of a kind: an answer of each, from wherever it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import (
    BadRequest,
    DeadlineExceeded,
    FrameError,
    NoSuchEndpoint,
    NotAllowed,
    PeekError,
    Rejected,
    RemoteError,
    Unavailable,
)
from peek_trio.security import signed_in
from peek_trio.transport import Answer, Switchboard, rpc
from peek_trio.transport.calls.answers import gather
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.exchange import Port
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame
from tests.transport.network import JOE, Connection, Network
from tests.transport.recorder import RecordingLink


@rpc(served_by="agent")
async def double(number: int) -> int:
    """Twice the number."""
    ...


@rpc(served_by="server")
async def triple(number: int) -> int:
    """Three times the number."""
    ...


class Platform:
    """A server with a client service and a device on that, and three agents, of which the last serves nothing."""

    async def start(self, network: Network) -> Platform:
        self.server, self.client, self.device = [await network.board(kind) for kind in ("server", "client", "device")]
        self.to_server = await network.link(self.server, self.client)
        await network.link(self.client, self.device, JOE)
        self.agents: list[Switchboard] = []
        self.links: list[Connection] = []
        for name in ("agent-a", "agent-b", "agent-c"):
            agent = await network.board("agent", name)
            self.links.append(await network.link(self.server, agent))
            self.agents.append(agent)
        return self

    @property
    def boards(self) -> list[Switchboard]:
        return [self.server, self.client, self.device, self.agents[0]]


def told(answers: list[Answer[int]]) -> dict[str, object]:
    """What each answered: the value, or the type of its error."""
    return {answer.service: answer.value if answer.error is None else type(answer.error).__name__ for answer in answers}


async def doubled(number: int) -> int:
    return 2 * number


async def test_each_answers_for_itself_wherever_it_is_asked_from(any_network: Network) -> None:
    platform = await Platform().start(any_network)

    async def reject(number: int) -> int:
        raise Rejected("Not today.")

    platform.agents[0].scope("p").serve(double, doubled, allow=signed_in)
    platform.agents[1].scope("p").serve(double, reject, allow=signed_in)
    for board in platform.boards:
        answers = await board.call_all(double)(21)
        assert told(answers) == {"agent-a": 42, "agent-b": "Rejected", "agent-c": "NoSuchEndpoint"}
        with pytest.raises(Rejected, match="Not today"):
            next(answer for answer in answers if answer.service == "agent-b").value  # noqa: B018


async def test_the_policy_of_each_is_asked_about_who_asks(network: Network) -> None:
    platform = await Platform().start(network)
    platform.agents[0].scope("p").serve(double, doubled, allow=signed_in)
    platform.agents[1].scope("p").serve(double, doubled)
    answers = {answer.service: answer for answer in await platform.device.call_all(double)(1)}
    assert answers["agent-a"].value == 2
    assert isinstance(answers["agent-b"].error, NotAllowed)
    assert "you are joe" in str(answers["agent-b"].error)


async def test_none_connected_is_an_empty_list(network: Network) -> None:
    platform = await Platform().start(network)
    for board in platform.boards:
        assert await board.call_all(double, to="worker")(1) == []
        assert [type(answer.error) for answer in await board.call_all(double, to="agent-b")(1)] == [NoSuchEndpoint]


async def test_there_is_one_server(network: Network) -> None:
    platform = await Platform().start(network)

    async def tripled(number: int) -> int:
        return 3 * number

    platform.server.scope("p").serve(triple, tripled, allow=signed_in)
    for board in platform.boards:
        ((answer),) = await board.call_all(triple)(2)
        assert answer.value == 6
    assert (await platform.server.call_all(triple)(2))[0].service == "server-1"
    with pytest.raises(BadRequest, match="for a kind of service"):
        await platform.device.call_all(triple, to="server-1")(2)


async def test_all_have_one_deadline_and_who_misses_it_is_named(network: Network, autojump_clock: MockClock) -> None:
    platform = await Platform().start(network)
    cancelled = trio.Semaphore(0)

    async def hang(number: int) -> int:
        try:
            await trio.sleep_forever()
        finally:
            cancelled.release()
        raise AssertionError

    for agent, fn in zip(platform.agents, (doubled, hang, hang), strict=True):
        agent.scope("p").serve(double, fn, allow=signed_in)
    for board in platform.boards:
        began = trio.current_time()
        answers = await board.call_all(double, timeout=7)(1)
        assert told(answers) == {"agent-a": 2, "agent-b": "DeadlineExceeded", "agent-c": "DeadlineExceeded"}
        assert trio.current_time() - began == pytest.approx(7)
        await cancelled.acquire()
        await cancelled.acquire()


async def test_one_that_is_lost_meanwhile_is_unavailable(any_network: Network) -> None:
    platform = await Platform().start(any_network)
    began = trio.Event()

    async def hang(number: int) -> int:
        began.set()
        await trio.sleep_forever()
        raise AssertionError

    for agent, fn in zip(platform.agents, (doubled, doubled, hang), strict=True):
        agent.scope("p").serve(double, fn, allow=signed_in)
    for board in platform.server, platform.device:
        began = trio.Event()
        answers: list[Answer[int]] = []

        async def call(board: Switchboard = board, answers: list[Answer[int]] = answers) -> None:
            answers.extend(await board.call_all(double)(1))

        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call)
                await began.wait()
                await platform.links[2].cut()
        assert told(answers) == {"agent-a": 2, "agent-b": 2, "agent-c": "Unavailable"}
        platform.links[2] = await any_network.link(platform.server, platform.agents[2])


async def test_answers_that_came_before_the_link_was_lost_are_kept(network: Network) -> None:
    platform = await Platform().start(network)
    answers: list[Answer[int]] = []

    async def hang(number: int) -> int:
        await trio.sleep_forever()
        raise AssertionError

    for agent, fn in zip(platform.agents, (doubled, hang, hang), strict=True):
        agent.scope("p").serve(double, fn, allow=signed_in)

    async def call() -> None:
        answers.extend(await platform.client.call_all(double)(1))

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await wait_all_tasks_blocked()
            await platform.to_server.cut()
    assert told(answers) == {"agent-a": 2, "agent-b": "Unavailable", "agent-c": "Unavailable"}
    with pytest.raises(Unavailable, match="The server is not connected"):
        await platform.client.call_all(double)(1)


async def test_cancelling_the_caller_cancels_all(any_network: Network) -> None:
    platform = await Platform().start(any_network)
    began, cancelled = trio.Semaphore(0), trio.Semaphore(0)

    async def hang(number: int) -> int:
        try:
            began.release()
            await trio.sleep_forever()
        finally:
            cancelled.release()
        raise AssertionError

    for agent in platform.agents:
        agent.scope("p").serve(double, hang, allow=signed_in)
    for board in platform.server, platform.device:
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(board.call_all(double), 1)
                for _ in platform.agents:
                    await began.acquire()
                nursery.cancel_scope.cancel()
            for _ in platform.agents:
                await cancelled.acquire()


async def test_an_answer_of_another_type_is_an_error_of_that_answer(network: Network) -> None:
    platform = await Platform().start(network)

    @rpc(served_by="agent", name=double.name)
    async def older_double(number: int) -> str: ...

    async def text(number: int) -> str:
        return "two"

    platform.agents[0].scope("p").serve(double, doubled, allow=signed_in)
    platform.agents[1].scope("p").serve(older_double, text, allow=signed_in)
    for board in platform.server, platform.device:
        assert told(await board.call_all(double)(1)) == {
            "agent-a": 2,
            "agent-b": "TupleError",
            "agent-c": "NoSuchEndpoint",
        }


async def test_what_streams_is_not_called_of_all(network: Network) -> None:
    @rpc(served_by="agent")
    async def ticks() -> AsyncIterator[int]: ...

    platform = await Platform().start(network)
    with pytest.raises(PeekError, match="ticks streams"):
        await platform.server.call_all(ticks)()


@pytest.mark.parametrize("to", ["device", "server", "server-1"])
async def test_a_call_of_all_is_for_services_below_the_server(network: Network, to: str) -> None:
    platform = await Platform().start(network)
    port = platform.device._directory.upstream
    assert port is not None
    with pytest.raises(BadRequest, match="for a kind of service"):
        await ask(port, {"k": "call", "m": double.name, "all": 1, "to": to}, b"{}", timeout=5, what="It")


# What the server says, without a link


class Asked:
    """A call of all over a link that records."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.port = Port(RecordingLink("server", "s1"), Timetable(), upstream=True)
        self.outcome: object = None
        nursery.start_soon(self._ask)

    async def _ask(self) -> None:
        try:
            self.outcome = await gather(self.port, {"k": "call", "m": "p.f"}, b"", timeout=5, what="It")
        except PeekError as error:
            self.outcome = error

    async def told(self, *frames: tuple[dict[str, object], bytes]) -> object:
        await wait_all_tasks_blocked()
        for header, body in frames:
            self.port.take(Frame({"i": 1, **header}, body))
        await wait_all_tasks_blocked()
        return self.outcome


async def test_an_end_without_all_answers_is_an_error_of_those_that_are_missing(nursery: trio.Nursery) -> None:
    asked = Asked(nursery)
    outcome = await asked.told(
        ({"k": "item"}, b'["a", "b"]'),
        ({"k": "item", "from": "a"}, b"1"),
        ({"k": "item", "from": "stranger"}, b"2"),
        ({"k": "res"}, b""),
    )
    assert isinstance(outcome, list)
    assert outcome[0] == ("a", b"1")
    assert isinstance(outcome[1][1], RemoteError)


@pytest.mark.parametrize(
    "frames", [[({"k": "res"}, b"")], [({"k": "err", "e": {"type": "NotAllowed", "message": "No."}}, b"")]]
)
async def test_an_end_before_it_is_known_who_was_asked_is_an_error(
    nursery: trio.Nursery, frames: list[tuple[dict[str, object], bytes]]
) -> None:
    assert isinstance(await Asked(nursery).told(*frames), NotAllowed | RemoteError)


async def test_no_answer_at_all_is_a_deadline_and_a_cancel(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    asked = Asked(nursery)
    await trio.sleep(6)
    assert isinstance(asked.outcome, DeadlineExceeded)
    link = asked.port.link
    assert isinstance(link, RecordingLink)
    assert [header["k"] for header in link.headers()] == ["call", "cancel"]
    assert asked.port.calling == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff"])
async def test_a_list_of_ids_that_is_none_closes_the_link(nursery: trio.Nursery, body: bytes) -> None:
    with pytest.raises(FrameError, match="list of the ids"):
        await Asked(nursery).told(({"k": "item"}, body))


def test_an_answer_has_a_value_or_an_error() -> None:
    assert Answer("a", value=1).value == 1
    assert Answer[None]("a").value is None
    with pytest.raises(Rejected):
        Answer[int]("a", Rejected("No.")).value  # noqa: B018
