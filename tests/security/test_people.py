"""People and their sessions, on the real database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import trio
from argon2 import PasswordHasher

from peek_trio.errors import Rejected
from peek_trio.security import Principal, SignInRefused
from peek_trio.security.passwords import Passwords
from peek_trio.security.people import People
from peek_trio.storage import Database
from peek_trio.storage.tables import PersonRow, SessionRow

GOOD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def people(database: Database, clock: Clock) -> People:
    people = People(database, clock=clock, passwords=Passwords(QUICK))
    await people.ensure_first_admin()
    await people.add("Ann", "Ann Smith", ["user"])
    await people.set_password("ann", GOOD)
    return people


@pytest.fixture
def revoked(people: People) -> list[str]:
    names: list[str] = []
    people.on_revoked.append(names.append)
    return names


# The first administrator


async def test_the_first_admin_is_made_when_there_is_nobody(database: Database) -> None:
    people = People(database)
    assert await people.ensure_first_admin()
    (admin,) = await people.list()
    assert (admin.name, admin.roles, admin.has_password) == ("admin", ["admin"], False)


async def test_the_first_admin_is_made_once(database: Database) -> None:
    two = [People(database), People(database)]
    made: list[bool] = []

    async def ensure(people: People) -> None:
        made.append(await people.ensure_first_admin())

    async with trio.open_nursery() as nursery:
        for people in two:
            nursery.start_soon(ensure, people)
    assert sorted(made) == [False, True]


async def test_no_admin_is_made_where_somebody_is(people: People) -> None:
    await people.set_roles("ann", ["admin"])
    await people.remove("admin")
    assert not await people.ensure_first_admin()


# Signing in


async def test_signing_in_gives_a_session_that_proves_the_person(people: People) -> None:
    session = await people.sign_in("ann", GOOD)
    ann = Principal("person", "ann", "Ann Smith", frozenset({"user"}))
    assert session.principal == ann
    assert await people.resolve(session.token) == ann


async def test_names_are_the_same_in_any_case(people: People) -> None:
    assert (await people.sign_in(" ANN ", GOOD)).principal.name == "ann"


async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(people: People) -> None:
    sentences = set()
    for name, password in (("ann", "wrong"), ("nobody", GOOD), ("admin", ""), ("admin", "the password of nobody")):
        with pytest.raises(SignInRefused) as caught:
            await people.sign_in(name, password)
        sentences.add(str(caught.value))
    assert sentences == {"The name or the password is not right."}


async def test_after_five_failures_even_the_right_password_has_to_wait(
    people: People, autojump_clock: trio.testing.MockClock
) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused, match="not right"):
            await people.sign_in("ann", "wrong")
    with pytest.raises(SignInRefused, match="Try again in 1 s") as caught:
        await people.sign_in("ann", GOOD)
    assert caught.value.after == 1
    await trio.sleep(1)
    await people.sign_in("ann", GOOD)


async def test_guesses_made_side_by_side_are_counted(people: People) -> None:
    refusals: list[str] = []

    async def guess() -> None:
        try:
            await people.sign_in("ann", "wrong")
        except SignInRefused as refused:
            refusals.append(str(refused))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(guess)
    assert sum("not right" in sentence for sentence in refusals) == 5


async def test_the_database_holds_neither_token_nor_password(people: People, database: Database) -> None:
    session = await people.sign_in("ann", GOOD)
    rows = await database.run(
        lambda db: (db.scalars(sa.select(SessionRow)).all(), db.scalars(sa.select(PersonRow)).all())
    )
    text = repr([vars(row) for group in rows for row in group])
    assert session.token not in text
    assert GOOD not in text
    assert session.token not in repr(session)


async def test_a_hash_with_old_parameters_is_renewed_at_sign_in(
    people: People, database: Database, clock: Clock
) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    later = People(database, clock=clock, passwords=Passwords(stronger))
    await later.sign_in("ann", GOOD)
    stored = await database.run(lambda db: db.scalar(sa.select(PersonRow.password).where(PersonRow.name == "ann")))
    assert stored is not None
    assert not stronger.check_needs_rehash(stored)
    await later.sign_in("ann", GOOD)


# Sessions


async def test_a_session_ends_thirty_days_after_its_last_use(people: People, clock: Clock) -> None:
    session = await people.sign_in("ann", GOOD)
    for _ in range(3):
        clock.now += timedelta(days=29)
        assert await people.resolve(session.token) is not None
    clock.now += timedelta(days=30)
    assert await people.resolve(session.token) is None


async def test_use_is_noted_at_most_once_an_hour(people: People, clock: Clock) -> None:
    session = await people.sign_in("ann", GOOD)
    signed_in = clock.now
    clock.now += timedelta(minutes=59)
    await people.resolve(session.token)
    assert await last_seen(people, "ann") == signed_in
    clock.now += timedelta(minutes=1)
    await people.resolve(session.token)
    assert await last_seen(people, "ann") == clock.now


async def last_seen(people: People, name: str) -> datetime | None:
    return next(person.last_seen for person in await people.list() if person.name == name)


@pytest.mark.parametrize("token", ["", "made up", "\ud800"])
async def test_a_token_of_nobodys_proves_nobody(people: People, token: str) -> None:
    assert await people.resolve(token) is None


async def test_signing_out_ends_the_session(people: People, revoked: list[str]) -> None:
    session, other = await people.sign_in("ann", GOOD), await people.sign_in("ann", GOOD)
    await people.sign_out(session.token)
    await people.sign_out("unknown")
    assert await people.resolve(session.token) is None
    assert await people.resolve(other.token) is not None
    assert revoked == ["ann"]


async def test_expired_sessions_are_cleared_away(people: People, database: Database, clock: Clock) -> None:
    await people.sign_in("ann", GOOD)
    clock.now += timedelta(days=31)
    await people.sign_in("ann", GOOD)
    assert await database.run(lambda db: db.scalar(sa.select(sa.func.count()).select_from(SessionRow))) == 1


# One-time codes


async def test_a_code_signs_in_once(people: People) -> None:
    code = await people.create_link_code("admin")
    assert (await people.redeem(code)).principal.roles == {"admin"}
    with pytest.raises(SignInRefused, match="has been used or is too old"):
        await people.redeem(code)


async def test_a_code_used_twice_at_once_signs_in_once(people: People) -> None:
    code = await people.create_link_code("admin")
    outcomes: list[str] = []

    async def redeem() -> None:
        try:
            outcomes.append((await people.redeem(code)).principal.name)
        except SignInRefused:
            outcomes.append("refused")

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(redeem)
    assert sorted(outcomes) == ["admin"] + ["refused"] * 4


async def test_a_code_gets_too_old(people: People, clock: Clock) -> None:
    code = await people.create_link_code("admin", lifetime=timedelta(minutes=5))
    clock.now += timedelta(minutes=5)
    with pytest.raises(SignInRefused):
        await people.redeem(code)


async def test_a_code_for_nobody_is_rejected(people: People) -> None:
    with pytest.raises(Rejected, match="nobody named eve"):
        await people.create_link_code("eve")


# Passwords


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(
    people: People, revoked: list[str]
) -> None:
    session, other = await people.sign_in("ann", GOOD), await people.sign_in("ann", GOOD)
    await people.change_password(session.token, GOOD, "another long password")
    assert await people.resolve(session.token) is not None
    assert await people.resolve(other.token) is None
    assert revoked == ["ann"]
    await people.sign_in("ann", "another long password")


@pytest.mark.parametrize("current", [None, "", "wrong"])
async def test_changing_the_password_needs_the_current_one(people: People, current: str | None) -> None:
    session = await people.sign_in("ann", GOOD)
    with pytest.raises(SignInRefused, match="current password is not right"):
        await people.change_password(session.token, current, "another long password")
    await people.sign_in("ann", GOOD)


async def test_the_first_password_needs_no_current_one(people: People) -> None:
    session = await people.redeem(await people.create_link_code("admin"))
    await people.change_password(session.token, None, GOOD)
    assert (await people.sign_in("admin", GOOD)).principal.name == "admin"


async def test_a_short_password_is_rejected_with_the_rule(people: People) -> None:
    session = await people.redeem(await people.create_link_code("admin"))
    with pytest.raises(Rejected, match="at least 12 characters"):
        await people.change_password(session.token, None, "short")


async def test_an_ended_session_changes_no_password(people: People) -> None:
    with pytest.raises(SignInRefused, match="session has ended"):
        await people.change_password("unknown", GOOD, "another long password")


async def test_an_administrator_may_take_a_password_away_and_all_sessions_end(
    people: People, revoked: list[str]
) -> None:
    session = await people.sign_in("ann", GOOD)
    await people.set_password("ann", None)
    assert await people.resolve(session.token) is None
    assert revoked == ["ann"]
    with pytest.raises(SignInRefused):
        await people.sign_in("ann", GOOD)


# Accounts


async def test_everybody_is_listed_by_name(people: People) -> None:
    await people.sign_in("ann", GOOD)
    shown = [
        (person.name, person.title, person.roles, person.has_password, person.last_seen)
        for person in await people.list()
    ]
    assert shown == [
        ("admin", "Administrator", ["admin"], False, None),
        ("ann", "Ann Smith", ["user"], True, Clock.now),
    ]


@pytest.mark.parametrize("name", ["", " ", "a b", "-ann", "ann/", "a" * 65, "ånn"])
async def test_not_every_text_is_a_name(people: People, name: str) -> None:
    with pytest.raises(Rejected, match="A name has"):
        await people.add(name, "", [])


async def test_a_name_is_taken_once(people: People) -> None:
    with pytest.raises(Rejected, match="a person named ann already"):
        await people.add("ANN", "Another Ann", [])


@pytest.mark.parametrize("role", ["", "a,b", "x" * 65])
async def test_not_every_text_is_a_role(people: People, role: str) -> None:
    with pytest.raises(Rejected, match="cannot be a role"):
        await people.set_roles("ann", [role])


async def test_new_roles_hold_at_once_and_end_open_links(people: People, revoked: list[str]) -> None:
    session = await people.sign_in("ann", GOOD)
    await people.set_roles("ann", ["dispatcher", "user", "user"])
    principal = await people.resolve(session.token)
    assert principal is not None
    assert principal.roles == {"dispatcher", "user"}
    assert revoked == ["ann"]


async def test_removing_somebody_ends_their_sessions_and_codes(people: People, revoked: list[str]) -> None:
    session, code = await people.sign_in("ann", GOOD), await people.create_link_code("ann")
    await people.remove("ann")
    assert await people.resolve(session.token) is None
    with pytest.raises(SignInRefused):
        await people.redeem(code)
    assert revoked == ["ann"]
    assert [person.name for person in await people.list()] == ["admin"]


async def test_the_last_admin_stays_admin(people: People) -> None:
    with pytest.raises(Rejected, match="last admin and cannot be removed"):
        await people.remove("admin")
    with pytest.raises(Rejected, match="last admin and cannot lose the role"):
        await people.set_roles("admin", ["user"])


async def test_two_admins_cannot_remove_each_other_at_once(people: People) -> None:
    await people.set_roles("ann", ["admin"])
    refusals: list[str] = []

    async def remove(name: str) -> None:
        try:
            await people.remove(name)
        except Rejected as rejected:
            refusals.append(str(rejected))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(remove, "ann")
        nursery.start_soon(remove, "admin")
    assert len(refusals) == 1
    assert len(await people.list()) == 1


async def test_strangers_cannot_be_changed(people: People) -> None:
    for change in (people.remove("eve"), people.set_roles("eve", []), people.set_password("eve", GOOD)):
        with pytest.raises(Rejected, match="nobody named eve"):
            await change


async def test_every_change_is_told(people: People) -> None:
    changes: list[None] = []
    people.on_change.append(lambda: changes.append(None))
    await people.add("ben", "Ben", [])
    await people.set_roles("ben", ["user"])
    await people.set_password("ben", GOOD)
    await people.remove("ben")
    assert len(changes) == 4


# What an attacker would try


@pytest.mark.parametrize("name", ["\0", "ann\0", "", "x" * 60_000, "ann; drop table people", "\ud800"])
async def test_any_text_may_be_tried_as_a_name(people: People, name: str) -> None:
    with pytest.raises(SignInRefused, match=r"The name or the password is not right\."):
        await people.sign_in(name, GOOD)


async def test_a_new_password_voids_the_links_that_were_sent_before(people: People) -> None:
    code = await people.create_link_code("ann")
    await people.set_password("ann", "another good password")
    with pytest.raises(SignInRefused, match="used or is too old"):
        await people.redeem(code)


async def test_changing_ones_own_password_voids_the_links_that_were_sent_before(people: People) -> None:
    session = await people.sign_in("ann", GOOD)
    code = await people.create_link_code("ann")
    await people.change_password(session.token, GOOD, "another good password")
    with pytest.raises(SignInRefused, match="used or is too old"):
        await people.redeem(code)


async def test_a_session_that_ends_while_its_use_is_noted_proves_nobody(
    people: People, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await people.sign_in("ann", GOOD)
    clock.now += timedelta(hours=2)
    run = database.run

    async def run_late(fn: Callable[[Any], Any], *, read_only: bool = False) -> Any:
        if not read_only:  # the use is about to be noted: somebody is quicker
            monkeypatch.undo()
            await people.set_password("ann", None)
        return await run(fn, read_only=read_only)

    monkeypatch.setattr(database, "run", run_late)
    assert await people.resolve(session.token) is None
