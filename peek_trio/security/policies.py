"""Who may. Every endpoint names a `Policy`; there is no default that lets people in.

A policy is a named test of a principal. The name is a noun phrase that completes "this needs …", because a refusal is read by people.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from peek_trio.errors import NotAllowed
from peek_trio.security.principals import Principal

__all__ = ["Policy", "admin", "anyone", "role", "services", "services_of", "signed_in"]


@attrs.frozen
class Policy:
    """A named test of principals. Combine two with `|`: whoever passes one of them is allowed."""

    name: str
    test: Callable[[Principal], bool] = attrs.field(repr=False)

    def allows(self, principal: Principal) -> bool:
        """Whether `principal` passes."""
        return self.test(principal)

    def check(self, principal: Principal, what: str) -> None:
        """Raises NotAllowed unless `principal` passes. `what` begins the sentence ("Reading peek.Person")."""
        if not self.test(principal):
            raise NotAllowed(f"{what} needs {self.name}; you are {principal}.")

    def __or__(self, other: Policy) -> Policy:
        first, second = self.test, other.test
        return Policy(f"{self.name} or {other.name}", lambda principal: first(principal) or second(principal))


def role(name: str) -> Policy:
    """Allows people who have the role `name`. A service is not a person: add `| services` where the platform itself may act too."""
    return Policy(f'the role "{name}"', lambda principal: principal.kind == "person" and name in principal.roles)


def services_of(kind: str) -> Policy:
    """Allows services of one kind: "server", "client", "agent", "worker" or "operator"."""
    return Policy(
        f"the service token of {kind} services",
        lambda principal: principal.kind == "service" and kind in principal.roles,
    )


anyone = Policy("nothing", lambda principal: True)
"""Allows everybody, signed in or not. For what may be read from the street."""

signed_in = Policy("a sign-in", lambda principal: principal.kind in ("person", "service"))
"""Allows every person who has signed in, and services."""

services = Policy("a service token", lambda principal: principal.kind == "service")
"""Allows services of every kind, acting for themselves. A request that a client service relays is its device's, not the service's."""

admin = Policy(
    'the role "admin"',
    lambda principal: principal.kind == "service" or (principal.kind == "person" and "admin" in principal.roles),
)
"""Allows people with the role "admin", and services."""
