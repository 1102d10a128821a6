"""The vectors of the wire protocol that the client in the browser is tested with too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from peek_trio.transport.wire import Frame

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[3] / "frontends/packages/client/test/frames.json").read_text()
)


def described(frames: list[Frame]) -> list[dict[str, Any]]:
    """Frames as the vectors describe them."""
    return [{"header": frame.header, "body": frame.body.hex()} for frame in frames]


def name_of(vector: dict[str, Any]) -> str:
    """What pytest calls a vector."""
    return str(vector["name"])
