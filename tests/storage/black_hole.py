"""A TCP port of this machine that leads to a PostgreSQL on a unix socket, and can be made a black hole, for tests.

A socket filter has the kernel drop every packet that arrives, before TCP sees it: no reset, no acknowledgement, as if a cable were cut.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from contextlib import suppress

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # one instruction: keep 0 bytes of the packet
_PROGRAM = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))  # how many instructions, and where


def may_swallow() -> bool:
    """Whether this account may attach such a filter; some kernels count it against the memory that a user may lock."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM)
        except OSError:
            return False
    return True


class Wire:
    """`port` leads to the unix socket at `target`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._near, self._far = [self._listener], list[socket.socket]()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.port: int = self._listener.getsockname()[1]

    def swallow(self) -> None:
        """From now on whatever arrives is dropped, of connections that there are and of new ones."""
        for end in self._near:
            end.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _PROGRAM)

    def mend(self) -> None:
        """Packets arrive again."""
        for end in self._near:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

    def close(self) -> None:
        """Ends all of it."""
        self.mend()
        for end in (*self._near, *self._far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for end in (*self._near, *self._far):
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._near.append(near)
                self._far.append(far)
                for ends in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=_pump, args=ends))
                    self._threads[-1].start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
