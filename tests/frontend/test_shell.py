import base64
import hashlib
import json
import re

from peek_trio.frontend.built import load_build
from peek_trio.frontend.shell import NOT_BUILT, icons, make_shell

IMPORTMAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


def test_the_page_has_one_inline_script_and_the_policy_names_its_hash(build):
    shell = make_shell("admin", load_build(build))
    page = shell.index.body.decode()

    inline = [text for text in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) if text]
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()

    assert len(inline) == 1
    assert f"script-src 'self' 'sha256-{digest}';" in shell.policy


def test_the_import_map_names_the_platform_and_the_plugins_modules(build):
    page = make_shell("admin", load_build(build)).index.body.decode()

    assert json.loads(IMPORTMAP.search(page)[1]) == {
        "imports": {"lit": "/assets/lit.AAAA.js", "@peek/plugin/": "/@plugin/"},
    }


def test_the_import_map_comes_before_every_module(build):
    page = make_shell("admin", load_build(build)).index.body.decode()

    assert page.index("importmap") < page.index("modulepreload") < page.index('type="module"')
    assert '<script type="module" src="/assets/admin.BBBB.js">' in page


def test_no_text_of_a_build_can_end_the_inline_script(build):
    description = json.loads((build / "build.json").read_text())
    description["importmap"]["</script><b>"] = "/assets/lit.AAAA.js"
    (build / "build.json").write_text(json.dumps(description))

    page = make_shell("admin", load_build(build)).index.body.decode()

    assert "</script><b>" in json.loads(IMPORTMAP.search(page)[1])["imports"]


def test_each_site_has_its_manifest_and_what_can_be_offline_its_worker(build):
    loaded = load_build(build)
    admin, mobile = make_shell("admin", loaded), make_shell("mobile", loaded)

    assert json.loads(admin.files["/manifest.webmanifest"].body)["name"] == "Peek admin"
    assert json.loads(mobile.files["/manifest.webmanifest"].body)["name"] == "Peek"
    assert b"addEventListener" in mobile.files["/sw.js"].body
    assert "/sw.js" not in admin.files


def test_the_icons_that_the_manifest_and_the_page_name_are_there(build):
    shell = make_shell("mobile", load_build(build))
    named = [icon["src"] for icon in json.loads(shell.files["/manifest.webmanifest"].body)["icons"]]
    named += re.findall(r'rel="(?:icon|apple-touch-icon)" href="([^"]+)"', shell.index.body.decode())

    assert len(named) == 6
    assert set(named) <= set(icons())
    assert "/favicon.ico" in icons()


def test_without_a_build_the_page_says_how_to_build(build):
    loaded = load_build(build)

    assert make_shell("admin", None).index is NOT_BUILT
    assert make_shell("desktop", loaded).index is NOT_BUILT
    assert b"nox -s build" in NOT_BUILT.body
    assert b"pip install ." in NOT_BUILT.body
