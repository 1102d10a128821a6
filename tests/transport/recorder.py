"""A link and a subscriber that only write down what they are given."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from peek_trio.errors import FrameError
from peek_trio.security import Principal
from peek_trio.transport.observables.entry import nothing_to_await, nothing_to_leave
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.transport.observables.statistics import Counts
from peek_trio.transport.wire import Frame, Peer


class RecordingLink:
    """Stands in for a `wire.Link` (whose own tests are beside it): keeps frames instead of sending them."""

    def __init__(self, service: str = "device", id: str = "d1", principal: Principal | None = None) -> None:
        self.peer = Peer(service, id, "", principal or Principal("person", "joe"))
        self.sent: list[Frame] = []
        self.slots: dict[Hashable, Frame] = {}
        self.closed: tuple[int, str] | None = None
        self.largest = 2**24

    async def send(self, frame: Frame) -> None:
        self.sent.append(frame)

    def send_nowait(self, frame: Frame) -> None:
        self.sent.append(frame)

    def post(self, slot: Hashable, frame: Frame) -> bool:
        if len(frame.body) > self.largest:
            raise FrameError("It is too large.", close_code=1009)
        self.slots[slot] = frame
        return True

    def waiting(self, slot: Hashable) -> bool:
        return slot in self.slots

    def withdraw(self, slot: Hashable) -> None:
        self.slots.pop(slot, None)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = (code, reason)

    def take_posted(self) -> list[Frame]:
        """What a writer would send now."""
        frames = list(self.slots.values())
        self.slots.clear()
        return frames

    def headers(self) -> list[dict[str, Any]]:
        """The headers of what was sent, which is forgotten."""
        headers = [frame.header for frame in self.sent]
        self.sent.clear()
        return headers


class RecordingSubscriber:
    """Writes down what it is told as ("changed", digest, stale reason), ("same", ...) if only that is new, and ("failed", sentence)."""

    def __init__(self, principal: Principal | None = None) -> None:
        self.principal = principal or Principal("person", "joe")
        self.leave: Callable[[], None] = nothing_to_leave
        self.awaits: Callable[[int], None] = nothing_to_await
        self.counts = Counts()
        self.skipped = 0
        self.heard: list[tuple[Any, ...]] = []
        self._digest = ""

    def changed(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> None:
        news = "changed" if state.digest != self._digest else "same"
        self._digest = state.digest
        self.skipped += skipped
        self.heard.append((news, state.digest, stale and stale.reason))

    def failed(self, error: Exception) -> None:
        self.heard.append(("failed", str(error)))

    def news(self) -> list[tuple[Any, ...]]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard
