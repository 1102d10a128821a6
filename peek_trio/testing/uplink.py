"""The link of a device or satellite towards the service above it: real, but for the memory that carries it, and all that can go wrong.

    phone.link.cut()                                      the connection breaks, and the phone dials again by itself
    phone.link.cut(after=3, towards="server")             it breaks behind the third frame from now that arrives there
    phone.link.cut(before=4)                              it breaks when the fourth frame from now sets out, which is lost
    phone.link.delay(0.2)                                 everything takes 200 ms
    phone.link.duplicate(every=3)                         each third message arrives twice
    phone.link.stop_reading(); phone.link.resume_reading()
    phone.link.black_hole(); phone.link.restore()         nothing arrives any more, and nobody is told
    phone.link.unplug(); phone.link.plug_in()             there is no network, and whoever dials knows it
    phone.link.restore()                                  all is well again, whatever was wrong

The dialling is the platform's own (`keep_linked` with its backoff); only its randomness has a seed.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import NoReturn, Protocol

import attrs
import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.testing.bell import Bell
from peek_trio.testing.wires import Countdown, FaultyStream, Way, connection
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Backoff, Link, LinkStatistics, LinkTiming, Peer, dial_link, keep_linked

__all__ = ["Above", "Uplink"]

CONNECT_WITHIN = 10.0
"""Seconds after which a dial into a black hole gives up."""


class Above(Protocol):
    """A service that takes links."""

    id: str

    def accept(self, stream: FaultyStream, principal: Principal, dialler: Uplink) -> None:
        """Takes a connection of `dialler`, which is `principal`. Raises LinkLost when the service does not run."""
        ...


class Uplink:
    """Links the `kind` called `name` to `above`, where it is `principal`.

    Faults last until they are taken back, over any number of redials.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        above: Above,
        principal: Principal,
        *,
        randomness: random.Random,
        timing: LinkTiming | None = None,
        on_delivery: Callable[[Uplink, str, bytes], None] = lambda link, towards, message: None,
    ) -> None:
        self.name = name
        self.above = above
        self.came_up_at: list[float] = []
        """When the link came up, each time, on Trio's clock."""
        self.cuts = 0
        """How often it has been cut so far, so that a test can tell that a cut did happen."""
        self._principal, self._timing, self._random = principal, timing, randomness
        self._up = Way(randomness, partial(on_delivery, self, "server"))
        self._down = Way(randomness, partial(on_delivery, self, kind))
        self._ways = {"server": self._up, kind: self._down}
        self._plugged = True
        self._stream: FaultyStream | None = None
        self._link: Link | None = None
        self._seen_here = self._seen_above = False
        self._changed, self._restored = Bell(), Bell()

    def __repr__(self) -> str:
        return f"<Uplink of {self.name} to {self.above.id}, {'up' if self.is_up else 'down'}>"

    @property
    def is_up(self) -> bool:
        """Whether both ends know each other just now."""
        return self._seen_here and self._seen_above

    async def up(self, *, within: float = 60.0) -> None:
        """Waits until both ends know each other. Raises AssertionError after `within` seconds."""
        await self._until(True, within)

    async def down(self, *, within: float = 60.0) -> None:
        """Waits until both ends know that they have lost each other. Raises AssertionError after `within` seconds."""
        await self._until(False, within)

    async def was_cut(self, times: int = 1, *, within: float = 60.0) -> None:
        """Waits until it has been cut so often. Raises AssertionError after `within` seconds."""
        with trio.move_on_after(within) as patience:
            while self.cuts < times:
                await self._changed.wait()
        if patience.cancelled_caught:
            raise AssertionError(f"Within {within:g} s the link of {self.name} was cut {self.cuts} times, not {times}.")

    def statistics(self) -> LinkStatistics:
        """Of the connection that is up or was last. Raises LinkLost before there was any."""
        if self._link is None:
            raise LinkLost(f"{self.name} was never linked.")
        return self._link.statistics()

    def cut(self, *, after: int | None = None, before: int | None = None, towards: str | None = None) -> None:
        """Breaks the connection: now, and what is under way is lost, or at a frame yet to come.

        `after=3`: the third frame from now is the last that arrives, and the link breaks with it. `before=4`: the link breaks when the
        fourth sets out, which is lost; whatever the third has caused has happened by then. Frames count in both directions, or only in
        that `towards` "server" or "device" (for a satellite's link: its own kind). It happens once, on this connection or a later one,
        and the redial follows by itself.
        """
        if after is None and before is None:
            if self._stream is not None:
                self._count_cut()
                self._stream.cut()
            return
        frames = after if after is not None else (before or 0) - 1
        if frames < (before is None) or (after is not None and before is not None):
            raise ValueError("A link is cut after or before a frame, the first of which is 1.")
        ways = self._towards(towards)

        def over() -> None:
            self._count_cut()
            for way in ways:
                way.cut = None

        countdown = Countdown(frames, before is not None, over)
        for way in ways:
            way.cut = countdown

    def unplug(self) -> None:
        """Takes the network away: the connection breaks, and every redial fails at once, until `plug_in`."""
        self._plugged = False
        self.cut()

    def plug_in(self) -> None:
        """There is a network, and a lost link is dialled at once, as when a phone finds one. Other faults stay as they are."""
        self._plugged = True
        self._changed.ring()
        self._restored.ring()

    def black_hole(self) -> None:
        """Nothing arrives any more, in either direction, and nobody is told: a train in a tunnel. Until `restore`."""
        self._up.hold(True)
        self._down.hold(True)
        self._changed.ring()

    def stop_reading(self) -> None:
        """This end reads nothing more, but still sends, until `resume_reading`."""
        self._down.hold(True)

    def resume_reading(self) -> None:
        """Goes on to read, with what has waited."""
        self._down.hold(False)

    def delay(self, seconds: float, *, up_to: float | None = None, towards: str | None = None) -> None:
        """Lets every message travel for `seconds`, or for a random time from `seconds` to `up_to`. Their order stays."""
        for way in self._towards(towards):
            way.delay, way.spread = seconds, max(0.0, (up_to or seconds) - seconds)

    def duplicate(self, *, every: int = 1, towards: str | None = None) -> None:
        """Delivers each message whose number is a multiple of `every` twice. No real transport does; a hostile peer may."""
        for way in self._towards(towards):
            way.every = every

    def restore(self) -> None:
        """All is well again: no fault is left, not even a cut that is still to come, and what was held back arrives."""
        self._up.heal()
        self._down.heal()
        self.plug_in()

    async def run(self, board: Switchboard) -> NoReturn:
        """Dials for `board` once there is a network, serves the link, and dials again, until cancelled."""
        board.on_peers(self._peer_here)
        while not self._plugged:
            await self._changed.wait()
        backoff = Backoff(random=self._random)
        await keep_linked(
            partial(self._connect, board),
            partial(board.serve_link, upstream=True),
            wake=self._restored,
            backoff=backoff,
        )

    def seen_above(self, connected: bool) -> None:
        """The service above has entered this end among its peers, or has lost it."""
        self._seen_above = connected
        self._changed.ring()

    def _count_cut(self) -> None:
        self.cuts += 1
        self._changed.ring()

    def _towards(self, towards: str | None) -> list[Way]:
        if towards is None:
            return list(self._ways.values())
        if towards not in self._ways:
            raise ValueError(f'A link of {self.name} leads towards {" or ".join(self._ways)}, not towards "{towards}".')
        return [self._ways[towards]]

    @asynccontextmanager
    async def _connect(self, board: Switchboard) -> AsyncIterator[Link]:
        stream = self._stream = await self._connection()
        try:
            schemas = {} if board.me.service == "device" else board.registry.hashes()
            me = attrs.evolve(board.me, schemas=schemas)
            self._link = await dial_link(stream, me, timing=self._timing)
            yield self._link
        finally:
            await stream.aclose(1001, "This end is stopping.")

    async def _connection(self) -> FaultyStream:
        with trio.move_on_after(CONNECT_WITHIN) as patience:
            while self._up.held and self._plugged:
                await self._changed.wait()
        if patience.cancelled_caught:
            raise LinkLost(f"{self.above.id} does not answer within {CONNECT_WITHIN:g} s.")
        if not self._plugged:
            raise LinkLost(f"{self.name} has no network.")
        upper, lower = connection(self._up, self._down)
        self.above.accept(upper, self._principal, self)
        return lower

    def _peer_here(self, peer: Peer, connected: bool) -> None:
        if peer.id != self.above.id:
            return
        self._seen_here = connected
        if connected:
            self.came_up_at.append(trio.current_time())
        self._changed.ring()

    async def _until(self, up: bool, within: float) -> None:
        with trio.move_on_after(within) as patience:
            while (self._seen_here, self._seen_above) != (up, up):
                await self._changed.wait()
        if patience.cancelled_caught:
            raise AssertionError(f"The link of {self.name} was not {'up' if up else 'down'} within {within:g} s.")
