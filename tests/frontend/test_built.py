import pytest

from peek_trio.errors import ConfigError
from peek_trio.frontend.built import load_build


def test_a_build_is_read_whole(build):
    loaded = load_build(build)

    assert set(loaded.assets) == {"/assets/lit.AAAA.js", "/assets/admin.BBBB.js", "/assets/mobile.CCCC.js"}
    assert loaded.sites["admin"].preload == ["/assets/lit.AAAA.js"]
    assert set(loaded.workers) == {"mobile"}


def test_no_build_is_none(tmp_path):
    assert load_build(tmp_path) is None


def test_a_build_that_is_known_already_is_not_read_again(build):
    loaded = load_build(build)

    assert load_build(build, unless=loaded.made) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be used"),
        ('{"importmap": {}, "sites": {}, "files": 7}', r"\$\.files"),
        ('{"importmap": {}}', "sites"),
    ],
)
def test_a_broken_description_is_named(build, text, sentence):
    (build / "build.json").write_text(text)

    with pytest.raises(ConfigError, match=sentence) as broken:
        load_build(build)
    assert str(build / "build.json") in str(broken.value)


def test_a_file_that_is_missing_is_named(build):
    (build / "assets" / "lit.AAAA.js").unlink()

    with pytest.raises(ConfigError, match=r"assets/lit\.AAAA\.js"):
        load_build(build)
