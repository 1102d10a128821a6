"""The part on the server: live rows, two actions, the administrator's table, calls, a task, and an API for other plugins."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from peek_trio import Rejected, ServerContext, TupleSelector, admin, hookimpl, signed_in

from .. import contract
from ..server_api import TutorialApi
from ..tuples import AddIntValue, ToggleCapitals, Total
from .storage import StringInt
from .worker import total_of_all


@hookimpl
async def peek_start(ctx: ServerContext) -> None:
    # Live data: whoever observes StringInt gets this answer, and gets it again when a commit touches the table.
    @ctx.observables.provider(StringInt, follows=[StringInt], allow=signed_in)
    def string_ints(selector: TupleSelector, session: Session) -> Sequence[StringInt]:
        return session.scalars(select(StringInt).order_by(StringInt.id)).all()

    # Actions: the platform commits what the handler did together with a receipt, so that a resend does nothing twice.
    @ctx.actions.handler(AddIntValue, allow=signed_in)
    def add_int_value(action: AddIntValue, session: Session) -> None:
        row_of(session, action.string_int_id).int1 += action.offset

    @ctx.actions.handler(ToggleCapitals, allow=signed_in)
    def toggle_capitals(action: ToggleCapitals, session: Session) -> None:
        row = row_of(session, action.string_int_id)
        row.string1 = row.string1.lower() if row.string1.isupper() else row.string1.upper()

    # The administrator's table: list, add, change and remove rows.
    ctx.loaders.table(StringInt, allow=admin)

    # Calls: served here, and made from here.
    subtract_on_agent = ctx.rpc.caller(contract.subtract_ints, timeout=5)

    async def ask_agent(a: int, b: int) -> int:
        return await subtract_on_agent(a, b)

    async def count_all() -> Total:
        return await ctx.tasks.call(total_of_all, timeout=60)

    ctx.rpc.serve(contract.add_ints, add_ints)
    ctx.rpc.serve(contract.ask_agent, ask_agent, allow=admin)
    ctx.rpc.serve(contract.count_all, count_all, allow=admin)

    ctx.publish(Api(ctx))


async def add_ints(a: int, b: int) -> int:
    return a + b


def row_of(session: Session, string_int_id: int) -> StringInt:
    """The row, locked until the commit; a refusal for the person's eyes when it is gone."""
    row = session.get(StringInt, string_int_id, with_for_update=True)
    if row is None:
        raise Rejected("This row was removed in the meantime.")
    return row


@attrs.frozen
class Api(TutorialApi):
    """`TutorialApi` over the database."""

    ctx: ServerContext

    async def add(self, string: str, number: int) -> int:
        def insert(session: Session) -> int:
            row = StringInt(string1=string, int1=number)
            session.add(row)
            session.flush()
            return row.id

        return await self.ctx.storage.run(insert)

    async def count(self) -> int:
        def rows(session: Session) -> int:
            return session.scalar(select(func.count()).select_from(StringInt)) or 0

        return await self.ctx.storage.run(rows, read_only=True)
