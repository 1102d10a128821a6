"""The host runs each plugin in a nursery of its own: in order, atomically, with restarts, and gone without a trace at the end."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from peek_trio.plugin import GivenPlugins, PluginHost, PluginStatus, ServiceParts
from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello
from peek_trio.tuples import TupleRegistry

WritePlugin = Callable[..., Path]

TELLS = """
    from peek_trio import hookimpl

    @hookimpl
    def peek_load(ctx):
        JOURNAL.append((ctx.name, "load"))

    @hookimpl
    async def peek_start(ctx):
        JOURNAL.append((ctx.name, "start"))

    @hookimpl
    async def peek_stop(ctx):
        JOURNAL.append((ctx.name, "stop"))

    @hookimpl
    def peek_unload(ctx):
        JOURNAL.append((ctx.name, "unload"))
"""


@attrs.define
class Stage:
    """A host on a real switchboard, and everything it reported."""

    parts: ServiceParts
    reported: list[PluginStatus] = attrs.field(factory=list)
    changed: trio.Event = attrs.field(factory=trio.Event)

    @asynccontextmanager
    async def host(self, *plugins: str, enabled: tuple[str, ...] | None = None) -> AsyncIterator[PluginHost]:
        """A host whose plugins have started or failed; at the end of the block they stop."""
        host = self._new(plugins, enabled)
        async with trio.open_nursery() as nursery:
            await nursery.start(host.run)
            yield host
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def starting(self, *plugins: str) -> AsyncIterator[PluginHost]:
        """A host whose plugins are about to start."""
        host = self._new(plugins, None)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.run)
            yield host
            nursery.cancel_scope.cancel()

    def _new(self, plugins: tuple[str, ...], enabled: tuple[str, ...] | None) -> PluginHost:
        return PluginHost("agent", enabled or plugins, self.parts, on_status=self._note, source=GivenPlugins(plugins))

    def states(self, plugin: str) -> list[str]:
        return [status.state for status in self.reported if status.plugin == plugin]

    async def until(self, plugin: str, state: str, times: int = 1) -> PluginStatus:
        """Wait until the plugin has been in the state so many times."""
        with trio.fail_after(3600):
            while self.states(plugin).count(state) < times:
                await self.changed.wait()
        return [status for status in self.reported if (status.plugin, status.state) == (plugin, state)][-1]

    def _note(self, status: PluginStatus) -> None:
        self.reported.append(status)
        self.changed.set()
        self.changed = trio.Event()


def jump(clock: MockClock) -> None:
    """From now on time passes whenever everybody waits. Not while plugins are imported: that is done in threads, which time ignores."""
    clock.autojump_threshold = 0


@pytest.fixture
async def stage(tmp_path: Path, nursery: trio.Nursery) -> Stage:
    registry = TupleRegistry()
    me = Hello("agent", "agent-1")
    board = Switchboard(me, registry, principal=Principal.for_service("agent", "agent-1"))
    await nursery.start(board.run)
    return Stage(ServiceParts(service="agent", service_id="agent-1", board=board, registry=registry, home=tmp_path))


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A list that the plugins of a test know as JOURNAL."""
    import builtins

    entries: list[Any] = []
    monkeypatch.setattr(builtins, "JOURNAL", entries, raising=False)
    return entries


async def test_a_plugin_lives_from_load_to_unload(stage: Stage, write_plugin: WritePlugin, journal: list[Any]) -> None:
    write_plugin("peek_plugin_a", agent=TELLS)

    async with stage.host("peek_plugin_a") as host:
        assert [status.state for status in host.statuses()] == ["started"]

    assert journal == [("peek_plugin_a", phase) for phase in ("load", "start", "stop", "unload")]
    assert stage.states("peek_plugin_a") == ["loaded", "started", "stopped", "unloaded"]


