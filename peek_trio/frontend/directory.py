"""A directory that a plugin serves (`ctx.http.files`): read from disk for each request, as its files come and go and may be large."""

from __future__ import annotations

import hashlib
from pathlib import Path

import trio

from peek_trio.frontend.asgi import Receive, Scope, Send, answer_text, header
from peek_trio.frontend.assets import content_type

__all__ = ["Directory"]

_CHUNK = 256 * 1024


class Directory:
    """An ASGI application that serves the files below `root`. Nothing outside it, and nothing hidden, can be reached."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await answer_text(send, 405, "These files can only be read.", [(b"allow", b"GET, HEAD")])
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        file = await trio.to_thread.run_sync(self._find, path)
        if file is None:
            return await answer_text(send, 404, "There is no such file.")
        return await _send_file(file, scope, send)

    def _find(self, path: str) -> Path | None:
        steps = path.split("/")
        if "\0" in path or any(step in ("", "..") or step.startswith(".") for step in steps):
            return None
        file = self._root.joinpath(*steps).resolve()
        return file if file.is_relative_to(self._root.resolve()) and file.is_file() else None


async def _send_file(path: Path, scope: Scope, send: Send) -> None:
    try:
        file = await trio.open_file(path, "rb")
    except OSError:
        return await answer_text(send, 404, "There is no such file.")
    async with file:
        status = await trio.Path(path).stat()
        etag = hashlib.blake2b(
            f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}".encode(), digest_size=8
        ).hexdigest()
        headers = [(b"etag", f'"{etag}"'.encode("ascii")), (b"cache-control", b"no-cache")]
        if etag in (header(scope, b"if-none-match") or ""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return None
        left = status.st_size
        headers += [(b"content-type", content_type(path.name).encode("ascii")), (b"content-length", b"%d" % left)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        # A file that grows meanwhile is cut to what was promised; one that shrinks ends the connection, which tells the client.
        while left and scope["method"] == "GET" and (chunk := await file.read(min(left, _CHUNK))):
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    return None
