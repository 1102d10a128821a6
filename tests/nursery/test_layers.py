"""layers: what was started first stops last, whatever ended the block."""

import pytest
import trio
from trio.testing import MockClock

from peek_trio.nursery.layers import layer


class Parts:
    """Parts that write down when they start and when they have stopped."""

    def __init__(self) -> None:
        self.journal: list[str] = []

    async def part(self, name: str, *, task_status: trio.TaskStatus[str]) -> None:
        self.journal.append(f"{name} up")
        task_status.started(name)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            self.journal.append(f"{name} down")


async def test_layers_stop_in_reverse_when_the_block_ends(autojump_clock: MockClock) -> None:
    parts = Parts()
    async with layer(parts.part, "database") as lower, layer(parts.part, "plugins") as upper:
        assert (lower, upper) == ("database", "plugins")
    assert parts.journal == ["database up", "plugins up", "plugins down", "database down"]


async def test_layers_stop_in_reverse_when_they_are_cancelled(autojump_clock: MockClock) -> None:
    parts = Parts()
    with trio.move_on_after(5):
        async with layer(parts.part, "database"), layer(parts.part, "plugins"):
            await trio.sleep_forever()
    assert parts.journal == ["database up", "plugins up", "plugins down", "database down"]


async def test_a_part_that_fails_ends_what_stands_on_it(autojump_clock: MockClock) -> None:
    parts = Parts()

    async def failing(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep(3)
        raise OSError("broke")

    with pytest.RaisesGroup(OSError, flatten_subgroups=True):
        async with layer(failing), layer(parts.part, "plugins"):
            await trio.sleep_forever()
    assert parts.journal == ["plugins up", "plugins down"]


async def test_a_failure_in_the_block_stops_the_layer_and_is_raised(autojump_clock: MockClock) -> None:
    parts = Parts()
    with pytest.RaisesGroup(ValueError, flatten_subgroups=True):
        async with layer(parts.part, "database"):
            raise ValueError("mine")
    assert parts.journal == ["database up", "database down"]


async def test_a_start_can_be_cancelled(autojump_clock: MockClock) -> None:
    async def never_up(*, task_status: trio.TaskStatus[None]) -> None:
        await trio.sleep_forever()

    with trio.move_on_after(2) as patience:
        async with layer(never_up):
            pytest.fail("it is not up")
    assert patience.cancelled_caught
    assert trio.current_time() == pytest.approx(2, abs=0.01)
