"""Foreign keys without an index: the usual reason why deleting one row takes minutes.

PostgreSQL indexes what a foreign key refers to and not the columns that refer. Without an index on those, every delete or change of the
key in the other table reads the whole of this one, and so does the join that the key was made for.
"""

from __future__ import annotations

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Connection

__all__ = ["UnindexedKey", "unindexed_keys"]

_QUERY = sa.text(
    """
    select cls.relname::text, con.conname::text, other.relnamespace::regnamespace::text || '.' || other.relname,
           array(select att.attname::text
                 from unnest(con.conkey) with ordinality as key (number, place)
                 join pg_attribute att on att.attrelid = con.conrelid and att.attnum = key.number
                 order by key.place)
    from pg_constraint con
    join pg_class cls on cls.oid = con.conrelid
    join pg_class other on other.oid = con.confrelid
    where con.contype = 'f' and con.conparentid = 0 and cls.relnamespace = to_regnamespace(:schema)
      and not exists (
          select from pg_index idx
          where idx.indrelid = con.conrelid and idx.indisvalid and idx.indpred is null
            and (idx.indkey::int2[])[0:array_length(con.conkey, 1) - 1] @> con.conkey
            and (idx.indkey::int2[])[0:array_length(con.conkey, 1) - 1] <@ con.conkey
      )
    order by 1, 2
    """
)


@attrs.frozen
class UnindexedKey:
    """A foreign key of `schema`.`table` to the table `refers_to`, by `columns`, which no index begins with."""

    schema: str
    table: str
    name: str
    refers_to: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.columns)
        return (
            f"{self.schema}.{self.table} refers to {self.refers_to} by {names}, without an index on it: deleting there reads all of "
            f"{self.schema}.{self.table}. Declare one, with index=True or Index(...), and write a revision."
        )


def unindexed_keys(connection: Connection, schema: str) -> list[UnindexedKey]:
    """The foreign keys of the tables in `schema` whose columns, in any order, are not the beginning of an index."""
    return [
        UnindexedKey(schema, table, name, refers_to, tuple(columns))
        for table, name, refers_to, columns in connection.execute(_QUERY, {"schema": schema})
    ]
