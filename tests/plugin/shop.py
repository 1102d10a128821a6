"""A plugin with a table, an action, a loader, a setting, a task, calls and messages: what the tests of the contexts run."""

from __future__ import annotations

from typing import Any

NAME = "peek_plugin_shop"

MANIFEST: dict[str, Any] = {
    "requiresServices": ["server", "agent", "worker", "storage"],
    "storage": {"alembicDir": "_private/alembic", "metadata": "peek_plugin_shop.tables:Base.metadata"},
}

TABLES = """
    from peek_trio import tuple_type
    from sqlalchemy import MetaData
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    class Base(DeclarativeBase):
        metadata = MetaData(schema="pl_shop")

    @tuple_type("peek_plugin_shop.Item")
    class Item(Base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        stock: Mapped[int]
"""

MIGRATION = """
    import sqlalchemy as sa
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade() -> None:
        item = op.create_table(
            "item",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String, nullable=False),
            sa.Column("stock", sa.Integer, nullable=False),
            schema="pl_shop",
        )
        op.bulk_insert(item, [{"id": 1, "name": "apples", "stock": 3}, {"id": 2, "name": "pears", "stock": 5}])

    def downgrade() -> None:
        op.drop_table("item", schema="pl_shop")
"""

CONTRACT = """
    from collections.abc import AsyncIterator

    import attrs
    from peek_trio import rpc, tuple_type

    @tuple_type("peek_plugin_shop.Sell")
    @attrs.frozen
    class Sell:
        item: int
        count: int

    @tuple_type("peek_plugin_shop.Ring")
    @attrs.frozen
    class Ring:
        times: int

    @tuple_type("peek_plugin_shop.Visitor")
    @attrs.frozen
    class Visitor:
        name: str

    @rpc(served_by="server")
    async def who_am_i() -> str: ...

    @rpc(served_by="server")
    async def restock() -> int: ...

    @rpc(served_by="server")
    async def stock_on_agent(item: int) -> int: ...

    @rpc(served_by="agent")
    async def look_up(item: int) -> int: ...

    @rpc(served_by="agent")
    async def count_down(start: int) -> AsyncIterator[int]: ...
"""

SERVER = """
    from peek_trio import Policy, Principal, Rejected, admin, anyone, hookimpl, services, signed_in

    from ..contract import Ring, Sell, Visitor, count_down, look_up, restock, stock_on_agent, who_am_i
    from ..tables import Item
    from .worker import restock_all

    @hookimpl
    def peek_load(ctx):
        ctx.settings.declare("limit", int, default=10, title="Most per sale", minimum=1, maximum=99)

    @hookimpl
    async def peek_start(ctx):
        rings = []
        JOURNAL.append(ctx)

        @ctx.observables.provider(Item, allow=signed_in, follows=[Item])
        def items(selector, session):
            return session.query(Item).order_by(Item.id).all()

        @ctx.observables.provider(Visitor, allow=anyone)
        async def visitor(selector, principal):
            return [Visitor(" ".join(sorted(principal.roles)))]

        @ctx.actions.handler(Sell, allow=signed_in)
        def sell(action, session, principal):
            item = session.get(Item, action.item)
            if item.stock < action.count:
                raise Rejected(f"There are only {item.stock} {item.name}, {principal.name}.")
            item.stock -= action.count
            return item.stock

        @ctx.actions.handler(Ring, allow=admin, once=False)
        async def ring(action):
            if action.times > 3:
                raise Rejected("Too loud.")
            rings.append(action.times)

        async def identify(principal: Principal) -> str:
            return principal.name

        async def ask_agent(item: int) -> int:
            return await ctx.rpc.caller(look_up)(item)

        async def have_restocked() -> int:
            return await ctx.tasks.call(restock_all, 7, timeout=30, asked_by="the test")

        async def heard(rows, peer):
            JOURNAL.append(([row.name for row in rows], peer and peer.service))

        ctx.rpc.serve(who_am_i, identify, allow=anyone)
        ctx.rpc.serve(stock_on_agent, ask_agent, allow=signed_in)
        ctx.rpc.serve(restock, have_restocked, allow=signed_in)
        ctx.messages.listen({"topic": "visit"}, heard, allow=services)
        ctx.loaders.table(Item, allow=admin, before_save=refuse_negative)

    def refuse_negative(row, session):
        if row.stock < 0:
            raise Rejected("Stock cannot be negative.")
"""

AGENT = """
    from peek_trio import anyone, hookimpl

    from ..contract import Visitor, count_down, look_up

    @hookimpl
    async def peek_start(ctx):
        JOURNAL.append(ctx)
        ctx.tuples(Visitor)

        def look(item: int) -> int:
            return item * 100

        async def count(start: int):
            for number in range(start, 0, -1):
                yield number

        ctx.rpc.serve(look_up, look)
        ctx.rpc.serve(count_down, count)
"""

WORKER = """
    from peek_trio import TaskContext, task
    from sqlalchemy import update

    from ..tables import Item

    @task
    def restock_all(ctx: TaskContext, count: int) -> int:
        with ctx.session() as session:
            return session.execute(update(Item).values(stock=Item.stock + count)).rowcount
"""

FILES = {
    "tables.py": TABLES,
    "contract.py": CONTRACT,
    "_private/alembic/versions/0001_items.py": MIGRATION,
}
