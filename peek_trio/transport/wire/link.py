"""A link: frames to and from one peer, over any message stream, for as long as both ends live.

`run` owns everything that happens: a reader that hands frames on, whole ones also when they came in parts; a writer that sends whatever is
ready (`sender.py`); and a keepalive that notices a peer that is dead or does not receive. Whatever ends one of them ends the link, once,
with a code and a reason that both ends can read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

import attrs
import trio

from peek_trio.errors import FrameError, LinkLost
from peek_trio.security import Principal
from peek_trio.transport.wire.frames import HEAD_PREFIX, Frame, Packed, packed, size_of, unpack
from peek_trio.transport.wire.hello import Peer
from peek_trio.transport.wire.keepalive import Keepalive
from peek_trio.transport.wire.limits import Limits, LinkTiming
from peek_trio.transport.wire.parts import WHOLE, Assembly
from peek_trio.transport.wire.sender import Sender
from peek_trio.transport.wire.streams import MessageStream

__all__ = ["Link", "LinkStatistics"]

_log = logging.getLogger(__name__)


SMALL = 64 * 1024
"""Bytes of a frame that many are sent up to which one piece for all is worth the copy that it takes to make it."""


def _alone() -> bool:
    return False


@attrs.frozen
class LinkStatistics:
    """What a link has done so far, and what waits on it.

    `frames_...` count a large frame once for each of its parts. `replaced` are frames in slots that newer ones replaced before they left.
    `waiting_frames` are in the queue, in slots or under way in parts; `waiting_bytes` are those of the queue and of what is under way, not
    of slots, whose bodies many links share. `leaving_in_parts` and `arriving_in_parts` are the large frames under way in each direction.
    `pings` were sent, because the peer was silent; `silent_for` is how many seconds ago it was heard last, 0 before the link runs.
    """

    frames_received: int
    bytes_received: int
    messages_received: int
    frames_sent: int
    bytes_sent: int
    messages_sent: int
    replaced: int
    waiting_frames: int
    waiting_bytes: int
    leaving_in_parts: int
    arriving_in_parts: int
    pings: int
    silent_for: float


@attrs.frozen
class _Ending:
    """Why a link ends; with `drain`, what waits is sent first."""

    code: int
    reason: str
    drain: bool = False


class Link:
    """One end of a link whose hello is done. Made by `accept_link` and `dial_link`.

    `peer` is the other end, `principal` who this end is there. Frames may be sent before `run` begins; they leave when it does.
    `spread` says over how many seconds the peers of this service should spread their return if it is lost, and they are told; what the
    peer tells is `told_spread`, None if it said nothing.
    """

    __slots__ = (
        "_assembly",
        "_bytes_received",
        "_ended",
        "_ending",
        "_frames_received",
        "_keepalive",
        "_messages_received",
        "_receive_limits",
        "_send_limits",
        "_sender",
        "_spread",
        "_stream",
        "_surely_fits",
        "_timing",
        "peer",
        "principal",
        "told_spread",
    )

    def __init__(
        self,
        stream: MessageStream,
        peer: Peer,
        *,
        principal: Principal,
        timing: LinkTiming = LinkTiming.SERVICE,
        receive_limits: Limits = Limits.SERVICE,
        send_limits: Limits = Limits.SERVICE,
        spread: Callable[[], float] | None = None,
        told_spread: float | None = None,
    ) -> None:
        self.peer = peer
        self.principal = principal
        self._stream = stream
        self._timing = timing
        self._receive_limits = receive_limits
        self._send_limits = send_limits
        self.told_spread = told_spread
        self._spread = spread
        self._sender = Sender(stream, timing, self._lost)
        self._surely_fits = min(send_limits.header, send_limits.frame, SMALL)
        self._assembly = Assembly(receive_limits)
        self._keepalive: Keepalive | None = None
        self._ending: _Ending | None = None
        self._ended = trio.Event()
        self._frames_received = self._bytes_received = self._messages_received = 0

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<Link to {self.peer.service} {self.peer.id}, {state}>"

    @property
    def closed(self) -> bool:
        """Whether the link has ended or is ending: nothing more can be sent."""
        return self._ending is not None

    def statistics(self) -> LinkStatistics:
        """Counts of what came, went and waits, as they are now."""
        sender, outbox, keepalive = self._sender, self._sender.outbox, self._keepalive
        return LinkStatistics(
            frames_received=self._frames_received,
            bytes_received=self._bytes_received,
            messages_received=self._messages_received,
            frames_sent=sender.frames_sent,
            bytes_sent=sender.bytes_sent,
            messages_sent=sender.messages_sent,
            replaced=outbox.replaced,
            waiting_frames=len(outbox),
            waiting_bytes=outbox.waiting_bytes,
            leaving_in_parts=outbox.under_way,
            arriving_in_parts=len(self._assembly),
            pings=keepalive.asked if keepalive is not None else 0,
            silent_for=trio.current_time() - keepalive.heard_at if keepalive is not None else 0.0,
        )

    async def run(self, on_frame: Callable[[Frame], None], *, crowded: Callable[[], bool] = _alone) -> None:
        """Carries frames until the link ends; then raises LinkLost with the code and the reason.

        `on_frame` is called for every frame that arrives, in order, and must be quick: it hands work to a nursery. A FrameError from it
        closes the link as the peer's fault, any other exception closes it with 1011 and is logged. Cancelling closes with 1001.
        `crowded` says whether several exchanges are under way, so that a frame is worth holding back for those that follow it.
        """
        self._sender.start(crowded)
        self._keepalive = keepalive = Keepalive(self._timing, trio.current_time())
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, on_frame, keepalive)
                nursery.start_soon(self._write)
                nursery.start_soon(self._keep_alive, keepalive)
                try:
                    await self._ended.wait()
                    if self._ending is not None and self._ending.drain:
                        with trio.move_on_after(self._timing.close):
                            await self._sender.drained.wait()
                finally:
                    self._sender.stop(self._timing.close)
                    nursery.cancel_scope.cancel()
        finally:
            ending = self._end(_Ending(1001, "This end is stopping."))
            self._sender.outbox.clear()
            await self._stream.aclose(ending.code, ending.reason)
        raise LinkLost(ending.reason, code=ending.code)

    async def send(self, frame: Frame) -> None:
        """Queues a frame, waiting for room for at most 10 s; then the peer is too slow and the link closes with 1013.

        Raises LinkLost when the link has ended, FrameError when the frame is larger than the peer takes.
        """
        ready = self._checked(frame)
        if not self._sender.outbox.offer(ready):
            with trio.move_on_after(self._timing.room) as waiting:
                while not self._sender.outbox.offer(ready):
                    await self._sender.room()
                    self._raise_if_closed()
            if waiting.cancelled_caught:
                self._too_slow()
        self._sender.stir()

    def send_nowait(self, frame: Frame) -> None:
        """Queues a frame. When there is no room the peer is too slow and the link closes with 1013.

        Raises LinkLost when the link has ended, FrameError when the frame is larger than the peer takes.
        """
        if not self._sender.outbox.offer(self._checked(frame)):
            self._too_slow()
        self._sender.stir()

    def post(self, slot: Hashable, frame: Frame) -> bool:
        """Puts a frame where only the newest counts, in place of one there that has not left yet. True when it has to wait there.

        Frames in slots leave after those in the queue. A large frame that has begun to leave in parts is replaced no more: the new one
        follows it. On a link that has ended this does nothing: whoever posts posts to many. Raises FrameError when the frame is larger
        than the peer takes.
        """
        sender, head, body = self._sender, frame.head, frame.body
        if sender.idle and head is not None and len(head) + len(body) <= self._surely_fits:
            if sender.pass_by(head, body):
                return False
        elif self.closed:
            return False
        if sender.outbox.post(slot, self._checked(frame)) is None:
            self.close(1013, "Too many states wait for this peer.")
            return False
        sender.stir()
        return sender.outbox.waiting(slot)

    def waiting(self, slot: Hashable) -> bool:
        """Whether something waits in a slot: what was posted there last has not begun to leave."""
        return self._sender.outbox.waiting(slot)

    def withdraw(self, slot: Hashable) -> None:
        """Takes back what waits in a slot, if something does. A large frame that has begun to leave arrives all the same."""
        self._sender.outbox.withdraw(slot)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Asks `run` to end. What waits is sent first, if that takes no longer than a second. May be called again."""
        self._end(_Ending(code, reason or "This end closed the link.", drain=True))

    def _checked(self, frame: Frame) -> Packed:
        self._raise_if_closed()
        ready = packed(frame)
        limits = self._send_limits
        if len(ready[0]) - HEAD_PREFIX > limits.header:
            raise FrameError(
                f'A "{frame.kind}" frame has a header of {len(ready[0]) - HEAD_PREFIX} bytes, more than the {limits.header} allowed.',
                close_code=1009,
            )
        size = size_of(ready)
        if size > limits.frame:
            raise FrameError(
                f'A "{frame.kind}" frame of {size} bytes is larger than the {limits.frame} that '
                f"{self.peer.service} {self.peer.id} takes.",
                close_code=1009,
            )
        return ready

    def _raise_if_closed(self) -> None:
        if self._ending is not None:
            raise LinkLost(self._ending.reason, code=self._ending.code)

    def _too_slow(self) -> None:
        self._end(_Ending(1013, "The peer takes too long to receive."))
        self._raise_if_closed()

    def _end(self, ending: _Ending) -> _Ending:
        """Ends the link, unless it has been ended before: the first reason counts, and is returned."""
        if self._ending is None:
            self._ending = ending
            self._ended.set()
            self._sender.finish()
        return self._ending

    def _lost(self, lost: LinkLost) -> None:
        self._end(_Ending(lost.code, lost.reason))

    async def _read(self, on_frame: Callable[[Frame], None], keepalive: Keepalive) -> None:
        try:
            while True:
                message = await self._stream.receive()
                frames = unpack(message, self._receive_limits)
                keepalive.heard(trio.current_time())
                self._messages_received += 1
                self._bytes_received += len(message)
                self._frames_received += len(frames)
                for frame in frames:
                    if self._ending is not None:
                        return  # whoever was shut out has no more say, whatever is on its way
                    if frame.header["k"] not in WHOLE:
                        on_frame(frame)
                    elif (whole := self._take_own(frame)) is not None:
                        on_frame(whole)
        except LinkLost as lost:
            self._lost(lost)
        except FrameError as error:
            self._end(_Ending(error.close_code, str(error)))
        except Exception:  # noqa: BLE001  # the edge of a connection: one bad frame ends one link
            _log.exception(
                "A frame from %s %s could not be handled; its link is closed.", self.peer.service, self.peer.id
            )
            self._end(_Ending(1011, "Internal fault."))

    def _take_own(self, frame: Frame) -> Frame | None:
        """Takes a frame that is about the link itself; the large frame of which it was the last part, if it was."""
        kind, header = frame.kind, frame.header
        if kind == "part":
            return self._assembly.take(frame)
        if kind == "ping":
            self.send_nowait(self._about_us("pong", header.get("n")))
        if type(header.get("spread")) in (int, float):
            self.told_spread = header["spread"]
        return None

    def _about_us(self, kind: str, number: object) -> Frame:
        """A ping or a pong."""
        header = {"k": kind, "n": number}
        if self._spread is not None:
            header["spread"] = self._spread()
        return Frame(header)

    async def _write(self) -> None:
        try:
            await self._sender.run()
        except LinkLost as lost:
            self._lost(lost)

    async def _keep_alive(self, keepalive: Keepalive) -> None:
        try:
            while True:
                now = trio.current_time()
                if now >= self._sender.flush_by:
                    self._sender.abandon()
                    self._too_slow()
                action, again_at = keepalive.step(now)
                if action == "gone":
                    silence = self._timing.idle + self._timing.answer
                    self._end(_Ending(1006, f"The peer has been silent for {silence:g} s."))
                    return
                if action == "ping":
                    self.send_nowait(self._about_us("ping", keepalive.asked))
                # A message that is begun meanwhile has as long as this sleep lasts at least, so it need not wake this task.
                await trio.sleep_until(min(again_at, self._sender.flush_by, now + self._timing.send))
        except LinkLost:
            return  # it was ended by whoever raised this
