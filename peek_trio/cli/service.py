"""`python -m peek_trio server|client|agent|worker`: run one service in this process."""

import argparse

from peek_trio.config import base_directory


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """A service takes nothing but `--home`: all else is in its config.json."""


def run(arguments: argparse.Namespace) -> int:
    """Run the service named by the command until it is told to stop."""
    from peek_trio.nursery.process import run_service

    return run_service(arguments.command, base_directory(arguments.home))
