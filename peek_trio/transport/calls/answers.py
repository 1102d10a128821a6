"""The answers to a call of every service of a kind: one for each of them, whether it answered or not."""

from __future__ import annotations

import json
import logging
from typing import Any, Generic, TypeVar, cast

import attrs
import trio

from peek_trio.errors import DeadlineExceeded, FrameError, PeekError, RemoteError, Unavailable
from peek_trio.transport.calls.caller import error_of, lose_interest
from peek_trio.transport.exchange import Port
from peek_trio.transport.trace import log_request, present_trace, requests
from peek_trio.transport.wire import Frame

__all__ = ["Answer", "Gathered", "gather"]

R = TypeVar("R")

Gathered = tuple[str, bytes | PeekError]
"""The id of a service, and its result as it came or what it failed with."""


@attrs.frozen
class Answer(Generic[R]):
    """What one service answered to a call of all. `service` is its id; `error` says why there is no result, None when there is one."""

    service: str
    error: PeekError | None = None
    _value: R | None = attrs.field(default=None, alias="value")

    @property
    def value(self) -> R:
        """The result. Raises `error` when there is none."""
        if self.error is not None:
            raise self.error
        return cast(R, self._value)


async def gather(port: Port, header: dict[str, Any], body: bytes, *, timeout: float, what: str) -> list[Gathered]:
    """Has the server, to which `port` leads, call all that `header` names; the answers in the order in which the server names them.

    Who has not answered in `timeout` seconds, or when the link is lost, has an error there. Raises one only when it is not known whom
    the server asked: Unavailable, DeadlineExceeded, or what the server refused it with.
    """
    gathering = _Gathering()
    number = port.open(gathering)
    port.calling += 1
    header.update(i=number, all=1, tr=present_trace())
    began = trio.current_time()
    try:
        with trio.move_on_at(began + timeout):
            await port.send(Frame(header, body))
            await gathering.over.wait()
        if not gathering.over.is_set():
            gathering.error = DeadlineExceeded(f"{what} took longer than {timeout:g} s.")
        return gathering.outcome()
    finally:
        port.calling -= 1
        if not gathering.over.is_set():
            lose_interest(port, number, gathering, header)
        if requests.isEnabledFor(logging.DEBUG):
            outcome = gathering.error or ("answered" if gathering.over.is_set() else "given up")
            log_request("Asked", header, port.peer, began, outcome, header["tr"])


class _Gathering:
    """The answers so far."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.error: PeekError | None = None
        self._asked: list[str] | None = None
        self._answers: dict[str, bytes | PeekError] = {}

    def take(self, frame: Frame) -> bool:
        header = frame.header
        if header["k"] == "item":
            if self._asked is None:
                self._asked = _ids(frame.body)
            elif header.get("from") in self._asked:
                self._answers[header["from"]] = error_of(frame) if "e" in header else frame.body
            return False
        self.error = error_of(frame) if header["k"] == "err" else None
        self.over.set()
        return True

    def lost(self, error: Unavailable) -> None:
        self.error = error
        self.over.set()

    def outcome(self) -> list[Gathered]:
        missing = self.error or RemoteError("The server ended the call without this answer.")
        if self._asked is None:
            raise missing
        return [(service, self._answers.get(service, missing)) for service in self._asked]


def _ids(body: bytes) -> list[str]:
    try:
        ids = json.loads(body)
    except ValueError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise FrameError("The first item of a call of all must be a list of the ids of those who are asked.")
    return ids
