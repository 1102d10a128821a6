import msgspec
import pytest
import trio
from trio.testing import memory_stream_pair

from peek_trio.errors import Rejected, Unavailable
from peek_trio.frontend.hypercorn_guard import Caller, HttpServer
from peek_trio.frontend.live_sessions import LiveSessions
from peek_trio.frontend.session_api import MAX_BODY, ApiParts, session_api
from peek_trio.security import SignInRefused

PEEK = {"x-peek": "1", "content-type": "application/json"}
MARIA = b'{"name": "maria", "password": "correct horse"}'


class Api:
    """The API of a site, asked over one connection."""

    def __init__(self, register, client_class, tls=False):
        self.ready = True
        self.live = LiveSessions(register)
        parts = ApiParts("admin", "server", "Waterworks", "0.1.0", register, self.live, lambda: self.ready)
        self.server = HttpServer(session_api(parts), lambda: [])
        self.caller = Caller(("192.0.2.7", 40000), ("127.0.0.1", 8010), tls)
        theirs, self.ours = memory_stream_pair()
        self.client = client_class(theirs)

    async def run(self):
        await self.server.serve(self.ours, self.caller)

    async def ask(self, method, path, headers=PEEK, body=b""):
        with trio.fail_after(5):
            return await self.client.request(method, path, headers, body)

    async def sign_in(self):
        answer = await self.ask("POST", "/api/session", PEEK, MARIA)
        assert answer.status == 200
        return answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
def api(register, http_client, nursery):
    api = Api(register, http_client)
    nursery.start_soon(api.run)
    return api


async def test_a_name_and_a_password_become_a_session(api):
    answer = await api.ask("POST", "/api/session", PEEK, MARIA)

    assert answer.status == 200
    assert answer.json["principal"] == {"kind": "person", "name": "maria", "title": "Maria", "roles": ["user"]}
    assert answer.headers["cache-control"] == "no-store"
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)

    who = await api.ask("GET", "/api/session", {"cookie": cookie})
    assert who.status == 200
    assert {key: who.json[key] for key in ("site", "platform", "version")} == {
        "site": "admin",
        "platform": "Waterworks",
        "version": "0.1.0",
    }


async def test_a_code_becomes_a_session_once(api):
    first = await api.ask("POST", "/api/session", PEEK, b'{"code": "once-only"}')
    second = await api.ask("POST", "/api/session", PEEK, b'{"code": "once-only"}')

    assert (first.status, second.status) == (200, 403)
    assert "not valid any more" in second.json["error"]["message"]


async def test_over_tls_the_cookie_stays_on_tls(register, http_client, nursery):
    api = Api(register, http_client, tls=True)
    nursery.start_soon(api.run)

    answer = await api.ask("POST", "/api/session", {**PEEK, "origin": "https://peek.test"}, MARIA)

    assert answer.headers["set-cookie"].endswith("; Secure")


async def test_a_refusal_is_the_authoritys_sentence(api):
    answer = await api.ask("POST", "/api/session", PEEK, b'{"name": "maria", "password": "wrong"}')

    assert answer.status == 403
    assert answer.json == {"error": {"type": "SignInRefused", "message": "The name or the password is not right."}}
    assert "set-cookie" not in answer.headers


async def test_too_many_attempts_are_told_how_long_to_wait(api, register):
    register.failing = SignInRefused("Too many attempts. Try again in 17 seconds.", after=16.6)

    answer = await api.ask("POST", "/api/session", PEEK, MARIA)

    assert answer.status == 429
    assert answer.headers["retry-after"] == "17"


async def test_without_a_session_nobody_is_signed_in(api):
    assert (await api.ask("GET", "/api/session")).status == 401
    assert (await api.ask("GET", "/api/session", {"cookie": "peek_session=stolen"})).status == 401


async def test_signing_out_ends_the_session_and_takes_the_cookie(api):
    cookie = await api.sign_in()

    answer = await api.ask("DELETE", "/api/session", {**PEEK, "cookie": cookie})

    assert answer.status == 204
    assert answer.headers["set-cookie"].startswith("peek_session=; Max-Age=0")
    assert (await api.ask("GET", "/api/session", {"cookie": cookie})).status == 401
    assert (await api.ask("DELETE", "/api/session", PEEK)).status == 204


