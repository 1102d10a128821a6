"""The TypeScript that stands in this repository is what the tuple classes say today."""

from pathlib import Path

import pytest

from peek_trio.cli import run

ROOT = Path(__file__).parents[2]
GENERATED = {
    "peek_trio": ROOT / "frontends/packages/client/src/tuples.ts",
    **{types.parents[2].name: types for types in sorted(ROOT.glob("plugins/*/*/_private/web/tuples.d.ts"))},
}


@pytest.mark.parametrize("package", GENERATED)
def test_generated_types_are_up_to_date(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["tuples", "typescript", package, "--out", str(GENERATED[package])]
    assert run([*arguments, "--check"]) == 0, f"{capsys.readouterr().out}python -m peek_trio {' '.join(arguments)}"
