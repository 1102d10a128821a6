"""`python -m peek_trio tuples typescript PLUGIN`: the TypeScript that matches a plugin's tuples, written or checked."""

import argparse
import sys
from pathlib import Path

from peek_trio.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The plugin, and what becomes of the text."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    typescript = actions.add_parser("typescript", help="write interfaces for every tuple class of a plugin")
    typescript.add_argument("plugin", help="the name of its Python package")
    typescript.add_argument("--out", type=Path, metavar="FILE", help="write into FILE instead of to stdout")
    typescript.add_argument(
        "--check", action="store_true", help="only say whether FILE is up to date (exit code 1: not)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Generate, then write, compare or print."""
    from peek_trio.tuples.typescript import classes_of, generate

    if arguments.check and arguments.out is None:
        raise ConfigError("--check needs --out FILE, the file to compare with.")
    classes = classes_of([arguments.plugin])
    if not classes:
        raise ConfigError(f"{arguments.plugin} has no tuple classes: nothing is marked with @tuple_type.")
    text = generate(classes)
    if arguments.check:
        return _check(arguments.out, text)
    if arguments.out is None:
        sys.stdout.write(text)
    else:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text, "utf-8")
        print(f"{arguments.out}: {len(classes)} tuple classes of {arguments.plugin}.")
    return 0


def _check(out: Path, text: str) -> int:
    current = out.read_text("utf-8") if out.exists() else None
    if current == text:
        return 0
    print(f"{out} {'is missing' if current is None else 'is out of date'}: run the command without --check.")
    return 1
