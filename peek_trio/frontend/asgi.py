"""The types of ASGI and the few plain answers that every part of a site gives: a text, a JSON object, a redirection, an error.

Whoever routes or serves imports them from here. The headers that every answer needs for safety are not here: the HTTP server adds
them itself (`peek_trio.frontend.security_headers`), so that no handler can forget them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

__all__ = [
    "App",
    "Header",
    "Receive",
    "Scope",
    "Send",
    "answer",
    "answer_error",
    "answer_json",
    "answer_text",
    "header",
    "redirect",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


def header(scope: Scope, name: bytes) -> str | None:
    """The value of the request's first header `name` (lower case), or None when it has none."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


async def answer(send: Send, status: int, headers: Iterable[Header], body: bytes = b"") -> None:
    """Send a whole answer. For HEAD the server leaves the body out by itself."""
    fields = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def answer_text(send: Send, status: int, text: str, headers: Iterable[Header] = ()) -> None:
    """Send a sentence for people, as plain text."""
    fields = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *headers]
    await answer(send, status, fields, f"{text}\n".encode())


async def answer_json(send: Send, status: int, data: object, headers: Iterable[Header] = ()) -> None:
    """Send a JSON value. It is never cached: what is said here depends on who asks and when."""
    fields = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *headers]
    await answer(send, status, fields, msgspec.json.encode(data))


async def answer_error(send: Send, status: int, kind: str, message: str) -> None:
    """Send an error as the JSON object that scripts expect: `{"error": {"type", "message"}}`."""
    await answer_json(send, status, {"error": {"type": kind, "message": message}})


async def redirect(send: Send, location: str) -> None:
    """Send the browser elsewhere for this one request, method and body unchanged (307)."""
    await answer(send, 307, [(b"location", location.encode("ascii")), (b"cache-control", b"no-cache")])
