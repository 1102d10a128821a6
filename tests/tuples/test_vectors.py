"""Python reads the values that are kept for TypeScript, and the file is what Python writes today."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.tuples.vectors import DECIMALS, FILE, INSTANTS, VECTORS, document, held


def test_the_file_for_typescript_is_up_to_date() -> None:
    assert FILE.read_text() == document(), "python -m tests.tuples.vectors"


@pytest.mark.parametrize(
    ("annotation", "value"), [vector[2:] for vector in VECTORS], ids=[vector[0] for vector in VECTORS]
)
def test_every_vector_survives_the_way(annotation: Any, value: Any) -> None:
    registry, cls = held(annotation)
    (row,) = registry.codec.decode(registry.codec.encode([cls(value)]))
    assert row == cls(value)
    assert type(row.value) is type(value)


def test_instants_and_decimals_are_in_order() -> None:
    for groups in (
        [list(map(datetime.fromisoformat, texts)) for texts in INSTANTS],
        [list(map(Decimal, texts)) for texts in DECIMALS],
    ):
        assert all(len(set(equal)) == 1 for equal in groups)
        assert all(earlier[0] < later[0] for earlier, later in pairwise(groups))  # type: ignore[operator]
