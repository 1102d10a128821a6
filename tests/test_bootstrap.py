"""The two commands of the README: what they promise before anything is installed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def peek(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """`peek.py`, over a small copy of a checkout."""
    spec = importlib.util.spec_from_file_location("peek_bootstrap", ROOT / "peek.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("constraints.txt", "hatch_build.py", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "frontends/apps").mkdir(parents=True)
    (tmp_path / "frontends/apps/main.ts").write_text("one")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PROJECTS", [tmp_path])
    return module


def test_without_a_command_it_says_what_there_is_and_installs_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "peek.py"], capture_output=True, text=True, check=True, timeout=20
    )
    assert "python3 peek.py up" in done.stdout
    assert "python3 peek.py test" in done.stdout


def test_it_needs_nothing_but_the_standard_library() -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", (ROOT / "peek.py").read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


def test_new_sources_of_the_web_sites_are_installed_anew(peek: ModuleType, tmp_path: Path) -> None:
    before = peek.digest()
    assert peek.digest() == before
    (tmp_path / "frontends/apps/main.ts").write_text("two")
    assert peek.digest() != before
    (tmp_path / "frontends/node_modules").mkdir()
    (tmp_path / "frontends/apps/main.ts").write_text("one")
    (tmp_path / "frontends/node_modules/left.js").write_text("built")
    assert peek.digest() == before


def test_a_failing_step_ends_in_a_sentence(peek: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peek, "PYTHON", Path(sys.executable))
    with pytest.raises(peek.Failed, match="The installation stopped"):
        peek.pip("install", "--no-index", "peek-plugin-that-is-nowhere")


def test_the_sessions_that_the_readme_names_exist() -> None:
    named = re.search(r"peek\.py nox -s ([\w ]+)`", (ROOT / "README.md").read_text())
    assert named is not None
    defined = re.findall(r"^@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    assert set(named.group(1).split()) <= set(defined)