async def test_plugins_start_after_and_stop_before_those_they_require(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    write_plugin("peek_plugin_a", agent=TELLS, requires={"peek_plugin_b": ">=1"})
    write_plugin("peek_plugin_b", agent=TELLS)

    async with stage.host("peek_plugin_a", "peek_plugin_b"):
        pass

    assert [name[-1] + " " + phase for name, phase in journal] == [
        *("b load", "b start", "a load", "a start"),
        *("a stop", "a unload", "b stop", "b unload"),
    ]


async def test_only_the_part_for_this_service_is_imported(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    write_plugin("peek_plugin_a", agent="JOURNAL.append('agent')", server="JOURNAL.append('server')")

    async with stage.host("peek_plugin_a"):
        assert journal == ["agent"]


async def test_a_plugin_without_a_part_here_says_so(stage: Stage, write_plugin: WritePlugin) -> None:
    write_plugin("peek_plugin_a", server="")

    async with stage.host("peek_plugin_a") as host:
        (status,) = host.statuses()
        assert (status.state, status.reason) == ("started", "It has no code on the agent service.")
        assert [manifest.name for manifest in host.manifests()] == ["peek_plugin_a"]


async def test_an_enabled_plugin_that_is_not_installed_fails_alone(stage: Stage, write_plugin: WritePlugin) -> None:
    write_plugin("peek_plugin_a", agent=TELLS.replace("JOURNAL.append", "len"))

    async with stage.host("peek_plugin_a", enabled=("peek_plugin_a", "peek_plugin_gone")) as host:
        a, gone = host.statuses()

    assert a.state == "started"
    assert gone.state == "failed"
    assert gone.reason == ("It is enabled in config.json but not installed; installed plugins: peek_plugin_a.")


async def test_a_broken_manifest_fails_its_plugin_alone(stage: Stage, write_plugin: WritePlugin) -> None:
    write_plugin("peek_plugin_a", agent="", manifest={"extra": 1})
    write_plugin("peek_plugin_b", agent="")

    async with stage.host("peek_plugin_a", "peek_plugin_b") as host:
        a, b = host.statuses()

    assert a.state == "failed"
    assert "plugin_package.json: there is no key extra" in a.reason
    assert b.state == "started"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import no_such_module",
            "Its code cannot be imported: ModuleNotFoundError: No module named 'no_such_module'.",
        ),
        ("raise SystemExit(1)", "Its code cannot be imported: SystemExit: 1."),
        (
            "from peek_trio import hookimpl\n@hookimpl\ndef peek_strat(ctx): ...",
            "Its code cannot be imported: peek_plugin_a._private.agent.peek_strat is marked as a hook but is none; "
            "there are peek_load, peek_start, peek_stop, peek_unload.",
        ),
        (
            "from peek_trio import hookimpl\n@hookimpl\ndef peek_load(ctx): raise ValueError('no meter')",
            "Its peek_load failed: ValueError: no meter.",
        ),
        (
            "from peek_trio import hookimpl, PeekError\n@hookimpl\nasync def peek_start(ctx): raise PeekError('No key.')",
            "Its peek_start failed: No key.",
        ),
        (
            "from peek_trio import hookimpl\n@hookimpl\ndef peek_start(ctx): ctx.nursery.start_soon(1)",
            "Its peek_start failed: TypeError: Trio expected an async function, but got 1 (and it has no attribute name).",
        ),
    ],
)
async def test_a_failure_is_a_sentence_and_a_traceback_in_the_log(
    stage: Stage, write_plugin: WritePlugin, caplog: pytest.LogCaptureFixture, code: str, reason: str
) -> None:
    write_plugin("peek_plugin_a", agent=code)
    write_plugin("peek_plugin_b", agent="", requires={"peek_plugin_a": ""})
    write_plugin("peek_plugin_c", agent="")

    async with stage.host("peek_plugin_a", "peek_plugin_b", "peek_plugin_c") as host:
        a, b, c = host.statuses()

    assert a.state == "failed"
    if "TypeError" not in reason:
        assert a.reason == reason
    assert b.reason == f"It needs peek_plugin_a, which failed: {a.reason}"
    assert c.state == "started"
    assert any(record.exc_info for record in caplog.records if "peek_plugin_a" in record.message)


