"""Who the two ends of a link are: the hello of the one that dials, and the peer that the other one makes of it.

These are values and their headers only; `peek_trio.transport.wire.handshake` sends and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import attrs
import msgspec

from peek_trio.errors import FrameError, LinkRefused, TupleError
from peek_trio.security import Principal
from peek_trio.transport.wire.frames import Frame

__all__ = ["PROTOCOL", "Hello", "Peer", "Welcome", "refusal", "same_release", "welcome_or_refusal"]

PROTOCOL = 1
"""The version of the wire protocol. It changes when old and new ends cannot understand each other."""


@attrs.frozen
class Hello:
    """What a service or device says of itself.

    `service` is its kind: "server", "client", "agent", "worker", "device" or "operator". `plugins` are versions by name, `schemas` the
    hashes of tuple types by name. A service proves itself by `token`; a device names its `site`, and proves itself by its cookie.
    """

    service: str
    id: str
    name: str = ""
    version: str = ""
    plugins: Mapping[str, str] = attrs.field(factory=dict)
    schemas: Mapping[str, str] = attrs.field(factory=dict)
    token: str = attrs.field(default="", repr=False)
    site: str = ""

    def frame(self) -> Frame:
        """The `hello` frame."""
        header: dict[str, Any] = {
            "k": "hello",
            "protocol": PROTOCOL,
            "service": self.service,
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "plugins": dict(self.plugins),
            "schemas": dict(self.schemas),
        }
        if self.token:
            header["token"] = self.token
        if self.site:
            header["site"] = self.site
        return Frame(header)

    @classmethod
    def of(cls, frame: Frame) -> Hello:
        """The hello in the first frame of a link.

        Raises LinkRefused for another version of the protocol, FrameError when it is no hello.
        """
        if frame.kind != "hello":
            raise FrameError(f'The first frame of a link must be "hello", not "{frame.kind[:40]}".')
        protocol = frame.header.get("protocol")
        if protocol != PROTOCOL or type(protocol) is not int:
            raise LinkRefused(
                f"This end speaks version {PROTOCOL} of the wire protocol, the other one version {str(protocol)[:20]}. "
                "Install the same version of Peek on both.",
                code="protocol",
            )
        said = _convert(frame, _Said)
        return cls(said.service, said.id, said.name, said.version, said.plugins, said.schemas, said.token, said.site)


@attrs.frozen
class Welcome:
    """The answer to a hello: who the accepting end is, and who the dialling end is there.

    `spread` are the seconds over which those who lose this service should return, None when it does not say.
    """

    service: str
    id: str
    name: str
    version: str
    principal: Principal
    spread: float | None = None

    def frame(self) -> Frame:
        """The `welcome` frame, with the time of now."""
        header: dict[str, Any] = {
            "k": "welcome",
            "protocol": PROTOCOL,
            "service": self.service,
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "principal": self.principal.to_wire(),
            "time": datetime.now(UTC).isoformat(),
        }
        if self.spread is not None:
            header["spread"] = self.spread
        return Frame(header)


@attrs.frozen
class Peer:
    """The other end of a link.

    `principal` is who it is here, as proved by its credentials, never what it says of itself. `address` tells people where it is.
    """

    service: str
    id: str
    name: str
    principal: Principal
    version: str = ""
    plugins: Mapping[str, str] = attrs.field(factory=dict)
    schemas: Mapping[str, str] = attrs.field(factory=dict)
    site: str = ""
    address: str = ""


def same_release(ours: str, theirs: str) -> bool:
    """Whether two versions of the platform speak to each other: those that differ in the last number only do."""
    return ours.split(".")[:2] == theirs.split(".")[:2]


def refusal(error: LinkRefused) -> Frame:
    """The `refuse` frame."""
    return Frame({"k": "refuse", "code": error.code, "reason": error.reason})


def welcome_or_refusal(frame: Frame) -> Welcome:
    """What the accepting end answered. Raises LinkRefused for a refusal, FrameError for anything that is not an answer."""
    if frame.kind == "refuse":
        refused = _convert(frame, _Refused)
        raise LinkRefused(refused.reason[:1000], code=refused.code[:40])
    if frame.kind != "welcome":
        raise FrameError(f'The answer to a hello must be "welcome" or "refuse", not "{frame.kind[:40]}".')
    said = _convert(frame, _Welcomed)
    try:
        principal = Principal.from_wire(said.principal)
    except TupleError as error:
        raise FrameError(f"The welcome names no principal: {error}") from None
    return Welcome(said.service, said.id, said.name, said.version, principal, said.spread)


_Text = Annotated[str, msgspec.Meta(max_length=200)]  # it is shown and logged, whoever sent it
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Said(msgspec.Struct):
    service: _Id
    id: _Id
    name: _Text = ""
    version: _Text = ""
    plugins: dict[str, str] = {}
    schemas: dict[str, str] = {}
    token: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    site: _Text = ""


class _Welcomed(msgspec.Struct):
    service: _Id
    id: _Id
    principal: dict[str, Any]
    name: _Text = ""
    version: _Text = ""
    spread: float | None = None


class _Refused(msgspec.Struct):
    code: str
    reason: str


_T = TypeVar("_T")


def _convert(frame: Frame, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(frame.header, kind)
    except msgspec.ValidationError as error:
        raise FrameError(f'The "{frame.kind}" frame is not as it should be: {error}.') from None
