"""A ledger that actions write in: what every device and order key wrote, in the order of its effect, and what must be true of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import attrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio import Statements, tuple_type
from peek_trio.plugin.abilities.actions import Actions
from peek_trio.plugin.abilities.keeping import ReceiptKeeper
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.registrations import Registrations
from peek_trio.plugin.tuple_owners import TupleOwners
from peek_trio.security import anyone
from peek_trio.storage import Database
from peek_trio.transport import Switchboard

Line = tuple[str, str, int]
"""The device, the order key, and the number that it wrote."""

TABLE = "create table ledger (id bigserial primary key, device text, key text, number int)"
INSERT = "insert into ledger (device, key, number) values (%s, %s, %s)"


@tuple_type("ledger.Write")
@attrs.frozen
class Write:
    """Writes a line with the ORM's session."""

    device: str
    key: str
    number: int


@tuple_type("ledger.WritePlainly")
@attrs.frozen
class WritePlainly(Write):
    """The same with plain statements."""


async def keep_ledger(board: Switchboard, database: Database) -> None:
    """Makes the ledger and handles its actions on `board`, as a plugin does."""
    await database.run(lambda session: session.execute(sa.text(TABLE)))
    handle_ledger(board, database)


def handle_ledger(board: Switchboard, database: Database) -> None:
    """Handles the actions of a ledger that is there."""
    parts = ServiceParts(
        service="server", service_id="server", board=board, registry=board.registry, home=Path(), database=database
    )
    actions = Actions(Registrations("ledger", parts, TupleOwners(board.registry)))

    @actions.handler(Write, allow=anyone)
    def write(action: Write, session: Session) -> int:
        values = {"device": action.device, "key": action.key, "number": action.number}
        session.execute(sa.text("insert into ledger (device, key, number) values (:device, :key, :number)"), values)
        return action.number

    @actions.handler(WritePlainly, allow=anyone)
    def write_plainly(action: WritePlainly, statements: Statements) -> None:
        statements.execute(INSERT, (action.device, action.key, action.number))

    board.actions.keeper = ReceiptKeeper(database)


def read_ledger(session: Session) -> list[Line]:
    """Every line, in the order of its effect."""
    rows = session.execute(sa.text("select device, key, number from ledger order by id"))
    return [(device, key, number) for device, key, number in rows]


def faults_in(lines: Iterable[Line], acknowledged: Iterable[Line]) -> list[str]:
    """What is wrong: lines that are there twice, out of order, or acknowledged and not there."""
    written = Counter(lines)
    faults = [f"{line} was applied {times} times" for line, times in written.items() if times > 1]
    faults += [f"{line} was acknowledged and is lost" for line in acknowledged if line not in written]
    orders: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for device, key, number in written:  # a Counter keeps the order of its first keys
        orders[device, key].append(number)
    for lane, numbers in orders.items():
        if numbers != list(range(1, len(numbers) + 1)):
            faults.append(f"{lane} is out of order or has gaps: {numbers}")
    return faults


def receipts_that_do_not_fit(session: Session) -> list[str]:
    """Where receipts and effects, or an index and its table, do not agree."""
    count = "select count(*) from ledger"
    receipts = (
        "select count(*), count(missing_from) from peek.receipt where type like 'ledger.%' and status = 'applied'"
    )
    lines = session.scalar(sa.text(count)) or 0
    kept, gaps = session.execute(sa.text(receipts)).one()
    session.execute(sa.text("set local enable_seqscan = off"))
    by_index = session.scalar(sa.text("select count(*) from ledger where id > 0"))
    faults = [] if (kept, gaps) == (lines, 0) else [f"{lines} lines, {kept} receipts, {gaps} of them after a gap"]
    return faults + ([] if by_index == lines else [f"{lines} lines in the table, {by_index} in its index"])
