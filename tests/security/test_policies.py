"""Policies: who may."""

import pytest

from peek_trio.errors import NotAllowed
from peek_trio.security import NOBODY, Policy, Principal, admin, anyone, role, services, services_of, signed_in

USER = Principal("person", "ann", roles={"user"})
ADMIN = Principal("person", "root", roles={"admin"})
DISPATCHER = Principal("person", "dee", roles={"dispatcher"})
AGENT = Principal.for_service("agent", "a1")
CLIENT = Principal.for_service("client", "c1")
EVERYBODY = [NOBODY, USER, ADMIN, DISPATCHER, AGENT, CLIENT]


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (anyone, EVERYBODY),
        (signed_in, [USER, ADMIN, DISPATCHER, AGENT, CLIENT]),
        (admin, [ADMIN, AGENT, CLIENT]),
        (services, [AGENT, CLIENT]),
        (services_of("agent"), [AGENT]),
        (role("dispatcher"), [DISPATCHER]),
        (role("dispatcher") | services_of("client"), [DISPATCHER, CLIENT]),
        (role("dispatcher") | role("user") | admin, [USER, ADMIN, DISPATCHER, AGENT, CLIENT]),
    ],
    ids=lambda value: value.name if isinstance(value, Policy) else "",
)
def test_a_policy_allows_these_and_no_others(policy: Policy, allowed: list[Principal]) -> None:
    assert [principal for principal in EVERYBODY if policy.allows(principal)] == allowed


def test_a_person_cannot_pass_for_a_service_by_a_role() -> None:
    assert not services_of("agent").allows(Principal("person", "eve", roles={"agent"}))
    assert not role("agent").allows(AGENT)


def test_a_refusal_says_what_is_needed_and_who_asked() -> None:
    with pytest.raises(NotAllowed) as caught:
        (role("dispatcher") | services).check(USER, "Opening the valve")
    assert (
        str(caught.value)
        == 'Opening the valve needs the role "dispatcher" or a service token; you are ann (roles: user).'
    )


def test_who_is_allowed_is_not_refused() -> None:
    admin.check(ADMIN, "Anything")
