"""The port where client, agent and worker services, and operators' commands, link to the server. A websocket and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from peek_trio.errors import FrameError, LinkError, LinkRefused
from peek_trio.frontend.front_door import VORTEX, FrontDoor, plain_answer
from peek_trio.frontend.hypercorn_guard import Caller
from peek_trio.frontend.incoming_links import IncomingLinks
from peek_trio.frontend.listener import closing_listeners, open_listeners
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.frontend.request_head import RequestHead
from peek_trio.frontend.visitor import Visitor
from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Limits, accept_link, accept_websocket

__all__ = ["serve_service_links"]

log = logging.getLogger(__name__)

_SENTENCE = (
    f"This is the port for services of Peek Trio, which link to {VORTEX}. The web sites have ports of their own."
)


async def serve_service_links(
    board: Switchboard,
    admit: Callable[[Hello], Awaitable[Principal]],
    host: str,
    port: int,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Give every service that `admit` accepts to `board`, until cancelled; started with the port once it is open.

    `admit` gives the principal of whoever says this hello, or raises LinkRefused. Browsers are kept out: they cannot hide their origin.
    Raises ConfigError when the port cannot be had.
    """
    listeners = await open_listeners(host, port)
    links = IncomingLinks(board)

    async def vortex(stream: PrefixedStream, head: RequestHead, visitor: Visitor) -> None:
        try:
            async with accept_websocket(
                stream, allowed_origins=lambda origin: origin is None, limits=Limits.SERVICE
            ) as websocket:
                link = await accept_link(
                    websocket, board.me, admit, address=str(visitor.caller), hello_within=visitor.seconds_left
                )
                visitor.let_in()
                await links.serve(link)
        except* LinkError as errors:
            ended = errors.exceptions[0]
            refused = isinstance(ended, LinkRefused | FrameError)  # whoever looks for a missing service looks here
            log.log(logging.INFO if refused else logging.DEBUG, "The link of %s ended: %s", visitor.caller, ended)

    async def http(stream: PrefixedStream, caller: Caller, rest: Callable[[bool], None]) -> None:
        await stream.send_all(plain_answer(404, "Not Found", _SENTENCE))

    async def finish() -> None:
        links.finish()

    door = FrontDoor(vortex=vortex, http=http, finish=finish)
    bound: int = listeners[0].socket.getsockname()[1]
    log.info("Services link to %s:%d", host, bound)
    async with closing_listeners(listeners):
        task_status.started(bound)
        await door.run(listeners)
