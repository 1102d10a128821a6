"""Which tuple types a platform knows, and who owns each.

Every platform has its own registry; a plugin's types come with the plugin and go with it.
"""

from __future__ import annotations

from peek_trio.errors import PeekError, TupleError
from peek_trio.tuples.codec import Codec
from peek_trio.tuples.declaration import tuple_name
from peek_trio.tuples.families import Families
from peek_trio.tuples.schema import schema_hash

__all__ = ["TupleRegistry"]


class TupleRegistry:
    """Tuple classes by name, each owned by a plugin or by the platform. `codec` reads and writes them."""

    def __init__(self) -> None:
        self._classes: dict[str, type] = {}
        self._owners: dict[str, str] = {}
        self._hashes: dict[str, str] = {}
        self._families = Families(self._classes)
        self.codec = Codec(self._families)

    def add(self, cls: type, *, owner: str) -> None:
        """Makes a tuple class known.

        Adding it again for the same owner replaces it, as when a plugin is loaded anew. Raises TupleError when a field's type cannot
        travel, PeekError when somebody else owns the name.
        """
        name = tuple_name(cls)
        holder = self._owners.get(name, owner)
        if holder != owner:
            raise PeekError(f"The tuple type {name} of {owner} belongs to {holder} already. Rename one of the two.")
        if self._classes.get(name) is cls:
            return
        try:
            self._hashes[name] = schema_hash(cls)
        except TupleError as error:
            raise TupleError(
                f"The tuple type {name} of {owner} cannot be used. {error.message}", path=error.path
            ) from None
        self._classes[name] = cls
        self._owners[name] = owner
        self.codec.forget()

    def remove_owner(self, owner: str) -> None:
        """Forgets all types of `owner`. There may be none."""
        for name in [name for name, holder in self._owners.items() if holder == owner]:
            del self._classes[name], self._owners[name], self._hashes[name]
        self.codec.forget()

    def get(self, name: str) -> type:
        """The class that travels as `name`. Raises TupleError for a name that nobody has added."""
        return self._families.named(name)

    def names(self) -> list[str]:
        """All known names, sorted."""
        return sorted(self._classes)

    def hashes(self) -> dict[str, str]:
        """The schema hash of every known type, by name."""
        return {name: self._hashes[name] for name in self.names()}
