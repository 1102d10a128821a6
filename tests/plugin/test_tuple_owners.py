"""A tuple class belongs to the package that defines it and stays as long as some plugin uses it."""

from __future__ import annotations

import attrs
import pytest

from peek_trio.errors import PeekError
from peek_trio.plugin.tuple_owners import TupleOwners
from peek_trio.tuples import TupleRegistry, tuple_type


@tuple_type("peek_plugin_a.Thing")
@attrs.frozen
class Thing:
    name: str


def test_a_class_stays_until_its_last_user_leaves() -> None:
    registry = TupleRegistry()
    owners = TupleOwners(registry)
    owners.add(Thing, user="peek_plugin_a")
    owners.add(Thing, user="peek_plugin_b")

    owners.leave("peek_plugin_a")
    assert registry.names() == ["peek_plugin_a.Thing"]

    owners.leave("peek_plugin_b")
    assert registry.names() == []


def test_a_name_taken_by_another_package_is_refused() -> None:
    registry = TupleRegistry()
    registry.add(Thing, owner="peek_plugin_other")

    with pytest.raises(PeekError, match="peek_plugin_other"):
        TupleOwners(registry).add(Thing, user="peek_plugin_a")


def test_leaving_without_having_come_is_no_error() -> None:
    TupleOwners(TupleRegistry()).leave("peek_plugin_a")
