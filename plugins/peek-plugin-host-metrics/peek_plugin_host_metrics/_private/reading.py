"""Reads the machine with psutil. A `Meter` turns counters that only grow into rates per second."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import attrs
import psutil

from ..tuples import Process, Sample

PROCESSES_SHOWN = 8


@attrs.define
class Meter:
    """Reads one machine again and again, rates since the reading before. Blocks for some milliseconds: call it in a thread."""

    _counters: tuple[float, float, float, float] | None = None
    _read_at: float = 0.0
    _processes: dict[int, psutil.Process] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        psutil.cpu_percent()  # psutil compares with the call before; without one it would say 0
        self._rates()

    def sample(self) -> Sample:
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage("/")
        net_in, net_out, disk_read, disk_write = self._rates()
        return Sample(
            at=datetime.now(UTC),
            cpu_percent=float(psutil.cpu_percent()),
            memory_percent=float(memory.percent),
            memory_used=float(memory.total - memory.available),
            memory_total=float(memory.total),
            disk_percent=float(disk.percent),
            disk_used=float(disk.used),
            disk_total=float(disk.total),
            net_in=net_in,
            net_out=net_out,
            disk_read=disk_read,
            disk_write=disk_write,
        )

    def processes(self) -> list[Process]:
        """The busiest ones since the last reading, busiest first."""
        alive = {process.pid: process for process in psutil.process_iter()}
        self._processes = {pid: self._processes.get(pid, process) for pid, process in alive.items()}
        found = [read for process in self._processes.values() if (read := read_process(process)) is not None]
        found.sort(key=lambda process: (-process.cpu_percent, -process.memory))
        return found[:PROCESSES_SHOWN]

    def _rates(self) -> tuple[float, float, float, float]:
        net, disk = psutil.net_io_counters(), psutil.disk_io_counters()
        counters = (
            float(net.bytes_recv if net else 0),
            float(net.bytes_sent if net else 0),
            float(disk.read_bytes if disk else 0),
            float(disk.write_bytes if disk else 0),
        )
        now = time.monotonic()
        before, self._counters = self._counters or counters, counters
        seconds, self._read_at = max(now - self._read_at, 1e-3), now
        received, sent, read, written = (
            max(0.0, new - old) / seconds for new, old in zip(counters, before, strict=True)
        )
        return received, sent, read, written


def read_process(process: psutil.Process) -> Process | None:
    """None for a process that ended meanwhile or may not be read."""
    try:
        with process.oneshot():
            return Process(process.pid, process.name(), float(process.cpu_percent()), float(process.memory_info().rss))
    except psutil.Error:
        return None
