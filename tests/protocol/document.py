"""docs/protocol.md as data, and what the code of the transport says on the same subjects: frames, their header keys, close codes."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "protocol.md").read_text()
TRANSPORT = sorted((ROOT / "peek_trio" / "transport").rglob("*.py"))
CLOSERS = [
    path
    for room in ("transport/wire", "frontend", "nursery")
    for path in sorted((ROOT / "peek_trio" / room).rglob("*.py"))
]

_IN_CODE = re.compile(rb'"(\w+)":')
_NAMES = re.compile(r"`(\w+)`")


@attrs.frozen
class Example:
    """A frame of the document: the eight bytes before the header, the header as text, and the body."""

    lengths: bytes
    header: str
    body: bytes

    @property
    def message(self) -> bytes:
        """The bytes of the whole frame."""
        return self.lengths + self.header.encode() + self.body


def blocks(language: str) -> list[str]:
    """The fenced blocks of the document that name this language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def examples() -> list[Example]:
    """Every frame that the document writes out."""
    found = []
    for line in "".join(blocks("frames")).splitlines():
        match = re.fullmatch(r"(?:[<>] )?((?:[0-9a-f]{2} ){8})(.*)", line)
        assert match, f"docs/protocol.md has an example that is no frame: {line}"
        _, end = json.JSONDecoder().raw_decode(match[2])
        found.append(Example(bytes.fromhex(match[1]), match[2][:end], match[2][end:].removeprefix(" ").encode()))
    return found


def documented_frames() -> dict[str, set[str]]:
    """For each kind that has a row in a table of the document: the names in the row, its header keys among them."""
    rows: defaultdict[str, set[str]] = defaultdict(set)
    for kind, rest in re.findall(r"^\| `(\w+)` \| (`.*)$", TEXT, re.MULTILINE):
        rows[kind] |= set(_NAMES.findall(rest)) | {"k"}
    return dict(rows)


def named() -> set[str]:
    """Every word that the document sets as code."""
    return {word for code in re.findall(r"`([^`\n]+)`", TEXT) for word in re.findall(r"\w+", code)}


def table(heading: str) -> dict[str, list[str]]:
    """The first table below a heading: its rows by their first cell."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#)", TEXT, re.DOTALL | re.MULTILINE)
    assert section, f"docs/protocol.md has no section {heading!r}."
    lines = re.findall(r"^\|(.*)\|$", section[1], re.MULTILINE)[2:]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


def frames_in_code() -> dict[str, set[str]]:
    """For each kind of frame that the transport makes: the header keys with which some line of code makes it."""
    made: defaultdict[str, set[str]] = defaultdict(set)
    for path in TRANSPORT:
        for node in ast.walk(ast.parse(path.read_text())):
            for kind, keys in _headers(node):
                made[kind] |= keys
    return dict(made)


def keys_in_code() -> set[str]:
    """Every key that some line of the transport reads from a header, or puts into one."""
    return {key for path in TRANSPORT for node in ast.walk(ast.parse(path.read_text())) for key in _keys(node)}


def kinds_in_code() -> set[str]:
    """Every kind that some line of the transport makes, or compares a frame's kind with."""
    compared = {
        constant
        for path in TRANSPORT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and _is_kind(node.left)
        for constant in _constants(node.comparators)
    }
    return compared | set(frames_in_code())


def close_codes_in_code() -> set[int]:
    """Every number that looks like a close code, where links are opened and closed."""
    return {
        node.value
        for path in CLOSERS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and type(node.value) is int and 1001 <= node.value <= 1014
    }


def _headers(node: ast.AST) -> Iterator[tuple[str, set[str]]]:
    match node:
        case ast.Dict() if (kind := _entry(node, "k")) is not None:
            yield kind, set(_texts(node.keys))
        case ast.Constant(value=bytes(text)) if found := re.match(rb'\{"k":"(\w+)"', text):
            yield found[1].decode(), {key.decode() for key in _IN_CODE.findall(text)}


def _keys(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Dict() if _entry(node, "k") is not None or _has_key(node, "k"):
            yield from _texts(node.keys)
        case ast.Subscript(value=header, slice=ast.Constant(value=str(key))) if _is_header(header):
            yield key
        case ast.Call(
            func=ast.Attribute(value=header, attr="get" | "pop"), args=[ast.Constant(value=str(key)), *_]
        ) if _is_header(header):
            yield key
        case ast.Call(func=ast.Attribute(value=header, attr="update"), keywords=keywords) if _is_header(header):
            yield from (keyword.arg for keyword in keywords if keyword.arg)
        case ast.Call(func=ast.Name(id="text"), args=[header, ast.Constant(value=str(key))]) if _is_header(header):
            yield key
        case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()], comparators=[header]) if (
            _is_header(header)
        ):
            yield key
        case ast.AugAssign(target=header, value=ast.Dict(keys=keys)) if _is_header(header):
            yield from _texts(keys)
        case ast.Constant(value=bytes(text)) if text.startswith((b'{"k":', b',"')):
            yield from (key.decode() for key in _IN_CODE.findall(text))


def _is_header(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2].endswith("header")


def _is_kind(node: ast.AST) -> bool:
    return re.search(r"(\bkind|\[['\"]k['\"]\])$", ast.unparse(node)) is not None and "principal" not in ast.unparse(
        node
    )


def _entry(node: ast.Dict, wanted: str) -> str | None:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == wanted and isinstance(value, ast.Constant):
            return str(value.value)
    return None


def _has_key(node: ast.Dict, wanted: str) -> bool:
    return wanted in _texts(node.keys)


def _texts(nodes: list[ast.expr | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _constants(nodes: list[ast.expr]) -> set[str]:
    return {
        node.value
        for outer in nodes
        for node in ast.walk(outer)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