async def test_a_failed_start_leaves_nothing_behind(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    write_plugin(
        "peek_plugin_a",
        agent="""
            import attrs, trio
            from peek_trio import hookimpl, tuple_type, anyone, rpc

            @tuple_type("peek_plugin_a.Thing")
            @attrs.frozen
            class Thing:
                name: str

            @rpc(served_by="agent")
            async def hello() -> str: ...

            async def say() -> str:
                return "hello"

            async def run():
                try:
                    await trio.sleep_forever()
                finally:
                    JOURNAL.append("the task has ended")

            @hookimpl
            async def peek_load(ctx):
                JOURNAL.append("load")

            @hookimpl
            async def peek_start(ctx):
                @ctx.observables.provider(Thing, allow=anyone)
                async def things(selector):
                    return []

                ctx.rpc.serve(hello, say, allow=anyone)
                ctx.publish(object())
                ctx.nursery.start_soon(run)
                await trio.lowlevel.checkpoint()
                raise ValueError("too late")

            @hookimpl
            async def peek_stop(ctx):
                JOURNAL.append("stop")

            @hookimpl
            async def peek_unload(ctx):
                JOURNAL.append("unload")
        """,
    )

    async with stage.host("peek_plugin_a") as host:
        assert host.statuses()[0].state == "failed"
        assert journal == ["load", "the task has ended", "unload"]
        assert stage.parts.registry.names() == []
        assert not stage.parts.board.observables.provides("peek_plugin_a.Thing")
        again = stage.parts.board.scope("somebody else")  # what was taken is free again
        contract = __import__("peek_plugin_a._private.agent", fromlist=["hello"]).hello
        again.serve(contract, lambda: "hello")
        again.close()


async def test_a_hook_that_hangs_is_cancelled_after_a_minute(
    stage: Stage, write_plugin: WritePlugin, mock_clock: MockClock
) -> None:
    write_plugin(
        "peek_plugin_a",
        agent="import trio\nfrom peek_trio import hookimpl\n@hookimpl\nasync def peek_start(ctx): await trio.sleep_forever()",
    )

    async with stage.starting("peek_plugin_a"):
        await stage.until("peek_plugin_a", "loaded")
        before = trio.current_time()
        jump(mock_clock)
        failed = await stage.until("peek_plugin_a", "failed")

        assert failed.reason == "Its peek_start failed: It did not finish within 60 s."
        assert 60 <= trio.current_time() - before < 61


CRASHES = """
    import trio
    from peek_trio import hookimpl

    async def crash():
        await trio.sleep(1)
        raise ValueError("no meter")

    @hookimpl
    def peek_start(ctx):
        JOURNAL.append("start")
        ctx.nursery.start_soon(crash)

    @hookimpl
    def peek_stop(ctx):
        JOURNAL.append("stop")
"""


async def test_a_crash_restarts_the_plugin_and_no_other(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any], mock_clock: MockClock
) -> None:
    write_plugin("peek_plugin_a", agent=CRASHES)
    write_plugin("peek_plugin_b", agent="", requires={"peek_plugin_a": ""})

    async with stage.host("peek_plugin_a", "peek_plugin_b"):
        jump(mock_clock)
        await stage.until("peek_plugin_a", "started", times=2)
        restarting = await stage.until("peek_plugin_a", "restarting")

        assert restarting.reason == "One of its tasks failed: ValueError: no meter."
        assert journal == ["start", "stop", "start"]
        assert stage.reported[-1].restarts == 1
        assert stage.states("peek_plugin_b") == ["loaded", "started"]


async def test_the_sixth_crash_in_five_minutes_is_the_last(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any], mock_clock: MockClock
) -> None:
    write_plugin("peek_plugin_a", agent=CRASHES)

    async with stage.host("peek_plugin_a") as host:
        jump(mock_clock)
        failed = await stage.until("peek_plugin_a", "failed")

        assert failed.reason == "One of its tasks failed: ValueError: no meter."
        assert failed.restarts == 5
        assert journal.count("start") == 6
        assert host.statuses()[0].state == "failed"


