"""Runs in vortexpy's environment: a server with one RPC, one observable and one kind of action, behind a websocket as browsers use it.

Commands: `{"do": "update"}`, `{"do": "settle"}`, `{"do": "say"}`; answers as those of `benchmarks/load/client_service.py`.
"""

from __future__ import annotations

import gc
import resource
from datetime import UTC, datetime
from typing import Any

import psutil
from twisted.internet import reactor
from twisted.internet.defer import succeed
from twisted.web import resource as web_resource
from twisted.web import server
from txwebsocket.txws import WebSocketUpgradeHTTPChannel
from vortex.handler.TupleActionProcessor import TupleActionProcessor, TupleActionProcessorDelegateABC
from vortex.handler.TupleDataObservableHandler import TupleDataObservableHandler
from vortex.handler.TupleDataProviderABC import TupleDataProviderABC
from vortex.Payload import Payload
from vortex.PayloadEnvelope import PayloadEnvelope
from vortex.Tuple import Tuple, TupleField, addTupleType
from vortex.TupleSelector import TupleSelector
from vortex.VortexFactory import VortexFactory
from vortex_lines import obey, say
from vortex_rpc import Add, add

ROWS = 100
BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
SERVER, OBSERVABLE, ACTIONS = "benchServer", "benchObservable", "benchActions"


@addTupleType
class Point(Tuple):
    """A row of the update."""

    __tupleType__ = "benchmark.Point"
    id: int = TupleField()
    name: str = TupleField()
    value: int = TupleField()
    at: datetime = TupleField()


class Provider(TupleDataProviderABC):
    """Provides the same rows as the client service under test."""

    requiredPermissions = frozenset()
    round = 0

    def makeVortexMsg(self, filt: dict[str, Any], tupleSelector: TupleSelector) -> Any:
        rows = [Point(id=n, name=f"point {n:014d}", value=self.round * 7919 + n * 31, at=BEGAN) for n in range(ROWS)]
        made = Payload(filt, tuples=rows).makePayloadEnvelopeDefer()
        return made.addCallback(lambda envelope: envelope.toVortexMsgDefer())


class Adder(TupleActionProcessorDelegateABC):
    """Applies actions in memory."""

    requiredPermissions = frozenset()

    def __init__(self) -> None:
        self.totals: dict[int, int] = {}

    def processTupleAction(self, tupleAction: Add, **kwargs: Any) -> Any:
        self.totals[tupleAction.key] = self.totals.get(tupleAction.key, 0) + tupleAction.amount
        return succeed([])


def main() -> None:
    """Serves until standard input ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    VortexFactory.setNewConnectionsPerWindow(10**9)
    root = web_resource.Resource()
    VortexFactory.createHttpWebsocketServer(SERVER, root)
    site = server.Site(root)
    site.protocol = WebSocketUpgradeHTTPChannel
    listening = reactor.listenTCP(0, site, backlog=512, interface="127.0.0.1")
    observable, provider = TupleDataObservableHandler(OBSERVABLE), Provider()
    observable.addTupleProvider(Point.tupleType(), provider)
    serving = add.start()
    applying = TupleActionProcessor(ACTIONS)
    applying.setDelegate(Add.tupleType(), Adder())
    process, selector = psutil.Process(), TupleSelector(Point.tupleType(), {})

    def carry_out(command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "update":
            provider.round += 1
            observable.notifyOfTupleUpdate(selector)
        elif command["do"] == "settle":
            gc.collect()
        return {"memory": process.memory_info().rss, "linked": len(VortexFactory.getRemoteVortexUuids())}

    filt = {"subscribe": True, "tupleSelector": selector}
    filt |= {"name": OBSERVABLE, "observerName": "default", "key": "tupleDataObservable"}
    say(
        {
            "port": listening.getHost().port,
            "hello": PayloadEnvelope(
                filt={PayloadEnvelope.vortexUuidKey: "device", PayloadEnvelope.vortexNameKey: "device"}
            )
            .toVortexMsg()
            .decode(),
            "subscribe": PayloadEnvelope(filt).toVortexMsg().decode(),
        }
    )
    obey(carry_out)
    assert serving is not None
    assert applying.delegateCount


if __name__ == "__main__":
    main()
