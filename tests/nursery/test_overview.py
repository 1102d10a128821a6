"""overview: which services are there, and what they say about their plugins."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from peek_trio.nursery import overview
from peek_trio.nursery.overview import PluginOverview, ServiceOverview
from peek_trio.nursery.platform_tuples import Service
from peek_trio.plugin.status import PluginStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@attrs.frozen
class FakePeer:
    service: str
    id: str
    name: str = "gate"
    version: str = "0.1.0"
    address: str = "10.0.0.7:4711"


@attrs.define
class Clock:
    time: datetime = NOON

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def seen(services: ServiceOverview) -> list[tuple[str, str]]:
    return [(service.id, service.state) for service in services.rows()]


def test_a_service_that_connects_is_up() -> None:
    services = ServiceOverview(now=lambda: NOON)
    services.connected([FakePeer("agent", "agent-1")])
    expected = Service("agent", "agent-1", "gate", "0.1.0", "up", NOON, "10.0.0.7", "10.0.0.7:4711")
    assert services.rows() == [expected]


def test_a_service_that_went_away_stays_known() -> None:
    services = ServiceOverview(now=Clock().now)
    services.connected([FakePeer("agent", "agent-1"), FakePeer("client", "client-1")])
    services.connected([FakePeer("client", "client-1")])
    assert seen(services) == [("agent-1", "away"), ("client-1", "up")]


def test_a_service_that_returns_is_up_since_then() -> None:
    services = ServiceOverview(now=Clock().now)
    for peers in ([FakePeer("agent", "agent-1")], [], [FakePeer("agent", "agent-1")]):
        services.connected(peers)
    assert services.rows()[0].since == NOON + timedelta(seconds=3)


def test_the_server_is_not_away_because_it_has_no_link_to_itself() -> None:
    services = ServiceOverview()
    services.came_up(Service("server", "server-1", "hub", "0.1.0", "up", NOON, "127.0.0.1", "127.0.0.1:8011"))
    services.connected([])
    assert seen(services) == [("server-1", "up")]


def test_nothing_new_is_no_change() -> None:
    changes: list[bool] = []
    services = ServiceOverview(on_change=lambda: changes.append(True))
    for _ in range(3):
        services.connected([FakePeer("agent", "agent-1")])
    assert len(changes) == 1


def test_the_list_of_services_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_SERVICES", 3)
    services = ServiceOverview(now=Clock().now)
    forgotten: list[str] = []
    services.on_forgotten = forgotten.append
    for number in range(5):
        services.connected([FakePeer("agent", f"agent-{number}")])
    assert seen(services) == [("agent-2", "away"), ("agent-3", "away"), ("agent-4", "up")]
    assert forgotten == ["agent-0", "agent-1"]


def status(service_id: str, plugin: str, state: str = "started") -> PluginStatus:
    return PluginStatus("agent", service_id, plugin, plugin.title(), "1.0", state, "", NOON)  # type: ignore[arg-type]


def test_each_report_replaces_the_one_before() -> None:
    plugins = PluginOverview()
    plugins.reported("agent-1", [status("agent-1", "a"), status("agent-1", "b")])
    plugins.reported("agent-1", [status("agent-1", "b", "failed")])
    assert [(row.plugin, row.state) for row in plugins.rows()] == [("b", "failed")]


def test_a_service_speaks_for_itself_only() -> None:
    plugins = PluginOverview()
    plugins.reported("agent-1", [status("agent-2", "a")])
    assert plugins.rows() == []


def test_rows_come_by_title_then_service() -> None:
    plugins = PluginOverview()
    plugins.reported("agent-2", [status("agent-2", "b"), status("agent-2", "a")])
    plugins.reported("agent-1", [status("agent-1", "a")])
    assert [(row.plugin, row.service_id) for row in plugins.rows()] == [
        ("a", "agent-1"),
        ("a", "agent-2"),
        ("b", "agent-2"),
    ]


def test_forgotten_services_take_their_plugins_along() -> None:
    plugins = PluginOverview()
    for agent in ("agent-1", "agent-2"):
        plugins.reported(agent, [status(agent, "a")])
    plugins.forget("agent-1")
    plugins.forget("agent-3")
    assert [row.service_id for row in plugins.rows()] == ["agent-2"]
