"""Passwords."""

import threading
from typing import Literal

import pytest
import trio
import trio.testing
from argon2 import PasswordHasher

from peek_trio.errors import Rejected, Unavailable
from peek_trio.security.passwords import Passwords

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(WEAK)


async def test_a_password_is_verified_against_its_hash(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse battery")
    assert not await passwords.verify(stored, "correct horse batterz")


async def test_two_hashes_of_a_password_differ(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse battery") != await passwords.hash("correct horse battery")


@pytest.mark.parametrize(
    ("password", "sentence"), [("elevenchars", "at least 12 characters"), ("x" * 1025, "at most 1024")]
)
async def test_a_password_has_a_length(passwords: Passwords, password: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as caught:
        await passwords.hash(password)
    assert password not in str(caught.value)


async def test_characters_count_and_not_bytes(passwords: Passwords) -> None:
    await passwords.hash("ÄÖÜäöüßéèêàâ")


async def test_where_nothing_is_stored_no_password_is_right(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "the password of nobody")


@pytest.mark.parametrize("stored", ["", "plain text", "$argon2id$broken"])
async def test_what_is_no_hash_matches_nothing(passwords: Passwords, stored: str) -> None:
    assert not await passwords.verify(stored, "correct horse battery")


async def test_any_text_may_be_tried(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("correct horse battery"), "\ud800" * 20)


async def test_a_hash_with_weaker_parameters_is_outdated(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery")
    assert not passwords.is_outdated(stored)
    assert Passwords().is_outdated(stored)


async def test_the_default_parameters_work_too() -> None:
    passwords = Passwords()
    assert await passwords.verify(await passwords.hash("correct horse battery"), "correct horse battery")


class GatedHasher(PasswordHasher):
    """Verifies nothing before the gate is opened."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        assert self.gate.wait(30)
        return super().verify(hash, password)


async def test_a_crowd_at_the_door_is_turned_away_instead_of_queued_without_end() -> None:
    hasher = GatedHasher()
    passwords = Passwords(hasher)
    stored = await passwords.hash("correct horse battery")
    assert not await passwords.verify(stored, "x" * 1025)
    async with trio.open_nursery() as nursery:
        try:
            for _ in range(102):  # two at a time, a hundred behind them
                nursery.start_soon(passwords.verify, stored, "correct horse battery")
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(Unavailable, match="Too many people are signing in"):
                await passwords.verify(stored, "correct horse battery")
        finally:
            hasher.gate.set()
    assert await passwords.verify(stored, "correct horse battery")
