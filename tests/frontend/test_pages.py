import json
import os

from peek_trio.frontend.pages import Pages


async def test_the_pages_of_a_build_are_found(build):
    pages = Pages("admin", build)
    await pages.load()

    assert pages.built
    assert pages.find("/assets/lit.AAAA.js") is not None
    assert pages.find("/icons/icon.svg") is not None
    assert pages.find("/assets/../build.json") is None


async def test_a_site_that_was_not_built_follows_when_it_is(build, tmp_path, caplog):
    pages = Pages("admin", tmp_path / "later")
    await pages.load()
    assert not pages.built
    assert "nox -s build" in caplog.text

    build.rename(tmp_path / "later")
    await pages.refresh()

    assert pages.built
    assert b"/assets/admin.BBBB.js" in pages.index.body


async def test_a_newer_build_keeps_the_files_of_the_one_before(build):
    pages = Pages("admin", build)
    await pages.load()
    policy = dict(pages.headers)[b"content-security-policy"]

    description = json.loads((build / "build.json").read_text())
    (build / "assets" / "lit.DDDD.js").write_text("export const html = 2;\n")
    description["importmap"]["lit"] = "/assets/lit.DDDD.js"
    description["files"] = {**description["files"], "/assets/lit.DDDD.js": "assets/lit.DDDD.js"}
    del description["files"]["/assets/lit.AAAA.js"]
    rewrite(build / "build.json", json.dumps(description))
    await pages.refresh()

    assert pages.find("/assets/lit.AAAA.js") is not None
    assert pages.find("/assets/lit.DDDD.js") is not None
    assert dict(pages.headers)[b"content-security-policy"] != policy


async def test_a_build_that_cannot_be_used_leaves_the_pages_as_they_are(build, caplog):
    pages = Pages("admin", build)
    await pages.load()

    rewrite(build / "build.json", "{")
    await pages.refresh()

    assert pages.built
    assert str(build / "build.json") in caplog.text


def rewrite(path, text):
    """Write the file anew with a later time, however fast the test is."""
    later = path.stat().st_mtime_ns + 1_000_000_000
    path.write_text(text)
    os.utime(path, ns=(later, later))
