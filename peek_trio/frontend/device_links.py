"""The websocket of a site: a browser becomes a link of the switchboard, under the principal that its session cookie proves.

The cookie comes with the upgrade, before any frame; the origin is checked before the upgrade is answered. Without a session the hello is
refused readably (`sign-in`), so that the shell can show its sign-in page.
"""

from __future__ import annotations

import logging

from peek_trio.errors import LinkError, LinkRefused
from peek_trio.frontend.cookies import session_token
from peek_trio.frontend.incoming_links import IncomingLinks
from peek_trio.frontend.live_sessions import MOST_LINKS, LiveSessions
from peek_trio.frontend.origin import same_origin
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.frontend.request_head import RequestHead
from peek_trio.frontend.visitor import Visitor
from peek_trio.security import Principal, SessionAuthority
from peek_trio.transport.wire import Hello, Limits, accept_link, accept_websocket, same_release

__all__ = ["DeviceLinks"]

log = logging.getLogger(__name__)


class DeviceLinks:
    """Accepts the devices of one site. `site` is its name."""

    def __init__(self, site: str, links: IncomingLinks, authority: SessionAuthority, live: LiveSessions) -> None:
        self._site = site
        self._links = links
        self._authority = authority
        self._live = live

    async def serve(self, stream: PrefixedStream, head: RequestHead, visitor: Visitor) -> None:
        """One device, from the upgrade request to the end of its link."""
        caller = visitor.caller
        token = session_token(head.first("cookie"))

        async def admit(hello: Hello) -> Principal:
            if hello.service != "device" or hello.site != self._site:
                raise LinkRefused(
                    f"This is the {self._site} site; it takes links of its own pages only.", code="protocol"
                )
            ours = self._links.me.version
            if "." in hello.version and not same_release(
                ours, hello.version
            ):  # what is no page need not state a release
                raise LinkRefused(
                    f"This page is of Peek {hello.version}, the {self._site} site is of {ours} by now. Reload the page.",
                    code="version",
                )
            return await self._principal(token)

        def allowed(origin: str | None) -> bool:
            return same_origin(origin, head.first("host"), tls=caller.tls)

        try:
            async with accept_websocket(stream, allowed_origins=allowed, limits=Limits.HELLO_DEVICE) as websocket:
                link = await accept_link(
                    websocket,
                    self._links.me,
                    admit,
                    address=str(caller),
                    hello_within=visitor.seconds_left,
                    spread=self._links.spread,
                )
                visitor.let_in()
                with self._live.hold(token or "", link):
                    await self._links.serve(link)
        except* LinkError as errors:
            log.debug("The link of %s ended: %s", caller, errors.exceptions[0])

    async def _principal(self, token: str | None) -> Principal:
        principal = await self._authority.resolve(token) if token is not None else None
        if principal is None:
            raise LinkRefused("Sign in to connect.", code="sign-in")
        if token is not None and self._live.is_full(token):
            raise LinkRefused(f"{MOST_LINKS} pages are open in this browser. Close some of them.", code="busy")
        return principal
