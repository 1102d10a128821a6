"""How actions that were made long ago are read: by an older page, kept on a device without a network, sent to a newer service.

A tuple class says which version of its form it is (`@tuple_type(..., version=3)`). For each older version somebody registers a function
that makes of its fields those of the next one; they are applied one after the other, and only then is the tuple decoded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from peek_trio.errors import BadRequest, PeekError, TupleError, Unavailable
from peek_trio.transport.owner import Owner, removal
from peek_trio.tuples import TupleRegistry, tuple_version

__all__ = ["Upgrade", "Upgrades"]

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes of the fields of one version those of the next."""


class Upgrades:
    """The older versions of action types that can be read here."""

    def __init__(self, registry: TupleRegistry) -> None:
        self._registry = registry
        self._steps: dict[tuple[str, int], tuple[Owner, Upgrade]] = {}

    def add(self, cls: type, name: str, version: int, upgrade: Upgrade, owner: Owner) -> Callable[[], None]:
        """From now on, `upgrade` makes of `version` of `name` the one after; returns what removes it.

        Raises PeekError when it is no older version of `cls`, or somebody has registered it already.
        """
        current = tuple_version(cls)
        if not 1 <= version < current:
            raise PeekError(
                f"{owner.name} cannot upgrade version {version} of {name}: its class is version {current}, so there are 1 to {current - 1}."
            )
        if (name, version) in self._steps:
            raise PeekError(f"{owner.name} cannot upgrade version {version} of {name}: it is upgraded already.")
        step = self._steps[name, version] = (owner, upgrade)
        return removal(self._steps, (name, version), step)

    def read(self, name: str, version: int, body: bytes) -> object:
        """The action of type `name` in `body`, which has the form of `version`.

        Raises Unavailable when it is newer than this service, BadRequest when nobody can read one so old, TupleError when it does not
        fit, and whatever a function of a plugin raises.
        """
        cls = self._registry.get(name)
        current = tuple_version(cls)
        if version == current:
            return self._registry.codec.decode_one(name, body)
        if version > current:
            raise Unavailable(
                f"This was made by a newer version of the app ({name}, version {version}); the server knows version {current}. "
                "It is kept, and applied when the server has been upgraded."
            )
        fields = _fields(body)
        for older in range(version, current):
            if (step := self._steps.get((name, older))) is None:
                raise BadRequest(
                    f"This was made by an old version of the app ({name}, version {version}), which the server cannot read any more. "
                    "Reload the app and enter it again."
                )
            fields = step[1](fields)
        return self._registry.codec.from_builtins(fields, cls)


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TupleError(f"It is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise TupleError("It is no JSON object.")
    return fields
