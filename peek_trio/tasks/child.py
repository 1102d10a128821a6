"""A worker's subprocess: `python -m peek_trio.tasks.child FD`. It runs one task after the other, each sent over the socket FD.

A thread reads the socket. When the worker's end closes, whatever the reason, that thread ends the process and what it has started, in
the middle of a task or not: no subprocess outlives its worker.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from peek_trio.errors import LONGEST_MESSAGE, PeekError
from peek_trio.tasks.context import TaskContext
from peek_trio.tasks.frames import FrameBuffer, TooLarge, frame
from peek_trio.tasks.marks import find_task
from peek_trio.tuples import Codec, TupleRegistry

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Child", "main"]


class Child:
    """The subprocess's end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._arrived: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._sending = threading.Lock()

    def run(self) -> None:
        """Set up, then run tasks until the process is ended."""
        threading.Thread(target=self._read, name="worker's end", daemon=True).start()
        setup = self._arrived.get()
        logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_ToWorker(self)], force=True)
        logging.getLogger("peek_trio").setLevel(setup["level"])
        for module in setup["preload"]:
            self._preload(module)
        codec = TupleRegistry().codec
        engine = _engine_maker(setup["database"])
        self.send({"k": "ready"})
        while True:
            self._perform(self._arrived.get(), codec, engine)

    def send(self, data: dict[str, Any]) -> None:
        """Send a frame. Any thread may. Raises TooLarge."""
        data_bytes = frame(data)
        with self._sending:
            self._end.sendall(data_bytes)

    def _perform(self, request: dict[str, Any], codec: Codec, engine: Callable[[], Engine] | None) -> None:
        name, number = request["name"], request["n"]

        def report(fraction: float, note: str) -> None:
            self.send({"k": "progress", "n": number, "fraction": fraction, "note": note})

        try:
            function = find_task(name)
            arguments = function.decode_arguments(codec, request["arguments"])
            context = TaskContext(name, report=report, engine=engine)
            value = function.fn(context, **arguments)
            context.report_last()
            self.send({"k": "result", "n": number, "result": function.encode_result(codec, value)})
        except TooLarge as error:
            message = f"What {name} returned is too large: {error}"
            self.send({"k": "error", "n": number, "kind": "TooLarge", "message": message})
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the edge of a plugin: its failure is an answer)
            logging.getLogger(f"peek_trio.task.{name}").error("The task %s failed.\n%s", name, traceback.format_exc())
            kind = type(error).__name__
            message = str(error) if isinstance(error, PeekError) else f"{kind}: {error}".removesuffix(": ")
            self.send({"k": "error", "n": number, "kind": kind, "message": message[:LONGEST_MESSAGE]})

    def _preload(self, module: str) -> None:
        try:
            import_module(module)
        except Exception:  # the edge of a plugin: its own tasks will fail, those of the others must not
            logging.getLogger(__name__).exception("The module %s cannot be imported, so its tasks will fail.", module)

    def _read(self) -> None:
        buffer = FrameBuffer()
        try:
            while data := self._end.recv(1 << 16):
                for arrived in buffer.feed(data):
                    self._arrived.put(arrived)
        finally:
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)  # and what the tasks have started, which is in the group too
            os._exit(0)


class _ToWorker(logging.Handler):
    """Sends log records to the worker, whose log they belong in."""

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            self._child.send({"k": "log", "logger": record.name, "level": record.levelno, "text": text})
        except Exception:  # noqa: BLE001 (logging's own rule: a handler reports its failure to stderr and goes on)
            self.handleError(record)


def _engine_maker(url: str | None) -> Callable[[], Engine] | None:
    if url is None:
        return None

    @cache
    def make() -> Engine:
        from peek_trio.storage.engine import open_engine  # only a task that uses the database pays for its library

        return open_engine(url, pool_size=1)

    return make


def main() -> None:
    """Run as the subprocess whose socket is the file descriptor in the first argument."""
    Child(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
