"""Runs in vortexpy's environment: commands as JSON lines on standard input, each answered by a line, on Twisted's reactor."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor, stdio
from twisted.internet.defer import maybeDeferred
from twisted.protocols.basic import LineReceiver

__all__ = ["obey", "say"]


def say(answer: dict[str, Any]) -> None:
    """Answers a command. The CPU time is this process's."""
    print(json.dumps(answer | {"cpu": time.process_time()}), flush=True)


class _Commands(LineReceiver):
    delimiter = b"\n"

    def __init__(self, carry_out: Callable[[dict[str, Any]], Any]) -> None:
        self._carry_out = carry_out

    def lineReceived(self, line: bytes) -> None:
        done = maybeDeferred(self._carry_out, json.loads(line))
        done.addCallbacks(lambda answer: say(answer or {}), lambda failure: say({"failed": failure.getErrorMessage()}))

    def connectionLost(self, reason: object = None) -> None:
        if reactor.running:
            reactor.stop()


def obey(carry_out: Callable[[dict[str, Any]], Any]) -> None:
    """Runs the reactor until standard input ends; `carry_out` gives the answer to a command, or a Deferred of it."""
    logging.disable(logging.CRITICAL)  # it warns of every endpoint without permissions
    stdio.StandardIO(_Commands(carry_out))
    reactor.run()
