"""What is used of wsproto beyond its documentation: that it is still there, and that it is not missed when it is not."""

import inspect

import pytest
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from peek_trio.errors import LinkLost
from peek_trio.transport.wire import engine
from peek_trio.transport.wire.engine import ConnectionState, beyond_handshake
from peek_trio.transport.wire.incoming import Incoming
from tests.transport.wire.conftest import websocket_pair


@pytest.fixture(params=["wsproto as it is", "moved by an upgrade"])
def way(request, monkeypatch):
    """With the part of wsproto that is not documented, and without it."""
    if request.param == "moved by an upgrade":
        monkeypatch.setattr(engine, "_Connection", None)


def test_the_part_of_wsproto_that_is_not_documented_is_where_it_was():
    # When this fails, links still work (see below), and each takes some kilobytes more: find out where it is now.
    assert engine._Connection is Connection
    assert list(inspect.signature(Connection).parameters) == ["connection_type", "extensions", "trailing_data"]


@pytest.mark.usefixtures("way")
def test_it_reads_what_came_behind_the_request_and_what_comes_later():
    client = Connection(ConnectionType.CLIENT)
    ours = beyond_handshake(bytes(client.send(BytesMessage(b"early"))))
    assert ours.state is ConnectionState.OPEN
    incoming = Incoming(ours, 1000)
    assert incoming.take_over() == [b"early"]
    later = [BytesMessage(b"la", message_finished=False), Ping(b"?"), BytesMessage(b"ter"), TextMessage("text")]
    assert incoming.take(b"".join(bytes(client.send(event)) for event in later)) == ["text", b"later"]
    client.receive_data(incoming.answer)
    assert [event.payload for event in client.events() if isinstance(event, Pong)] == [b"?"]


@pytest.mark.usefixtures("way")
def test_it_says_goodbye_and_hears_the_answer():
    client, incoming = Connection(ConnectionType.CLIENT), Incoming(beyond_handshake(b""), 1000)
    client.receive_data(incoming.goodbye(1012, "This service restarts."))
    (event,) = client.events()
    assert isinstance(event, CloseConnection)
    assert (event.code, event.reason) == (1012, "This service restarts.")
    assert incoming.take(bytes(client.send(event.response()))) == []
    assert incoming.heard_goodbye


@pytest.mark.usefixtures("way")
async def test_websockets_work(nursery):
    async with websocket_pair() as (dialled, accepted):
        for sender, receiver in ((dialled, accepted), (accepted, dialled)):
            await sender.send(b"hello")
            assert await receiver.receive() == b"hello"
        nursery.start_soon(dialled.aclose, 1001, "Bye.")
        with pytest.raises(LinkLost, match="Bye"):
            await accepted.receive()
