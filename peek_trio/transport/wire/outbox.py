"""What waits to be sent on one link: a bounded queue, and slots that keep only the newest.

Frames in the queue all arrive; that is for answers and calls. A frame in a slot replaces the one before it that has not left yet; that is
for states, of which a slow receiver wants the latest only. What keeps the link itself going overtakes both, and a large frame goes beside
them in parts (`lanes.py`). No sockets here: the link's writer takes messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from peek_trio.transport.wire.frames import Packed, size_of
from peek_trio.transport.wire.lanes import Lanes
from peek_trio.transport.wire.parts import LARGE

__all__ = ["BATCH", "CONTROL", "Outbox"]

BATCH = LARGE
"""Bytes after which a message is full enough: the receiver can begin with it while the next is made. A frame that is not large fits."""

CONTROL = frozenset({"ping", "pong", "more"})
"""Kinds of frames that go before all others: without them the peer gives the link up, or a stream stands still."""


class Outbox:
    """The frames that wait on one link, at most `most_frames` in the queue and `most_slots` in slots.

    Of the queue at most `most_bytes` are small frames, and as many are large ones that have not begun to leave, or a single larger one:
    it must not cost the small ones their place. Of those that have begun there are four at most.
    """

    def __init__(
        self,
        *,
        most_frames: int = 1024,
        most_bytes: int = 8 * 1024 * 1024,
        most_slots: int = 16_384,
        most_control: int = 4096,
    ) -> None:
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._most_slots, self._most_control = most_slots, most_control
        self._control: deque[Packed] = deque()
        self._queue: deque[Packed] = deque()
        self._small_bytes = self._large_bytes = 0
        self._slots: dict[Hashable, Packed] = {}
        self._lanes: Lanes | None = None
        self.replaced = 0

    def __len__(self) -> int:
        waiting = len(self._queue) + len(self._slots) + len(self._control)
        if self._lanes is not None:
            waiting += len(self._lanes.aside) + len(self._lanes.slots_aside) + self._lanes.under_way
        return waiting

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the queue, and what is left of large frames that have begun to leave. Bodies in slots are shared, and not counted."""
        return self._small_bytes + self._large_bytes + (self._lanes.bytes_left if self._lanes is not None else 0)

    @property
    def under_way(self) -> int:
        """Large frames that have begun to leave in parts and not ended."""
        return self._lanes.under_way if self._lanes is not None else 0

    def offer(self, frame: Packed) -> bool:
        """Puts a frame in the queue if there is room."""
        size = len(frame[0]) + len(frame[1])
        waiting = len(self._queue)
        if self._lanes is not None:
            waiting += len(self._lanes.aside)
        if waiting:
            if frame[2]["k"] in CONTROL:
                return self._offer_control(frame)
            if waiting >= self._most_frames:
                return False
        if size <= LARGE:
            if self._small_bytes + size > self._most_bytes:
                return False
            self._small_bytes += size
        else:
            if self._large_bytes and self._large_bytes + size > self._most_bytes:
                return False
            self._large_bytes += size
        self._queue.append(frame)
        return True

    def post(self, slot: Hashable, frame: Packed) -> bool | None:
        """Puts a frame in a slot: True when it replaced one, False when the slot was empty, None when there are too many slots.

        A replaced frame's successor keeps its place: who is updated often does not starve the others, nor himself. A large frame that
        has begun to leave is in its slot no more: it arrives, and what is posted meanwhile follows it.
        """
        slots, aside = self._slots, 0
        if self._lanes is not None and (aside := len(self._lanes.slots_aside)) and slot in self._lanes.slots_aside:
            slots = self._lanes.slots_aside
        replaced = slot in slots
        if not replaced and len(slots) + aside >= self._most_slots:
            return None
        slots[slot] = frame
        self.replaced += replaced
        return replaced

    def waiting(self, slot: Hashable) -> bool:
        """Whether a frame is in the slot, and has not begun to leave."""
        return slot in self._slots or (self._lanes is not None and slot in self._lanes.slots_aside)

    def withdraw(self, slot: Hashable) -> None:
        """Empties a slot; it may be empty already."""
        self._slots.pop(slot, None)
        if self._lanes is not None:
            self._lanes.slots_aside.pop(slot, None)

    def take(self) -> list[bytes]:
        """The next message, as heads and bodies in turn: control, queue, slots, and a part of a large frame. Empty when nothing waits."""
        message: list[bytes] = []
        size = 0
        while self._control and size < BATCH:
            head, body, _ = self._control.popleft()
            message += (head, body)
            size += len(head) + len(body)
        if self._lanes is None:
            queue, slots = self._queue, self._slots
            length = 0
            while queue:
                head, body, _ = queue[0]
                length = len(head) + len(body)
                if size + length > BATCH:
                    break
                queue.popleft()
                self._small_bytes -= length
                message += (head, body)
                size += length
            else:
                while slots:
                    slot = next(iter(slots))
                    head, body, _ = slots[slot]
                    length = len(head) + len(body)
                    if size + length > BATCH:
                        break
                    del slots[slot]
                    message += (head, body)
                    size += length
            if length <= LARGE:
                return message
            self._lanes = Lanes()
        self._take_beside(self._lanes, message, size)
        return message

    def clear(self) -> None:
        """Drops everything."""
        self._control.clear()
        self._queue.clear()
        self._slots.clear()
        self._small_bytes = self._large_bytes = 0
        self._lanes = None

    def _offer_control(self, frame: Packed) -> bool:
        if len(self._control) >= self._most_control:
            return False
        self._control.append(frame)
        return True

    def _take_beside(self, lanes: Lanes, message: list[bytes], size: int) -> None:
        """Adds what may pass the large frames under way, and the part that is due."""
        if self._take_queue(lanes, message, size):
            self._take_slots(lanes, message, sum(map(len, message)))
        part, was_last = lanes.next_part()
        message += part
        if was_last:
            self._queue.extendleft(reversed(lanes.aside))
            lanes.aside.clear()
            self._slots = {**lanes.slots_aside, **self._slots}
            lanes.slots_aside.clear()
            if not lanes.under_way:
                self._lanes = None

    def _take_queue(self, lanes: Lanes, message: list[bytes], size: int) -> bool:
        """False when the message is full before the queue is empty."""
        while self._queue:
            frame = self._queue.popleft()
            when = lanes.admit(frame)
            if when == "later":
                lanes.aside.append(frame)
            elif when == "in parts":
                self._large_bytes -= size_of(frame)
            elif size + size_of(frame) > BATCH:
                self._queue.appendleft(frame)
                return False
            else:
                self._small_bytes -= size_of(frame)
                size += size_of(frame)
                message += frame[:2]
        return True

    def _take_slots(self, lanes: Lanes, message: list[bytes], size: int) -> None:
        while self._slots:
            slot = next(iter(self._slots))
            frame = self._slots[slot]
            when = lanes.admit(frame)
            if when == "now" and size + size_of(frame) > BATCH:
                return
            del self._slots[slot]
            if when == "later":
                lanes.slots_aside[slot] = frame
            elif when == "now":
                size += size_of(frame)
                message += frame[:2]
