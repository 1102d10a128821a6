"""People who may sign in, and their sessions, in the platform's own tables.

Signing in answers a wrong name and a wrong password alike, in words and in time. What changes somebody's standing ends their sessions or
says that it has changed, so that live links can be closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import attrs
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session as DatabaseSession

from peek_trio.errors import Rejected
from peek_trio.security.authority import Session, SessionAuthority, SignInRefused
from peek_trio.security.passwords import Passwords
from peek_trio.security.principals import Principal
from peek_trio.security.sessions import end_sessions, open_session, spend_code, use_session, void_codes
from peek_trio.security.sign_in_limits import SignInLimits
from peek_trio.security.tokens import new_token, token_digest
from peek_trio.storage.database import Database
from peek_trio.storage.tables import LinkCodeRow, PersonRow
from peek_trio.tuples import tuple_type

__all__ = ["FIRST_ADMIN", "People", "Person"]

FIRST_ADMIN = "admin"
"""The name of the person who is made when there is nobody."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_ROLE = re.compile(r"[^\s,][^,\n]{0,63}")
_WRONG = "The name or the password is not right."


@tuple_type("peek.Person")
@attrs.frozen
class Person:
    """Somebody who may sign in. `roles` is sorted; `last_seen` is None until the first sign-in."""

    name: str
    title: str
    roles: list[str]
    has_password: bool
    last_seen: datetime | None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class People(SessionAuthority):
    """The people of a platform; keeps the agreement of `SessionAuthority`.

    Every method may raise DatabaseUnavailable. `on_change` holds functions to call after anything `list` shows has changed (not for
    `last_seen` alone); `on_revoked` holds functions to call with a person's name when one of their sessions has ended or their roles
    have changed: links that were opened before should be closed, and may be opened again by who still has a good session.
    """

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = _utc_now, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._limits = SignInLimits(trio.current_time)
        self.on_change: list[Callable[[], None]] = []
        self.on_revoked: list[Callable[[str], None]] = []

    # Sessions

    async def sign_in(self, name: str, password: str) -> Session:
        """A new session for `name`. Raises SignInRefused: name or password wrong, or too many failures (then with `after`)."""
        name = _folded(name)
        self._limits.attempt(name)
        # Only a possible name is looked up: any text may be tried, also one that no database takes.
        stored = (
            await self._database.run(lambda database: _password_of(database, name), read_only=True)
            if _NAME.fullmatch(name)
            else None
        )
        if not await self._passwords.verify(stored, password):
            raise SignInRefused(_WRONG)
        self._limits.succeeded(name)
        renewed = await self._passwords.hash(password) if stored and self._passwords.is_outdated(stored) else stored

        def begin(database: DatabaseSession) -> Session:
            person = database.get(PersonRow, name, with_for_update=True)
            if person is None or person.password != stored:  # removed or changed while we were hashing
                raise SignInRefused(_WRONG)
            person.password = renewed
            return open_session(database, person, self._clock())

        return await self._database.run(begin)

    async def redeem(self, code: str) -> Session:
        """A new session for the person whom the one-time code was made for. Raises SignInRefused when it is used, too old or wrong."""

        def begin(database: DatabaseSession) -> Session:
            person = spend_code(database, token_digest(code), self._clock())
            if person is None:
                raise SignInRefused("This sign-in link has been used or is too old. Ask for a new one.")
            return open_session(database, person, self._clock())

        return await self._database.run(begin)

    async def resolve(self, token: str) -> Principal | None:
        """Whom the session token proves, or None. Use keeps a session alive: it ends 30 days after it was last used."""
        digest, now = token_digest(token), self._clock()
        found = await self._database.run(lambda database: use_session(database, digest, now), read_only=True)
        if found is None:
            return None
        _, is_stale = found
        if is_stale:  # at most once an hour: a write for every request would be a high price for a date
            found = await self._database.run(lambda database: use_session(database, digest, now, extend=True))
        return None if found is None else found[0]  # the session may have ended between the two

    async def sign_out(self, token: str) -> None:
        """Ends the session. An unknown token is no error."""
        ended = await self._database.run(lambda database: end_sessions(database, digest=token_digest(token)))
        self._revoked(ended)

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        """Gives the session's person a new password, ends their other sessions and voids their sign-in codes.

        `current` may be None only when there is no password yet. Raises SignInRefused when it is wrong or the session has ended,
        Rejected when the new password is too weak.
        """
        principal = await self.resolve(token)
        if principal is None:
            raise SignInRefused("Your session has ended. Sign in again.")
        name = principal.name
        stored = await self._database.run(lambda database: _password_of(database, name), read_only=True)
        if stored is not None:
            self._limits.attempt(name)
            if not await self._passwords.verify(stored, current or ""):
                raise SignInRefused("The current password is not right.")
            self._limits.succeeded(name)
        await self._store_password(name, await self._passwords.hash(new), keep=token_digest(token), was=stored)

    # Accounts

    async def ensure_first_admin(self) -> bool:
        """Makes the person "admin", with the role "admin" and no password, if there is nobody at all. Whether it did."""

        def ensure(database: DatabaseSession) -> bool:
            _lock_people(database)
            if database.scalar(sa.select(sa.func.count()).select_from(PersonRow)):
                return False
            database.add(_new_person(FIRST_ADMIN, "Administrator", ["admin"], self._clock()))
            return True

        created = await self._database.run(ensure)
        if created:
            self._changed()
        return created

    async def create_link_code(self, name: str, *, lifetime: timedelta = timedelta(hours=1)) -> str:
        """A code that signs `name` in once, within `lifetime`. Raises Rejected when there is no such person."""
        name, code = _folded(name), new_token()

        def create(database: DatabaseSession) -> None:
            _require(database, name)
            now = self._clock()
            database.execute(sa.delete(LinkCodeRow).where(LinkCodeRow.expires <= now))
            database.add(LinkCodeRow(code_digest=token_digest(code), person=name, expires=now + lifetime))

        await self._database.run(create)
        return code

    async def list(self) -> list[Person]:
        """Everybody, by name."""

        def read(database: DatabaseSession) -> list[Person]:
            return [_shown(row) for row in database.scalars(sa.select(PersonRow).order_by(PersonRow.name))]

        return await self._database.run(read, read_only=True)

    async def add(self, name: str, title: str = "", roles: Iterable[str] = ("user",)) -> Person:
        """Adds somebody, with no password yet: send them a sign-in link. Raises Rejected when the name is taken or not possible."""
        name = _folded(name)
        if not _NAME.fullmatch(name):
            raise Rejected("A name has 1 to 64 letters, digits and . _ - @ +, and begins with a letter or a digit.")
        row = _new_person(name, title, _checked_roles(roles), self._clock())

        def insert(database: DatabaseSession) -> Person:
            _lock_people(database)
            if database.get(PersonRow, name) is not None:
                raise Rejected(f"There is a person named {name} already.")
            database.add(row)
            return _shown(row)

        person = await self._database.run(insert)
        self._changed()
        return person

    async def set_roles(self, name: str, roles: Iterable[str]) -> None:
        """Gives `name` these roles and no others. Raises Rejected for an unknown person, and for the last admin's last stand."""
        name, wanted = _folded(name), _checked_roles(roles)

        def change(database: DatabaseSession) -> None:
            _lock_people(database)
            person = _require(database, name)
            if "admin" not in wanted:
                _keep_an_admin(database, person, "lose the role admin")
            person.roles = wanted

        await self._database.run(change)
        self._revoked([name])
        self._changed()

    async def set_password(self, name: str, password: str | None) -> None:
        """Gives `name` a new password, or with None takes it away; ends all their sessions and voids their sign-in codes.

        Raises Rejected: too weak, unknown.
        """
        name = _folded(name)
        await self._store_password(name, None if password is None else await self._passwords.hash(password))

    async def remove(self, name: str) -> None:
        """Removes somebody with all their sessions. Raises Rejected for an unknown person and for the last admin."""
        name = _folded(name)

        def delete(database: DatabaseSession) -> None:
            _lock_people(database)
            person = _require(database, name)
            _keep_an_admin(database, person, "be removed")
            database.delete(person)

        await self._database.run(delete)
        self._revoked([name])
        self._changed()

    async def _store_password(
        self, name: str, hashed: str | None, *, keep: bytes | None = None, was: str | None = None
    ) -> None:
        def store(database: DatabaseSession) -> list[str]:
            person = _require(database, name)
            if keep is not None and person.password != was:
                raise SignInRefused("The password has been changed meanwhile.")
            person.password = hashed
            void_codes(database, name)  # whoever holds an old link could otherwise walk in past the new password
            return end_sessions(database, person=name, keep=keep)

        self._revoked(await self._database.run(store))
        self._changed()

    def _changed(self) -> None:
        for callback in list(self.on_change):
            callback()

    def _revoked(self, names: Iterable[str]) -> None:
        for name in names:
            for callback in list(self.on_revoked):
                callback(name)


