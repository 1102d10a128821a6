"""The limit of a fan-out: a loop of `socket.send` of the same bytes to every connection, in a process of its own, and nothing else.

    python benchmarks/load/sender.py

Commands as those of `client_service.py`; `{"do": "update", "size": 1200}` sends a websocket frame with so many bytes to each.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import socket
import struct
import sys
import time

import psutil


def main() -> None:
    """Serves until standard input ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    listener.setblocking(False)
    connections: list[socket.socket] = []
    process = psutil.Process()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if listener in ready:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            connections.append(connection)
            continue
        line = sys.stdin.readline()
        if not line:
            return
        command = json.loads(line)
        if command["do"] == "update":
            data = struct.pack("!BBH", 0x82, 126, command["size"]) + os.urandom(command["size"])
            for connection in connections:
                connection.send(data)
        elif command["do"] == "settle":
            gc.collect()
        answer = {"cpu": time.process_time(), "memory": process.memory_info().rss, "linked": len(connections)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