async def test_a_stop_that_hangs_is_cut_short_and_the_others_still_stop(
    stage: Stage,
    write_plugin: WritePlugin,
    journal: list[Any],
    mock_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hangs = (
        "import trio\nfrom peek_trio import hookimpl\n@hookimpl\nasync def peek_stop(ctx): await trio.sleep_forever()"
    )
    write_plugin("peek_plugin_a", agent=hangs, requires={"peek_plugin_b": ""})
    write_plugin("peek_plugin_b", agent=TELLS)

    async with stage.host("peek_plugin_a", "peek_plugin_b"):
        jump(mock_clock)
        before = trio.current_time()
    took = trio.current_time() - before

    assert 5 <= took < 8
    assert ("peek_plugin_b", "unload") in journal
    assert any("did not finish within 5 s" in message for message in caplog.messages)


async def test_all_of_them_stop_within_eight_seconds(
    stage: Stage, write_plugin: WritePlugin, mock_clock: MockClock
) -> None:
    hangs = """
        import trio
        from peek_trio import hookimpl

        @hookimpl
        async def peek_stop(ctx): await trio.sleep_forever()

        @hookimpl
        async def peek_unload(ctx): await trio.sleep_forever()
    """
    names = [f"peek_plugin_{letter}" for letter in "abcd"]
    for name, needed in zip(names, [*names[1:], None], strict=True):
        write_plugin(name, agent=hangs, requires={needed: ""} if needed else {})

    async with stage.host(*names):
        jump(mock_clock)
        before = trio.current_time()

    assert trio.current_time() - before < 8.5


async def test_a_stop_that_raises_is_logged_and_the_rest_goes_on(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    code = TELLS.replace('JOURNAL.append((ctx.name, "stop"))', 'raise KeyError("gone")')
    write_plugin("peek_plugin_a", agent=code)

    async with stage.host("peek_plugin_a"):
        pass

    assert journal[-1] == ("peek_plugin_a", "unload")
    assert "peek_plugin_a: It did not stop cleanly: KeyError: 'gone'." in caplog.messages


async def test_a_stop_in_the_middle_of_a_start_unloads_what_was_loaded(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    code = TELLS.replace('JOURNAL.append((ctx.name, "start"))', "import trio; await trio.sleep_forever()")
    write_plugin("peek_plugin_a", agent=code)
    host = PluginHost(
        "agent", ["peek_plugin_a"], stage.parts, on_status=stage._note, source=GivenPlugins(["peek_plugin_a"])
    )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run)
        await stage.until("peek_plugin_a", "loaded")
        nursery.cancel_scope.cancel()

    assert journal == [("peek_plugin_a", "load"), ("peek_plugin_a", "unload")]


async def test_plugins_see_only_apis_of_those_they_require(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    publishes = """
        from peek_trio import hookimpl

        @hookimpl
        def peek_load(ctx):
            ctx.publish("the API of b")
    """
    asks = """
        from peek_trio import PluginError, hookimpl

        @hookimpl
        def peek_start(ctx):
            JOURNAL.append(ctx.api("peek_plugin_b", str))
            for plugin, kind in (("peek_plugin_b", int), ("peek_plugin_d", str), ("peek_plugin_c", str)):
                try:
                    ctx.api(plugin, kind)
                except PluginError as error:
                    JOURNAL.append(str(error))
    """
    write_plugin("peek_plugin_a", agent=asks, requires={"peek_plugin_b": "", "peek_plugin_c": ""})
    write_plugin("peek_plugin_b", agent=publishes)
    write_plugin("peek_plugin_c", agent="")
    write_plugin("peek_plugin_d", agent=publishes)

    async with stage.host(*(f"peek_plugin_{letter}" for letter in "abcd")):
        assert journal == [
            "the API of b",
            "peek_plugin_b publishes a str on the agent service, not a int.",
            'To use peek_plugin_d, name it under "requiresPlugins" in the manifest of peek_plugin_a.',
            "peek_plugin_c publishes no API on the agent service.",
        ]


async def test_files_of_a_plugin_are_its_own(stage: Stage, write_plugin: WritePlugin, journal: list[Any]) -> None:
    code = "from peek_trio import hookimpl\n@hookimpl\ndef peek_load(ctx): JOURNAL.append(ctx.files)"
    write_plugin("peek_plugin_a", agent=code)

    async with stage.host("peek_plugin_a"):
        assert journal == [stage.parts.home / "plugin_data" / "peek_plugin_a"]
        assert journal[0].is_dir()


async def test_a_lasting_reference_to_a_stopped_context_registers_nothing(
    stage: Stage, write_plugin: WritePlugin, journal: list[Any]
) -> None:
    code = "from peek_trio import hookimpl\n@hookimpl\ndef peek_load(ctx): JOURNAL.append(ctx)"
    write_plugin("peek_plugin_a", agent=code)
    async with stage.host("peek_plugin_a"):
        pass

    from peek_trio.errors import PluginError

    with pytest.raises(PluginError, match="peek_plugin_a has stopped"):
        journal[0].tuples(PluginStatus)


async def test_the_hosts_own_log_is_quiet_when_all_is_well(
    stage: Stage, write_plugin: WritePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    write_plugin("peek_plugin_a", agent="")

    with caplog.at_level(logging.WARNING):
        async with stage.host("peek_plugin_a"):
            pass

    assert caplog.messages == []
