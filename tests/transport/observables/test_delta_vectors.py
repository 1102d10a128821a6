"""The deltas that the client's tests read too: what is made here is what is understood there (`frontends/packages/client/test`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from peek_trio.errors import TupleError
from peek_trio.transport.observables.delta import apply, difference

VECTORS = json.loads((Path(__file__).parents[3] / "frontends/packages/client/test/deltas.json").read_text("utf-8"))


def text(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def payload(rows: list[Any]) -> bytes:
    return text({"t": "test.Row", "rows": rows})


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_the_delta_is_made_and_leads_to_the_new_rows(vector: dict[str, Any]) -> None:
    old, new = payload(vector["old"]), payload(vector["new"])
    assert difference(old, new) == text(vector["delta"])
    assert apply(text(vector["delta"]), old) == new


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_a_delta_that_does_not_fit_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(TupleError) as refused:
        apply(text(vector["delta"]), payload(VECTORS["rows"]))
    assert refused.value.path == vector["path"]
