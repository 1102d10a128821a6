"""The first exchange on a stream: hello, and welcome or a refusal that people can read. Its result is a link.

Nothing else is accepted before it, and neither side waits for it longer than its deadline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from peek_trio.errors import FrameError, LinkLost, LinkRefused, PeekError
from peek_trio.security import Principal
from peek_trio.transport.wire.frames import Frame, pack, unpack
from peek_trio.transport.wire.hello import Hello, Peer, Welcome, refusal, welcome_or_refusal
from peek_trio.transport.wire.limits import Limits, LinkTiming
from peek_trio.transport.wire.link import Link
from peek_trio.transport.wire.streams import MessageStream

__all__ = ["accept_link", "dial_link"]

HELLO_WITHIN = 5.0
ADMIT_WITHIN = 10.0
WELCOME_WITHIN = 20.0

Admit = Callable[[Hello], Awaitable[Principal]]
"""Decides about a hello: the principal that its credentials prove, or LinkRefused."""


async def accept_link(
    stream: MessageStream,
    me: Hello,
    admit: Admit,
    *,
    address: str = "",
    timing: LinkTiming | None = None,
    hello_within: float = HELLO_WITHIN,
    spread: Callable[[], float] | None = None,
) -> Link:
    """The accepting end's half: reads the hello, asks `admit` who that is, and welcomes or refuses.

    Limits and timing are those of devices when the peer says it is one. `spread` says over how many seconds peers should return when
    this service is lost (`spread_of`); the peer is told now and then. Raises LinkRefused once the peer has been told why, LinkLost
    when it left or sent no hello in `hello_within` seconds, FrameError when it sent something else. The stream is closed then.
    """
    async with _closing_on_error(stream):
        try:
            hello = Hello.of(await _receive_one(stream, hello_within, Limits.HELLO, Limits.HELLO_DEVICE))
            principal = await _admitted(admit, hello)
        except LinkRefused as error:
            await _send(stream, refusal(error))
            raise
        is_device = hello.service == "device"
        limits = Limits.DEVICE if is_device else Limits.SERVICE
        stream.allow(limits.message)  # before the peer knows that it may send more
        told = spread() if spread is not None else None
        await _send(stream, Welcome(me.service, me.id, me.name, me.version, principal, told).frame())
    peer = Peer(
        hello.service,
        hello.id,
        hello.name,
        principal,
        hello.version,
        hello.plugins,
        hello.schemas,
        hello.site,
        address,
    )
    return Link(
        stream,
        peer,
        principal=Principal.for_service(me.service, me.id, me.name),
        timing=timing or (LinkTiming.DEVICE if is_device else LinkTiming.SERVICE),
        receive_limits=limits,
        spread=spread,
    )


async def dial_link(stream: MessageStream, me: Hello, *, timing: LinkTiming | None = None) -> Link:
    """The dialling end's half: says hello and waits for the answer, at most 20 s.

    The peer of the link is the service that answered; the link's `principal` is who we are there. Raises LinkRefused with the peer's
    sentence, LinkLost when it left or did not answer, FrameError when it answered something else. The stream is closed then.
    """
    async with _closing_on_error(stream):
        await _send(stream, me.frame())
        welcome = welcome_or_refusal(await _receive_one(stream, WELCOME_WITHIN, Limits.HELLO))
    is_device = me.service == "device"
    peer = Peer(
        welcome.service,
        welcome.id,
        welcome.name,
        Principal.for_service(welcome.service, welcome.id, welcome.name),
        welcome.version,
    )
    return Link(
        stream,
        peer,
        principal=welcome.principal,
        timing=timing or (LinkTiming.DEVICE if is_device else LinkTiming.SERVICE),
        send_limits=Limits.DEVICE if is_device else Limits.SERVICE,
        told_spread=welcome.spread,
    )


async def _admitted(admit: Admit, hello: Hello) -> Principal:
    try:
        with trio.fail_after(ADMIT_WITHIN):
            return await admit(hello)
    except trio.TooSlowError:
        raise LinkRefused("This end is too busy to check who you are. Try again later.", code="busy") from None
    except LinkRefused:
        raise
    except PeekError as error:
        raise LinkRefused(str(error), code="busy") from error


async def _receive_one(stream: MessageStream, within: float, limits: Limits, of_device: Limits | None = None) -> Frame:
    """The one frame of the next message. `of_device` are the limits when a device says hello in it."""
    with trio.move_on_after(within):
        message = await stream.receive()
        frames = unpack(message, limits)
        if len(frames) != 1:
            raise FrameError("Frames before the hello was answered.")
        if of_device is not None and frames[0].header.get("service") == "device":
            unpack(message, of_device)
        return frames[0]
    raise LinkLost("The other end said nothing in time.", code=1008)


async def _send(stream: MessageStream, frame: Frame) -> None:
    with trio.move_on_after(HELLO_WITHIN):
        await stream.send(pack([frame]))
        return
    raise LinkLost("The other end does not receive.", code=1013)


@asynccontextmanager
async def _closing_on_error(stream: MessageStream) -> AsyncIterator[None]:
    """Closes the stream when its block fails, with the code and the sentence that fit."""
    try:
        yield
    except LinkRefused as error:
        await stream.aclose(1008, error.reason)
        raise
    except LinkLost as error:
        await stream.aclose(error.code, error.reason)
        raise
    except FrameError as error:
        await stream.aclose(error.close_code, str(error))
        raise
    except trio.Cancelled:
        await stream.aclose(1001, "This end is stopping.")
        raise
    except BaseException:
        await stream.aclose(1011, "Internal fault.")
        raise
