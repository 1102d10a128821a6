"""Who is asking. A `Principal` is the answer to that question on every call, subscription and action, wherever it was proved.

A person is proved by a session, a service by the service token, and everybody else is `NOBODY`. What a principal may do is not
decided here but by a policy (`peek_trio.security.policies`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast, get_args

import attrs

from peek_trio.errors import TupleError

__all__ = ["NOBODY", "Principal", "PrincipalKind"]

PrincipalKind = Literal["person", "service", "nobody"]

_KINDS = get_args(PrincipalKind)


def _as_roles(roles: Iterable[str]) -> frozenset[str]:
    return frozenset(roles)


@attrs.frozen
class Principal:
    """Somebody who asks for something.

    `kind` says how the identity was proved, `name` is unique within the kind (a person's sign-in name, a service's id), `title` is
    for people to read. `roles` are a person's roles; a service has one, its own kind ("agent").
    """

    kind: PrincipalKind
    name: str
    title: str = ""
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_as_roles)

    @classmethod
    def for_service(cls, service: str, service_id: str, title: str = "") -> Principal:
        """The principal of a service of kind `service` ("server", "client", "agent", "worker", "operator")."""
        return cls("service", service_id, title, frozenset({service}))

    def to_wire(self) -> dict[str, Any]:
        """The principal as a JSON object: `kind`, `name`, `title` and `roles`, sorted."""
        return {"kind": self.kind, "name": self.name, "title": self.title, "roles": sorted(self.roles)}

    @classmethod
    def from_wire(cls, data: object) -> Principal:
        """The principal that `to_wire` described.

        Raises TupleError, with the path, for anything that is not exactly such an object: an identity is never guessed at.
        """
        if not isinstance(data, Mapping):
            raise TupleError("A principal must be an object with kind, name, title and roles.", path="$")
        if unknown := set(data) - {"kind", "name", "title", "roles"}:
            raise TupleError(f"A principal has no field {min(map(repr, unknown))}.", path="$")
        kind, name, title, roles = (data.get(key) for key in ("kind", "name", "title", "roles"))
        if kind not in _KINDS:
            raise TupleError(
                f"The kind of a principal must be one of {', '.join(_KINDS)}, not {kind!r}.", path="$.kind"
            )
        if not isinstance(name, str):
            raise TupleError("The name of a principal must be a string.", path="$.name")
        if not isinstance(title, str):
            raise TupleError("The title of a principal must be a string.", path="$.title")
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            raise TupleError("The roles of a principal must be a list of strings.", path="$.roles")
        return cls(cast(PrincipalKind, kind), name, title, frozenset(roles))

    def __str__(self) -> str:
        if self.kind == "nobody":
            return "not signed in"
        roles = " and ".join(sorted(self.roles))
        if self.kind == "service":
            return f"the {roles or 'unnamed'} service {self.name}"
        return f"{self.name} (roles: {roles or 'none'})"


NOBODY = Principal("nobody", "")
"""Whoever has proved nothing."""
