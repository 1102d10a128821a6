"""A session that ends while the server's word about it is on its way to a client service."""

from __future__ import annotations

from datetime import UTC, datetime

import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.nursery.remote_authority import RemoteAuthority
from peek_trio.nursery.session_endpoints import serve_sessions
from peek_trio.security import Principal, Session
from peek_trio.transport import Switchboard

ANN = Principal("person", "ann", "Ann Lee", frozenset({"dispatcher"}))
LATER = datetime(2027, 1, 1, tzinfo=UTC)


class SlowAccounts:
    """An authority that has read its database, and answers when the test lets it."""

    def __init__(self) -> None:
        self.ended = False
        self.gate = trio.Event()
        self.asked = 0

    async def sign_in(self, name: str, password: str) -> Session:
        session = Session("token-1", ANN, LATER)
        await self.gate.wait()
        return session

    async def redeem(self, code: str) -> Session:
        return await self.sign_in("ann", code)

    async def resolve(self, token: str) -> Principal | None:
        self.asked += 1
        found = None if self.ended else ANN
        await self.gate.wait()
        return found

    async def sign_out(self, token: str) -> None:
        self.ended = True

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        self.ended = True


async def test_an_answer_that_was_overtaken_by_the_sessions_end_is_not_believed(
    boards: tuple[Switchboard, Switchboard], nursery: trio.Nursery
) -> None:
    accounts = SlowAccounts()
    serve_sessions(boards[0].scope("peek"), accounts)
    authority = RemoteAuthority(boards[1])
    answers: list[Principal | None] = []

    async def resolve() -> None:
        answers.append(await authority.resolve("token-1"))

    async with trio.open_nursery() as asking:
        asking.start_soon(resolve)
        await wait_all_tasks_blocked()
        accounts.ended = True
        authority.forget_person("ann")  # the server's word that it has ended is here before the answer
        accounts.gate.set()
    assert answers == [None]
    assert await authority.resolve("token-1") is None


async def test_a_sign_in_that_was_overtaken_is_not_remembered(boards: tuple[Switchboard, Switchboard]) -> None:
    accounts = SlowAccounts()
    serve_sessions(boards[0].scope("peek"), accounts)
    authority = RemoteAuthority(boards[1])
    async with trio.open_nursery() as signing_in:
        signing_in.start_soon(authority.sign_in, "ann", "right")
        await wait_all_tasks_blocked()
        accounts.ended = True
        authority.forget_person("ann")
        accounts.gate.set()
    assert await authority.resolve("token-1") is None
    assert accounts.asked == 1
