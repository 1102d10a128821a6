"""`python -m peek_trio people …`: the people of a running server, changed over its service link."""

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from peek_trio.config import base_directory
from peek_trio.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from peek_trio.transport import Switchboard

ANSWER_DEADLINE = 10.0


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """One sub-command for each thing that can be done to people."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="everybody who may sign in")
    add = actions.add_parser("add", help="add a person and show their sign-in link")
    add.add_argument("name")
    add.add_argument("--title", default="", help="the name that others see")
    add.add_argument("--role", action="append", default=[], metavar="ROLE", help="repeat for several; admin is known")
    for action, summary in (
        ("link", "make a one-time sign-in link"),
        ("password", "give a password, read from the terminal or from stdin"),
        ("remove", "remove a person and end their sessions"),
    ):
        actions.add_parser(action, help=summary).add_argument("name")


def run(arguments: argparse.Namespace) -> int:
    """Do it over the running server's service link."""
    base = base_directory(arguments.home)
    if arguments.action == "password":
        arguments.password = _read_password(arguments.name)
    trio.run(_ACTIONS[arguments.action], base, arguments)
    return 0


async def _list(base: Path, arguments: argparse.Namespace) -> None:
    from peek_trio.nursery.operator import operator_link
    from peek_trio.security.people import Person

    async with operator_link(base, [Person]) as board:
        for person in await _everybody(board, Person):
            seen = f"{person.last_seen:%Y-%m-%d %H:%M}" if person.last_seen else "never"
            password = "password" if person.has_password else "no password"
            print(f"{person.name:<20} {person.title:<24} {', '.join(person.roles):<16} {password:<12} seen {seen}")


async def _everybody(board: "Switchboard", cls: type) -> list[Any]:
    from peek_trio.tuples import TupleSelector

    with trio.move_on_after(ANSWER_DEADLINE):
        async with board.observe(TupleSelector.of(cls)) as states:
            async for state in states:
                return list(state.rows)
    raise Unavailable(f"The server did not list the people within {ANSWER_DEADLINE:.0f} s. Its log may say why.")


async def _add(base: Path, arguments: argparse.Namespace) -> None:
    from peek_trio.nursery.operator import operator_link
    from peek_trio.nursery.platform_contracts import add_person

    async with operator_link(base) as board:
        await board.caller(add_person)(arguments.name, arguments.title or arguments.name, arguments.role)
    await _link(base, arguments)


async def _link(base: Path, arguments: argparse.Namespace) -> None:
    from peek_trio.nursery.operator import operator_link, sign_in_address, site_of
    from peek_trio.nursery.platform_contracts import create_sign_in_link

    async with operator_link(base) as board:
        code = await board.caller(create_sign_in_link)(arguments.name)
    print("Once, within the hour; any site of the platform will do:")
    print(sign_in_address(site_of(base), code))


async def _password(base: Path, arguments: argparse.Namespace) -> None:
    from peek_trio.nursery.operator import operator_link
    from peek_trio.nursery.platform_contracts import set_person_password

    async with operator_link(base) as board:
        await board.caller(set_person_password)(arguments.name, arguments.password)
    print(f"{arguments.name} has a new password.")


async def _remove(base: Path, arguments: argparse.Namespace) -> None:
    from peek_trio.nursery.operator import operator_link
    from peek_trio.nursery.platform_contracts import remove_person

    async with operator_link(base) as board:
        await board.caller(remove_person)(arguments.name)
    print(f"{arguments.name} is removed.")


_ACTIONS: dict[str, Callable[[Path, argparse.Namespace], Awaitable[None]]] = {
    "list": _list,
    "add": _add,
    "link": _link,
    "password": _password,
    "remove": _remove,
}


def _read_password(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Once more: ") != first:
        raise ConfigError("The two passwords are not the same; nothing was changed.")
    return first
