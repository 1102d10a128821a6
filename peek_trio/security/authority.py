"""The agreement about sessions: how a password or a one-time code becomes a session, and a session's token a principal.

`People` keeps it where the database is; a client service keeps it by asking the server. Sites need only know this page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import attrs

from peek_trio.errors import PeekError
from peek_trio.security.principals import Principal

__all__ = ["Session", "SessionAuthority", "SignInRefused"]


class SignInRefused(PeekError):
    """The credentials sign nobody in, for a reason that is safe to show. `after` is how many seconds to wait before trying again."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@attrs.frozen
class Session:
    """A proof of sign-in. `token` is secret and is told once; `expires` moves on while the session is used."""

    token: str = attrs.field(repr=False)
    principal: Principal
    expires: datetime


class SessionAuthority(Protocol):
    """Turns credentials into sessions and sessions into principals.

    Every method may raise Unavailable or DatabaseUnavailable while whoever knows cannot be asked.
    """

    async def sign_in(self, name: str, password: str) -> Session:
        """A new session for the person `name`. Raises SignInRefused, the same for a wrong name and a wrong password."""
        ...

    async def redeem(self, code: str) -> Session:
        """A new session for the person whom the one-time sign-in code was made for. Raises SignInRefused."""
        ...

    async def resolve(self, token: str) -> Principal | None:
        """Whom the session token proves, or None when it proves nobody (any more)."""
        ...

    async def sign_out(self, token: str) -> None:
        """Ends the session. An unknown token is no error."""
        ...

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        """Gives the session's person a new password and ends their other sessions.

        `current` may be None only when there is no password yet. Raises SignInRefused when `current` is wrong or the session has
        ended, Rejected when the new password is too weak.
        """
        ...
