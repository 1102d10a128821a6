"""Principals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.errors import TupleError
from peek_trio.security import NOBODY, Principal

ANN = {"kind": "person", "name": "ann", "title": "Ann", "roles": ["admin", "user"]}


@given(
    st.builds(
        Principal,
        kind=st.sampled_from(["person", "service", "nobody"]),
        name=st.text(),
        title=st.text(),
        roles=st.frozensets(st.text()),
    )
)
def test_a_principal_survives_the_wire(principal: Principal) -> None:
    assert Principal.from_wire(principal.to_wire()) == principal


def test_roles_travel_sorted() -> None:
    assert Principal("person", "ann", "Ann", frozenset({"user", "admin"})).to_wire() == ANN


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, "$"),
        ([], "$"),
        (ANN | {"superuser": True}, "$"),
        ({}, "$.kind"),
        (ANN | {"kind": "god"}, "$.kind"),
        (ANN | {"kind": []}, "$.kind"),
        (ANN | {"name": None}, "$.name"),
        (ANN | {"title": 7}, "$.title"),
        (ANN | {"roles": "admin"}, "$.roles"),
        (ANN | {"roles": [1]}, "$.roles"),
    ],
)
def test_anything_else_is_refused_with_its_path(data: Any, path: str) -> None:
    with pytest.raises(TupleError) as caught:
        Principal.from_wire(data)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("principal", "sentence"),
    [
        (NOBODY, "not signed in"),
        (Principal("person", "ann", roles={"user"}), "ann (roles: user)"),
        (Principal("person", "ann"), "ann (roles: none)"),
        (Principal.for_service("agent", "dmz-1"), "the agent service dmz-1"),
    ],
)
def test_a_principal_reads_well_in_a_sentence(principal: Principal, sentence: str) -> None:
    assert str(principal) == sentence
