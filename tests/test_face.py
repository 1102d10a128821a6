"""The public names are pinned: adding one is a decision, losing one breaks plugins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import peek_trio
from peek_trio import hookspecs

NAMES = [
    "AgentContext",
    "BadRequest",
    "BigInt",
    "BinaryPieces",
    "CallError",
    "ClientContext",
    "ConfigError",
    "Conflict",
    "Contract",
    "DatabaseUnavailable",
    "DeadlineExceeded",
    "LinkError",
    "LinkLost",
    "MigrationError",
    "NoSuchEndpoint",
    "NotAllowed",
    "ObservedState",
    "PeekError",
    "Peer",
    "PluginError",
    "Policy",
    "Principal",
    "Rejected",
    "RemoteError",
    "ServerContext",
    "Statements",
    "StorageError",
    "StorageFull",
    "TaskContext",
    "TaskDied",
    "TaskError",
    "TaskFailed",
    "TaskProgress",
    "TaskTimeout",
    "TravelsAs",
    "TupleError",
    "TupleSelector",
    "Unavailable",
    "WorkerContext",
    "admin",
    "anyone",
    "hookimpl",
    "role",
    "rpc",
    "services",
    "services_of",
    "signed_in",
    "task",
    "tuple_type",
]


def test_the_public_names_are_these() -> None:
    assert sorted(peek_trio.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(peek_trio, name)

    assert value is getattr(peek_trio, name)
    assert value.__doc__


def test_any_other_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        peek_trio.nothing  # noqa: B018 (the access is the test)


def test_importing_the_face_alone_loads_no_room() -> None:
    code = "import sys, peek_trio; print([name for name in sys.modules if name.startswith('peek_trio.')])"

    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )


def test_an_agent_does_not_load_the_database_library() -> None:
    code = "import sys; from peek_trio import AgentContext, hookimpl, rpc; print('sqlalchemy' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
        == "False"
    )


@pytest.mark.parametrize("hook", hookspecs.HOOKS)
def test_every_hook_is_documented_with_an_example(hook: str) -> None:
    text = getattr(hookspecs, hook).__doc__

    assert "Example::" in text
    assert f"def {hook}(ctx" in text


GUIDE = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", hookspecs.HOOKS)
def test_every_hook_is_in_the_guide(hook: str) -> None:
    assert f"`{hook}(ctx)`" in GUIDE


@pytest.mark.parametrize(
    "context", [peek_trio.ServerContext, peek_trio.ClientContext, peek_trio.AgentContext, peek_trio.WorkerContext]
)
def test_every_ability_of_a_context_is_in_the_guide(context: type) -> None:
    declared = {name for cls in context.__mro__ for name in getattr(cls, "__annotations__", {})}
    abilities = {name for name in declared | set(dir(context)) if not name.startswith("_")}
    assert {"rpc", "api"} <= abilities
    missing = [name for name in sorted(abilities) if f"`{name}`" not in GUIDE and f"ctx.{name}" not in GUIDE]
    assert missing == []
