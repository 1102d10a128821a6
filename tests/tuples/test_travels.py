"""A plugin's own types travel as it says, and as strictly as all others."""

from fractions import Fraction
from ipaddress import IPv4Address
from typing import Annotated

import attrs
import pytest

from peek_trio.errors import TupleError
from peek_trio.tuples import TravelsAs, TupleRegistry, schema_hash, tuple_type
from peek_trio.tuples.typescript import generate

Address = Annotated[IPv4Address, TravelsAs(str, unstructure=str, structure=IPv4Address)]
Ratio = Annotated[
    Fraction,
    TravelsAs(
        tuple[int, int],
        unstructure=lambda ratio: (ratio.numerator, ratio.denominator),
        structure=lambda pair: Fraction(*pair),
        name="ratio",
    ),
]


@tuple_type("x.Host")
@attrs.define
class Host:
    address: Address
    others: list[Address] = attrs.Factory(list)
    gateway: Address | None = None
    seen: set[Address] = attrs.Factory(set)
    load: Ratio = Fraction(0)


HOME = IPv4Address("127.0.0.1")


@pytest.fixture
def codec():
    registry = TupleRegistry()
    registry.add(Host, owner="x")
    return registry.codec


def test_it_travels_wherever_it_stands(codec):
    host = Host(HOME, [HOME], HOME, {HOME}, Fraction(2, 3))
    assert codec.encode_one(host) == (
        b'{"address":"127.0.0.1","others":["127.0.0.1"],"gateway":"127.0.0.1","seen":["127.0.0.1"],"load":[2,3]}'
    )
    assert codec.decode(codec.encode([host])) == [host]


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ('{"address":5}', "$.rows[0].address", "Expected str, got int"),
        ('{"address":"home"}', "$.rows[0].address", "IPv4Address does not accept"),
        ('{"address":"127.0.0.1","others":["::1"]}', "$.rows[0].others[0]", "IPv4Address does not accept"),
        ('{"address":"127.0.0.1","load":[1,"2"]}', "$.rows[0].load[1]", "Expected int, got str"),
        ('{"address":"127.0.0.1","load":[1,0]}', "$.rows[0].load", "Fraction does not accept"),
    ],
)
def test_what_does_not_fit_is_told_with_its_path(codec, fields, path, words):
    with pytest.raises(TupleError, match=words) as caught:
        codec.decode(f'{{"t":"x.Host","rows":[{fields}]}}'.encode())
    assert caught.value.path == path


def test_a_value_of_another_type_is_not_written(codec):
    with pytest.raises(TupleError, match="Expected IPv4Address, got str") as caught:
        codec.encode([Host(HOME, ["127.0.0.1"])])
    assert caught.value.path == "$.rows[0].others[0]"


def test_a_function_that_writes_something_else_than_it_says_is_told(codec):
    wrong = Annotated[IPv4Address, TravelsAs(str, unstructure=int, structure=IPv4Address)]
    with pytest.raises(TupleError, match="Expected str, got int"):
        codec.encode_value(HOME, wrong)


def test_a_set_of_values_without_an_order_is_sorted_by_its_text(codec):
    unordered = attrs.make_class("Unordered", ["text"], frozen=True, order=False)
    kind = Annotated[unordered, TravelsAs(str, unstructure=lambda value: value.text, structure=unordered)]
    values = {unordered(text) for text in "dbca"}
    assert codec.encode_value(values, set[kind]) == b'["a","b","c","d"]'
    assert codec.decode_value(b'["d","a"]', set[kind]) == {unordered("a"), unordered("d")}


def made(kind: object) -> type:
    return tuple_type("x.Made")(attrs.make_class("Made", {"value": attrs.field(type=kind)}))


def test_the_schema_hash_is_that_of_what_travels_unless_it_has_a_name():
    assert schema_hash(made(Address)) == schema_hash(made(str))
    assert schema_hash(made(Ratio)) != schema_hash(made(tuple[int, int]))


def test_the_typescript_is_that_of_what_travels():
    text = generate([Host])
    assert "  address: string;\n  others: string[];\n  gateway: string | null;\n  seen: string[];\n" in text
    assert "  load: [number, number];\n" in text


def test_what_it_travels_as_must_travel():
    with pytest.raises(TupleError, match="complex cannot travel") as caught:
        schema_hash(made(Annotated[Fraction, TravelsAs(complex, unstructure=complex, structure=Fraction)]))
    assert caught.value.path == "$.value"


def test_without_it_the_type_cannot_travel_and_the_error_says_what_to_do():
    with pytest.raises(TupleError, match="TravelsAs"):
        schema_hash(made(IPv4Address))
