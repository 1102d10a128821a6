"""credentials: a token for every kind of service, readable by nobody else."""

import stat
from pathlib import Path

import pytest

from peek_trio.config import SERVICES, home_of
from peek_trio.errors import ConfigError
from peek_trio.nursery.credentials import read_token, share_tokens, token_file, token_of


def test_every_service_gets_a_token_of_its_own(tmp_path: Path) -> None:
    share_tokens(tmp_path)
    tokens = {read_token(service, home_of(service, tmp_path)) for service in SERVICES}
    assert len(tokens) == len(SERVICES)
    for service in SERVICES:
        assert stat.S_IMODE(token_file(service, tmp_path).stat().st_mode) == 0o600


def test_sharing_again_changes_nothing(tmp_path: Path) -> None:
    share_tokens(tmp_path)
    before = [token_file(service, tmp_path).stat().st_ino for service in SERVICES]
    share_tokens(tmp_path)
    assert [token_file(service, tmp_path).stat().st_ino for service in SERVICES] == before


def test_a_new_token_of_the_server_replaces_the_copies(tmp_path: Path) -> None:
    share_tokens(tmp_path)
    before = token_of("agent", tmp_path)
    token_file("server", tmp_path).unlink()
    share_tokens(tmp_path)
    assert read_token("agent", home_of("agent", tmp_path)) == token_of("agent", tmp_path) != before


def test_a_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    share_tokens(tmp_path)
    token_file("agent", tmp_path).chmod(0o644)
    with pytest.raises(ConfigError, match="Other accounts may read"):
        share_tokens(tmp_path)
    with pytest.raises(ConfigError, match="Other accounts may read"):
        read_token("agent", home_of("agent", tmp_path))


def test_a_service_without_a_token_is_told_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"service\.token is missing\. Run `python -m peek_trio token agent` on the server"
    ):
        read_token("agent", home_of("agent", tmp_path))
    assert not home_of("agent", tmp_path).exists()
