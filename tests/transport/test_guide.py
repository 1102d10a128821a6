"""docs/transport.md names every module of this room, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "peek_trio" / "transport"


def test_the_tables_name_every_module_and_no_other() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", (ROOT / "docs" / "transport.md").read_text(), re.MULTILINE)
    named = {name.rpartition("/")[2] for row in rows for name in re.findall(r"`([\w/]+\.py)`", row)}
    assert named == {path.name for path in ROOM.rglob("*.py")} - {"__init__.py"}