def _folded(name: str) -> str:
    return name.strip().casefold()


def _new_person(name: str, title: str, roles: list[str], now: datetime) -> PersonRow:
    return PersonRow(name=name, title=title.strip() or name, roles=roles, password=None, created=now, last_seen=None)


def _checked_roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted({role.strip() for role in roles})
    for role in wanted:
        if not _ROLE.fullmatch(role):
            raise Rejected(f'"{role}" cannot be a role: a role has 1 to 64 characters and no comma.')
    return wanted


def _lock_people(database: DatabaseSession) -> None:
    """Lets one at a time decide about who is an admin."""
    database.execute(sa.text("lock table peek.people in share row exclusive mode"))


def _require(database: DatabaseSession, name: str) -> PersonRow:
    person = database.get(PersonRow, name, with_for_update=True)
    if person is None:
        raise Rejected(f"There is nobody named {name}.")
    return person


def _keep_an_admin(database: DatabaseSession, person: PersonRow, what: str) -> None:
    others = database.scalars(sa.select(PersonRow).where(PersonRow.name != person.name))
    if "admin" in person.roles and not any("admin" in other.roles for other in others):
        raise Rejected(f"{person.name} is the last admin and cannot {what}: nobody could administer Peek any more.")


def _password_of(database: DatabaseSession, name: str) -> str | None:
    return database.scalar(sa.select(PersonRow.password).where(PersonRow.name == name))


def _shown(row: PersonRow) -> Person:
    return Person(row.name, row.title, sorted(row.roles), row.password is not None, row.last_seen)
