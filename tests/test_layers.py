"""Imports point down: cli → nursery → frontend, tasks, plugin → transport → security → storage → tuples. Read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "peek_trio"

LEVELS = {
    "errors": 0,
    "logs": 1,
    "config": 1,
    "tuples": 2,
    "storage": 3,
    "security": 4,
    "transport": 5,
    "hookspecs": 6,
    "plugin": 6,
    "tasks": 6,
    "frontend": 6,
    "nursery": 7,
    "testing": 7,
    "cli": 8,
    "__main__": 9,
}
"""A room imports from lower ones, and from itself. `hookspecs` is the plugin room's front door."""

NEIGHBOURS = {("plugin", "hookspecs"), ("hookspecs", "plugin"), ("config", "logs"), ("logs", "config")}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(file: Path) -> Iterator[tuple[str, int]]:
    """Every room of the platform that a file imports from, also inside functions and for type checking, with the line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "peek_trio":
            names = [f"peek_trio.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "peek_trio" and rest:
                yield rest.partition(".")[0], node.lineno


SOURCES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")
PLUGIN_SOURCES = sorted(
    file for file in (ROOT / "plugins").rglob("*.py") if not {"node_modules", "build", "dist"} & set(file.parts)
)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_down(file: Path) -> None:
    room = room_of(file)
    assert room in LEVELS, f"{file.name} is in a room that has no level"
    for imported, line in imported_rooms(file):
        if imported == "__version__":
            continue
        assert imported in LEVELS, f"{file}:{line} imports peek_trio.{imported}, which is no room"
        down = LEVELS[imported] < LEVELS[room] or imported == room or (room, imported) in NEIGHBOURS
        assert down, f"{file}:{line}: {room} must not import {imported}"


@pytest.mark.parametrize("file", PLUGIN_SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_plugins_import_only_the_face_and_their_tests_the_harness(file: Path) -> None:
    allowed = {"peek_trio.testing", "peek_trio.testing.fixtures"} if "tests" in file.parts else set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported = {node.module or ""}
        elif isinstance(node, ast.Import):
            imported = {alias.name for alias in node.names}
        else:
            continue
        behind = {name for name in imported if name.startswith("peek_trio.")} - allowed
        assert not behind, f"{file}:{node.lineno} reaches behind the face"


def test_a_relative_import_never_leaves_its_room() -> None:
    for file in SOURCES:
        depth = len(file.relative_to(PACKAGE).parts) - 1
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level < max(depth + 1, 2), f"{file}:{node.lineno} climbs out of its room"
