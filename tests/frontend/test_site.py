from contextlib import AsyncExitStack, suppress
from functools import partial

import pytest
import trio

from peek_trio.errors import ConfigError, LinkLost, LinkRefused, Unavailable
from peek_trio.frontend import PluginTrees, Site, UiPlugin, UiSource, provide_ui, serve_site
from peek_trio.frontend.asgi import answer_text
from peek_trio.frontend.live_sessions import MOST_LINKS
from peek_trio.security import admin, anyone, signed_in
from peek_trio.security.people import People
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector


async def run_until_lost(link, take=lambda frame: None):
    with suppress(LinkLost):
        await link.run(take)


async def lost(link):
    """How the link ends."""
    with trio.fail_after(10), pytest.raises(LinkLost) as end:
        await link.run(lambda frame: None)
    return end.value


async def test_the_page_its_files_and_the_api_are_on_one_port(site, fetch):
    _, port = site

    page = await fetch(port, "GET", "/")
    script = await fetch(port, "GET", "/assets/lit.AAAA.js", {"accept-encoding": "gzip"})
    health = await fetch(port, "GET", "/api/health")

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    assert (await fetch(port, "GET", "/", {"if-none-match": page.headers["etag"]})).status == 304
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]
    assert health.json["ready"] is True


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/lit.AAAA.js", "/assets/gone.js", "/api/health", "/api/nothing", "/icons/icon.svg", "/nothing.txt"],
)
async def test_every_answer_has_the_security_headers(site, fetch, path):
    _, port = site

    headers = (await fetch(port, "GET", path)).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/plugins", "/sign-in", "/x/pumps/host/10.0.0.1", "/x/peek_plugin_pumps/", "/people?sort=name"]
)
async def test_the_shells_own_addresses_are_all_its_page(site, fetch, path):
    _, port = site

    answer = await fetch(port, "GET", path)

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/assets/gone.js", 404),
        ("GET", "/assets/../../../etc/passwd", 404),
        ("GET", "/assets/%2e%2e/build.json", 404),
        ("GET", "/robots.txt", 404),
        ("GET", "/p/peek_plugin_pumps/0123/main.js", 404),
        ("GET", "/p/x", 404),
        ("GET", "/@plugin/peek_plugin_pumps/shared.js", 404),
        ("GET", "/vortex", 426),
        ("POST", "/", 405),
        ("POST", "/assets/lit.AAAA.js", 405),
    ],
)
async def test_what_is_not_there_is_refused(site, fetch, method, path, status):
    _, port = site

    assert (await fetch(port, method, path)).status == status


async def test_without_a_build_every_page_says_how_to_build_and_the_rest_works(
    nursery, board, register, tmp_path, fetch
):
    trees = PluginTrees("admin", tmp_path / "overlays")
    bare = Site(name="admin", board=board, authority=register, trees=trees, built=tmp_path / "none")
    port = await nursery.start(partial(serve_site, bare, host="127.0.0.1", port=0))

    for path in ("/", "/plugins"):
        answer = await fetch(port, "GET", path)
        assert answer.status == 503
        assert b"nox -s build" in answer.body
    assert (await fetch(port, "GET", "/api/health")).status == 200


async def test_a_service_that_is_not_ready_says_so(nursery, board, register, build, tmp_path, fetch):
    trees = PluginTrees("admin", tmp_path / "overlays")
    waiting = Site(name="admin", board=board, authority=register, trees=trees, built=build, ready=lambda: False)
    port = await nursery.start(partial(serve_site, waiting, host="127.0.0.1", port=0))

    assert (await fetch(port, "GET", "/api/health")).json == {"ready": False, "service": "server", "version": "0.1.0"}
    assert (await fetch(port, "GET", "/")).status == 200


async def test_a_port_in_use_is_said_so(site):
    opened, port = site

    with pytest.raises(ConfigError, match=f"port {port} is in use by .* \\(pid "):
        await serve_site(opened, host="127.0.0.1", port=port)


async def test_a_plugins_pages_are_served_for_ever_and_its_modules_found(site, fetch, tmp_path):
    opened, port = site
    for name in ("app/main.js", "modules/shared.js"):
        (tmp_path / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / name).write_text("export {}")
    web = tmp_path / "web"
    opened.trees.set_sources(
        [UiSource("peek_plugin_pumps", "Pumps", "1", web / "app", "main.js", module_dir=web / "modules")]
    )
    await opened.trees.look()

    page = await fetch(port, "GET", opened.trees.rows()[0].module)
    moved = await fetch(port, "GET", "/@plugin/peek_plugin_pumps/shared.js")

    assert (page.status, page.body) == (200, b"export {}")
    assert "immutable" in page.headers["cache-control"]
    assert moved.status == 307
    assert (await fetch(port, "GET", moved.headers["location"])).body == b"export {}"


