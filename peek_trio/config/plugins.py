"""Which plugins are installed, learnt from package metadata alone: no plugin is imported to find it."""

from importlib.metadata import entry_points

PLUGIN_GROUP = "peek_trio.plugins"


def installed_plugins() -> tuple[str, ...]:
    """The names of all installed plugins, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=PLUGIN_GROUP)}))
