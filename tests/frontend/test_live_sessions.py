import attrs
import pytest
import trio

from peek_trio.errors import Unavailable
from peek_trio.frontend.live_sessions import CHECK_INTERVAL, LiveSessions
from peek_trio.security import Principal


@attrs.define(eq=False)
class FakePeer:
    principal: Principal


class FakeLink:
    """As much of a link as a session needs. Real ones are in test_site.py."""

    def __init__(self, principal):
        self.peer = FakePeer(principal)
        self.closed_with = None

    def close(self, code, reason):
        self.closed_with = (code, reason)


@pytest.fixture
def link(register):
    return FakeLink(register.people["maria"])


async def test_ending_a_session_closes_its_links_and_no_other(register, link):
    live = LiveSessions(register)
    other = FakeLink(register.people["maria"])

    with live.hold("one", link), live.hold("two", other):
        assert live.end("one", "You have signed out.") == 1

    assert link.closed_with == (1008, "You have signed out.")
    assert other.closed_with is None


async def test_a_link_that_is_gone_is_forgotten(register, link):
    live = LiveSessions(register)
    with live.hold("one", link):
        pass

    assert live.end("one", "") == 0


async def test_a_session_that_ended_elsewhere_is_found_within_a_minute(register, link, autojump_clock, nursery):
    token = register.begin("maria").token
    live = LiveSessions(register)
    nursery.start_soon(live.watch)
    with live.hold(token, link):
        await trio.sleep(2 * CHECK_INTERVAL)
        assert link.closed_with is None

        await register.sign_out(token)
        await trio.sleep(CHECK_INTERVAL + 1)

    assert link.closed_with == (1008, "Your session has ended. Sign in again.")


async def test_a_person_whose_roles_changed_connects_anew(register, link, autojump_clock, nursery):
    token = register.begin("maria").token
    live = LiveSessions(register)
    nursery.start_soon(live.watch)
    with live.hold(token, link):
        register.people["maria"] = Principal("person", "maria", "Maria", frozenset({"admin"}))
        await trio.sleep(CHECK_INTERVAL + 1)

    assert link.closed_with[0] == 1012


async def test_nobody_is_sent_away_while_the_authority_cannot_be_asked(register, link, autojump_clock, nursery):
    token = register.begin("maria").token
    live = LiveSessions(register)
    nursery.start_soon(live.watch)
    register.failing = Unavailable("The server is not connected.")
    with live.hold(token, link):
        await trio.sleep(3 * CHECK_INTERVAL)

    assert link.closed_with is None


async def test_a_check_can_be_asked_for(register, link, nursery):
    live = LiveSessions(register)
    nursery.start_soon(live.watch)
    with live.hold("ended", link):
        live.check_soon()
        await trio.testing.wait_all_tasks_blocked()

    assert link.closed_with[0] == 1008