async def test_mounts_know_who_asks(site, fetch, register):
    opened, port = site

    async def whoami(scope, receive, send):
        await answer_text(send, 200, scope["peek.principal"].name or "nobody")

    opened.mounts.mount("peek_plugin_pumps", "/mine", whoami, signed_in)
    opened.mounts.mount("peek_plugin_pumps", "/open", whoami, anyone)
    opened.mounts.mount("peek_plugin_pumps", "/admin", whoami, admin)
    cookie = {"cookie": f"peek_session={register.begin('maria').token}"}

    assert (await fetch(port, "GET", "/peek_plugin_pumps/mine", cookie)).body == b"maria\n"
    assert (await fetch(port, "GET", "/peek_plugin_pumps/open")).body == b"nobody\n"
    assert (await fetch(port, "GET", "/peek_plugin_pumps/mine")).status == 401
    assert (await fetch(port, "GET", "/peek_plugin_pumps/admin", cookie)).status == 403

    register.failing = Unavailable("The server is not connected.")
    assert (await fetch(port, "GET", "/peek_plugin_pumps/mine", cookie)).status == 503
    assert (await fetch(port, "GET", "/peek_plugin_pumps/open", cookie)).body == b"nobody\n"


async def test_a_device_links_with_its_session(site, dial, register, board, nursery):
    _, port = site

    async with dial(port, register.begin("maria").token) as link:
        nursery.start_soon(run_until_lost, link)
        assert link.principal == register.people["maria"]
        while not board.peers():
            await trio.testing.wait_all_tasks_blocked(0.001)
        (peer,) = board.peers()
        assert (peer.service, peer.principal.name, peer.site) == ("device", "maria", "admin")
        assert peer.address.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("token", "site_name", "service", "code"),
    [
        (None, "admin", "device", "sign-in"),
        ("stolen", "admin", "device", "sign-in"),
        ("good", "mobile", "device", "protocol"),
        ("good", "admin", "agent", "protocol"),
    ],
)
async def test_other_links_are_refused_readably(site, dial, register, token, site_name, service, code):
    _, port = site
    token = register.begin("maria").token if token == "good" else token

    with pytest.raises(LinkRefused) as refusal:
        async with dial(port, token, site=site_name, service=service):
            pass

    assert refusal.value.code == code
    assert refusal.value.reason.endswith(".")


async def test_a_page_of_another_origin_gets_no_link(site, dial, register):
    _, port = site

    with pytest.raises(LinkLost, match="403"):
        async with dial(port, register.begin("maria").token, origin="http://evil.test"):
            pass


async def test_while_sessions_cannot_be_checked_the_refusal_is_busy(site, dial, register):
    _, port = site
    register.failing = Unavailable("The server is not connected.")

    with pytest.raises(LinkRefused, match="not connected") as refusal:
        async with dial(port, "any"):
            pass
    assert refusal.value.code == "busy"


async def test_signing_out_ends_the_sessions_links(site, dial, register, fetch):
    _, port = site
    token = register.begin("maria").token
    other = register.begin("maria").token

    async with dial(port, token) as link, dial(port, other) as bystander, trio.open_nursery() as links:
        links.start_soon(run_until_lost, bystander)
        answer = await fetch(port, "DELETE", "/api/session", {"cookie": f"peek_session={token}", "x-peek": "1"})
        assert answer.status == 204
        end = await lost(link)
        assert not bystander.closed
        links.cancel_scope.cancel()

    assert (end.code, end.reason) == (1008, "You have signed out.")


async def test_a_session_that_ends_while_its_link_is_welcomed_ends_the_link_too(site, dial, register, monkeypatch):
    _, port = site
    token = register.begin("maria").token
    resolve = register.resolve

    async def resolve_and_end(asked):
        principal = await resolve(asked)
        register.sessions.pop(asked, None)
        return principal

    monkeypatch.setattr(register, "resolve", resolve_and_end)
    async with dial(port, token) as link:
        end = await lost(link)

    assert (end.code, end.reason) == (1008, "Your session has ended. Sign in again.")


async def test_one_browser_opens_only_so_many_links(site, dial, register):
    _, port = site
    token, other = register.begin("maria").token, register.begin("maria").token

    async with AsyncExitStack() as pages:
        for _ in range(MOST_LINKS):
            await pages.enter_async_context(dial(port, token))
        with pytest.raises(LinkRefused, match="50 pages are open") as refusal:
            await pages.enter_async_context(dial(port, token))
        assert refusal.value.code == "busy"
        await pages.enter_async_context(dial(port, other))


