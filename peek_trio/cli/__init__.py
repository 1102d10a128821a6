"""The command line. One module for each group of commands, imported only when one of its commands is asked for.

A fault that people can put right is one sentence on stderr and exit code 2; Ctrl-C is exit code 130.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

import attrs

from peek_trio import __version__
from peek_trio.config import HOME_VARIABLE
from peek_trio.errors import PeekError
from peek_trio.nursery.faults import faults_of, sentences_of


@attrs.frozen
class Group:
    """A command of the top level: the module that has it, and its line in the help."""

    module: str
    summary: str


COMMANDS = {
    "up": Group("up", "run everything on this machine: server, client, agent and worker"),
    "server": Group("service", "run the server: the centre, with the database and the admin site"),
    "client": Group("service", "run a client service: the mobile and desktop sites"),
    "agent": Group("service", "run an agent: the satellite that talks to other systems"),
    "worker": Group("service", "run a worker: heavy work in subprocesses"),
    "token": Group("token", "print the token for a service on another machine"),
    "people": Group("people", "list, add and remove people, give passwords and sign-in links"),
    "plugins": Group("plugins", "list the installed plugins"),
    "tuples": Group("tuples", "generate TypeScript for a plugin's tuples"),
    "db": Group("database", "work on a plugin's database schema"),
}


class CommandModule(Protocol):
    """What a module of this package offers."""

    def add_arguments(self, parser: argparse.ArgumentParser, command: str) -> None:
        """Declare the arguments of `command`."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code. Raises PeekError for what people can put right."""


def run(argv: Sequence[str]) -> int:
    """Parse `argv` and run its command; returns the exit code."""
    home = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    home.add_argument("--home")
    anywhere, rest = home.parse_known_args(argv)
    parser, chosen = _parser(rest)
    arguments = parser.parse_args(rest, anywhere)
    if chosen is None:
        parser.print_help()
        return 2
    try:
        return chosen.run(arguments)
    except (PeekError, KeyboardInterrupt, BaseExceptionGroup) as failure:
        return _explain(failure)
    except BrokenPipeError:  # the reader of our output has gone, `… | head` for instance
        sys.stderr.close()
        return 1


def _parser(argv: Sequence[str]) -> tuple[argparse.ArgumentParser, CommandModule | None]:
    parser = argparse.ArgumentParser(prog="python -m peek_trio", description="Peek Trio", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"peek-trio {__version__}")
    parser.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"the directory that holds the homes (default: ${HOME_VARIABLE}, else ~); may stand anywhere",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    asked = next((word for word in argv if not word.startswith("-")), None)
    chosen: CommandModule | None = None
    for name, group in COMMANDS.items():
        command = commands.add_parser(name, help=group.summary, description=group.summary, allow_abbrev=False)
        if name == asked:
            chosen = _module(group)
            chosen.add_arguments(command, name)
    return parser, chosen


def _module(group: Group) -> CommandModule:
    module: CommandModule = import_module(f"{__name__}.{group.module}")
    return module


def _explain(failure: BaseException) -> int:
    if any(isinstance(fault, KeyboardInterrupt) for fault in faults_of(failure)):
        return 130
    sentences = sentences_of(failure)
    if sentences is None:
        raise failure
    for sentence in sentences:
        print(f"peek: {sentence}", file=sys.stderr)
    return 2
