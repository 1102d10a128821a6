import os

import pytest
import trio

from peek_trio.frontend.plugin_trees import GENERATIONS, PluginTrees
from peek_trio.frontend.tree_files import MAX_TREE
from peek_trio.frontend.ui_sources import UiSource
from peek_trio.frontend.ui_tuples import UiMenuItem


@pytest.fixture
def web(tmp_path):
    """A plugin's folders: its pages, what other plugins may import, and its assets."""
    folder = tmp_path / "web"
    for name, text in {
        "app/main.js": "export default class {}",
        "app/parts/row.js": "export const row = 1",
        "app/icon.svg": "<svg/>",
        "modules/shared.js": "export const shared = 1",
        "assets/logo.svg": "<svg/>",
    }.items():
        write(folder / name, text)
    return folder


@pytest.fixture
def source(web):
    return UiSource(
        plugin="peek_plugin_pumps",
        title="Pumps",
        version="1.2.3",
        app_dir=web / "app",
        app_module="main.js",
        icon="icon.svg",
        menu=(("All pumps", "", "pump"),),
        module_dir=web / "modules",
        asset_dir=web / "assets",
    )


@pytest.fixture
def overlays(tmp_path):
    return tmp_path / "overlays"


def write(path, text):
    """Write the file so that its time differs from whatever it was, however fast the test is."""
    later = path.stat().st_mtime_ns + 1_000_000_000 if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if later is not None:
        os.utime(path, ns=(later, later))


def split(url):
    """The parts of an address below /p/: plugin, hash, path."""
    _, p, plugin, tree_hash, path = url.split("/", 4)
    assert p == "p"
    return plugin, tree_hash, path


