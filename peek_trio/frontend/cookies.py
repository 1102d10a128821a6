"""The cookie that carries a session's token between a browser and a site."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["COOKIE", "clear_cookie", "session_cookie", "session_token"]

COOKIE = "peek_session"
MAX_TOKEN = 256
"""Characters of a token that are worth asking about."""


def session_token(cookies: str | None) -> str | None:
    """The session's token in a `Cookie` header, or None."""
    for pair in (cookies or "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and 0 < len(value) <= MAX_TOKEN and value.isascii() and value.isprintable():
            return value
    return None


def session_cookie(token: str, expires: datetime, *, secure: bool) -> str:
    """The `Set-Cookie` header that gives a browser the session. Scripts cannot read it, other sites' forms do not send it."""
    age = max(0, int((expires - datetime.now(UTC)).total_seconds()))
    return f"{COOKIE}={token}; Max-Age={age}; {_attributes(secure)}"


def clear_cookie(*, secure: bool) -> str:
    """The `Set-Cookie` header that takes the session from a browser."""
    return f"{COOKIE}=; Max-Age=0; {_attributes(secure)}"


def _attributes(secure: bool) -> str:
    return "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
