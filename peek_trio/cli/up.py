"""`python -m peek_trio up`: all four services, supervised."""

import argparse

import trio

from peek_trio import logs
from peek_trio.config import LoggingConfig, base_directory


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """`up` takes nothing but `--home`."""


def run(arguments: argparse.Namespace) -> int:
    """Start everything, tell the progress on stdout, and stay until Ctrl-C."""
    from peek_trio.nursery.up import run_up

    base = base_directory(arguments.home)
    logs.configure("up", base / "peek-up", LoggingConfig(), console=False)
    try:
        return trio.run(run_up, base, _say)
    finally:
        logs.release()


def _say(line: str) -> None:
    print(line, flush=True)
