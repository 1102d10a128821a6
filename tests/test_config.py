"""config: a file that people edit, created, completed and checked."""

import json
import stat
from pathlib import Path

import pytest

from peek_trio.config import (
    AgentConfig,
    ClientConfig,
    ServerConfig,
    WorkerConfig,
    base_directory,
    home_of,
    load,
    load_with_warnings,
    loading,
    service_id,
)
from peek_trio.config.filling import key_paths
from peek_trio.errors import ConfigError


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "installed_plugins", lambda: ("peek_plugin_a", "peek_plugin_b"))


def written(base: Path, text: str, service: str = "server") -> Path:
    file = home_of(service, base) / "config.json"
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    return file


def test_the_first_load_creates_the_file_with_every_default(tmp_path: Path) -> None:
    config = load("server", tmp_path)
    document = json.loads((tmp_path / "peek-server.home/config.json").read_text())
    assert document == {
        "plugin": {"enabled": ["peek_plugin_a", "peek_plugin_b"]},
        "logging": {"level": "INFO", "levels": {}},
        "sqlalchemy": {"connectUrl": "", "slowQuerySeconds": 1.0},
        "serverLink": {"host": "127.0.0.1", "port": 8011},
        "adminSite": {"host": "127.0.0.1", "port": 8010},
    }
    assert config.plugin.enabled == ("peek_plugin_a", "peek_plugin_b")
    assert config.admin_site.port == 8010


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    load("server", tmp_path)
    mode = (tmp_path / "peek-server.home/config.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_second_load_leaves_the_file_untouched(tmp_path: Path) -> None:
    load("client", tmp_path)
    file = tmp_path / "peek-client.home/config.json"
    before = (file.stat().st_ino, file.read_bytes())
    load("client", tmp_path)
    assert (file.stat().st_ino, file.read_bytes()) == before


def test_missing_keys_are_added_after_those_that_people_wrote(tmp_path: Path) -> None:
    file = written(tmp_path, '{"adminSite": {"port": 9000}, "mine": 1, "logging": {"level": "DEBUG"}}')
    file.chmod(0o640)
    config = load("server", tmp_path)
    document = json.loads(file.read_text())
    assert list(document)[:3] == ["adminSite", "mine", "logging"]
    assert document["adminSite"] == {"port": 9000, "host": "127.0.0.1"}
    assert document["mine"] == 1
    assert (config.admin_site.port, config.logging.level) == (9000, "DEBUG")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_an_unknown_key_is_reported_with_its_nearest_neighbour(tmp_path: Path) -> None:
    file = written(tmp_path, '{"adminSite": {"prot": 9000}, "zzz": 1}')
    warnings = load_with_warnings("server", tmp_path).warnings
    assert warnings[0].startswith(f"{file}: the key zzz is not known and has no effect. Known here: plugin, logging")
    assert warnings[1] == f'{file}: the key adminSite.prot is not known and has no effect. Did you mean "port"?'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"adminSite": {"port": "80"}}', "adminSite.port must be a port number from 0 to 65535"),
        ('{"adminSite": {"port": 70000}}', "but it is 70000."),
        ('{"adminSite": {"port": true}}', "but it is true."),
        ('{"adminSite": {"host": ""}}', "adminSite.host must be a host name or address"),
        ('{"adminSite": 8010}', "adminSite must be an object, {…}, but it is 8010."),
        ('{"plugin": {"enabled": "peek_plugin_a"}}', "plugin.enabled must be a list of plugin names"),
        ('{"logging": {"level": "LOUD"}}', "logging.level must be one of DEBUG, INFO"),
        ('{"logging": {"levels": {"a": "LOUD"}}}', "logging.levels must be an object of logger name and level"),
        ('{"sqlalchemy": {"connectUrl": null}}', "sqlalchemy.connectUrl must be a text, but it is null."),
        ("[]", "must hold one JSON object"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice in one object'),
    ],
)
def test_a_wrong_value_names_file_key_and_expectation(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load("server", tmp_path)
    assert str(caught.value).startswith(str(file))
    assert complaint in str(caught.value)


def test_broken_json_is_told_with_line_column_and_the_line(tmp_path: Path) -> None:
    file = written(tmp_path, '{\n  "adminSite": {\n    "port": 80x0\n  }\n}')
    with pytest.raises(ConfigError) as caught:
        load("server", tmp_path)
    assert str(caught.value) == (
        f"{file} is not valid JSON, line 3, column 15: Expecting ',' delimiter. The line reads: \"port\": 80x0"
    )


def test_a_truncated_file_is_told_as_such(tmp_path: Path) -> None:
    written(tmp_path, '{"adminSite":\n')
    with pytest.raises(ConfigError, match=r"line 2, column 1: Expecting value\. The file ends there\."):
        load("server", tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "{}").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigError, match="is not UTF-8 text: the byte at 7"):
        load("server", tmp_path)


def test_a_password_in_a_wrong_value_stays_out_of_the_message(tmp_path: Path) -> None:
    written(tmp_path, '{"plugin": {"enabled": "postgresql://peek:secret@db/peek"}}')
    with pytest.raises(ConfigError) as caught:
        load("server", tmp_path)
    assert "secret" not in str(caught.value)


def test_a_broken_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, '{"adminSite": {"port": "80"}}')
    with pytest.raises(ConfigError):
        load("server", tmp_path)
    assert file.read_text() == '{"adminSite": {"port": "80"}}'


def test_a_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "peek-server.home").write_text("a file in the way")
    with pytest.raises(ConfigError, match=r"config\.json cannot be read: Not a directory\."):
        load("server", tmp_path)


def test_each_service_has_its_own_keys() -> None:
    assert "mobileSite.port" in set(key_paths(ClientConfig()))
    assert "worker.processes" in set(key_paths(WorkerConfig()))
    assert set(key_paths(AgentConfig())) < set(key_paths(WorkerConfig()))
    assert "sqlalchemy.connectUrl" not in set(key_paths(AgentConfig()))


def test_every_key_is_explained_to_operators() -> None:
    guide = (Path(__file__).parents[1] / "docs/admin.md").read_text("utf-8")
    for default in (ServerConfig(), ClientConfig(), AgentConfig(), WorkerConfig()):
        for path in key_paths(default):
            assert f"`{path}`" in guide


def test_a_service_keeps_its_id(tmp_path: Path) -> None:
    first = service_id("agent", tmp_path)
    assert first.startswith("agent-")
    assert service_id("agent", tmp_path) == first


def test_an_identity_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"service\.id, the identity of this agent, cannot be used: No such file"):
        service_id("agent", tmp_path / "nowhere")
    (tmp_path / "service.id").write_text("\n")
    with pytest.raises(ConfigError, match=r"service\.id is empty\. Remove it"):
        service_id("agent", tmp_path)


def test_the_base_is_the_option_then_the_variable_then_the_users_home(tmp_path: Path) -> None:
    assert base_directory(str(tmp_path), {"PEEK_HOME": "/elsewhere"}) == tmp_path
    assert base_directory(None, {"PEEK_HOME": str(tmp_path)}) == tmp_path
    assert base_directory(None, {}) == Path.home()
    with pytest.raises(ConfigError, match="--home is empty"):
        base_directory("", {})