async def test_closing_the_site_tells_devices_that_it_goes_away(nursery, board, register, build, tmp_path, dial):
    trees = PluginTrees("admin", tmp_path / "overlays")
    closing = Site(name="admin", board=board, authority=register, trees=trees, built=build)
    open_until = trio.CancelScope()

    async def serve(task_status):
        with open_until:
            await serve_site(closing, host="127.0.0.1", port=0, task_status=task_status)

    port = await nursery.start(serve)
    async with dial(port, register.begin("maria").token) as link:
        open_until.cancel()
        end = await lost(link)

    assert (end.code, end.reason) == (1001, "The service is stopping.")


async def test_a_shell_is_told_of_plugins_and_of_every_change(
    site, dial, register, board: Switchboard, nursery, tmp_path
):
    opened, port = site
    provide_ui(board, board.scope("peek"), [opened.trees])
    app = tmp_path / "web"
    app.mkdir()
    (app / "main.js").write_text("export default class {}")
    opened.trees.set_sources([UiSource("peek_plugin_pumps", "Pumps", "1", app, "main.js")])
    await opened.trees.look()

    modules = []
    async with dial(port, register.begin("maria").token) as link:
        states, received = trio.open_memory_channel(10)

        def take(frame: Frame) -> None:
            if frame.kind == "state":
                states.send_nowait(board.registry.codec.decode(frame.body))

        nursery.start_soon(run_until_lost, link, take)
        link.send_nowait(Frame({"k": "sub", "i": 1, "t": "peek.UiPlugin", "s": {"site": "admin"}}))
        with trio.fail_after(5):
            modules += [row.module for row in await received.receive()]
            overlay = tmp_path / "overlays" / "peek_plugin_pumps"
            overlay.mkdir(parents=True)
            (overlay / "main.js").write_text("export default class Ours {}")
            modules += [row.module for row in await received.receive()]

    assert len(set(modules)) == 2
    assert all(module.endswith("/main.js") for module in modules)


async def test_a_shell_that_asks_for_another_site_is_told_which_there_are(site, board, nursery):
    opened, _ = site
    provide_ui(board, board.scope("peek"), [opened.trees])

    async with board.observe(TupleSelector.of(UiPlugin, site="mobile")) as states:
        with trio.fail_after(5), pytest.raises(Exception, match="admin"):
            await anext(aiter(states))


async def test_real_people_sign_in_and_are_known_on_the_link(nursery, board, database, build, tmp_path, fetch, dial):
    people = People(database)
    await people.ensure_first_admin()
    code = await people.create_link_code("admin")
    trees = PluginTrees("admin", tmp_path / "overlays")
    real = Site(name="admin", board=board, authority=people, trees=trees, built=build)
    port = await nursery.start(partial(serve_site, real, host="127.0.0.1", port=0))
    peek = {"x-peek": "1"}

    entered = await fetch(port, "POST", "/api/session", peek, b'{"code": "%s"}' % code.encode())
    assert entered.status == 200
    cookie = entered.headers["set-cookie"].partition(";")[0]
    signed = {**peek, "cookie": cookie}

    weak = await fetch(port, "POST", "/api/password", signed, b'{"new": "short"}')
    strong = await fetch(port, "POST", "/api/password", signed, b'{"new": "a long enough password"}')
    wrong = await fetch(port, "POST", "/api/session", peek, b'{"name": "admin", "password": "guess"}')
    again = await fetch(port, "POST", "/api/session", peek, b'{"name": "admin", "password": "a long enough password"}')

    assert (weak.status, strong.status, wrong.status, again.status) == (422, 204, 403, 200)
    token = again.headers["set-cookie"].partition(";")[0].partition("=")[2]
    async with dial(port, token) as link:
        assert "admin" in link.principal.roles
        await fetch(port, "DELETE", "/api/session", {**peek, "cookie": f"peek_session={token}"})
        assert (await lost(link)).code == 1008
    with pytest.raises(LinkRefused):
        async with dial(port, token):
            pass


@pytest.mark.parametrize("seed", [4, 5])
async def test_a_storm_of_junk_does_not_bring_a_site_down(site, storm, fetch, dial, register, seed):
    _, port = site
    await storm(port, seed)

    assert (await fetch(port, "GET", "/")).status == 200
    async with dial(port, register.begin("maria").token) as link:
        assert link.principal == register.people["maria"]
