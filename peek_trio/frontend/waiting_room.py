"""Who waits at the door: connections that have not become a link, bounded in all and for each network they come from.

Whoever connects and says nothing takes a place. When places run out, the network that holds the most of them gives up the one it has
held for longest, so that nobody can take them from others by asking for many. A network is an IPv4 address, or the 64 bits of an IPv6
address that its owner did not choose. No sockets and no tasks here: `enter` and `give_up` say who has to go.
"""

from __future__ import annotations

import ipaddress
from typing import Generic, TypeVar

import attrs

__all__ = ["MOST_OF_ONE", "MOST_WAITING", "WaitingRoom", "network_of"]

MOST_WAITING = 2048
"""Places in all: several times what a busy site has open at a time while its devices come back."""
MOST_OF_ONE = MOST_WAITING // 2
"""Places of one network, behind which there may be a whole organisation."""

T = TypeVar("T")


@attrs.define
class _Network(Generic[T]):
    """The visitors from one network, longest there first. The busy ones are being answered; it is a pity to interrupt them."""

    idle: dict[T, None] = attrs.field(factory=dict)
    busy: dict[T, None] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.idle) + len(self.busy)

    def longest_there(self) -> T:
        return next(iter(self.idle or self.busy))


class WaitingRoom(Generic[T]):
    """The visitors of one door: any hashable objects, each equal to itself only."""

    def __init__(self, *, places: int = MOST_WAITING, of_one: int = MOST_OF_ONE) -> None:
        self._places = places
        self._of_one = of_one
        self._networks: dict[str, _Network[T]] = {}
        self._network_of: dict[T, str] = {}

    def __len__(self) -> int:
        return len(self._network_of)

    def enter(self, visitor: T, network: str) -> T | None:
        """Takes a place; gives the visitor who has lost his for it, if there had to be one."""
        dismissed = None
        there = self._networks.get(network)
        if there is not None and len(there) >= self._of_one:
            dismissed = self._dismissed(there)
        elif len(self) >= self._places:
            dismissed = self._dismissed(max(self._networks.values(), key=lambda each: len(each) + (each is there)))
        self._network_of[visitor] = network
        self._networks.setdefault(network, _Network()).idle[visitor] = None
        return dismissed

    def leave(self, visitor: T) -> None:
        """Gives the place back. May be called again, and after the place was lost."""
        network = self._network_of.pop(visitor, None)
        if network is not None:
            there = self._networks[network]
            there.idle.pop(visitor, None)
            there.busy.pop(visitor, None)
            if not there:
                del self._networks[network]

    def rest(self, visitor: T, idle: bool) -> None:
        """The visitor is idle from now on, or busy: then he is among the last of his network who have to go."""
        network = self._network_of.get(visitor)
        if network is not None:
            there = self._networks[network]
            (there.busy if idle else there.idle).pop(visitor, None)
            (there.idle if idle else there.busy)[visitor] = None

    def give_up(self) -> T | None:
        """Takes a place back from the network that holds the most, and says who held it. None when nobody is there."""
        if not self._networks:
            return None
        return self._dismissed(max(self._networks.values(), key=len))

    def _dismissed(self, network: _Network[T]) -> T:
        visitor = network.longest_there()
        self.leave(visitor)
        return visitor


def network_of(address: str) -> str:
    """The network that `address` counts for. What is no internet address is a network of its own."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"
