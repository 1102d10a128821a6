"""The client that knows only docs/protocol.md, at a real site and a real port for services, over real sockets."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from peek_trio.security.tokens import token_for
from tests.protocol import client
from tests.protocol.client import Closed, Link, linked, watch, written
from tests.protocol.house import DEVICE, READING, SECRET, House, Reading, open_house, read_meter


@pytest.fixture
async def house(nursery: trio.Nursery, tmp_path: Path) -> House:
    return await open_house(nursery, tmp_path)


@pytest.fixture
async def device(house: House) -> AsyncIterator[Link]:
    async with linked(house.site, DEVICE, await house.cookie()) as link:
        yield link


def test_it_knows_nothing_but_the_document() -> None:
    tree = ast.parse(Path(client.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name.partition(".")[0] in ("peek_trio", "tests", "wsproto")}


async def test_it_is_welcomed_as_the_person_who_signed_in(device: Link) -> None:
    assert device.welcome["principal"] == {"kind": "person", "name": "ann", "title": "Ann", "roles": ["user"]}
    assert (device.welcome["service"], device.welcome["id"]) == ("server", "server-1")
    assert device.welcome["spread"] >= 1


async def test_without_a_session_it_is_told_to_sign_in(house: House) -> None:
    with pytest.raises(AssertionError, match="sign-in"):
        async with linked(house.site, DEVICE):
            pass


async def test_calls_and_their_errors(device: Link) -> None:
    assert await device.call("meters.add", a=2, b=3) == 5
    header, _ = await device.ask("call", b'{"a":2}', m="meters.add", d=5)
    assert (header["k"], header["e"]["type"]) == ("err", "BadRequest")
    assert "$.b" in header["e"]["message"]
    header, _ = await device.ask("call", b"{}", m="meters.nothing", d=5)
    assert header["e"]["type"] == "NoSuchEndpoint"
    assert await device.call("meters.add", a=20, b=3) == 23


async def test_a_large_call_travels_in_parts_both_ways(device: Link) -> None:
    text = "x" * 700_000
    assert await device.call("meters.echo", text=text) == text


async def test_a_stream_goes_as_far_as_it_is_allowed(house: House, device: Link) -> None:
    number = await device.open("call", b'{"to":5}', m="meters.count", d=10, w=2)
    assert [(await device.answer(number))[1] for _ in range(2)] == [b"1", b"2"]
    assert await device.call("meters.add", a=1, b=1) == 2  # a third would have come before this
    assert house.items_given == 2
    await device.send({"k": "more", "i": number, "n": 10})
    assert [(await device.answer(number))[1] for _ in range(4)] == [b"3", b"4", b"5", b"null"]


async def test_a_stream_that_is_cancelled_stops(house: House, device: Link) -> None:
    number = await device.open("call", b'{"to":50}', m="meters.count", d=10, w=1)
    await device.answer(number)
    await device.send({"k": "cancel", "i": number})
    await device.send({"k": "more", "i": number, "n": 10})
    assert await device.call("meters.add", a=1, b=1) == 2
    assert house.items_given == 1


async def test_states_and_deltas(house: House, device: Link) -> None:
    watched = await watch(device, READING, {})
    assert await watched.next() == "state"
    assert watched.rows[1] == {"id": 2, "value": 7, "note": ""}
    house.notes = "a note that makes rows long enough for deltas to be worth it"
    house.show(2, 8)
    assert await watched.next() == "state"  # every row is new
    for value in range(10, 20):
        house.show(2, value)
        assert await watched.next() == "delta"
        assert [row["value"] for row in watched.rows] == [5, value, 9]
    house.values = {3: 9, 4: 1, 1: 5}  # one gone, one new, one moved
    house.show(4, 2)
    assert await watched.next() == "delta"
    assert [row["id"] for row in watched.rows] == [3, 4, 1]
    await device.send({"k": "unsub", "i": watched.number})
    assert await device.call("meters.add", a=1, b=1) == 2


async def test_a_large_state_is_compressed(house: House, device: Link) -> None:
    house.values = {number: number for number in range(2000)}
    watched = await watch(device, READING, {})
    assert await watched.next() == "state"
    assert watched.header["z"] == 1
    assert len(watched.rows) == 2000


async def test_it_resumes_with_what_it_has(house: House) -> None:
    cookie = await house.cookie()
    house.values = dict.fromkeys(range(50), 0)
    async with linked(house.site, DEVICE, cookie) as link, linked(house.site, DEVICE | {"id": "d2"}, cookie) as other:
        before, stays = await watch(link, READING, {}), await watch(other, READING, {})
        assert [await before.next(), await stays.next()] == ["state", "state"]
        again = await watch(other, READING, {}, have=before)
        assert await again.next() == "same"
        house.show(7, 1)
        assert await stays.next() == "delta"
        late = await watch(other, READING, {}, have=before)
        assert await late.next() == "delta"
        assert late.rows[7]["value"] == 1
        house.values = dict.fromkeys(range(100, 150), 2)
        house.show(100, 3)
        assert await stays.next() == "state"
        later = await watch(other, READING, {}, have=before)
        assert await later.next() == "state"  # nothing leads there from what it had


async def test_an_action_that_is_sent_again_has_the_same_answer(house: House, device: Link) -> None:
    made = datetime.now(UTC).isoformat()
    action = {"t": "meters.SetValue", "id": "6f1e", "dev": "d1", "seq": 1, "key": "", "made": made}
    for _ in range(2):
        header, body = await device.ask("act", b'{"id":2,"value":70}', **action)
        assert (header["status"], body) == ("applied", b"1")
    assert house.values[2] == 70
    header, _ = await device.ask("act", b'{"id":"x","value":70}', **(action | {"id": "6f1f", "seq": 2}))
    assert header["status"] == "rejected"
    assert "$.id" in header["message"]


async def test_a_message_is_taken_or_refused(house: House, device: Link) -> None:
    payload = json.dumps({"t": READING, "rows": [{"id": 9, "value": 1, "from the future": True}]}).encode()
    header, body = await device.ask("msg", payload, f={"topic": "alarm", "level": 2})
    assert (header["k"], body) == ("res", b"1")
    assert house.taken == [Reading(9, 1)]
    header, _ = await device.ask("msg", payload, f={"topic": "nothing"})
    assert header["e"]["type"] == "NoSuchEndpoint"


async def test_pings_are_answered(device: Link) -> None:
    await device.send({"k": "ping", "n": 4})
    assert await device.call("meters.add", a=1, b=1) == 2
    assert device.pings == 1


async def test_an_agent_answers_calls_and_calls_of_all(house: House, device: Link) -> None:
    def agent(number: int) -> dict[str, Any]:
        token = token_for(SECRET, "agent")
        return {"service": "agent", "id": f"agent-{number}", "version": "0.1.0", "token": token}

    async with linked(house.links, agent(1)) as first, linked(house.links, agent(2)) as second:
        first.calls["meters.read"] = lambda number: number * 10
        second.calls["meters.read"] = lambda number: number * 20
        for link in (first, second):
            assert link.welcome["principal"]["roles"] == ["agent"]
            assert await link.call("meters.echo", text="I am here") == "I am here"
        board = house.board
        assert await board.caller(read_meter, to="agent-2")(7) == 140
        answers = await board.call_all(read_meter)(7)
        assert {answer.service: answer.value for answer in answers} == {"agent-1": 70, "agent-2": 140}
        number = await first.open("call", b'{"number":1}', m="meters.read", d=10, to="agent", all=1)
        _, ids = await first.answer(number)
        assert sorted(json.loads(ids)) == ["agent-1", "agent-2"]
        items = [await first.answer(number) for _ in range(2)]
        assert {header["from"]: json.loads(body) for header, body in items} == {"agent-1": 10, "agent-2": 20}
        assert await first.answer(number) == ({"k": "res", "i": number}, b"null")
        header, _ = await device.ask("call", b"{}", m="meters.nothing", d=5, to="agent")
        assert header["e"]["type"] == "NoSuchEndpoint"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (written({"k": "zap", "i": 1}), 1002),
        (written({"k": "call", "i": 0, "m": "meters.add"}), 1002),
        (written({"k": "call", "i": 1, "m": "x" * 70_000}), 1009),
        (written({"k": "part", "c": 1, "size": 2**21}, b"x"), 1009),
        (b"", 1002),
    ],
)
async def test_what_breaks_the_protocol_ends_the_link_with_the_code_of_the_document(
    house: House, frame: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    cookie = await house.cookie()
    async with await trio.open_tcp_stream("127.0.0.1", house.site) as stream:
        websocket = await client.WebSocket.open(stream, cookie)
        await websocket.send(written({"k": "hello", "protocol": 1, **DEVICE}))
        await websocket.receive()
        await websocket.send(frame)
        with pytest.raises(Closed) as closed:
            await websocket.receive()
    assert closed.value.code == code
    assert closed.value.reason