async def test_a_plugins_folders_are_one_tree_and_one_row(source, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()

    (row,) = trees.rows()
    plugin, tree_hash, path = split(row.module)
    assert (row.site, row.plugin, row.title, row.version) == ("mobile", "peek_plugin_pumps", "Pumps", "1.2.3")
    assert (plugin, path) == ("peek_plugin_pumps", "main.js")
    assert row.icon == f"/p/peek_plugin_pumps/{tree_hash}/icon.svg"
    assert row.menu == [UiMenuItem("All pumps", "", "pump")]
    assert trees.find(plugin, tree_hash, "main.js").body == b"export default class {}"
    assert trees.find(plugin, tree_hash, "parts/row.js") is not None
    assert trees.find(plugin, tree_hash, "assets/logo.svg") is not None
    assert trees.find(plugin, tree_hash, "modules/shared.js") is not None
    assert trees.find(plugin, "other", "main.js") is None
    assert trees.find("other", tree_hash, "main.js") is None


async def test_only_public_modules_are_offered_to_other_plugins(source, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()
    _, tree_hash, _ = split(trees.rows()[0].module)

    assert (
        trees.public_module("peek_plugin_pumps", "shared.js") == f"/p/peek_plugin_pumps/{tree_hash}/modules/shared.js"
    )
    assert trees.public_module("peek_plugin_pumps", "main.js") is None
    assert trees.public_module("peek_plugin_other", "shared.js") is None


async def test_nothing_changes_while_no_file_does(source, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    told = []
    trees.on_change(lambda: told.append(trees.rows()))

    assert await trees.look()
    assert not await trees.look()
    assert len(told) == 1


async def test_a_changed_file_is_a_new_tree_and_the_old_one_stays(source, web, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()
    before = split(trees.rows()[0].module)

    write(web / "app" / "parts" / "row.js", "export const row = 2")
    assert await trees.look()

    after = split(trees.rows()[0].module)
    assert after != before
    assert trees.find(*after[:2], "parts/row.js").body == b"export const row = 2"
    assert trees.find(*before[:2], "parts/row.js").body == b"export const row = 1"


async def test_an_overlay_replaces_files_and_adds_some(source, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    told = []
    trees.on_change(lambda: told.append(split(trees.rows()[0].module)))
    await trees.look()

    write(overlays / "peek_plugin_pumps" / "main.js", "export default class Ours {}")
    write(overlays / "peek_plugin_pumps" / "ours" / "extra.js", "")
    await trees.look()
    (overlays / "peek_plugin_pumps" / "main.js").unlink()
    await trees.look()

    first, overlaid, bare = told
    assert trees.find(*overlaid[:2], "main.js").body == b"export default class Ours {}"
    assert trees.find(*overlaid[:2], "ours/extra.js") is not None
    assert trees.find(*bare[:2], "main.js").body == b"export default class {}"
    assert len({first, overlaid, bare}) == 3


async def test_a_few_generations_are_kept_and_no_more(source, web, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    seen = []
    for number in range(GENERATIONS + 1):
        write(web / "app" / "main.js", f"export const generation = {number}")
        await trees.look()
        seen.append(split(trees.rows()[0].module))

    assert [trees.find(*tree) is not None for tree in seen] == [False] + [True] * GENERATIONS


async def test_a_tree_without_its_module_is_reported_and_the_one_before_stays(source, web, overlays, caplog):
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()
    before = trees.rows()

    (web / "app" / "main.js").unlink()
    assert not await trees.look()

    assert trees.rows() == before
    assert trees.find(*split(before[0].module)) is not None
    assert '"main.js"' in caplog.text
    assert "the pages it had stay" in caplog.text

    caplog.clear()
    await trees.look()
    assert caplog.text == ""


async def test_a_tree_that_is_too_large_is_refused(source, web, overlays, caplog):
    with (web / "app" / "huge.bin").open("wb") as file:
        file.truncate(MAX_TREE + 1)
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()

    assert trees.rows() == []
    assert "64 MiB is the most" in caplog.text


async def test_a_folder_that_cannot_be_looked_at_is_reported_once(source, overlays, caplog, monkeypatch):
    def refuse(folders):
        raise PermissionError("Permission denied: web")

    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()
    before = trees.rows()

    monkeypatch.setattr("peek_trio.frontend.plugin_trees.stamps", refuse)
    for _ in range(3):
        assert not await trees.look()
    monkeypatch.undo()
    await trees.look()

    assert trees.rows() == before
    assert len([message for message in caplog.messages if "Permission denied" in message]) == 1


async def test_hidden_files_links_and_leftovers_are_no_part_of_a_tree(source, web, overlays, tmp_path):
    write(tmp_path / "secret.txt", "secret")
    write(web / "app" / ".env", "secret")
    write(web / "app" / "main.js~", "old")
    (web / "app" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (web / "app" / "folder").symlink_to(tmp_path)
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()
    plugin, tree_hash, _ = split(trees.rows()[0].module)

    for path in (".env", "main.js~", "link.txt", "folder/secret.txt"):
        assert trees.find(plugin, tree_hash, path) is None


async def test_plugins_come_and_go_with_their_sources(source, web, overlays):
    other = UiSource(
        plugin="peek_plugin_valves", title="Valves", version="1", app_dir=web / "app", app_module="main.js"
    )
    trees = PluginTrees("mobile", overlays, [source])
    await trees.look()

    trees.set_sources([other, source])
    assert await trees.look()
    assert [(row.plugin, row.order) for row in trees.rows()] == [("peek_plugin_valves", 0), ("peek_plugin_pumps", 1)]

    trees.set_sources([other])
    assert await trees.look()
    assert [row.plugin for row in trees.rows()] == ["peek_plugin_valves"]
    assert trees.public_module("peek_plugin_pumps", "shared.js") is None


async def test_a_plugin_with_modules_only_offers_them_and_has_no_row(web, overlays):
    library = UiSource(
        plugin="peek_plugin_library", title="Library", version="1", app_dir=None, module_dir=web / "modules"
    )
    trees = PluginTrees("mobile", overlays, [library])
    await trees.look()

    assert trees.rows() == []
    assert trees.public_module("peek_plugin_library", "shared.js") is not None


async def test_the_files_are_looked_at_again_and_again(source, web, overlays, nursery):
    trees = PluginTrees("mobile", overlays, [source], interval=0.01)
    await nursery.start(trees.run)
    changed = trio.Event()
    trees.on_change(changed.set)

    write(web / "app" / "main.js", "export default class New {}")

    with trio.fail_after(5):
        await changed.wait()


async def test_a_callback_that_was_removed_is_not_called(source, overlays):
    trees = PluginTrees("mobile", overlays, [source])
    told = []
    remove = trees.on_change(lambda: told.append(1))
    remove()
    remove()
    await trees.look()

    assert told == []
