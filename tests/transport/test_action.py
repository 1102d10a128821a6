"""Actions: answers, order, and what happens when a handler fails or goes."""

from __future__ import annotations

import logging
from functools import partial

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import (
    Conflict,
    DatabaseUnavailable,
    DeadlineExceeded,
    PeekError,
    Rejected,
    RemoteError,
    Unavailable,
)
from peek_trio.security import NOBODY, Principal, admin, signed_in
from peek_trio.transport import ActionRequest, ActionResult, Scope, Switchboard
from peek_trio.transport.action import MOST_WAITING
from peek_trio.transport.acts import ack_frame, read_ack
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleRegistry
from tests.transport.network import JOE, Network, Reading, SetValue

MADE = "2026-01-01T00:00:00+00:00"


class Recorder:
    """A handler that writes down what it applies, and waits when it is told to."""

    def __init__(self) -> None:
        self.applied: list[ActionRequest] = []
        self.gates: dict[int, trio.Event] = {}
        self.error: Exception | None = None

    async def apply(self, request: ActionRequest) -> ActionResult:
        assert isinstance(request.action, SetValue)
        if (gate := self.gates.get(request.action.value)) is not None:
            await gate.wait()
        if self.error is not None:
            raise self.error
        self.applied.append(request)
        return ActionResult("applied", result={"now": request.action.value})

    def values(self) -> list[int]:
        return [request.action.value for request in self.applied]  # type: ignore[attr-defined]


async def handled(network: Network, principal: Principal = JOE) -> tuple[Switchboard, Switchboard, Scope, Recorder]:
    server, device, recorder = await network.board("server"), await network.board("device"), Recorder()
    await network.link(server, device, principal)
    scope = server.scope("the plugin")
    scope.handle(SetValue, recorder.apply, allow=signed_in)
    return server, device, scope, recorder


async def test_an_action_is_applied_and_its_result_comes_back(any_network: Network) -> None:
    _, device, _, recorder = await handled(any_network)
    result = await device.act(SetValue("a", 3), key="meters")
    assert (result.status, result.result) == ("applied", {"now": 3})
    (request,) = recorder.applied
    assert request.action == SetValue("a", 3)
    assert request.device.startswith(
        "device-1."
    )  # numbers begin anew with every life of a service, so each is another device
    assert (request.key, request.seq, request.principal) == ("meters", 1, JOE)
    assert request.made.tzinfo is not None


async def test_the_sequence_counts_within_a_key(network: Network) -> None:
    _, device, _, recorder = await handled(network)
    for key in ("x", "y", "x"):
        await device.act(SetValue("a", 1), key=key)
    assert [(request.key, request.seq) for request in recorder.applied] == [("x", 1), ("y", 1), ("x", 2)]
    assert len({request.id for request in recorder.applied}) == 3


async def test_a_service_applies_its_own_actions_without_a_link(network: Network) -> None:
    server, _, _, recorder = await handled(network)
    assert (await server.act(SetValue("a", 3))).result == {"now": 3}
    assert recorder.applied[0].principal == server.principal


async def test_an_action_reaches_the_server_through_a_client_service(any_network: Network) -> None:
    server, client, device = [await any_network.board(kind) for kind in ("server", "client", "device")]
    recorder = Recorder()
    server.scope("p").handle(SetValue, recorder.apply, allow=signed_in)
    await any_network.link(server, client)
    await any_network.link(client, device, JOE)
    assert (await device.act(SetValue("a", 3))).status == "applied"
    assert recorder.applied[0].principal == JOE


async def test_actions_of_one_key_are_applied_one_at_a_time_in_order(network: Network) -> None:
    _, device, _, recorder = await handled(network)
    recorder.gates[1] = trio.Event()
    async with trio.open_nursery() as nursery:
        for value in (1, 2, 3):
            nursery.start_soon(act, device, value, "one")
            await wait_all_tasks_blocked()
        nursery.start_soon(act, device, 4, "other")
        await wait_all_tasks_blocked()
        assert recorder.values() == [4]
        recorder.gates[1].set()
    assert recorder.values() == [4, 1, 2, 3]


async def act(board: Switchboard, value: int, key: str) -> None:
    assert (await board.act(SetValue("a", value), key=key)).status == "applied"


