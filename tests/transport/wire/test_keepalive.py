"""When a peer is asked, and when it is given up."""

from peek_trio.transport.wire import LinkTiming
from peek_trio.transport.wire.keepalive import Keepalive

TIMING = LinkTiming(idle=15, answer=10)


def test_a_peer_that_talks_is_never_asked():
    keepalive = Keepalive(TIMING, 0)
    for second in range(0, 100, 14):
        keepalive.heard(second)
        assert keepalive.step(second + 14) == ("wait", second + 15)


def test_a_silent_peer_is_asked_once_and_then_gone():
    keepalive = Keepalive(TIMING, 0)
    assert keepalive.step(15) == ("ping", 25)
    assert keepalive.step(20) == ("wait", 25)
    assert keepalive.step(25) == ("gone", 25)


def test_an_answer_begins_the_watch_anew():
    keepalive = Keepalive(TIMING, 0)
    keepalive.step(15)
    keepalive.heard(16)
    assert keepalive.step(25) == ("wait", 31)
    assert keepalive.step(31) == ("ping", 41)
    assert keepalive.asked == 2


def test_a_peer_is_gone_within_25_seconds_and_a_device_within_20():
    assert LinkTiming.SERVICE.idle + LinkTiming.SERVICE.answer == 25
    assert LinkTiming.DEVICE.idle + LinkTiming.DEVICE.answer == 20
