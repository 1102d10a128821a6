"""remote_authority: sessions on a client service, by the word of the server, and by memory while it is away."""

from datetime import UTC, datetime

import attrs
import pytest
import trio
from trio.testing import MockClock

from peek_trio.errors import Rejected, Unavailable
from peek_trio.nursery.remote_authority import FRESH, KEPT_WHILE_AWAY, RemoteAuthority, ResolvedSessions
from peek_trio.nursery.session_endpoints import serve_sessions
from peek_trio.security import Principal, Session, SignInRefused
from peek_trio.transport import Switchboard

ANN = Principal("person", "ann", "Ann Lee", frozenset({"dispatcher"}))
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@attrs.define
class FakeAccounts:
    """An authority that knows Ann; `tests/nursery/test_up.py` has the real one."""

    asked: int = 0
    ended: bool = False
    passwords: list[str] = attrs.field(factory=list)

    async def sign_in(self, name: str, password: str) -> Session:
        if password != "right":
            raise SignInRefused("The name or the password is not right.", after=4.0)
        return Session("token-1", ANN, LATER)

    async def redeem(self, code: str) -> Session:
        return await self.sign_in("ann", code)

    async def resolve(self, token: str) -> Principal | None:
        self.asked += 1
        return ANN if token == "token-1" and not self.ended else None

    async def sign_out(self, token: str) -> None:
        self.ended = True

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        if current != "right":
            raise SignInRefused("The current password is not right.")
        if len(new) < 12:
            raise Rejected("A password has at least 12 characters.")
        self.passwords.append(new)


Boards = tuple[Switchboard, Switchboard]


@pytest.fixture
def accounts(boards: Boards) -> FakeAccounts:
    accounts = FakeAccounts()
    serve_sessions(boards[0].scope("peek"), accounts)
    return accounts


@pytest.fixture
def authority(boards: Boards, accounts: FakeAccounts) -> RemoteAuthority:
    return RemoteAuthority(boards[1])


def cut(boards: Boards) -> None:
    boards[1].disconnect(lambda peer: True, 1000, "cut by a test")


async def test_a_sign_in_is_the_servers_to_grant(authority: RemoteAuthority) -> None:
    session = await authority.sign_in("ann", "right")
    assert session == Session("token-1", ANN, LATER)


async def test_a_refusal_keeps_its_words_and_its_wait(authority: RemoteAuthority) -> None:
    with pytest.raises(SignInRefused, match="The name or the password is not right") as refused:
        await authority.sign_in("ann", "wrong")
    assert refused.value.after == 4.0


async def test_a_code_is_redeemed_by_the_server(authority: RemoteAuthority) -> None:
    assert (await authority.redeem("right")).principal == ANN
    with pytest.raises(SignInRefused):
        await authority.redeem("wrong")


async def test_an_answer_counts_for_a_minute(
    autojump_clock: MockClock, authority: RemoteAuthority, accounts: FakeAccounts
) -> None:
    for _ in range(3):
        assert await authority.resolve("token-1") == ANN
    assert accounts.asked == 1
    await trio.sleep(FRESH + 1)
    assert await authority.resolve("token-1") == ANN
    assert accounts.asked == 2


async def test_an_unknown_token_is_nobody(authority: RemoteAuthority) -> None:
    assert await authority.resolve("token-2") is None


async def test_who_was_known_stays_so_for_hours_while_the_server_is_away(
    autojump_clock: MockClock, boards: Boards, authority: RemoteAuthority
) -> None:
    await authority.resolve("token-1")
    cut(boards)
    await trio.sleep(KEPT_WHILE_AWAY - 60)
    assert await authority.resolve("token-1") == ANN
    await trio.sleep(120)
    with pytest.raises(Unavailable, match="The server cannot be reached just now to check your sign-in"):
        await authority.resolve("token-1")


async def test_nobody_signs_in_while_the_server_is_away(boards: Boards, authority: RemoteAuthority) -> None:
    cut(boards)
    with pytest.raises(Unavailable, match="The server cannot be reached just now to sign you in"):
        await authority.sign_in("ann", "right")


async def test_a_session_that_ended_is_forgotten(
    autojump_clock: MockClock, authority: RemoteAuthority, accounts: FakeAccounts
) -> None:
    await authority.resolve("token-1")
    accounts.ended = True
    await trio.sleep(FRESH + 1)
    assert await authority.resolve("token-1") is None


async def test_a_sign_out_holds_here_at_once(authority: RemoteAuthority, accounts: FakeAccounts) -> None:
    await authority.resolve("token-1")
    await authority.sign_out("token-1")
    assert accounts.ended
    assert await authority.resolve("token-1") is None


async def test_a_person_whose_sessions_ended_is_asked_about_again(
    authority: RemoteAuthority, accounts: FakeAccounts
) -> None:
    await authority.resolve("token-1")
    authority.forget_person("ann")
    await authority.resolve("token-1")
    assert accounts.asked == 2


async def test_a_password_is_changed_or_refused_in_the_servers_words(
    authority: RemoteAuthority, accounts: FakeAccounts
) -> None:
    await authority.change_password("token-1", "right", "correct horse battery")
    assert accounts.passwords == ["correct horse battery"]
    with pytest.raises(SignInRefused, match="The current password is not right"):
        await authority.change_password("token-1", "wrong", "correct horse battery")
    with pytest.raises(Rejected, match="at least 12 characters"):
        await authority.change_password("token-1", "right", "short")


def test_memory_is_bounded_and_forgets_the_least_used() -> None:
    sessions = ResolvedSessions(most=2)
    for token in ("a", "b"):
        sessions.remember(token, ANN, now=0)
    sessions.find("a", now=0, not_older_than=1)
    sessions.remember("c", ANN, now=0)
    assert [sessions.find(token, now=0, not_older_than=1) is not None for token in "abc"] == [True, False, True]
