import pytest

from peek_trio.frontend.origin import same_origin


@pytest.mark.parametrize(
    ("origin", "host", "tls"),
    [
        (None, "peek.test", False),
        (None, None, True),
        ("http://peek.test:8000", "peek.test:8000", False),
        ("https://peek.test", "peek.test", False),
        ("https://peek.test", "peek.test", True),
        ("HTTP://Peek.Test", "peek.test", False),
    ],
)
def test_the_sites_own_pages_and_programs_are_let_in(origin, host, tls):
    assert same_origin(origin, host, tls=tls)


@pytest.mark.parametrize(
    ("origin", "host", "tls"),
    [
        ("http://evil.test", "peek.test", False),
        ("http://peek.test:8001", "peek.test:8000", False),
        ("http://peek.test", "peek.test", True),
        ("null", "peek.test", False),
        ("", "peek.test", False),
        ("http://peek.test", None, False),
    ],
)
def test_pages_of_other_origins_are_not(origin, host, tls):
    assert not same_origin(origin, host, tls=tls)
