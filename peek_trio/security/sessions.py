"""Sessions and one-time codes in the database, as functions of a unit of work.

What makes a session good is all in `use_session`: a row with the token's digest whose time is not up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from peek_trio.security.authority import Session
from peek_trio.security.principals import Principal
from peek_trio.security.tokens import new_token, token_digest
from peek_trio.storage.tables import LinkCodeRow, PersonRow, SessionRow

__all__ = [
    "SESSION_LIFETIME",
    "end_sessions",
    "open_session",
    "principal_of",
    "spend_code",
    "use_session",
    "void_codes",
]

SESSION_LIFETIME = timedelta(days=30)
"""A session ends this long after it was last used."""

_STALE = timedelta(hours=1)


def principal_of(person: PersonRow) -> Principal:
    """The principal that a person is."""
    return Principal("person", person.name, person.title, frozenset(person.roles))


def open_session(database: DatabaseSession, person: PersonRow, now: datetime) -> Session:
    """A new session for `person`; clears away those whose time is up."""
    database.execute(sa.delete(SessionRow).where(SessionRow.expires <= now))
    token, expires = new_token(), now + SESSION_LIFETIME
    row = SessionRow(token_digest=token_digest(token), person=person.name, created=now, last_seen=now, expires=expires)
    database.add(row)
    person.last_seen = now
    return Session(token, principal_of(person), expires)


def use_session(
    database: DatabaseSession, digest: bytes, now: datetime, *, extend: bool = False
) -> tuple[Principal, bool] | None:
    """Whom the session proves and whether its last use is so long ago that it should be noted; None when it is not good.

    With `extend` the use is noted, and the session's time begins anew.
    """
    found = database.execute(
        sa.select(SessionRow, PersonRow)
        .join(PersonRow, PersonRow.name == SessionRow.person)
        .where(SessionRow.token_digest == digest, SessionRow.expires > now)
    ).first()
    if found is None:
        return None
    session, person = found
    is_stale = now - session.last_seen >= _STALE
    if extend:
        session.last_seen = person.last_seen = now
        session.expires = now + SESSION_LIFETIME
    return principal_of(person), is_stale


def end_sessions(
    database: DatabaseSession, *, digest: bytes | None = None, person: str | None = None, keep: bytes | None = None
) -> list[str]:
    """Ends the session with `digest`, or all of `person` but the one to `keep`; returns whose sessions have ended."""
    chosen = SessionRow.token_digest == digest if digest is not None else SessionRow.person == person
    if keep is not None:
        chosen = sa.and_(chosen, SessionRow.token_digest != keep)
    return sorted(set(database.scalars(sa.delete(SessionRow).where(chosen).returning(SessionRow.person))))


def spend_code(database: DatabaseSession, digest: bytes, now: datetime) -> PersonRow | None:
    """The person whom a one-time code was made for, or None when it is not good. It is not good a second time."""
    spent = sa.delete(LinkCodeRow).where(LinkCodeRow.code_digest == digest).returning(LinkCodeRow)
    code = database.scalars(spent).first()
    if code is None or code.expires <= now:
        return None
    return database.get(PersonRow, code.person, with_for_update=True)


def void_codes(database: DatabaseSession, person: str) -> None:
    """Makes the one-time codes that `person` has not used worthless."""
    database.execute(sa.delete(LinkCodeRow).where(LinkCodeRow.person == person))
