"""Which requests become websockets, and what the others are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from peek_trio.transport.wire.upgrade import UpgradeRefused, UpgradeRequest

GOOD = {
    "Host": "yard.example:8002",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def head(first="GET /vortex HTTP/1.1", **changed):
    headers = GOOD | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [first, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join(lines).encode("latin-1")


def refused(request):
    with pytest.raises(UpgradeRefused) as caught:
        UpgradeRequest.parse(request)
    status = int(caught.value.answer.split()[1])
    assert caught.value.answer.endswith(caught.value.sentence.encode())
    return status, caught.value.answer.decode()


def test_the_answer_is_that_of_the_standards_example():
    assert UpgradeRequest.parse(head()).accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_client_of_another_make_takes_the_answer():
    client = WSConnection(ConnectionType.CLIENT)
    request = client.send(Request("yard.example", "/vortex?x=1", extra_headers=[(b"Cookie", b"peek_session=abc")]))
    parsed = UpgradeRequest.parse(request.removesuffix(b"\r\n\r\n"))
    client.receive_data(parsed.accepted())
    assert isinstance(next(iter(client.events())), AcceptConnection)
    assert (parsed.path, parsed.headers["cookie"]) == ("/vortex?x=1", "peek_session=abc")


def test_names_and_tokens_are_read_without_regard_to_case():
    UpgradeRequest.parse(head(Upgrade="WebSocket", Connection="UPGRADE"))


def test_headers_that_are_there_twice_are_joined():
    request = UpgradeRequest.parse(head() + b"\r\nCookie: a=1\r\ncookie: b=2")
    assert request.headers["cookie"] == "a=1, b=2"


@pytest.mark.parametrize("version", ["8", "12", "14"])
def test_another_version_is_told_ours(version):
    status, answer = refused(head(Sec_WebSocket_Version=version))
    assert status == 426
    assert "\r\nSec-WebSocket-Version: 13\r\n" in answer


def test_without_a_version_it_is_a_bad_request():
    assert refused(head(Sec_WebSocket_Version=None))[0] == 400


@pytest.mark.parametrize("missing", ["Upgrade", "Connection"])
def test_who_asks_for_no_websocket_is_told_that_one_is_required(missing):
    status, answer = refused(head(**{missing: None}))
    assert status == 426
    assert "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" in answer


@pytest.mark.parametrize("key", [None, "", "dGhlIHNhbXBsZSBub25jZ", "c2hvcnQ=", "not base64 at all!!!!!==", "grüß"])
def test_a_key_is_sixteen_bytes_in_base64(key):
    status, answer = refused(head(Sec_WebSocket_Key=key))
    assert status == 400
    assert "Sec-WebSocket-Key" in answer


BAD = {
    "another method": head("POST /vortex HTTP/1.1"),
    "an old version": head("GET /vortex HTTP/1.0"),
    "no HTTP": b"EHLO mail.example",
    "no host": head(Host=None),
    "an empty host": head(Host=""),
    "two hosts": head() + b"\r\nHost: other.example",
    "two keys": head() + b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "a body": head(Content_Length="5"),
    "a body in chunks": head(Transfer_Encoding="chunked"),
    "a folded header": head() + b"\r\n folded: yes",
    "a space in a name": head() + b"\r\nX Y: z",
    "a line that is no header": head() + b"\r\nnonsense",
    "a bare newline": head() + b"\r\nX: y\nZ: w",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_proper_request_is_a_bad_request(name):
    assert refused(BAD[name])[0] == 400


@given(st.binary(max_size=300))
def test_nothing_else_is_raised_whatever_the_bytes(data):
    for request in (data, head() + b"\r\n" + data):
        try:
            UpgradeRequest.parse(request)
        except UpgradeRefused:
            continue
