"""`python -m peek_trio plugins list`: which plugins are installed, and which services of this machine run them."""

import argparse

from peek_trio.config import SERVICES, base_directory, home_of, load_with_warnings
from peek_trio.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """One action so far."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the installed plugins, and where they are enabled")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each installed plugin, and one for each that is enabled but missing."""
    from peek_trio.plugin import InstalledPlugins

    installed = InstalledPlugins()
    enabled = {
        service: load_with_warnings(service, base).config.plugin.enabled
        for base in [base_directory(arguments.home)]
        for service in SERVICES
        if (home_of(service, base) / "config.json").exists()
    }
    names = installed.names()
    for name in names:
        try:
            manifest = installed.manifest(name)
            about = f"{manifest.version:<10} {manifest.title}"
        except ConfigError as error:
            about = str(error)
        print(f"{name:<32} {_where(name, enabled):<28} {about}")
    missing = sorted({name for plugins in enabled.values() for name in plugins} - set(names))
    for name in missing:
        print(f"{name:<32} {_where(name, enabled):<28} not installed")
    if not names and not missing:
        print("No plugin is installed.")
    return 1 if missing else 0


def _where(name: str, enabled: dict[str, tuple[str, ...]]) -> str:
    services = [service for service, plugins in enabled.items() if name in plugins]
    return "on " + ", ".join(services) if services else "not enabled"
