"""What the server tidies up by itself: receipts of actions so old that no device may send them again."""

import logging

import trio
from sqlalchemy.exc import SQLAlchemyError

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage import Database, Receipts

logger = logging.getLogger(__name__)

EVERY = 24 * 60 * 60.0
AFTER_FAILURE = 60 * 60.0
"""Seconds until the next time, after it worked and after it did not."""


async def forget_old_receipts(
    database: Database, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Forget them at once and then daily, until cancelled. A failure is told in the log and tried again."""
    task_status.started()
    while True:
        try:
            forgotten = await database.run(Receipts.forget_old)
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            logger.warning("Old receipts could not be removed; trying again in an hour. %s", error)
            await trio.sleep(AFTER_FAILURE)
        else:
            if forgotten:
                logger.info("%d receipts of old actions were removed.", forgotten)
            await trio.sleep(EVERY)
