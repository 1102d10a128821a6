"""Static files: requests per second of the server's CPU time, from the asset table and from Quart's own static route, in one run.

Both are served by the same guarded Hypercorn in a process of its own, to the same client over one kept connection.

    python benchmarks/static.py [REQUESTS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import trio
from quart_trio import QuartTrio

from peek_trio.frontend.asgi import App, Receive, Scope, Send, answer_text
from peek_trio.frontend.assets import Asset, serve_asset
from peek_trio.frontend.front_door import FrontDoor
from peek_trio.frontend.hypercorn_guard import HttpServer
from peek_trio.frontend.listener import open_listeners
from peek_trio.frontend.security_headers import content_security_policy, security_headers

REQUESTS = 1500
SIZES = {"small.js": 2_000, "large.js": 200_000}


def table(folder: Path) -> App:
    """The way a site serves: from memory, compressed once."""
    files = {
        f"/static/{path.name}": Asset.of(path.read_bytes(), "text/javascript", immutable=True)
        for path in folder.iterdir()
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await serve_asset(files[scope["path"]], scope, send)

    return app


def quart(folder: Path) -> App:
    """The peer: a Quart application with a static folder."""
    return QuartTrio("peer", static_folder=str(folder), static_url_path="/static")  # type: ignore[return-value]


async def serve(kind: str, folder: Path) -> None:
    """Serve until killed; prints the port. `/cpu` answers with the CPU seconds this process has used."""
    inner = {"table": table, "quart": quart}[kind](folder)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/cpu":
            return await answer_text(send, 200, str(time.process_time()))
        return await inner(scope, receive, send)

    async def nothing(*_: object) -> None:
        pass

    headers = security_headers(content_security_policy())
    listeners = await open_listeners("127.0.0.1", 0)
    print(listeners[0].socket.getsockname()[1], flush=True)
    await FrontDoor(vortex=nothing, http=HttpServer(app, lambda: headers).serve).run(listeners)


@contextmanager
def server(kind: str, folder: Path) -> Iterator[HTTPConnection]:
    """A connection to a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", kind, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def get(connection: HTTPConnection, path: str, **headers: str) -> tuple[int, bytes]:
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return response.status, response.read()


def measure(connection: HTTPConnection, path: str, requests: int, **headers: str) -> float:
    """Requests per CPU second of the server."""
    for _ in range(50):
        get(connection, path, **headers)
    before = float(get(connection, "/cpu")[1])
    for _ in range(requests):
        get(connection, path, **headers)
    return requests / (float(get(connection, "/cpu")[1]) - before)


def main(requests: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, size in SIZES.items():
            line = b"export const value = 'some text that compresses as code does';\n"
            (folder / file).write_bytes((line * (size // len(line) + 1))[:size])
        with server("table", folder) as ours, server("quart", folder) as peers:
            print(f"{'requests per CPU second':34}{'asset table':>12}{'Quart':>10}{'ratio':>8}")
            for file, accepted in (("small.js", "gzip"), ("large.js", "gzip"), ("large.js", "identity")):
                mine, theirs = (
                    measure(end, f"/static/{file}", requests, accept_encoding=accepted) for end in (ours, peers)
                )
                what = f"GET {file}, {SIZES[file] // 1000} kB, {accepted}"
                print(f"{what:34}{mine:12.0f}{theirs:10.0f}{mine / theirs:8.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        trio.run(serve, sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS)
