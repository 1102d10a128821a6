"""The bounds of the wire protocol: how much, and how long. `docs/protocol.md` states them for both sides."""

from __future__ import annotations

from typing import ClassVar

import attrs

__all__ = ["Limits", "LinkTiming"]

KIB = 1024
MIB = 1024 * KIB


@attrs.frozen
class Limits:
    """What one end takes: `message`, `frame` and `header` in bytes, `depth` in levels of JSON.

    A frame may be larger than a message, because a large one travels in parts.
    """

    message: int
    frame: int = 1 * MIB
    header: int = 64 * KIB
    depth: int = 64

    SERVICE: ClassVar[Limits]
    """Between services, and towards devices."""

    DEVICE: ClassVar[Limits]
    """From a device."""

    HELLO: ClassVar[Limits]
    """The first message of a link: its header names every plugin and tuple type, of which there may be thousands."""

    HELLO_DEVICE: ClassVar[Limits]
    """The first message of a device, who may be anybody: it names itself and nothing else."""


Limits.SERVICE = Limits(message=1 * MIB, frame=16 * MIB)
Limits.DEVICE = Limits(message=1 * MIB, frame=1 * MIB)
Limits.HELLO = Limits(message=1 * MIB, header=1 * MIB)
Limits.HELLO_DEVICE = Limits(message=4 * KIB, header=4 * KIB)


@attrs.frozen
class LinkTiming:
    """The deadlines of a link, in seconds.

    After `idle` without hearing anything a side sends a ping; a peer that is silent for `answer` more is gone. `room` is how long a
    sender waits for room in the queue, `send` how long one message may take to leave, `close` how long the end may take.
    """

    idle: float = 15
    answer: float = 10
    room: float = 10
    send: float = 20
    close: float = 1

    SERVICE: ClassVar[LinkTiming]
    DEVICE: ClassVar[LinkTiming]


LinkTiming.SERVICE = LinkTiming()
LinkTiming.DEVICE = LinkTiming(idle=10)