@pytest.mark.parametrize("error", [Rejected("The breaker is locked."), Conflict("Somebody was faster.")])
async def test_a_refusal_is_rejected_with_its_sentence(network: Network, error: PeekError) -> None:
    server, device, _, recorder = await handled(network)
    recorder.error = error
    for board in (device, server):
        assert await board.act(SetValue("a", 1)) == ActionResult("rejected", str(error))


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("No database."), Unavailable("No agent."), DeadlineExceeded("Late.")]
)
async def test_what_is_out_of_reach_just_now_is_to_be_sent_again(
    network: Network, error: PeekError, caplog: pytest.LogCaptureFixture
) -> None:
    _, device, _, recorder = await handled(network)
    recorder.error = error
    with caplog.at_level(logging.INFO, logger="peek_trio"):
        assert await device.act(SetValue("a", 1)) == ActionResult("retry", str(error), after=5.0)
    assert caplog.records[-1].levelname == "INFO"  # the device is told, and will be until it works


async def test_a_handler_that_crashes_is_logged_and_the_action_sent_again(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    _, device, _, recorder = await handled(network)
    recorder.error = ZeroDivisionError("a secret number")
    with caplog.at_level(logging.ERROR, logger="peek_trio"):
        result = await device.act(SetValue("a", 1))
    assert (result.status, result.after) == ("retry", 5.0)
    assert "secret" not in result.message
    assert caplog.records[-1].exc_info is not None


async def test_a_handler_that_takes_too_long_is_cut_short(network: Network, autojump_clock: MockClock) -> None:
    _, device, _, recorder = await handled(network)
    recorder.gates[1] = trio.Event()
    result = await device.act(SetValue("a", 1), timeout=100)
    assert (result.status, result.after) == ("retry", 5.0)


async def test_the_caller_of_act_has_a_deadline(network: Network, autojump_clock: MockClock) -> None:
    server, device, _, recorder = await handled(network)
    recorder.gates[1] = trio.Event()
    for board in (device, server):
        with pytest.raises(DeadlineExceeded, match=r"Applying test\.SetValue took longer than 10 s"):
            await board.act(SetValue("a", 1), timeout=10)


async def test_an_action_that_nobody_handles_is_rejected(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    for board in (device, server):
        result = await board.act(SetValue("a", 1))
        assert result == ActionResult("rejected", "No plugin on this service handles test.SetValue.")


async def test_an_action_for_a_plugin_that_failed_is_kept_until_it_runs(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    server.actions.plugin_runs("test", False)
    for board in (device, server):
        result = await board.act(SetValue("a", 1))
        assert result == ActionResult(
            "retry", "The plugin that handles test.SetValue does not run just now.", after=5.0
        )
    server.actions.plugin_runs("test", True)
    assert (await device.act(SetValue("a", 1))).status == "rejected"


async def test_while_its_plugin_restarts_an_action_is_to_be_sent_again(network: Network) -> None:
    server, device, scope, recorder = await handled(network)
    scope.close()
    for board in (device, server):
        assert (await board.act(SetValue("a", 1))).status == "retry"
    server.scope("the plugin").handle(SetValue, recorder.apply, allow=signed_in)
    assert (await device.act(SetValue("a", 1))).status == "applied"


async def test_a_plugin_that_stops_in_the_middle_answers_retry(network: Network) -> None:
    _, device, scope, recorder = await handled(network)
    recorder.gates[1] = trio.Event()
    results: list[str] = []

    async def act_once() -> None:
        results.append((await device.act(SetValue("a", 1))).status)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(act_once)
            nursery.start_soon(act_once)
            await wait_all_tasks_blocked()
            scope.close()
    assert results == ["retry", "retry"]
    assert recorder.applied == []


async def test_whoever_is_not_signed_in_is_told_to(network: Network) -> None:
    _, device, _, _ = await handled(network, NOBODY)
    result = await device.act(SetValue("a", 1))
    assert result.status == "sign-in"
    assert "you are not signed in" in result.message


async def test_whoever_may_not_is_rejected(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    server.scope("p").handle(SetValue, Recorder().apply, allow=admin)
    result = await device.act(SetValue("a", 1))
    assert result.status == "rejected"
    assert 'needs the role "admin"; you are joe' in result.message


async def test_without_a_link_an_action_is_to_be_sent_again(network: Network) -> None:
    device = await network.board("device")
    assert await device.act(SetValue("a", 1)) == ActionResult("retry", "The server is not connected.", after=5.0)


async def test_a_link_lost_in_the_middle_is_retry_and_a_relayed_one_too(network: Network) -> None:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    recorder = Recorder()
    recorder.gates[1] = trio.Event()
    server.scope("p").handle(SetValue, recorder.apply, allow=signed_in)
    uplink = await network.link(server, client)
    await network.link(client, device, JOE)
    results: list[ActionResult] = []

    async def act_on(board: Switchboard) -> None:
        results.append(await board.act(SetValue("a", 1)))

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(act_on, client)
            nursery.start_soon(act_on, device)
            await wait_all_tasks_blocked()
            await uplink.cut()
    assert [result.status for result in results] == ["retry", "retry"]
    assert all("was lost" in result.message for result in results)
    assert (await device.act(SetValue("a", 1))).status == "retry"


async def test_an_action_whose_device_left_before_its_turn_waits_for_its_resend(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    recorder = Recorder()
    recorder.gates[1] = trio.Event()
    server.scope("p").handle(SetValue, recorder.apply, allow=signed_in)
    connection = await network.link(server, device, JOE)
    async with trio.open_nursery() as nursery:
        for value in (1, 2):
            nursery.start_soon(device.act, SetValue("a", value))
            await wait_all_tasks_blocked()
        await connection.cut()
        recorder.gates[1].set()
    await wait_all_tasks_blocked()
    assert recorder.values() == [1]


async def raw_act(device: Switchboard, body: bytes, **header: object) -> Frame:
    """Sends an act as another implementation might."""
    port = device._directory.upstream
    assert port is not None
    frame = {
        "k": "act",
        "i": 0,
        "t": "test.SetValue",
        "id": "1",
        "dev": "d",
        "seq": 1,
        "key": "",
        "made": MADE,
        **header,
    }
    return await ask(port, frame, body, timeout=5, what="It")


async def test_data_that_does_not_fit_is_rejected_with_its_path(network: Network) -> None:
    _, device, _, recorder = await handled(network)
    answer = await raw_act(device, b'{"meter": "a", "value": "3"}')
    assert answer.header["status"] == "rejected"
    assert "$.value" in answer.header["message"]
    assert recorder.applied == []


@pytest.mark.parametrize(
    "header",
    [{"seq": 0}, {"seq": "1"}, {"made": "yesterday"}, {"made": "2026-01-01T00:00:00"}, {"id": None}, {"key": 1}],
)
async def test_a_header_that_is_not_an_acts_closes_the_link(network: Network, header: dict[str, object]) -> None:
    _, device, _, _ = await handled(network)
    with pytest.raises(Unavailable, match="was lost"):
        await raw_act(device, b"{}", **header)


async def test_a_result_that_cannot_travel_does_not_undo_what_was_applied(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def apply(request: ActionRequest) -> ActionResult:
        return ActionResult("applied", result=object())

    server.scope("p").handle(SetValue, apply, allow=signed_in)
    with caplog.at_level(logging.ERROR, logger="peek_trio"):
        assert await device.act(SetValue("a", 1)) == ActionResult("applied")
    assert "its result cannot travel" in caplog.text


async def test_a_result_that_is_encoded_already_travels_as_it_is(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def apply(request: ActionRequest) -> ActionResult:
        return ActionResult("applied", encoded=b"[1,  2]")

    server.scope("p").handle(SetValue, apply, allow=signed_in)
    result = await device.act(SetValue("a", 1))
    assert (result.result, result.encoded) == ([1, 2], b"[1,  2]")


async def test_a_lane_is_bounded(network: Network) -> None:
    server, _, _, recorder = await handled(network)
    recorder.gates[1] = trio.Event()
    statuses: list[str] = []

    async def act_once(value: int) -> None:
        statuses.append((await server.act(SetValue("a", value), key="one")).status)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(act_once, 1)
        await wait_all_tasks_blocked()
        for _ in range(MOST_WAITING + 4):
            nursery.start_soon(act_once, 2)
        await wait_all_tasks_blocked()
        assert statuses == ["retry"] * 5
        recorder.gates[1].set()
    assert statuses.count("applied") == MOST_WAITING


async def test_two_plugins_cannot_handle_one_type(network: Network) -> None:
    server, _, _, recorder = await handled(network)
    with pytest.raises(PeekError, match=r"other cannot handle test\.SetValue: the plugin already does"):
        server.scope("other").handle(SetValue, recorder.apply, allow=signed_in)


class Book:
    """A keeper that writes down what it is told."""

    def __init__(self) -> None:
        self.refused: list[tuple[int, str]] = []
        self.runs: list[tuple[int, str]] = []
        self.hangs = False

    async def refuse(self, request: ActionRequest, why: str) -> ActionResult:
        self.refused.append((request.seq, why))
        return ActionResult("rejected", why)

    async def ran(self, request: ActionRequest, result: ActionResult) -> ActionResult:
        if self.hangs:
            await trio.sleep_forever()
        self.runs.append((request.seq, result.status))
        return attrs.evolve(result, repeated=len(self.runs) > 1)


async def test_what_is_refused_without_a_handler_is_kept_in_its_turn(network: Network) -> None:
    server, device, _, recorder = await handled(network)
    server.actions.keeper = book = Book()
    recorder.gates[1] = trio.Event()
    misfit = b'{"meter": "a", "value": "3"}'
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raw_act, device, b'{"meter": "a", "value": 1}')
        await wait_all_tasks_blocked()
        nursery.start_soon(partial(raw_act, device, misfit, id="2", seq=2))
        nursery.start_soon(partial(raw_act, device, misfit, id="3", seq=3, key="another"))
        await wait_all_tasks_blocked()
        assert [seq for seq, _ in book.refused] == [3]
        recorder.gates[1].set()
    assert [seq for seq, _ in book.refused] == [3, 2]
    assert book.runs == []  # the handler of what is applied keeps receipts by itself


async def test_what_nobody_in_particular_sends_is_not_kept_when_it_is_refused(network: Network) -> None:
    server, device, _, _ = await handled(network, NOBODY)
    server.actions.keeper = book = Book()
    assert (await device.act(SetValue("a", 1))).status == "sign-in"
    assert (await raw_act(device, b"{}", t="test.Unknown")).header["status"] == "rejected"
    assert book.refused == []


async def test_what_has_no_receipt_is_written_down_and_its_answer_says_whether_it_ran_before(network: Network) -> None:
    server, device, _, _ = await handled(network)
    server.actions.keeper = book = Book()
    request = device.request(Reading("a", 1))

    async def apply(request: ActionRequest) -> ActionResult:
        if isinstance(request.action, Reading) and request.action.value > 1:
            raise Conflict("Somebody was faster.")
        return ActionResult("applied")

    server.scope("p").handle(Reading, apply, allow=signed_in, once=False)
    assert [(await device.send(request)).repeated for _ in range(2)] == [False, True]
    assert (await device.act(Reading("a", 2))).status == "rejected"
    assert book.runs == [(1, "applied"), (1, "applied"), (2, "rejected")]


async def test_a_record_that_takes_too_long_does_not_keep_the_answer(
    network: Network, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    server, device, _, _ = await handled(network)
    server.actions.keeper = book = Book()
    book.hangs = True
    server.scope("p").handle(Reading, applied, allow=signed_in, once=False)
    assert (await device.act(Reading("a", 1))).status == "applied"
    assert "took too long to write down" in caplog.text


async def applied(request: ActionRequest) -> ActionResult:
    return ActionResult("applied")


@pytest.mark.parametrize(
    "result",
    [
        ActionResult("applied", tx=2**63, repeated=True, missing=(2, 3)),
        ActionResult("retry", "Passed.", after=0.0, expected=8),
        ActionResult("sign-in", "Who are you?"),
    ],
)
def test_an_ack_says_all_that_a_result_has(result: ActionResult) -> None:
    codec = TupleRegistry().codec
    assert read_ack(codec, ack_frame(codec, 5, result)) == result


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"status": "perhaps"},
        {"status": "applied", "message": 5},
        {"status": "applied", "tx": "many"},
        {"status": "applied", "missing": [1]},
        {"status": "applied", "missing": 5},
        {"status": "retry", "after": "soon"},
        {"status": "retry", "expected": "next"},
    ],
)
def test_what_is_no_ack_is_an_error_of_the_other_side(header: dict[str, object]) -> None:
    with pytest.raises(RemoteError, match="which is no answer"):
        read_ack(TupleRegistry().codec, Frame({"k": "ack", "i": 1, **header}))


async def test_a_number_that_was_passed_is_replaced_and_those_made_later_follow_it(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    seen: list[int] = []

    async def apply(request: ActionRequest) -> ActionResult:
        seen.append(request.seq)
        return ActionResult("applied") if request.seq >= 8 else ActionResult("retry", "Passed.", after=0.0, expected=8)

    server.scope("p").handle(SetValue, apply, allow=signed_in)
    assert (await device.act(SetValue("a", 1))).status == "applied"
    assert (await device.act(SetValue("a", 1))).status == "applied"
    assert seen == [1, 8, 9]


async def test_a_number_that_is_passed_again_and_again_ends_with_the_deadline(
    network: Network, autojump_clock: MockClock
) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def apply(request: ActionRequest) -> ActionResult:
        await trio.sleep(1)
        return ActionResult("retry", "Passed.", after=0.0, expected=request.seq + 1)

    server.scope("p").handle(SetValue, apply, allow=signed_in)
    with pytest.raises(DeadlineExceeded):
        await device.act(SetValue("a", 1), timeout=4.5)


async def test_without_a_link_no_number_is_used_up(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    recorder = Recorder()
    server.scope("p").handle(SetValue, recorder.apply, allow=signed_in)
    assert (await device.act(SetValue("a", 1))).status == "retry"
    await network.link(server, device, JOE)
    assert (await device.act(SetValue("a", 1))).status == "applied"
    assert recorder.applied[0].seq == 1
