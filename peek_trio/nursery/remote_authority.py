"""Sessions on a client service, which has no accounts of its own: it asks the server and remembers the answers.

An answer counts for a minute. While the server is away the last answer counts for up to twelve hours, so that people
in the field keep working; new sign-ins need the server. What ends meanwhile is caught up on when the server returns.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from peek_trio.errors import DeadlineExceeded, LinkLost, NoSuchEndpoint, RemoteError, Unavailable
from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.platform_tuples import SignedIn, SignInAnswer
from peek_trio.security import Principal, Session, SignInRefused
from peek_trio.transport import Switchboard

logger = logging.getLogger(__name__)

FRESH = 60.0
KEPT_WHILE_AWAY = 12 * 3600.0
"""Seconds that an answer about a session counts, with the server there and without."""
MOST_SESSIONS = 20_000
_ASK_TIMEOUT = 10.0

T = TypeVar("T")


class ResolvedSessions:
    """What is known of sessions, each by the digest of its token, the least recently used forgotten first."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    def remember(self, token: str, principal: Principal, now: float) -> None:
        """The server has just said that `token` proves `principal`."""
        self._known[_digest(token)] = (principal, now)
        self._known.move_to_end(_digest(token))
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def find(self, token: str, now: float, *, not_older_than: float) -> Principal | None:
        """Whom the token proved when the server was last asked, if that is recent enough."""
        digest = _digest(token)
        if digest not in self._known:
            return None
        principal, asked = self._known[digest]
        self._known.move_to_end(digest)
        return principal if now - asked <= not_older_than else None

    def forget(self, token: str) -> None:
        """The session has ended."""
        self._known.pop(_digest(token), None)

    def forget_person(self, name: str) -> None:
        """All sessions of the person have ended."""
        for digest in [digest for digest, (principal, _) in self._known.items() if principal.name == name]:
            del self._known[digest]


class RemoteAuthority:
    """The SessionAuthority of a client service."""

    def __init__(self, board: Switchboard, *, sessions: ResolvedSessions | None = None) -> None:
        self._sign_in = board.caller(contracts.session_sign_in, timeout=_ASK_TIMEOUT)
        self._redeem = board.caller(contracts.session_redeem, timeout=_ASK_TIMEOUT)
        self._resolve = board.caller(contracts.session_resolve, timeout=_ASK_TIMEOUT)
        self._sign_out = board.caller(contracts.session_sign_out, timeout=_ASK_TIMEOUT)
        self._change_password = board.caller(contracts.session_change_password, timeout=_ASK_TIMEOUT)
        self._sessions = sessions or ResolvedSessions()
        self._endings = 0

    async def sign_in(self, name: str, password: str) -> Session:
        """A new session from the server. Raises SignInRefused, and Unavailable while the server is away."""
        endings = self._endings
        return self._begin(await self._ask("sign you in", self._sign_in, name=name, password=password), endings)

    async def redeem(self, code: str) -> Session:
        """A new session for a one-time code, likewise."""
        endings = self._endings
        return self._begin(await self._ask("sign you in", self._redeem, code=code), endings)

    async def resolve(self, token: str) -> Principal | None:
        """Whom the token proves. Raises Unavailable when the server is away and nothing recent is known."""
        known = self._sessions.find(token, trio.current_time(), not_older_than=FRESH)
        if known is not None:
            return known
        while True:
            endings = self._endings
            try:
                person = await self._ask("check your sign-in", self._resolve, token=token)
            except Unavailable:
                known = self._sessions.find(token, trio.current_time(), not_older_than=KEPT_WHILE_AWAY)
                if known is None:
                    raise
                return known
            if person is None:
                self._sessions.forget(token)
                return None
            principal = _principal(person)
            if self._endings == endings:
                self._sessions.remember(token, principal, trio.current_time())
                return principal
            # Sessions ended while the answer was on its way, this one perhaps: it may say what is no longer true.

    async def sign_out(self, token: str) -> None:
        """End the session here and on the server. Raises Unavailable when the server could not be told."""
        self._sessions.forget(token)
        await self._ask("sign you out everywhere", self._sign_out, token=token)

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        """Change the password of the session's person on the server."""
        refusal = await self._ask("change the password", self._change_password, token=token, current=current, new=new)
        if refusal:
            raise SignInRefused(refusal)

    def forget_person(self, name: str) -> None:
        """The server says that this person's sessions have ended."""
        self._endings += 1
        self._sessions.forget_person(name)

    def _begin(self, answer: SignInAnswer, endings: int) -> Session:
        if answer.grant is None:
            raise SignInRefused(answer.refusal, after=answer.after)
        principal = _principal(answer.grant.person)
        if self._endings == endings:
            self._sessions.remember(answer.grant.token, principal, trio.current_time())
        return Session(answer.grant.token, principal, answer.grant.expires)

    async def _ask(self, purpose: str, call: Callable[..., Awaitable[T]], **arguments: object) -> T:
        try:
            return await call(**arguments)
        except (Unavailable, DeadlineExceeded, NoSuchEndpoint, RemoteError, LinkLost) as error:
            logger.info("The server could not be asked to %s: %s", purpose, error)
            raise Unavailable(f"The server cannot be reached just now to {purpose}. Try again in a moment.") from error


def _principal(person: SignedIn) -> Principal:
    return Principal("person", person.name, person.title, frozenset(person.roles))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
