"""However `up` ends, and whenever: soon, in plain words, and with nothing left behind."""

from __future__ import annotations

import signal
import time

import pytest

from tests.whole.homes import Homes
from tests.whole.running import Running, eventually, running

IN_TIME = 10.0


def end(up: Running, *signals: signal.Signals) -> int:
    """End `up` and see that it went as promised; gives its exit code."""
    began = time.monotonic()
    code = up.end(*signals)
    assert time.monotonic() - began < IN_TIME
    assert up.homes.processes() == {}
    assert "Traceback" not in up.text
    return code


@pytest.mark.parametrize("sign", [r"^server +starts", r"^worker +starts"])
def test_ctrl_c_during_the_start(homes: Homes, sign: str) -> None:
    with running(homes) as up:
        up.line(sign)
        assert end(up, signal.SIGINT) == 0


def test_ctrl_c_before_there_is_anything_to_stop(homes: Homes) -> None:
    with running(homes) as up:
        eventually(lambda: (homes.base / "peek-up.log").exists(), "it has begun")
        assert end(up, signal.SIGINT) in (0, 130)


@pytest.mark.parametrize("command", ["up", "server", "agent"])
def test_a_second_one_on_the_same_home_is_refused(platform: Running, command: str) -> None:
    holder = platform.process.pid if command == "up" else platform.pid(command)
    second = platform.homes.command(command)
    assert second.returncode == 2
    assert f"runs already (process {holder}, lock {platform.homes.base}" in second.stderr


def test_a_killed_up_takes_everything_along_and_may_be_started_again_at_once(homes: Homes) -> None:
    with running(homes) as killed:
        killed.ready()
        first = homes.processes()
        killed.end(signal.SIGKILL)
        with running(homes) as again:
            again.ready()
            assert not first.keys() & homes.processes().keys()
            assert "could not start" not in again.text
            again.end(signal.SIGKILL)
        eventually(lambda: not homes.processes(), "everything has ended", within=IN_TIME)
