"""Everything that can be made to go wrong on a link: it goes wrong as its sentence says, and is well again when it is taken back."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from peek_trio.errors import LinkLost, Unavailable
from tests.testing.conftest import Count, Raise, Running, double, think


async def test_a_cut_loses_what_is_under_way_and_the_device_dials_again(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.delay(1.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(phone.act, Raise(1))
            await trio.sleep(0.5)
            phone.link.cut()
            await phone.link.down(within=0.1)
        await phone.link.up()
        assert counter.raised == []
        assert len(phone.link.came_up_at) == 2


async def test_a_cut_after_a_frame_lets_it_arrive(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.cut(after=1, towards="server")
        result = await phone.act(Raise(1))
        assert result.status == "retry"  # it cannot know
        await phone.link.up()
        assert counter.raised == [1]


async def test_a_cut_before_a_frame_loses_it(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.cut(before=1, towards="server")
        assert (await phone.act(Raise(1))).status == "retry"
        await phone.link.up()
        assert counter.raised == []


async def test_frames_are_counted_one_by_one_also_when_they_travel_together(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device(linked=False)
        phone.link.cut(after=3, towards="server")  # the hello, and two of the taps that left in one message
        phone.link.plug_in()
        await phone.link.up()
        async with trio.open_nursery() as nursery:
            for number in range(1, 5):
                nursery.start_soon(lambda number=number: phone.act(Raise(number), key=str(number)))
        await phone.link.up()
        assert len(counter.raised) == 2


async def test_a_cut_happens_once(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        phone.link.cut(after=1, towards="server")
        with pytest.raises(Unavailable):
            await phone.call(double, 1)
        await phone.link.up()
        for number in range(10):
            assert await phone.call(double, number) == 2 * number
        assert len(phone.link.came_up_at) == 2
        await phone.link.was_cut()
        with pytest.raises(AssertionError, match="Within 5 s the link of device-1 was cut 1 times, not 2"):
            await phone.link.was_cut(2, within=5)


@pytest.mark.parametrize("wrong", [{"after": 0, "before": 1}, {"before": 0}, {"after": -1}])
async def test_a_cut_that_makes_no_sense_is_refused(
    counting: Running, wrong: dict[str, int], autojump_clock: MockClock
) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        with pytest.raises(ValueError, match="cut after or before a frame, the first of which is 1"):
            phone.link.cut(**wrong)


async def test_a_way_that_does_not_exist_is_told_with_those_that_do(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        with pytest.raises(ValueError, match='leads towards server or device, not towards "client"'):
            phone.link.delay(1.0, towards="client")
        with pytest.raises(ValueError, match="towards server or client"):
            peek.client.link.delay(1.0, towards="device")


async def test_a_delay_is_as_long_as_it_says_each_way(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        began = trio.current_time()
        phone.link.delay(0.2)
        await phone.call(double, 1)
        assert trio.current_time() - began == pytest.approx(0.4)
        phone.link.delay(0.0)
        phone.link.delay(0.3, towards="device")
        began = trio.current_time()
        await phone.call(double, 1)
        assert trio.current_time() - began == pytest.approx(0.3)


async def test_messages_of_one_link_keep_their_order_whatever_the_delay(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.delay(0.0, up_to=1.0)
        async with trio.open_nursery() as nursery:
            for number in range(1, 30):
                nursery.start_soon(phone.act, Raise(number))
                await trio.sleep(0.01)
        assert counter.raised == list(range(1, 30))


async def test_links_overtake_each_other_when_they_are_reordered(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client", seed=5) as (peek, counter):
        phones = await peek.devices(10)
        peek.reorder(phones, within=1.0)
        async with trio.open_nursery() as nursery:
            for number, phone in enumerate(phones, start=1):
                nursery.start_soon(phone.act, Raise(number))
                await trio.sleep(0.01)
        assert sorted(counter.raised) == list(range(1, 11))
        assert counter.raised != sorted(counter.raised)


async def test_a_black_hole_is_noticed_by_nobody_until_the_keepalive_does(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        phone.link.black_hole()
        began = trio.current_time()
        await phone.link.down(within=30)
        assert 10 <= trio.current_time() - began <= 25
        phone.link.restore()
        await phone.link.up(within=1)


async def test_a_short_black_hole_loses_nothing(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.black_hole()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(phone.act, Raise(1))
            await trio.sleep(5)
            assert counter.raised == []
            phone.link.restore()
        assert counter.raised == [1]
        assert len(phone.link.came_up_at) == 1


async def test_without_a_network_a_device_knows_it_and_returns_with_it(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        phone.link.unplug()
        await phone.link.down(within=0.1)
        await trio.sleep(600)
        assert not phone.link.is_up
        phone.link.restore()
        await phone.link.up(within=0.1)


async def test_who_stops_reading_still_sends(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.stop_reading()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(phone.act, Raise(1))
            await trio.sleep(2)
            assert counter.raised == [1]
            phone.link.resume_reading()
        assert len(phone.link.came_up_at) == 1


async def test_a_message_that_arrives_twice_costs_the_link_and_does_nothing_twice(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.duplicate(towards="server")
        travelled = peek.record()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(phone.tap, Raise(1))
            await phone.link.down()
            phone.link.restore()
        assert [delivery.kinds for delivery in travelled if delivery.towards == "server"][:2] == [["act"], ["act"]]
        assert counter.raised == [1]
        assert (await phone.latest(Count)).rows == [Count(1)]


async def test_restore_takes_every_fault_back(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        phone.link.delay(5.0)
        phone.link.duplicate(every=2)
        phone.link.cut(after=2)
        phone.link.stop_reading()
        phone.link.restore()
        began = trio.current_time()
        for number in range(5):
            assert await phone.call(double, number) == 2 * number
        assert trio.current_time() - began < 0.1
        assert len(phone.link.came_up_at) == 1


async def test_faults_last_over_a_redial(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        phone.link.delay(0.5)
        phone.link.cut()
        await phone.link.down()
        await phone.link.up()
        began = trio.current_time()
        await phone.call(double, 1)
        assert trio.current_time() - began == pytest.approx(1.0)


async def test_what_does_not_happen_in_time_is_told(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        with pytest.raises(AssertionError, match="The link of device-1 was not down within 2 s"):
            await phone.link.down(within=2)
        phone.link.unplug()
        await phone.link.down()
        with pytest.raises(AssertionError, match="The link of device-1 was not up within 2 s"):
            await phone.link.up(within=2)


async def test_a_link_tells_its_statistics_once_there_was_one(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device(linked=False)
        with pytest.raises(LinkLost, match="device-1 was never linked"):
            phone.link.statistics()
        phone.link.restore()
        await phone.link.up()
        await phone.call(double, 1)
        assert phone.link.statistics().frames_sent == 1


async def test_calls_in_flight_fail_at_once_when_the_link_is_cut(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut_after, phone, 2.0)
            with pytest.raises(Unavailable):
                await phone.call(think, 20.0)
        assert trio.current_time() - began < 2.1


async def cut_after(phone: object, seconds: float) -> None:
    await trio.sleep(seconds)
    phone.link.cut()  # type: ignore[attr-defined]
