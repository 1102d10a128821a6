"""One service as an operating system process: configuration, log, readiness, signals, and an exit code.

Exit codes: 0 stopped as asked, 1 a fault of ours (the traceback is in the log), 2 something people must put right.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import trio

from peek_trio import logs
from peek_trio.config import home_of, load_with_warnings
from peek_trio.config.keys import AgentConfig, ClientConfig, ServerConfig, ServiceConfig, WorkerConfig
from peek_trio.errors import PeekError
from peek_trio.nursery.faults import faults_of, sentences_of
from peek_trio.nursery.garbage import collect_seldom
from peek_trio.nursery.lock import only_one
from peek_trio.nursery.open_files import allow_open_files
from peek_trio.nursery.signals import GRACE, Stopping, stop_on_signals, stop_without_supervisor

READY_FD = "PEEK_READY_FD"
"""Environment: the number of an inherited descriptor that takes one line of JSON when the service is ready."""
LIFELINE_FD = "PEEK_LIFELINE_FD"
"""Environment: the number of an inherited pipe whose end means that the supervisor is gone."""

logger = logging.getLogger(__name__)


def run_service(service: str, base: Path, environ: Mapping[str, str] = os.environ) -> int:
    """Run `service` from its home below `base` until it is told to stop. Raises ConfigError before anything started.

    Returns the exit code. Under a supervisor (`READY_FD` is set) the terminal gets warnings and progress only.
    """
    loaded = load_with_warnings(service, base)
    home = home_of(service, base)
    logs.configure(service, home, loaded.config.logging, console=READY_FD not in environ)
    for warning in loaded.warnings:
        logger.warning("%s", warning)
    allow_open_files()
    collect_seldom()
    try:
        # A supervisor that was killed and started again meets the services of its former life, which are just ending.
        patience = GRACE if READY_FD in environ else 0.0
        with only_one(home / "service.lock", f"The {service} of {base}", patience=patience):
            trio.run(_live, service, loaded.config, home, environ)
    except (PeekError, ExceptionGroup) as failure:  # all that a service does, it does in a nursery
        return _explain(service, failure)
    finally:
        logger.info("The %s has ended.", service)
        logs.release()
    return 0


async def _live(service: str, config: ServiceConfig, home: Path, environ: Mapping[str, str]) -> None:
    async with trio.open_nursery() as nursery:
        stopping = Stopping(nursery.cancel_scope.cancel)
        try:
            await nursery.start(stop_on_signals, stopping)
            if LIFELINE_FD in environ:
                nursery.start_soon(stop_without_supervisor, stopping, int(environ[LIFELINE_FD]))
            addresses = await nursery.start(_run, config, home)
            logger.info("The %s is ready: %s.", service, addresses or "it listens nowhere")
            _announce(service, addresses, environ)
            await trio.sleep_forever()
        finally:
            nursery.cancel_scope.cancel()
    # The certain end stays armed: a thread that a plugin left behind must not keep the process from ending.


async def _run(config: ServiceConfig, home: Path, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
    """Import and run only what this service needs."""
    match config:
        case ServerConfig():
            from peek_trio.nursery.server import run_server

            await run_server(config, home, task_status=task_status)
        case ClientConfig():
            from peek_trio.nursery.client import run_client

            await run_client(config, home, task_status=task_status)
        case AgentConfig():
            from peek_trio.nursery.agent import run_agent

            await run_agent(config, home, task_status=task_status)
        case WorkerConfig():
            from peek_trio.nursery.worker import run_worker

            await run_worker(config, home, task_status=task_status)


def _announce(service: str, addresses: Mapping[str, str], environ: Mapping[str, str]) -> None:
    if READY_FD not in environ:
        return
    line = json.dumps({"event": "ready", "service": service, "addresses": dict(addresses)}) + "\n"
    try:
        with os.fdopen(int(environ[READY_FD]), "wb") as pipe:
            pipe.write(line.encode())
    except OSError as error:
        logger.warning("%s does not take the readiness of the %s: %s.", READY_FD, service, error.strerror)


def _explain(service: str, failure: BaseException) -> int:
    """Say on the terminal what ended the service, in a sentence for each cause."""
    sentences = sentences_of(failure)
    if sentences is not None:
        logger.debug("What ended the %s:", service, exc_info=failure)
        for sentence in sentences:
            logger.error("%s", sentence)
        return 2
    faults = [fault for fault in faults_of(failure) if not isinstance(fault, trio.Cancelled)]
    logger.critical("The %s failed: %s", service, "; ".join(map(repr, faults)), exc_info=failure)
    return 1
