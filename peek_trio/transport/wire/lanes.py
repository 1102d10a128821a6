"""The large frames that are under way on a link, and what has to wait for them.

While one is, everything else goes past it except what belongs behind it: later answers of its exchange, the `cancel` of its request,
actions with its device and order key, messages behind a message. That is found out by `order_of`, and only while a large frame is under
way: a link that never sends one pays nothing for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Any, Literal

import attrs

from peek_trio.transport.wire.frames import Packed, size_of
from peek_trio.transport.wire.parts import LANES, LARGE, cut

__all__ = ["Lanes", "order_of"]

_OF_THE_ASKING_SIDE = frozenset({"call", "sub", "cancel", "unsub", "more"})


def order_of(header: dict[str, Any]) -> Hashable:
    """What a frame keeps its order within: two frames of which this is equal arrive in the order in which they were sent.

    Both sides number their exchanges, so a question and an answer of the same number have nothing to do with each other.
    """
    kind = header["k"]
    if kind == "act":
        return "act", header.get("dev"), header.get("key")
    if kind == "msg":
        return "msg"
    return kind in _OF_THE_ASKING_SIDE, header.get("i")


@attrs.define(eq=False)
class _Departing:
    lane: int
    order: Hashable
    parts: Iterator[tuple[bytes, bytes]]
    left: int  # bytes of the frame that have not left yet


class Lanes:
    """Up to four large frames that leave part by part, in turns, and the frames of the queue and of the slots that wait for that.

    `aside` and `slots_aside` hold those, in order, until one of the large frames has left; then everything is looked at anew.
    """

    def __init__(self) -> None:
        self.aside: deque[Packed] = deque()
        self.slots_aside: dict[Hashable, Packed] = {}
        self._departing: deque[_Departing] = deque()
        self._taken: set[Hashable] = set()

    @property
    def under_way(self) -> int:
        """Large frames that have begun to leave and not ended."""
        return len(self._departing)

    @property
    def bytes_left(self) -> int:
        """Bytes of them that have not left yet."""
        return sum(departing.left for departing in self._departing)

    def admit(self, frame: Packed) -> Literal["now", "in parts", "later"]:
        """When a frame leaves: in the next message, in parts (it has a lane now), or later, and then whoever asks sets it aside."""
        order = order_of(frame[2])
        if order in self._taken:
            return "later"
        size = size_of(frame)
        if size <= LARGE:
            return "now"
        self._taken.add(order)  # also when there is no lane yet: those behind it wait as well
        if len(self._departing) == LANES:
            return "later"
        free = set(range(1, LANES + 1)) - {departing.lane for departing in self._departing}
        lane = min(free)
        self._departing.append(_Departing(lane, order, cut(frame, lane), size))
        return "in parts"

    def next_part(self) -> tuple[tuple[bytes, bytes], bool]:
        """The part that is due, and whether it was the last of its frame, so that what is set aside may be looked at again."""
        departing = self._departing.popleft()
        head, piece = next(departing.parts)
        departing.left -= len(piece)
        if departing.left:
            self._departing.append(departing)
            return (head, piece), False
        self._taken = {other.order for other in self._departing}
        return (head, piece), True
