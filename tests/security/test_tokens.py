"""Tokens."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from peek_trio.errors import ConfigError
from peek_trio.security.tokens import new_token, same_token, service_token, token_digest


def test_the_service_token_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "service.token"
    token = service_token(path)
    assert len(token) >= 43
    assert service_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["service.token"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_token_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "service.token"
    token = service_token(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {path}") as caught:
        service_token(path)
    assert token not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "secret"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "service.token"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(ConfigError, match="does not hold a service token"):
        service_token(path)


def test_a_file_of_other_bytes_is_refused_without_showing_them(tmp_path: Path) -> None:
    path = tmp_path / "service.token"
    path.touch(0o600)
    path.write_bytes(b"secret-secret-secret-secret-secret-\xff\x00")
    with pytest.raises(ConfigError, match="does not hold a service token") as caught:
        service_token(path)
    assert "secret-secret" not in str(caught.value)


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(ConfigError, match=f"{tmp_path}/home/service.token cannot be made"):
        service_token(tmp_path / "home" / "service.token")


def test_services_that_start_at_once_agree_on_one_token(tmp_path: Path) -> None:
    path = tmp_path / "service.token"
    with ThreadPoolExecutor(8) as threads:
        tokens = set(threads.map(lambda _: service_token(path), range(32)))
    assert len(tokens) == 1
    assert os.listdir(tmp_path) == ["service.token"]


def test_tokens_are_the_same_or_not() -> None:
    token = new_token()
    assert same_token(token, token)
    assert not same_token(token, new_token())
    assert not same_token(token, token[:-1])
    assert not same_token("schlüssel", "schluessel")


def test_no_token_is_the_same_as_no_token() -> None:
    assert not same_token("", "")


def test_a_digest_does_not_hold_the_token() -> None:
    token = new_token()
    assert token.encode() not in token_digest(token)
    assert len(token_digest(token)) == 32
    assert len(token_digest("\ud800")) == 32
