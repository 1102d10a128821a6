"""An action on the wire: what an `act` asks for, and what its `ack` answers.

Both are plain values here. Who applies actions and in which order is in `action.py`; who asks for them on a service, in `asking.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast, get_args

import attrs

from peek_trio.errors import LONGEST_MESSAGE, BadRequest, FrameError, RemoteError
from peek_trio.security import Principal
from peek_trio.transport.exchange import text
from peek_trio.transport.observables.state import instant
from peek_trio.transport.wire import Frame
from peek_trio.tuples import Codec
from peek_trio.tuples.plain import LARGEST_INT

__all__ = ["ActionRequest", "ActionResult", "ActionStatus", "ack_frame", "act_header", "read_ack", "read_act"]

LONGEST_NAME = 200
"""Characters of an action's id, of its device's and of its order key: a receipt is found by them."""

ActionStatus = Literal["applied", "rejected", "retry", "sign-in"]


@attrs.frozen
class ActionRequest:
    """An action as it reaches its handler.

    `id` was made on the device and is unique, `seq` counts within `device` and `key` from 1, `made` is the device's clock. `type` and
    `body` are the action as it was sent, in the form of `version`.
    """

    action: object
    id: str
    device: str
    key: str
    seq: int
    made: datetime
    principal: Principal
    type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    version: int = 1


@attrs.frozen
class ActionResult:
    """The answer to an action.

    `applied`: effect and receipt are committed, `result` is what the handler returned (plain JSON). `rejected`: it never will be, and
    `message` tells the user why. `retry`: not now; send it again `after` seconds. `sign-in`: the device is not known any more.
    A handler that has the result as JSON bytes already gives it as `encoded` instead.

    `tx` is the number of the transaction that an effect in the database is part of. `repeated` says that the action had been sent, and
    applied, before. `missing` are the first and the last of the numbers before this one that never arrived; `expected`, with `retry`,
    is the number that it can be applied under, since its own has been passed already.
    """

    status: ActionStatus
    message: str = ""
    result: Any = None
    after: float | None = None
    encoded: bytes = b""
    tx: int | None = None
    repeated: bool = False
    missing: tuple[int, int] | None = None
    expected: int | None = None


def read_act(frame: Frame, principal: Principal) -> ActionRequest:
    """The request in an `act`, its body not decoded yet.

    Raises FrameError for a header that is not an act's, BadRequest for one whose texts no receipt can be filed under.
    """
    header = frame.header
    text(header, "t")
    id, device, key, seq = text(header, "id"), text(header, "dev"), text(header, "key"), header.get("seq")
    if type(seq) is not int or not 1 <= seq <= LARGEST_INT:
        raise FrameError("An act needs seq, an integer from 1.", close_code=1002)
    version = header.get("v", 1)
    if type(version) is not int or not 1 <= version <= LARGEST_INT:
        raise FrameError("The v of an act is an integer from 1.", close_code=1002)
    made = instant(header.get("made"))
    if not (id and device) or any(len(part) > LONGEST_NAME or "\0" in part for part in (id, device, key)):
        raise BadRequest(
            f"The id and the device of an action have 1 to {LONGEST_NAME} characters, its key at most as many, and none is NUL."
        )
    return ActionRequest(None, id, device, key, seq, made, principal, header["t"], frame.body, version)


def act_header(request: ActionRequest) -> dict[str, Any]:
    """The header of the `act` that asks for it. Who asks is for the link to say."""
    header = {"k": "act", "i": 0, "t": request.type, "id": request.id, "dev": request.device, "seq": request.seq}
    header |= {"key": request.key, "made": request.made.isoformat()}
    if request.version != 1:
        header["v"] = request.version
    return header


def ack_frame(codec: Codec, number: int, result: ActionResult) -> Frame:
    """The `ack` that carries a result."""
    header: dict[str, Any] = {"k": "ack", "i": number, "status": result.status}
    if result.message:
        header["message"] = result.message[:LONGEST_MESSAGE]
    if result.after is not None:
        header["after"] = result.after
    if result.tx is not None:
        header["tx"] = str(result.tx)  # more than a browser's numbers hold
    if result.repeated:
        header["repeated"] = True
    if result.missing is not None:
        header["missing"] = list(result.missing)
    if result.expected is not None:
        header["expected"] = result.expected
    body = result.encoded
    if not body and result.result is not None:
        body = codec.encode_value(result.result)
    return Frame(header, body)


def read_ack(codec: Codec, frame: Frame) -> ActionResult:
    """The result that an `ack` carries. Raises RemoteError when it is none."""
    try:
        told = _told(frame.header)
    except (KeyError, ValueError, TypeError) as error:
        raise RemoteError(
            f"The other side answered an action with {frame.header.get('status')!r}, which is no answer."
        ) from error
    result = codec.decode_value(frame.body, Any) if frame.body else None
    return attrs.evolve(told, result=result, encoded=frame.body)


def _told(header: Mapping[str, Any]) -> ActionResult:
    status, message, after, tx = header["status"], header.get("message", ""), header.get("after"), header.get("tx")
    missing, expected = header.get("missing"), header.get("expected")
    if (
        status not in get_args(ActionStatus)
        or not isinstance(message, str)
        or not isinstance(after, int | float | None)
    ):
        raise ValueError("not the status, message or after of an ack")
    if missing is not None:
        first, last = missing
        missing = int(first), int(last)
    return ActionResult(
        cast(ActionStatus, status),
        message,
        after=after,
        tx=None if tx is None else int(tx),
        repeated=header.get("repeated") is True,
        missing=missing,
        expected=None if expected is None else int(expected),
    )
