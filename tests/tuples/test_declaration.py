"""A class becomes a tuple class by its name, and by nothing else."""

from dataclasses import dataclass

import attrs
import pytest

from peek_trio.errors import PeekError
from peek_trio.tuples import tuple_name, tuple_type


def test_a_declared_class_has_its_name():
    @tuple_type("peek_plugin_x.Thing")
    @attrs.define
    class Thing:
        id: int

    assert tuple_name(Thing) == "peek_plugin_x.Thing"


def test_a_subclass_has_no_name_until_it_is_declared():
    @tuple_type("peek_plugin_x.Base")
    @dataclass
    class Base:
        id: int

    @dataclass
    class Special(Base):
        pass

    with pytest.raises(PeekError, match="Special is not a tuple type"):
        tuple_name(Special)


@pytest.mark.parametrize("name", ["Thing", "", "peek plugin.Thing", "x..Thing", ".Thing", "x.Thing-2", 'x."'])
def test_a_name_is_a_package_and_a_type(name):
    with pytest.raises(PeekError, match=r"package\.Type"):
        tuple_type(name)


def test_the_order_of_decorators_matters_and_is_explained():
    with pytest.raises(PeekError, match="above the decorator"):

        @tuple_type("x.Thing")
        class Thing:
            id: int
