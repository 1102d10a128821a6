"""Thousands of devices in one process, on plain sockets and epoll: they connect, subscribe, and then only count what arrives.

    python benchmarks/load/crowd.py

Commands come as JSON lines on standard input, each is answered by one on standard output. Needs Linux and nothing but the standard library.
Every device dials from an address of its own (127.1.x.y), as devices do.

- `{"do": "open", "port": 8002, "dialect": "peek", "spec": {...}}` says whom to dial and how to talk; no answer.
- `{"do": "connect", "count": 1000, "at_once": 100}`: so many more devices, at most `at_once` of them on their way at a time. Answered when
  all of them have their first rows.
- `{"do": "expect", "messages": 1000}`: answered when so many further messages have arrived.
- `{"do": "leave"}`: all devices are gone.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections import deque
from typing import Any

from dialects import DIALECTS, PING_AT_MOST, Dialect

BUFFER = 256 * 1024
CLOSE = 0x88
"""How a websocket's close frame begins."""


class Device:
    """One connection. `need` is how many bytes of the message under way are still to come."""

    __slots__ = ("head", "listening", "need", "number", "socket", "upgrading")

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.socket = connection
        self.upgrading = True
        self.listening = False
        self.need = 0
        self.head = b""


class Crowd:
    """All devices of this process."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self.devices: dict[int, Device] = {}
        self.buffer = memoryview(bytearray(BUFFER))
        self.port = 0
        self.dialect: Dialect = DIALECTS["bare"]({})
        self.made = 0
        self.to_dial = self.at_once = self.on_their_way = 0
        self.connecting = False
        self.messages = self.received = self.sent = 0
        self.expected: int | None = None
        self.began = 0.0
        self.commands: deque[bytes] = deque()
        self.input = b""

    def run(self) -> None:
        """Until standard input ends."""
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor == 0:
                    data = os.read(0, 65536)
                    if not data:
                        return
                    *lines, self.input = (self.input + data).split(b"\n")
                    for line in lines:
                        self.obey(json.loads(line))
                else:
                    self.readable(self.devices[descriptor])
            self.go_on()

    def obey(self, command: dict[str, Any]) -> None:
        """Carries out one command."""
        self.began = time.perf_counter()
        match command["do"]:
            case "open":
                self.port = command["port"]
                if "dialect" in command:
                    self.dialect = DIALECTS[command["dialect"]](command.get("spec", {}))
            case "connect":
                self.received = self.sent = 0
                self.to_dial, self.at_once = command["count"], command.get("at_once", 100)
                self.connecting = True
            case "expect":
                self.received = self.sent = 0
                self.expected = self.messages + command["messages"]
                self.say({"listening": len(self.devices)})
            case "leave":
                for device in self.devices.values():
                    self.poll.unregister(device.socket)
                    device.socket.close()
                self.devices.clear()
                self.made = 0
                self.say({})

    def say(self, answer: dict[str, Any]) -> None:
        """Answers the command under way."""
        answer |= {
            "seconds": time.perf_counter() - self.began,
            "cpu": time.process_time(),
            "received": self.received,
            "sent": self.sent,
        }
        print(json.dumps(answer), flush=True)

    def go_on(self) -> None:
        """Dials further devices, as many as may be on their way, and says so when what was asked for has happened."""
        while self.to_dial and self.on_their_way < self.at_once:
            self.to_dial -= 1
            self.on_their_way += 1
            self.made += 1
            connection = socket.socket()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.bind((f"127.1.{self.made // 250}.{self.made % 250 + 1}", 0))
            connection.connect(("127.0.0.1", self.port))
            device = Device(self.made, connection)
            self.devices[connection.fileno()] = device
            self.poll.register(connection, select.EPOLLIN)
            request = self.dialect.request(device.number)
            if request:
                self.send(device, request)
            else:
                self.listens(device)
            connection.setblocking(False)
        if self.connecting and not self.on_their_way:
            self.connecting = False
            self.say({"listening": len(self.devices)})
        if self.expected is not None and self.messages >= self.expected:
            self.expected = None
            self.say({"listening": len(self.devices)})

    def send(self, device: Device, data: bytes) -> None:
        """Sends; what is said is small enough to always fit."""
        self.sent += len(data)
        device.socket.sendall(data)

    def listens(self, device: Device) -> None:
        """The device has what it came for."""
        device.upgrading, device.listening = False, True
        self.on_their_way -= 1

    def readable(self, device: Device) -> None:
        """Takes what has arrived."""
        try:
            size = device.socket.recv_into(self.buffer)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECONNRESET:
                raise
            size = 0
        if not size:
            raise SystemExit(f"Device {device.number} lost its connection; it had {device.head!r}.")
        self.received += size
        if device.need > size:  # the middle of a large message
            device.need -= size
        else:
            self.take(device, device.head + self.buffer[:size])

    def take(self, device: Device, data: bytes) -> None:
        """Reads lengths, and of small or early messages what they say."""
        self.messages += device.need > 0  # its last piece
        at, device.need, device.head = device.need, 0, b""
        if device.upgrading:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                device.head = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                raise SystemExit(f"Device {device.number} was refused: {data!r}.")
            device.upgrading = False
            self.send(device, self.dialect.hello(device.number))
            at = end + 4
        while at < len(data):
            start, size = _frame(data, at)
            whole = start >= 0 and start + size <= len(data)
            if start < 0 or (not whole and (not device.listening or size <= PING_AT_MOST)):
                device.head = data[at:]
                return
            if data[at] == CLOSE:
                raise SystemExit(f"Device {device.number} was told goodbye: {data[start:]!r}.")
            if device.listening and size > PING_AT_MOST:
                self.messages += whole
            elif device.listening:
                reply = self.dialect.pong(data[start : start + size])
                if reply:
                    self.send(device, reply)
            else:
                self.early(device, data[start : start + size])
            at = start + size
        device.need = at - len(data)

    def early(self, device: Device, payload: bytes) -> None:
        """A message before the device has what it came for."""
        reply, listening = self.dialect.answer(payload, device.number)
        if reply:
            self.send(device, reply)
        if listening:
            self.listens(device)


def _frame(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the websocket frame at `at` starts, and its size; (-1, 0) when that is not known yet."""
    if len(data) - at < 2:
        return -1, 0
    size = data[at + 1]
    if size < 126:
        return at + 2, size
    length = 2 if size == 126 else 8
    if len(data) - at < 2 + length:
        return -1, 0
    return at + 2 + length, struct.unpack_from("!H" if size == 126 else "!Q", data, at + 2)[0]


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Crowd().run()