async def test_a_password_is_changed_by_whoever_knows_it(api, register):
    cookie = await api.sign_in()

    wrong = await api.ask(
        "POST", "/api/password", {**PEEK, "cookie": cookie}, b'{"current": "no", "new": "battery staple"}'
    )
    right = await api.ask(
        "POST", "/api/password", {**PEEK, "cookie": cookie}, b'{"current": "correct horse", "new": "battery staple"}'
    )
    nobody = await api.ask("POST", "/api/password", PEEK, b'{"current": "x", "new": "y"}')

    assert (wrong.status, right.status, nobody.status) == (403, 204, 401)
    assert register.passwords["maria"] == "battery staple"


async def test_a_password_that_is_too_weak_says_so(api, register, monkeypatch):
    async def refuse(token, current, new):
        raise Rejected("A password needs at least 12 characters.")

    monkeypatch.setattr(register, "change_password", refuse)
    cookie = await api.sign_in()

    answer = await api.ask("POST", "/api/password", {**PEEK, "cookie": cookie}, b'{"new": "short"}')

    assert (answer.status, answer.json["error"]["type"]) == (422, "Rejected")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {**PEEK, "origin": "http://evil.test"},
        {**PEEK, "origin": "null"},
    ],
)
async def test_a_page_of_another_site_can_change_nothing(api, headers):
    cookie = await api.sign_in()

    for method, path in (("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/password")):
        assert (await api.ask(method, path, {**headers, "cookie": cookie}, b"{}")).status == 403
    assert (await api.ask("GET", "/api/session", {"cookie": cookie})).status == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"name": "maria", ', "truncated"),
        (b'{"name": 7, "password": "x"}', "$.name"),
        (b'{"name": "maria", "pasword": "x"}', "pasword"),
        (b'{"name": "maria"}', "either name and password, or code"),
        (b'{"name": "maria", "password": "x", "code": "y"}', "either name and password, or code"),
        (b"[" * 60_000, "`array`"),
        (b"", "truncated"),
        (b"\xff\xfe", "byte 0"),
    ],
)
async def test_a_body_that_is_not_what_is_expected_says_where(api, body, sentence):
    answer = await api.ask("POST", "/api/session", PEEK, body)

    assert answer.status == 400
    assert answer.json["error"]["type"] == "BadRequest"
    assert sentence in answer.json["error"]["message"]


async def test_a_body_that_is_too_large_is_refused(api):
    answer = await api.ask("POST", "/api/session", PEEK, b" " * (MAX_BODY + 1))

    assert answer.status == 413
    assert "64 KiB" in answer.json["error"]["message"]


async def test_while_the_authority_cannot_be_asked_the_answer_says_so(api, register):
    register.failing = Unavailable("The server is not connected. Try again.")

    answer = await api.ask("POST", "/api/session", PEEK, MARIA)

    assert answer.status == 503
    assert answer.json == {"error": {"type": "Unavailable", "message": "The server is not connected. Try again."}}


async def test_a_fault_of_ours_is_logged_and_not_shown(api, register, caplog):
    register.failing = ValueError("the secret inner state")

    answer = await api.ask("GET", "/api/session", {"cookie": "peek_session=x"})

    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "the secret inner state" in caplog.text


async def test_health_is_told_to_everybody(api):
    assert (await api.ask("GET", "/api/health", {})).json == {"ready": True, "service": "server", "version": "0.1.0"}

    api.ready = False
    answer = await api.ask("GET", "/api/health", {})
    assert (answer.status, answer.json["ready"]) == (503, False)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/nothing", 404), ("PATCH", "/api/session", 405)])
async def test_what_is_not_there_says_so_in_json(api, method, path, status):
    answer = await api.ask(method, path)

    assert answer.status == status
    assert msgspec.json.decode(answer.body)["error"]["message"]


@pytest.mark.parametrize("body", [b'{"name": "maria", "password": "\xff"}', b'{"code": "\xed\xa0\x80"}', b"\xff\xfe"])
async def test_a_body_that_is_no_unicode_is_a_bad_request(api, body):
    answer = await api.ask("POST", "/api/session", PEEK, body)

    assert (answer.status, answer.json["error"]["type"]) == (400, "BadRequest")
