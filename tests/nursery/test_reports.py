"""reports and overview_endpoints: what a service says of its plugins is what administrators see."""

from datetime import UTC, datetime

import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.nursery.overview import ServiceOverview
from peek_trio.nursery.overview_endpoints import serve_plugin_states, serve_services
from peek_trio.nursery.platform_tuples import Service
from peek_trio.nursery.reports import PluginReports
from peek_trio.plugin import PluginStatus
from peek_trio.transport import Switchboard
from peek_trio.tuples import TupleSelector

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def status(state: str) -> PluginStatus:
    return PluginStatus("client", "client-1", "peek_plugin_a", "A", "1.0", state, "", NOON)  # type: ignore[arg-type]


async def test_a_report_reaches_whoever_observes_plugins(
    boards: tuple[Switchboard, Switchboard], nursery: trio.Nursery
) -> None:
    server, client = boards
    serve_plugin_states(server, server.scope("peek"), ServiceOverview())
    statuses = [status("loaded")]
    reports = PluginReports(client, lambda: statuses)
    await nursery.start(reports.run)
    with trio.fail_after(5):
        async with server.observe(TupleSelector.of(PluginStatus)) as states:
            async for state in states:
                shown = [row.state for row in state.rows]
                if shown == ["started"]:
                    break
                if not shown:
                    reports.due()
                elif shown == ["loaded"]:
                    statuses[0] = status("started")
                    reports.due()
    nursery.cancel_scope.cancel()


async def test_services_are_shown_as_their_links_go(boards: tuple[Switchboard, Switchboard]) -> None:
    server, client = boards
    serve_services(server, server.scope("peek"))
    shown = []
    with trio.fail_after(5):
        async with server.observe(TupleSelector.of(Service)) as states:
            async for state in states:
                shown.append([(row.id, row.state) for row in state.rows])
                if len(shown) == 2:
                    break
                client.disconnect(lambda peer: True, 1000, "cut by a test")
    assert shown == [[("client-1", "up")], [("client-1", "away")]]


async def test_a_service_that_is_forgotten_takes_its_plugins_along(boards: tuple[Switchboard, Switchboard]) -> None:
    server, _ = boards
    seen = ServiceOverview()
    plugins = serve_plugin_states(server, server.scope("peek"), seen)
    plugins.reported("client-1", [status("started")])
    seen.on_forgotten("client-1")
    assert plugins.rows() == []


async def test_a_report_without_a_server_is_made_again_later(
    boards: tuple[Switchboard, Switchboard], nursery: trio.Nursery
) -> None:
    server, client = boards
    reports = PluginReports(client, lambda: [status("failed")])
    await nursery.start(reports.run)
    reports.due()  # nobody serves it yet
    await wait_all_tasks_blocked()
    overview = serve_plugin_states(server, server.scope("peek"), ServiceOverview())
    arrived = trio.Event()
    overview.on_change = arrived.set
    reports.due()
    with trio.fail_after(5):
        await arrived.wait()
    assert [row.state for row in overview.rows()] == ["failed"]
    nursery.cancel_scope.cancel()
