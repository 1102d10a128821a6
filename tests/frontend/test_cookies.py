from datetime import UTC, datetime, timedelta

import pytest

from peek_trio.frontend.cookies import MAX_TOKEN, clear_cookie, session_cookie, session_token


@pytest.mark.parametrize("header", ["peek_session=abc", "theme=dark; peek_session=abc; x=1", "a=b;peek_session=abc"])
def test_the_token_is_found_among_other_cookies(header):
    assert session_token(header) == "abc"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "peek_session=",
        "peek_sessions=abc",
        "peek_session",
        f"peek_session={'a' * (MAX_TOKEN + 1)}",
        "peek_session=\xe4",
    ],
)
def test_what_is_no_token_is_none(header):
    assert session_token(header) is None


def test_a_cookie_is_hidden_from_scripts_and_other_sites():
    cookie = session_cookie("abc", datetime.now(UTC) + timedelta(days=1), secure=False)

    assert cookie.startswith("peek_session=abc; Max-Age=86")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_a_cookie_over_tls_stays_on_tls():
    assert session_cookie("abc", datetime.now(UTC), secure=True).endswith("; Secure")
    assert clear_cookie(secure=True).startswith("peek_session=; Max-Age=0; ")
