"""A link seen as its exchanges."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import Unavailable
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.exchange import Port
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame
from tests.transport.recorder import RecordingLink


class Open:
    """An exchange that the peer opened and nobody answers yet."""

    def cancel(self) -> None: ...

    def more(self, count: int) -> None: ...


class Watched:
    """A subscription of this side, which stays open."""

    def take(self, frame: Frame) -> bool:
        return False

    def lost(self, error: Unavailable) -> None: ...


async def test_a_port_is_crowded_when_another_frame_is_about_to_follow(nursery: trio.Nursery) -> None:
    port = Port(RecordingLink("server"), Timetable())
    assert not port.crowded()

    port.open(Watched())
    assert not port.crowded()

    for crowded in (False, True):
        nursery.start_soon(lambda: ask(port, {"k": "call", "m": "test.add"}, b"", timeout=60, what="Calling test.add"))
        await wait_all_tasks_blocked()
        assert port.crowded() is crowded
    nursery.cancel_scope.cancel()


def test_whoever_answers_the_last_exchange_need_not_wait_for_others() -> None:
    port = Port(RecordingLink(), Timetable())
    one, other = Open(), Open()
    port.answer_begins(1, one)
    port.answer_begins(2, other)
    port.answer_ends(1, one)
    assert port.crowded()
    port.answer_ends(2, other)
    assert not port.crowded()


async def test_an_answer_in_the_instant_of_the_deadline_does_not_replace_it(nursery: trio.Nursery) -> None:
    link, timetable = RecordingLink("server"), Timetable()
    port = Port(link, timetable)
    errors: list[str] = []

    async def call() -> None:
        try:
            await ask(port, {"k": "call", "m": "test.add"}, b"", timeout=5, what="Calling test.add")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is looked at below
            errors.append(str(error))

    nursery.start_soon(call)
    await wait_all_tasks_blocked()
    timetable.run_due(trio.current_time() + 10)
    port.take(Frame({"k": "err", "i": 1, "e": {"type": "Unavailable", "message": "too late to matter"}}))
    await wait_all_tasks_blocked()
    assert errors == ["Calling test.add took longer than 5 s."]
    assert [header["k"] for header in link.headers()] == ["call"]
