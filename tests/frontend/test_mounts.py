import msgspec
import pytest

from peek_trio.errors import PluginError
from peek_trio.frontend.asgi import answer_text
from peek_trio.frontend.mounts import HttpMounts
from peek_trio.security import NOBODY, Principal, admin, anyone, signed_in

MARIA = Principal("person", "maria", "Maria", frozenset({"user"}))


async def report(scope, receive, send):
    await answer_text(send, 200, f"{scope['root_path']} {scope['path']} {scope['peek.principal'].name}")


async def ask(mount, principal, path, method="GET", **headers):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    fields = [(b"host", b"peek.test"), *((name.encode(), value.encode()) for name, value in headers.items())]
    await mount.serve(principal, {"method": method, "path": path, "scheme": "http", "headers": fields}, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_mount_answers_below_its_plugins_name():
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/report", report, signed_in)

    status, body = await ask(mounts.find("/peek_plugin_pumps/report/2026"), MARIA, "/peek_plugin_pumps/report/2026")

    assert (status, body) == (200, b"/peek_plugin_pumps/report /peek_plugin_pumps/report/2026 maria\n")


@pytest.mark.parametrize(
    "path", ["/", "/peek_plugin_pumps", "/peek_plugin_pumps/reports", "/peek_plugin_valves/report", "/report"]
)
def test_it_answers_nothing_else(path):
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/report", report, signed_in)

    assert mounts.find(path) is None


def test_the_longest_path_wins():
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/", report, anyone)
    mounts.mount("peek_plugin_pumps", "/a/b", report, anyone)
    mounts.mount("peek_plugin_pumps", "/a", report, anyone)

    found = [mounts.find(f"/peek_plugin_pumps{path}").prefix for path in ("/a/b/c", "/a/x", "/z", "")]
    assert found == ["/peek_plugin_pumps/a/b", "/peek_plugin_pumps/a", "/peek_plugin_pumps", "/peek_plugin_pumps"]


def test_a_mount_goes_when_it_is_removed():
    mounts = HttpMounts()
    remove = mounts.mount("peek_plugin_pumps", "/report", report, anyone)
    remove()
    remove()

    assert mounts.find("/peek_plugin_pumps/report") is None
    mounts.mount("peek_plugin_pumps", "/report", report, anyone)


async def test_the_policy_is_asked_before_the_application():
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/report", report, admin)
    mount = mounts.find("/peek_plugin_pumps/report")

    nobody, maria = await ask(mount, NOBODY, "/"), await ask(mount, MARIA, "/")

    assert (nobody[0], maria[0]) == (401, 403)
    assert 'needs the role "admin"; you are maria' in msgspec.json.decode(maria[1])["error"]["message"]


async def test_a_page_of_another_site_cannot_change_anything():
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/report", report, anyone)
    mount = mounts.find("/peek_plugin_pumps/report")

    assert (await ask(mount, MARIA, "/", "POST", origin="http://evil.test"))[0] == 403
    assert (await ask(mount, MARIA, "/", "POST", origin="http://peek.test"))[0] == 200
    assert (await ask(mount, MARIA, "/", "POST"))[0] == 200
    assert (await ask(mount, MARIA, "/", "GET", origin="http://evil.test"))[0] == 200


@pytest.mark.parametrize("path", ["report", "", "/a//b", "/a/../b", "/a b", "/a?b"])
def test_a_path_that_is_none_is_refused(path):
    with pytest.raises(PluginError, match="a path must be like"):
        HttpMounts().mount("peek_plugin_pumps", path, report, anyone)


def test_what_is_taken_or_missing_is_refused(tmp_path):
    mounts = HttpMounts()
    mounts.mount("peek_plugin_pumps", "/report", report, anyone)

    with pytest.raises(PluginError, match="twice"):
        mounts.mount("peek_plugin_pumps", "/report/", report, anyone)
    with pytest.raises(PluginError, match="no such directory"):
        mounts.mount("peek_plugin_pumps", "/files", tmp_path / "missing", anyone)
    with pytest.raises(PluginError, match="cannot be the name"):
        mounts.mount("api", "/x", report, anyone)
