"""One request and all that it causes have one trace: its name in the logs of every service on its way.

It is made where the request begins, travels in the headers of requests (`tr`), and is `peek_trio.logs.current_trace` for the code that
serves one, so that what that code asks of others carries it on. Whoever reads the log of one service finds the rest in the others'.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Mapping
from typing import Any

import trio

from peek_trio.logs import current_trace
from peek_trio.transport.wire import Peer

__all__ = ["log_request", "new_trace", "present_trace", "requests", "trace_of"]

requests = logging.getLogger("peek_trio.requests")
"""Told of every request at DEBUG, at both ends."""

_is_trace = re.compile("[0-9a-f]{16}").fullmatch


def new_trace() -> str:
    """16 hexadecimal digits that no other request has. No secret."""
    return random.getrandbits(64).to_bytes(8, "big").hex()


def present_trace() -> str:
    """The trace of what this task works for, or a new one when it begins something."""
    return current_trace.get() or new_trace()


def trace_of(header: Mapping[str, Any]) -> str:
    """The trace in the header of a request. One that is missing, or could be mistaken for something else in a log, is replaced."""
    trace = header.get("tr")
    return trace if type(trace) is str and _is_trace(trace) else new_trace()


def log_request(
    what: str, header: Mapping[str, Any], peer: Peer | None, began: float, outcome: object, trace: str
) -> None:
    """One line about a request. Ask `requests.isEnabledFor(DEBUG)` first: it is not called otherwise, so that it costs nothing.

    `what` is "Asked" or "Answered", `peer` the other end (None within one service), `began` on Trio's clock, `outcome` an error or a word.
    """
    kind = header.get("k")
    name = header.get(_NAMED_BY.get(str(kind), "t"))
    # Others chose the name and the id: as they are they could forge a line.
    whom = "this service" if peer is None else f"{peer.service} {peer.id!r}"
    if isinstance(outcome, BaseException):
        outcome = f"{type(outcome).__name__}: {str(outcome).partition(chr(10))[0]}"
    milliseconds = (trio.current_time() - began) * 1000
    requests.debug(
        "%s %s: %s %.200r, %s, %.1f ms", what, whom, kind, name, outcome, milliseconds, extra={"trace": trace}
    )


_NAMED_BY = {"call": "m", "msg": "f"}
