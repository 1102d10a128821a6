"""Making the connection for a websocket: where a URL leads, and a TCP or TLS stream to it. Whatever fails is told in a sentence."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit

import attrs
import trio

from peek_trio.errors import ConfigError, LinkLost

__all__ = ["WebSocketAddress", "open_stream"]


@attrs.frozen
class WebSocketAddress:
    """Where a websocket URL leads."""

    host: str
    port: int
    resource: str
    tls: bool

    @classmethod
    def of(cls, url: str) -> WebSocketAddress:
        """The address in `url`. Raises ConfigError when it is not a ws: or wss: URL with a host."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f'"{url}" is not a websocket address: {error}.') from None
        if parts.scheme not in ("ws", "wss") or not host:
            raise ConfigError(f'"{url}" is not a websocket address; it looks like ws://host:port/path.')
        tls = parts.scheme == "wss"
        resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(host, port or (443 if tls else 80), resource, tls)

    @property
    def host_header(self) -> str:
        """What the Host header of the upgrade request says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


async def open_stream(
    address: WebSocketAddress, ssl_context: ssl.SSLContext | None, *, within: float
) -> trio.abc.Stream:
    """A stream to `address`, with TLS done when it asks for that. Raises LinkLost with a sentence for people."""
    try:
        with trio.fail_after(within):
            stream = await trio.open_tcp_stream(address.host, address.port)
            return await _secured(stream, address, ssl_context) if address.tls else stream
    except trio.TooSlowError:
        raise LinkLost(f"{address} does not answer within {within:g} s.") from None
    except OSError as error:
        raise LinkLost(f"Nothing can be reached at {address}: {_cause(error)}.") from None


async def _secured(
    stream: trio.SocketStream, address: WebSocketAddress, ssl_context: ssl.SSLContext | None
) -> trio.abc.Stream:
    context = ssl_context or ssl.create_default_context()
    secured = trio.SSLStream(stream, context, server_hostname=address.host, https_compatible=True)
    try:
        await secured.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(stream)
        why = getattr(error.__cause__, "verify_message", "") or str(error.__cause__ or "it broke the connection")
        raise LinkLost(f"{address} could not be trusted over TLS: {why}.") from None
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return secured


def _cause(error: OSError) -> str:
    """The plain reason within what Trio raises after it has tried every address of a host."""
    innermost: BaseException = error
    while isinstance(innermost, BaseExceptionGroup) or innermost.__cause__ is not None:
        innermost = (
            innermost.exceptions[0] if isinstance(innermost, BaseExceptionGroup) else innermost.__cause__ or innermost
        )
    number = innermost.errno if isinstance(innermost, OSError) else None
    if number is not None and number > 0:  # name resolution has numbers of its own, below zero
        return os.strerror(number).lower()
    return str(getattr(innermost, "strerror", None) or innermost).lower()
