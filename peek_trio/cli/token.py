"""`python -m peek_trio token KIND`: the token that a service on another machine proves itself with."""

import argparse

from peek_trio.config import base_directory, home_of
from peek_trio.errors import ConfigError

KINDS = ("client", "agent", "worker")


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The kind of the service."""
    parser.add_argument("kind", choices=KINDS, help="what the service is; its token is good for nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Print it. Raises ConfigError when there is no server's home."""
    from peek_trio.nursery.credentials import token_of

    base = base_directory(arguments.home)
    if not home_of("server", base).exists():
        raise ConfigError(
            f"{home_of('server', base)} does not exist. Run this on the server's machine, with its --home."
        )
    print(token_of(arguments.kind, base))
    return 0
