"""The part on the agent: reads the machine every second and sends what it read; keeps ten minutes while the server is away."""

from __future__ import annotations

import random
import socket
from collections import deque

import attrs
import psutil
import trio

from peek_trio import AgentContext, CallError, hookimpl

from .. import contract
from ..tuples import Process, Sample
from .reading import Meter

SECONDS_BETWEEN_READINGS = 1.0
SAMPLES_KEPT = 600
SAMPLES_SENT_AT_ONCE = 120
SECONDS_AT_MOST_BETWEEN_TRIES = 5.0


@hookimpl
async def peek_start(ctx: AgentContext) -> None:
    waiting = Waiting()
    ctx.nursery.start_soon(read_machine, waiting)
    ctx.nursery.start_soon(send_samples, ctx, waiting)


@attrs.define
class Waiting:
    """Samples that the server has not taken yet, oldest first, and the processes of the newest reading.

    Beyond the bound the oldest sample is dropped.
    """

    samples: deque[Sample] = attrs.field(factory=lambda: deque(maxlen=SAMPLES_KEPT))
    processes: list[Process] = attrs.field(factory=list)
    arrived: trio.Event = attrs.field(factory=trio.Event)


async def read_machine(waiting: Waiting) -> None:
    """Read until cancelled, however slow the sending is."""
    meter = Meter()
    next_reading = trio.current_time() + SECONDS_BETWEEN_READINGS
    while True:
        await trio.sleep_until(next_reading)
        sample, waiting.processes = await trio.to_thread.run_sync(lambda: (meter.sample(), meter.processes()))
        waiting.samples.append(sample)
        waiting.arrived.set()
        next_reading = max(next_reading + SECONDS_BETWEEN_READINGS, trio.current_time())


async def send_samples(ctx: AgentContext, waiting: Waiting) -> None:
    """Send what waits, in batches. A sample leaves the queue only when the server has taken it; sent twice, it is stored once."""
    record = ctx.rpc.caller(contract.record, timeout=10)
    host, cores = socket.gethostname(), psutil.cpu_count() or 1
    while True:
        await waiting.arrived.wait()
        waiting.arrived = trio.Event()
        while waiting.samples:
            batch = list(waiting.samples)[:SAMPLES_SENT_AT_ONCE]
            try:
                await record(host, ctx.service_id, cores, batch, waiting.processes)
            except CallError as error:
                ctx.log.debug("%d samples wait for the server: %s", len(waiting.samples), error)
                await trio.sleep(random.uniform(SECONDS_BETWEEN_READINGS, SECONDS_AT_MOST_BETWEEN_TRIES))
            else:
                while waiting.samples and waiting.samples[0].at <= batch[-1].at:
                    waiting.samples.popleft()
