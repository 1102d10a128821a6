"""`up`: all four services as supervised children of one process, with everything they need embedded.

The server starts first and stops last; the others start side by side once it is ready. A child that dies later is
started again; one that cannot even start ends the whole with its own explanation.
"""

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import attrs
import trio

from peek_trio import logs
from peek_trio.config import SERVICES, load_with_warnings
from peek_trio.errors import PeekError
from peek_trio.nursery.child import ChildService, ServiceDied, describe_end, service_command
from peek_trio.nursery.credentials import share_tokens
from peek_trio.nursery.faults import faults_of, sentences_of
from peek_trio.nursery.layers import layer
from peek_trio.nursery.lock import only_one
from peek_trio.nursery.operator import first_sign_in_link
from peek_trio.nursery.signals import FORCED_EXIT_CODE
from peek_trio.nursery.supervision import UNTIRING, supervise
from peek_trio.plugin.restart import RestartBudget

SITES = ("admin", "mobile", "desktop")

SERVER_STOPS_WITHIN = 4.5
OTHERS_STOP_WITHIN = 3.0
CLEAN_UP_WITHIN = 5.0
"""Seconds; with the second that each process group may take, the whole is gone within ten."""

Say = Callable[[str], None]

logger = logging.getLogger(__name__)


@attrs.define
class Up:
    """One run of `up` on the homes below `base`. `say` gets every line for the terminal."""

    base: Path
    say: Say
    _addresses: dict[str, str] = attrs.field(factory=dict, init=False)
    _pids: dict[str, int] = attrs.field(factory=dict, init=False)
    _is_stopping: bool = attrs.field(default=False, init=False)
    _is_killing: bool = attrs.field(default=False, init=False)
    _server_was_cut_off: bool = attrs.field(default=False, init=False)

    def prepare(self) -> None:
        """Make homes, configurations and the shared token. Raises ConfigError."""
        for service in SERVICES:
            load_with_warnings(service, self.base)  # the service itself repeats the warnings, if there are any
        share_tokens(self.base)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; reports when everything is ready. Raises ServiceDied when a first start fails."""
        async with layer(self._service, "server", SERVER_STOPS_WITHIN), layer(self._others):
            await self._welcome()
            task_status.started()
            await trio.sleep_forever()

    def say_failed(self, failure: ServiceDied) -> None:
        """Say that a service could not start; why, it has said itself."""
        how = describe_end(failure.returncode)
        self._line(failure.service, f"could not start: {how}. Its log: {self._log(failure.service)}")

    def stopping(self) -> None:
        """From now on an end is no accident."""
        self._is_stopping = True
        self.say("Stopping ...")

    def kill(self) -> None:
        """End every child at once; `run` then finds nothing left to stop."""
        self._is_killing = True
        for pid in self._pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    async def clean_up(self) -> None:
        """End what a server that was cut off could not end itself. Bounded."""
        if not self._server_was_cut_off:
            return
        from peek_trio.nursery.server_database import stop_leftover_database

        with trio.move_on_after(CLEAN_UP_WITHIN, shield=True):
            await stop_leftover_database(self.base)

    async def _others(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as services:
            async with trio.open_nursery() as starting:
                for service in SERVICES[1:]:
                    starting.start_soon(services.start, self._service, service, OTHERS_STOP_WITHIN)
            task_status.started()

    async def _service(self, service: str, stop_within: float, *, task_status: trio.TaskStatus[None]) -> None:
        child = ChildService(
            service,
            service_command(service, self.base),
            on_line=partial(self._line, service),
            on_start=partial(self._started, service),
            on_ready=partial(self._ready, service),
            on_end=partial(self._ended, service),
            stop_within=stop_within,
        )
        budget = RestartBudget(most=UNTIRING)
        await supervise(child.run, budget, tell=partial(self._died, service), task_status=task_status)

    def _started(self, service: str, pid: int) -> None:
        self._pids[service] = pid
        self._line(service, f"starts   process {pid}")

    def _ready(self, service: str, addresses: Mapping[str, str], seconds: float) -> None:
        self._addresses.update(addresses)
        self._line(service, f"ready    {seconds:.1f} s")

    def _ended(self, service: str, returncode: int) -> None:
        del self._pids[service]
        if service == "server":
            self._server_was_cut_off = returncode not in (0, 1, 2)
        if self._is_stopping and not self._is_killing and returncode in (-signal.SIGKILL, FORCED_EXIT_CODE):
            self._line(service, f"cut off  it did not end in time. Its log: {self._log(service)}")

    def _died(self, service: str, failures: ExceptionGroup[Exception], wait: float) -> None:
        if self._is_stopping:
            return
        for failure in faults_of(failures):
            how = describe_end(failure.returncode) if isinstance(failure, ServiceDied) else str(failure)
            self._line(service, f"died     {how}; starts again in {wait:.1f} s. Its log: {self._log(service)}")

    def _line(self, service: str, text: str) -> None:
        """A line about a service, also for the log. What `say` gets elsewhere may be secret and is for the terminal only."""
        self.say(f"{service:<9} {text}")
        logger.info("%s: %s", service, text)

    def _log(self, service: str) -> Path:
        return logs.log_file(service, self.base)

    async def _welcome(self) -> None:
        self.say("")
        for site in SITES:
            if site in self._addresses:
                self.say(f"{site:<9} {self._addresses[site]}")
        try:
            link = await first_sign_in_link(self.base, self._addresses["admin"])
        except (PeekError, ExceptionGroup) as failure:
            sentences = sentences_of(failure)
            if sentences is None:
                raise
            link = None
            self.say(f"There is no sign-in link for now: {' '.join(sentences)}")
        if link:
            self.say(f"{'sign in':<9} {link}   (once, within the hour)")
        self.say("")
        self.say("Ctrl-C stops everything.")


async def run_up(base: Path, say: Say) -> int:
    """Everything `python -m peek_trio up` does, until a signal ends it.

    Returns the exit code: 0 stopped as asked, 2 a service could not start and has said why. Raises ConfigError.
    """
    exit_code = 0
    with only_one(base / "peek-up.lock", f"`up` on {base}"):
        up = Up(base, say)
        up.prepare()
        try:
            async with trio.open_nursery() as watch:
                running = trio.CancelScope()
                watch.start_soon(_end_on_signals, running, up)
                try:
                    with running:
                        await up.run()
                finally:
                    await up.clean_up()  # while signals are still ours: an impatient Ctrl-C must not cut it short
                watch.cancel_scope.cancel()
        except* ServiceDied as failures:  # at the first start; later deaths are restarts
            exit_code = 2
            for failure in faults_of(failures):
                if isinstance(failure, ServiceDied):
                    up.say_failed(failure)
    return exit_code


async def _end_on_signals(running: trio.CancelScope, up: Up) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as received:
        await anext(received)
        up.stopping()
        running.cancel()
        async for _ in received:
            up.kill()
