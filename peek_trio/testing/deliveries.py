"""What travelled on the links of a platform, as a test may want to know it."""

from __future__ import annotations

import attrs

from peek_trio.transport.wire import Frame, Limits, unpack

__all__ = ["Delivery"]

_ANY = Limits(message=2**32, header=2**32)


@attrs.frozen
class Delivery:
    """A message that arrived: when, on Trio's clock; on the link of whom; `towards` "server" or the kind of who dialled."""

    at: float
    link: str
    towards: str
    message: bytes = attrs.field(repr=False)

    @property
    def frames(self) -> list[Frame]:
        """Its frames."""
        return unpack(self.message, _ANY)

    @property
    def kinds(self) -> list[str]:
        """The kinds of its frames, `["sub", "call"]` for instance."""
        return [frame.kind for frame in self.frames]
