"""A small HTTP client over Trio sockets for the tests of the web sites, and a people's register that needs no database."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import attrs
import h11
import msgspec
import pytest
import trio

from peek_trio.frontend import PluginTrees, Site, serve_site
from peek_trio.security import Principal, Session, SignInRefused
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Limits, Link, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry


@attrs.frozen
class Answer:
    """An HTTP answer: header names in lower case, the body as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return msgspec.json.decode(self.body)


class Client:
    """One HTTP/1.1 connection over any stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._http = h11.Connection(h11.CLIENT)

    async def request(self, method: str, path: str, headers: Mapping[str, str] = {}, body: bytes = b"") -> Answer:
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        fields = {"host": "peek.test", **({"content-length": str(len(body))} if body else {}), **headers}
        head = self._http.send(h11.Request(method=method, target=path, headers=list(fields.items())))
        await self.stream.send_all(head + (self._http.send(h11.Data(data=body)) if body else b""))
        self._http.send(h11.EndOfMessage())
        return await self.answer()

    async def answer(self) -> Answer:
        response, body = None, bytearray()
        while True:
            event = self._http.next_event()
            match event:
                case h11.NEED_DATA:
                    self._http.receive_data(await self.stream.receive_some(65536))
                case h11.Response():
                    response = event
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    headers = {name.decode(): value.decode() for name, value in response.headers}
                    return Answer(response.status_code, headers, bytes(body))
                case h11.ConnectionClosed():
                    raise ConnectionResetError("the server closed the connection before its answer was complete")

    async def ended(self) -> bytes:
        """What comes before the server ends the connection."""
        rest = bytearray()
        while chunk := await self.stream.receive_some(65536):
            rest += chunk
        return bytes(rest)


@pytest.fixture
def http_client() -> type[Client]:
    return Client


@pytest.fixture
def fetch() -> Callable[..., Awaitable[Answer]]:
    """`await fetch(port, "GET", "/path", headers, body)` on a connection of its own."""

    async def fetch(port: int, method: str, path: str, headers: Mapping[str, str] = {}, body: bytes = b"") -> Answer:
        with trio.fail_after(10):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                return await Client(stream).request(method, path, headers, body)

    return fetch


class Register:
    """A session authority in memory: "maria" with the password "correct horse", and one-time codes. The real one is People."""

    def __init__(self) -> None:
        self.people = {"maria": Principal("person", "maria", "Maria", frozenset({"user"}))}
        self.passwords = {"maria": "correct horse"}
        self.codes = {"once-only": "maria"}
        self.sessions: dict[str, str] = {}
        self.failing: Exception | None = None

    async def sign_in(self, name: str, password: str) -> Session:
        self._maybe_fail()
        if self.passwords.get(name) != password:
            raise SignInRefused("The name or the password is not right.")
        return self.begin(name)

    async def redeem(self, code: str) -> Session:
        self._maybe_fail()
        if code not in self.codes:
            raise SignInRefused("This code is not valid any more. Ask for a new one.")
        return self.begin(self.codes.pop(code))

    async def resolve(self, token: str) -> Principal | None:
        self._maybe_fail()
        return self.people.get(self.sessions.get(token, ""))

    async def sign_out(self, token: str) -> None:
        self._maybe_fail()
        self.sessions.pop(token, None)

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        self._maybe_fail()
        name = self.sessions[token]
        if self.passwords[name] != current:
            raise SignInRefused("The current password is not right.")
        self.passwords[name] = new

    def begin(self, name: str) -> Session:
        token = f"token-{name}-{len(self.sessions)}"
        self.sessions[token] = name
        return Session(token, self.people[name], datetime.now(UTC) + timedelta(days=30))

    def _maybe_fail(self) -> None:
        if self.failing is not None:
            raise self.failing


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder of compiled frontends such as `nox -s build` makes, with little in it."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "mobile").mkdir()
    (folder / "assets" / "lit.AAAA.js").write_text("export const html = 1;\n" * 100)
    (folder / "assets" / "admin.BBBB.js").write_text("import 'lit';\n")
    (folder / "assets" / "mobile.CCCC.js").write_text("import 'lit';\n")
    (folder / "mobile" / "sw.js").write_text("self.addEventListener('fetch', () => {});\n")
    names = [f"assets/{path.name}" for path in (folder / "assets").iterdir()]
    description = {
        "importmap": {"lit": "/assets/lit.AAAA.js"},
        "sites": {
            "admin": {"entry": "/assets/admin.BBBB.js", "preload": ["/assets/lit.AAAA.js"]},
            "mobile": {"entry": "/assets/mobile.CCCC.js", "preload": [], "serviceWorker": "mobile/sw.js"},
        },
        "files": {f"/{name}": name for name in names},
    }
    (folder / "build.json").write_bytes(msgspec.json.encode(description))
    return folder


@pytest.fixture
async def board(nursery: trio.Nursery) -> Switchboard:
    """The running switchboard of a server."""
    me = Hello("server", "server-1", "Server", "0.1.0")
    board = Switchboard(me, TupleRegistry(), principal=Principal.for_service("server", "server-1"))
    await nursery.start(board.run)
    return board


@pytest.fixture
async def site(
    nursery: trio.Nursery, board: Switchboard, register: Register, build: Path, tmp_path: Path
) -> tuple[Site, int]:
    """An open admin site with its board and the people of `register`, and the port it is open on."""
    trees = PluginTrees("admin", tmp_path / "overlays", interval=0.01)
    site = Site(name="admin", board=board, authority=register, trees=trees, built=build)
    port = await nursery.start(partial(serve_site, site, host="127.0.0.1", port=0))
    return site, port


@pytest.fixture
def dial() -> Callable[..., AbstractAsyncContextManager[Link]]:
    """`async with dial(port, token) as link`: the link of a browser with this session, said to be on the site "admin"."""

    @asynccontextmanager
    async def dial(
        port: int, token: str | None = None, *, site: str = "admin", service: str = "device", origin: str | None = None
    ) -> AsyncIterator[Link]:
        headers = [("Cookie", f"theme=dark; peek_session={token}")] if token else []
        headers += [("Origin", origin or f"http://127.0.0.1:{port}")]
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex", headers=headers, limits=Limits.DEVICE) as socket:
            yield await dial_link(socket, Hello(service, "device-1", "A browser", "0.1.0", site=site))

    return dial


_REQUEST = b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n"
_UPGRADE = (
    b"GET /vortex HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
def storm() -> Callable[[int, int], Awaitable[None]]:
    """`await storm(port, seed)`: some 200 connections that talk nonsense, stop half way, or are torn down."""

    async def storm(port: int, seed: int) -> None:
        async with trio.open_nursery() as storms:
            for part in range(3):
                storms.start_soon(partial(trio.to_thread.run_sync, _storm, port, seed * 10 + part, 60))

    return storm


def _storm(port, seed, connections):
    """One thread's share of `storm`."""
    chance = random.Random(seed)
    beginnings = [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET",
        _REQUEST,
        _REQUEST * 3,
        _UPGRADE,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nx",
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    ]
    for _ in range(connections):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.settimeout(0.02)
            junk = chance.choice(beginnings) + chance.randbytes(chance.randrange(200))
            try:
                client.sendall(junk)
                if chance.random() < 0.3:
                    client.recv(100)
            except OSError:
                pass
            if chance.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leave with a reset
