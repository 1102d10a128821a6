"""The HTTP API of a site, below `/api/`: sign-in and out, passwords, and whether the service is ready. JSON only.

A request that changes something must carry `X-Peek: 1`, which no form and no foreign page can send, and must not come from a page of
another origin. Errors are `{"error": {"type", "message"}}` with a status that fits; the message is for people.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar, cast

import attrs
import msgspec
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from peek_trio.errors import (
    BadRequest,
    DatabaseUnavailable,
    DeadlineExceeded,
    NotAllowed,
    PeekError,
    Rejected,
    TupleError,
    Unavailable,
    to_wire,
)
from peek_trio.frontend.asgi import App
from peek_trio.frontend.cookies import clear_cookie, session_cookie, session_token
from peek_trio.frontend.live_sessions import LiveSessions
from peek_trio.frontend.origin import SAFE_METHODS, same_origin
from peek_trio.security import Principal, Session, SessionAuthority, SignInRefused

__all__ = ["MAX_BODY", "ApiParts", "session_api"]

MAX_BODY = 64 * 1024
"""Bytes that a request's body may have."""
BODY_DEADLINE = 10
"""Seconds for a request's body to arrive."""

_STATUS: list[tuple[type[PeekError], int]] = [
    (SignInRefused, 403),
    (NotAllowed, 403),
    (Rejected, 422),
    (BadRequest, 400),
    (TupleError, 400),
    (Unavailable, 503),
    (DatabaseUnavailable, 503),
    (DeadlineExceeded, 503),
]

T = TypeVar("T")


@attrs.frozen
class ApiParts:
    """What the API speaks for: the site, the service behind it, who knows the sessions, and the links that hang on them."""

    site: str
    service: str
    platform: str
    version: str
    authority: SessionAuthority
    live: LiveSessions
    ready: Callable[[], bool]


class _Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """Either `name` and `password`, or `code`."""

    name: str | None = None
    password: str | None = None
    code: str | None = None


class _PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    new: str
    current: str | None = None


def session_api(parts: ApiParts) -> App:
    """The API as an ASGI application."""
    app = QuartTrio("peek_trio.frontend", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, BODY_TIMEOUT=BODY_DEADLINE)
    authority = parts.authority

    @app.before_request
    async def refuse_foreign_changes() -> Response | None:
        if request.method in SAFE_METHODS:
            return None
        if not same_origin(request.headers.get("Origin"), request.headers.get("Host"), tls=_tls()):
            return _error(403, NotAllowed("This request was made by a page of another site."))
        if request.headers.get("X-Peek") != "1":
            return _error(403, NotAllowed("A request that changes something needs the header X-Peek: 1."))
        return None

    @app.get("/api/health")
    async def health() -> Response:
        ready = parts.ready()
        return _json(200 if ready else 503, {"ready": ready, "service": parts.service, "version": parts.version})

    @app.get("/api/session")
    async def who() -> Response:
        token = _token()
        principal = await authority.resolve(token) if token else None
        if principal is None:
            return _error(401, NotAllowed("Nobody is signed in."))
        return _json(200, _about(principal))

    @app.post("/api/session")
    async def sign_in() -> Response:
        credentials = await _body(_Credentials)
        session = await _prove(credentials)
        answer = _json(200, {**_about(session.principal), "expires": _stamp(session.expires)})
        answer.headers["Set-Cookie"] = session_cookie(session.token, session.expires, secure=_tls())
        return answer

    @app.delete("/api/session")
    async def sign_out() -> Response:
        token = _token()
        if token:
            await authority.sign_out(token)
            parts.live.end(token, "You have signed out.")
        answer = _empty()
        answer.headers["Set-Cookie"] = clear_cookie(secure=_tls())
        return answer

    @app.post("/api/password")
    async def change_password() -> Response:
        token = _token()
        if not token or await authority.resolve(token) is None:
            return _error(401, NotAllowed("Sign in to change your password."))
        change = await _body(_PasswordChange)
        await authority.change_password(token, change.current, change.new)
        parts.live.check_soon()
        return _empty()

    @app.errorhandler(PeekError)
    async def refused(error: PeekError) -> Response:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        if isinstance(error, SignInRefused) and error.after is not None:
            answer = _error(429, error)
            answer.headers["Retry-After"] = str(max(1, round(error.after)))
            return answer
        return _error(status, error)

    @app.errorhandler(HTTPException)
    async def http_error(error: HTTPException) -> Response:
        return _error(error.code or 500, BadRequest(_sentence(error)))

    async def _prove(credentials: _Credentials) -> Session:
        match credentials:
            case _Credentials(name=str(name), password=str(password), code=None):
                return await authority.sign_in(name, password)
            case _Credentials(name=None, password=None, code=str(code)):
                return await authority.redeem(code)
        raise BadRequest("Send either name and password, or code.")

    def _about(principal: Principal) -> dict[str, object]:
        return {
            "principal": principal.to_wire(),
            "site": parts.site,
            "platform": parts.platform,
            "version": parts.version,
        }

    return cast(App, app)  # Quart spells every ASGI message as its own TypedDict


async def _body(kind: type[T]) -> T:
    data = await request.get_data(as_text=False)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadRequest(f"The body is not what is expected here: {error}") from None


def _sentence(error: HTTPException) -> str:
    match error.code:
        case 404:
            return f"There is nothing at {request.path}."
        case 405:
            return f"{request.path} does not take {request.method}."
        case 408:
            return "The body of the request did not arrive in time."
        case 413:
            return f"The body of the request is larger than {MAX_BODY // 1024} KiB."
        case 500:
            return "The site failed to answer; its log says why."
    return error.description or error.name


def _token() -> str | None:
    return session_token(request.headers.get("Cookie"))


def _tls() -> bool:
    return request.scheme == "https"


def _stamp(moment: datetime) -> str:
    return moment.isoformat()


def _json(status: int, data: object) -> Response:
    return Response(msgspec.json.encode(data), status, {"Cache-Control": "no-store"}, content_type="application/json")


def _error(status: int, error: PeekError) -> Response:
    return _json(status, {"error": to_wire(error)})


def _empty() -> Response:
    return Response(b"", 204, {"Cache-Control": "no-store"})
