"""The table of this plugin. A mapped class is also a tuple class: its rows travel to the browser as they are."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from peek_trio import tuple_type


class Base(DeclarativeBase):
    """A plugin's tables live in a schema of its own, `pl_` and its short name."""

    metadata = MetaData(schema="pl_tutorial")


@tuple_type("peek_plugin_tutorial.StringInt")
class StringInt(Base):
    """One row: a string and a whole number."""

    __tablename__ = "string_int"

    id: Mapped[int] = mapped_column(primary_key=True)
    string1: Mapped[str]
    int1: Mapped[int]
