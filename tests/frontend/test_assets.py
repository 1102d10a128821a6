import gzip

import pytest

from peek_trio.frontend.assets import Asset, content_type, serve_asset

TEXT = b"export const answer = 42;\n" * 100


async def ask(asset, method="GET", **headers):
    """What `asset` answers: (status, headers, body)."""
    sent = []

    async def send(message):
        sent.append(message)

    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await serve_asset(asset, {"method": method, "headers": fields}, send)
    start, body = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


async def test_a_file_is_sent_as_it_is_to_whoever_takes_no_compression():
    status, headers, body = await ask(Asset.of(TEXT, "text/javascript", immutable=False))

    assert (status, body) == (200, TEXT)
    assert headers["content-length"] == str(len(TEXT))
    assert headers["content-type"] == "text/javascript"
    assert headers["vary"] == "accept-encoding"


async def test_it_is_sent_compressed_to_whoever_takes_that():
    _, headers, body = await ask(
        Asset.of(TEXT, "text/javascript", immutable=False), accept_encoding="br, gzip, deflate"
    )

    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(body))
    assert len(body) < len(TEXT)
    assert gzip.decompress(body) == TEXT


@pytest.mark.parametrize("accepted", ["br", "gzip;q=0", "identity, gzip; q=0.0", "x-gzip-not"])
async def test_a_client_that_does_not_take_gzip_gets_none(accepted):
    _, headers, body = await ask(Asset.of(TEXT, "text/javascript", immutable=False), accept_encoding=accepted)

    assert "content-encoding" not in headers
    assert body == TEXT


@pytest.mark.parametrize(("body", "kind"), [(b"short", "text/css"), (bytes(range(256)) * 64, "image/png")])
async def test_what_does_not_gain_by_compression_is_left_alone(body, kind):
    _, headers, _ = await ask(Asset.of(body, kind, immutable=True), accept_encoding="gzip")

    assert "content-encoding" not in headers


async def test_a_browser_that_has_the_file_is_told_so():
    asset = Asset.of(TEXT, "text/javascript", immutable=False)
    for accepted in ("gzip", "identity"):
        _, headers, _ = await ask(asset, accept_encoding=accepted)

        status, again, body = await ask(asset, accept_encoding=accepted, if_none_match=headers["etag"])

        assert (status, body) == (304, b"")
        assert again["etag"] == headers["etag"]


async def test_the_etag_is_the_contents():
    _, first, _ = await ask(Asset.of(b"one", "text/plain", immutable=False))
    _, second, _ = await ask(Asset.of(b"two", "text/plain", immutable=False))

    assert first["etag"] != second["etag"]
    assert (await ask(Asset.of(b"two", "text/plain", immutable=False), if_none_match=first["etag"]))[0] == 200


async def test_only_what_has_its_hash_in_its_address_is_kept_for_ever():
    _, hashed, _ = await ask(Asset.of(TEXT, "text/javascript", immutable=True))
    _, other, _ = await ask(Asset.of(TEXT, "text/javascript", immutable=False))

    assert hashed["cache-control"] == "public, max-age=31536000, immutable"
    assert other["cache-control"] == "no-cache"


async def test_files_cannot_be_written():
    status, headers, _ = await ask(Asset.of(TEXT, "text/javascript", immutable=True), method="PUT")

    assert status == 405
    assert headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/main.JS", "text/javascript; charset=utf-8"),
        ("x.svg", "image/svg+xml"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("README", "application/octet-stream"),
    ],
)
def test_a_type_is_told_by_the_name(path, kind):
    assert content_type(path) == kind
