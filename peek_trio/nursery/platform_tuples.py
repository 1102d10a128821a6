"""The tuples by which the platform shows itself to administrators, and those that services exchange among themselves."""

from datetime import datetime
from typing import Literal

import attrs

from peek_trio.tuples import tuple_type


@tuple_type("peek.Service")
@attrs.frozen
class Service:
    """A service that the server knows: itself, and every other that has connected since it started.

    `kind` is server, client, agent or worker, `id` is its own for good, `name` the name of its machine. `since` is when
    it came up or went away; `host` and `address` are where its link came from.
    """

    kind: str
    id: str
    name: str
    version: str
    state: Literal["up", "away"]
    since: datetime
    host: str
    address: str


@tuple_type("peek.DatabaseState")
@attrs.frozen
class DatabaseState:
    """How the server's database is, and since when: see `peek_trio.storage.Health`. There is one row."""

    state: Literal["ok", "full", "busy", "unreachable"]
    why: str
    since: datetime
    connections: int
    running: int
    waiting: int


@tuple_type("peek.ServiceTraffic")
@attrs.frozen
class ServiceTraffic:
    """What one service carries. What waits, is in flight, watched or kept is as of now; everything else counts from its start.

    `devices` and `services` are linked to it. `replaced` states never left, because newer ones took their place for a slow receiver.
    `forwarded` requests were passed on to another service. `watched` states have `watchers`, and `stale` of them are; `kept_bytes` is
    what they take. `evicted` ones were given up to make room.
    """

    service_id: str
    kind: str
    devices: int
    services: int
    bytes_received: int
    bytes_sent: int
    messages_received: int
    messages_sent: int
    waiting_bytes: int
    replaced: int
    calls_in_flight: int
    calls_served: int
    calls_failed: int
    calls_refused: int
    forwarding: int
    forwarded: int
    actions_waiting: int
    actions_applied: int
    actions_rejected: int
    actions_retry: int
    messages_taken: int
    messages_refused: int
    watched: int
    watchers: int
    stale: int
    kept_bytes: int
    states_sent: int
    deltas_sent: int
    same_sent: int
    evicted: int


@tuple_type("peek.ActionRecord")
@attrs.frozen
class ActionRecord:
    """One action and what became of it.

    `kind` and `who` asked for it on `device`; `id` is its own there, `seq` its number within `key`, and from `missing_from` on the numbers
    before it never arrived. `content` is the beginning of what was sent, of `size` bytes. `made` is by the device's clock, `at` when it was
    answered. `runs` is more than 1 for one that was done again when it was sent again, as `once=False` handlers do.
    """

    kind: str
    who: str
    device: str
    id: str
    key: str
    seq: int | None
    missing_from: int | None
    type: str
    content: str
    size: int
    made: datetime | None
    at: datetime
    outcome: Literal["applied", "rejected"]
    message: str
    runs: int


@tuple_type("peek.ActivityQuery")
@attrs.frozen
class ActivityQuery:
    """Which records: an empty text and None leave it open. `who`, `device` and `type` are contained in the record's, whatever the case.

    `since` (included) and `until` (excluded) are about when it was answered. `id` asks for the action with this id alone.
    """

    who: str = ""
    device: str = ""
    type: str = ""
    outcome: Literal["applied", "rejected"] | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str = ""
    offset: int = 0
    limit: int = 50


@tuple_type("peek.ActivityPage")
@attrs.frozen
class ActivityPage:
    """Some records, and how many match in all, as far as they were counted."""

    total: int
    records: list[ActionRecord]


@tuple_type("peek.SignedIn")
@attrs.frozen
class SignedIn:
    """The person that a session proves."""

    name: str
    title: str
    roles: list[str]


@tuple_type("peek.SessionGrant")
@attrs.frozen
class SessionGrant:
    """A session just begun, on its way to the client service that asked for it. `token` is secret."""

    token: str = attrs.field(repr=False)
    person: SignedIn
    expires: datetime


@tuple_type("peek.SignInAnswer")
@attrs.frozen
class SignInAnswer:
    """Either a grant, or a refusal: a sentence for the person, and the seconds to wait before the next try if known."""

    grant: SessionGrant | None = None
    refusal: str = ""
    after: float | None = None
