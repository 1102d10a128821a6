import pytest

from peek_trio.frontend.directory import Directory


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "served"
    (folder / "below").mkdir(parents=True)
    (folder / "page.html").write_text("<p>hello")
    (folder / "below" / "large.bin").write_bytes(bytes(700_000))
    (folder / ".hidden").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "way-out").symlink_to(tmp_path / "outside.txt")
    return folder


async def ask(root, path, method="GET", **headers):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"method": method, "path": f"/plugin/files{path}", "root_path": "/plugin/files", "headers": fields}
    await Directory(root)(scope, receive, send)
    start, *body = sent
    return (
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(m["body"] for m in body),
    )


async def test_a_file_is_served_from_disk_as_it_is_now(root):
    status, headers, body = await ask(root, "/page.html")
    assert (status, body) == (200, b"<p>hello")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"

    (root / "page.html").write_text("<p>changed")
    assert (await ask(root, "/page.html"))[2] == b"<p>changed"


async def test_a_large_file_comes_in_pieces(root):
    status, headers, body = await ask(root, "/below/large.bin")

    assert status == 200
    assert headers["content-length"] == "700000"
    assert body == bytes(700_000)


async def test_a_browser_that_has_the_file_is_told_so(root):
    _, headers, _ = await ask(root, "/page.html")

    assert (await ask(root, "/page.html", if_none_match=headers["etag"]))[0] == 304


async def test_head_tells_the_size_only(root):
    status, headers, body = await ask(root, "/page.html", "HEAD")

    assert (status, headers["content-length"], body) == (200, "8", b"")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/below",
        "/nothing",
        "/../outside.txt",
        "/below/../../outside.txt",
        "/.hidden",
        "/way-out",
        "//page.html/",
        "/page.html\0",
    ],
)
async def test_nothing_else_can_be_reached(root, path):
    status, _, body = await ask(root, path)

    assert status == 404
    assert b"secret" not in body


async def test_files_cannot_be_written(root):
    assert (await ask(root, "/page.html", "DELETE"))[0] == 405
