import json

from peek_trio.frontend.ui_sources import ui_sources
from peek_trio.plugin import Manifest


def manifest(tmp_path, name, title, **web):
    """The manifest of a plugin as the host reads it."""
    root = tmp_path / name
    (root / "web").mkdir(parents=True)
    (root / "web" / "main.js").write_text("")
    about = {"title": title, "packageName": name, "version": "1.0.0"}
    (root / "plugin_package.json").write_text(json.dumps({"plugin": about, **web}))
    return Manifest.read_folder(name, root)


WEB = {
    "appDir": "web",
    "appModule": "main.js",
    "icon": "icon.svg",
    "menu": [{"title": "All", "path": "", "icon": "pump"}],
}


def test_a_manifest_says_where_a_sites_pages_are(tmp_path):
    pumps = manifest(tmp_path, "peek_plugin_pumps", "Pumps", mobile=WEB)

    (source,) = ui_sources("mobile", [pumps])

    assert (source.plugin, source.title, source.version) == ("peek_plugin_pumps", "Pumps", "1.0.0")
    assert source.app_dir == pumps.root / "web"
    assert source.app_module == "main.js"
    assert source.menu == (("All", "", "pump"),)
    assert source.show_home_link


def test_plugins_without_a_part_on_the_site_are_left_out_and_the_others_sorted_by_title(tmp_path):
    plugins = [
        manifest(tmp_path, "peek_plugin_b", "valves", mobile=WEB),
        manifest(tmp_path, "peek_plugin_c", "Admin only", admin=WEB),
        manifest(tmp_path, "peek_plugin_a", "Pumps", mobile=WEB),
    ]

    assert [source.title for source in ui_sources("mobile", plugins)] == ["Pumps", "valves"]
    assert ui_sources("desktop", plugins) == []
