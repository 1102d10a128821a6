"""A table that asks for a trigger and has none is refused where somebody follows it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import PluginError
from peek_trio.plugin.abilities.observables import Observables
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.registrations import Registrations
from peek_trio.plugin.tuple_owners import TupleOwners
from peek_trio.security import Principal, anyone
from peek_trio.storage import Database
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello
from peek_trio.tuples import TupleRegistry, TupleSelector, tuple_type


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_heard")


@tuple_type("heard.Gauge")
class Gauge(Base):
    __tablename__ = "gauge"
    __table_args__ = {"info": {"foreign_writers": True}}  # noqa: RUF012 (SQLAlchemy's name)
    id: Mapped[int] = mapped_column(primary_key=True)


def read(selector: TupleSelector, session: Session) -> Sequence[Gauge]:
    return session.scalars(sa.select(Gauge)).all()


@pytest.fixture
def observables(database: Database) -> Observables:
    registry = TupleRegistry()
    board = Switchboard(Hello("server", "server"), registry, principal=Principal.for_service("server", "server"))
    parts = ServiceParts(
        service="server",
        service_id="server",
        board=board,
        registry=registry,
        home=Path(),
        database=database,
        tasks=None,
        settings=None,
        http=None,
    )
    return Observables(Registrations("peek_plugin_heard", parts, TupleOwners(registry)))


async def test_it_is_refused_as_long_as_nobody_made_the_trigger(observables: Observables) -> None:
    with pytest.raises(PluginError, match=r"pl_heard\.gauge says that it has foreign writers, but there is no trigger"):
        observables.provider(Gauge, follows=[Gauge], allow=anyone)(read)


async def test_it_is_followed_once_there_is_one(observables: Observables, database: Database) -> None:
    await database.run(
        lambda session: session.execute(sa.text("create schema pl_heard; create table pl_heard.gauge (id int)"))
    )
    await database.hear_foreign_writers("pl_heard", Base.metadata.tables.values())
    observables.provider(Gauge, follows=[Gauge], allow=anyone)(read)
    assert "pl_heard.gauge" in database.changes.tables
