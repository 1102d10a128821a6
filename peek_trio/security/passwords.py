"""Passwords: hashed with argon2id, in a thread, a few at a time, since each takes 64 MiB and some 50 ms on purpose."""

from __future__ import annotations

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from peek_trio.errors import Rejected, Unavailable

__all__ = ["SHORTEST_PASSWORD", "Passwords"]

SHORTEST_PASSWORD = 12
"""Characters."""

_LONGEST = 1024
_AT_A_TIME = 2
_MOST_WAITING = 100


class Passwords:
    """Hashes and verifies passwords. A test gives a `hasher` with cheaper parameters; the default ones are argon2-cffi's.

    Both methods raise Unavailable, before they cost anything, when a hundred others wait already.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter = trio.CapacityLimiter(_AT_A_TIME)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Rejected, saying why, for a password that is too short or too long."""
        if len(password) < SHORTEST_PASSWORD:
            raise Rejected(
                f"The password must be at least {SHORTEST_PASSWORD} characters long. A few words together are easy to remember."
            )
        if len(password) > _LONGEST:
            raise Rejected(f"The password must be at most {_LONGEST} characters long.")
        return await self._in_thread(password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed. Takes as long when nothing is stored, so the time tells no names."""
        if len(password) > _LONGEST:
            return False
        if self._nobodys is None:
            self._nobodys = await self._in_thread("the password of nobody")
        against = self._nobodys if stored is None else stored
        self._refuse_crowd()
        matches = await trio.to_thread.run_sync(self._matches, against, password, limiter=self._limiter)
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with weaker parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, password: str) -> str:
        encoded = password.encode("utf-8", "surrogatepass")
        self._refuse_crowd()
        return await trio.to_thread.run_sync(self._hasher.hash, encoded, limiter=self._limiter)

    def _refuse_crowd(self) -> None:
        if self._limiter.statistics().tasks_waiting >= _MOST_WAITING:
            raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
