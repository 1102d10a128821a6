"""What waits to be sent on one link: a bounded queue, and slots that keep only the newest.

Frames in the queue all arrive, in order; that is for answers and calls. A frame in a slot replaces the one before it that has not left
yet; that is for states, of which a slow receiver wants the latest only. No sockets here: the link's writer takes batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from peek_trio.transport.wire.frames import Frame, pack_head

__all__ = ["BATCH", "Outbox", "Packed"]

Packed = tuple[bytes, bytes]
"""The head and the body of a frame; the body is shared with whoever else is sent the same."""

BATCH = 256 * 1024
"""Bytes after which a message is full enough: the receiver can begin with it while the next is made."""


class Outbox:
    """The frames that wait on one link, at most `most_frames` and `most_bytes` in the queue and `most_slots` in slots."""

    def __init__(self, *, most_frames: int = 1024, most_bytes: int = 8 * 1024 * 1024, most_slots: int = 16_384) -> None:
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._most_slots = most_slots
        self._queue: deque[Packed] = deque()
        self._queued_bytes = 0
        self._slots: dict[Hashable, Packed] = {}
        self.replaced = 0

    def __len__(self) -> int:
        return len(self._queue) + len(self._slots)

    @property
    def queued(self) -> int:
        """Frames in the queue."""
        return len(self._queue)

    @property
    def queued_bytes(self) -> int:
        """Bytes in the queue."""
        return self._queued_bytes

    def offer(self, packed: Packed) -> bool:
        """Puts a frame in the queue if there is room. A single large frame fits into an empty queue."""
        size = len(packed[0]) + len(packed[1])
        if self._queue and (len(self._queue) >= self._most_frames or self._queued_bytes + size > self._most_bytes):
            return False
        self._queue.append(packed)
        self._queued_bytes += size
        return True

    def post(self, slot: Hashable, packed: Packed) -> bool | None:
        """Puts a frame in a slot: True when it replaced one, False when the slot was empty, None when there are too many slots.

        A replaced frame's successor keeps its place: who is updated often does not starve the others, nor himself.
        """
        replaced = slot in self._slots
        if not replaced and len(self._slots) >= self._most_slots:
            return None
        self._slots[slot] = packed
        self.replaced += replaced
        return replaced

    def withdraw(self, slot: Hashable) -> None:
        """Empties a slot; it may be empty already."""
        self._slots.pop(slot, None)

    def take(self, largest: int) -> list[bytes]:
        """The parts of the next message, at most `largest` bytes: the queue first, then the slots in order. none when nothing waits."""
        parts: list[bytes] = []
        size = 0
        room = min(BATCH, largest)
        while self._queue:
            head, body = self._queue[0]
            length = len(head) + len(body)
            if parts and size + length > room:
                return parts
            self._queue.popleft()
            self._queued_bytes -= length
            parts += (head, body)
            size += length
        while self._slots:
            slot = next(iter(self._slots))
            head, body = self._slots[slot]
            length = len(head) + len(body)
            if parts and size + length > room:
                break
            del self._slots[slot]
            parts += (head, body)
            size += length
        return parts

    def clear(self) -> None:
        """Drops everything."""
        self._queue.clear()
        self._slots.clear()
        self._queued_bytes = 0


def packed(frame: Frame) -> Packed:
    """A frame ready to wait: its header encoded, its body untouched."""
    return pack_head(frame), frame.body
