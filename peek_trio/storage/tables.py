"""The platform's own tables, in the schema `peek`: people and their sessions, receipts of actions, settings.

Their migrations are in `migrations/versions`. Secrets are stored only as digests.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from peek_trio.storage.upgrade import PLATFORM_SCHEMA

__all__ = ["Base", "LinkCodeRow", "PersonRow", "ReceiptRow", "SessionRow", "SettingRow"]

_SILENT = {"announce": False}  # nobody observes these; they are written at every sign-in and action


class Base(DeclarativeBase):
    """The metadata of the schema `peek`."""

    metadata = sa.MetaData(
        schema=PLATFORM_SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
            "uq": "%(table_name)s_%(column_0_name)s_key",
        },
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as declared)
        datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
    }


class PersonRow(Base):
    """Somebody who may sign in."""

    __tablename__ = "people"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(JSONB)
    password: Mapped[str | None]
    """The argon2id hash, or None: signs in by a one-time code only."""
    created: Mapped[datetime]
    last_seen: Mapped[datetime | None]


class SessionRow(Base):
    """A sign-in that is still good."""

    __tablename__ = "session"
    __table_args__ = {"info": _SILENT}  # noqa: RUF012

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(sa.ForeignKey(PersonRow.name, ondelete="CASCADE"), index=True)
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)


class LinkCodeRow(Base):
    """A one-time code that signs somebody in."""

    __tablename__ = "link_code"
    __table_args__ = {"info": _SILENT}  # noqa: RUF012

    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(sa.ForeignKey(PersonRow.name, ondelete="CASCADE"), index=True)
    expires: Mapped[datetime] = mapped_column(index=True)


class ReceiptRow(Base):
    """What an action came to, so that a resend of it is answered and not done again; and who asked for it, with what and when."""

    __tablename__ = "receipt"
    __table_args__ = (
        sa.Index("receipt_lane_idx", "who", "device", "order_key", "seq"),
        {"info": _SILENT},
    )

    who: Mapped[str] = mapped_column(primary_key=True)
    """The kind and the name of the principal: "person joe"."""
    device: Mapped[str] = mapped_column(primary_key=True)
    action_id: Mapped[str] = mapped_column(primary_key=True)
    order_key: Mapped[str]
    seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    missing_from: Mapped[int | None] = mapped_column(sa.BigInteger)
    """The first of the numbers before `seq` that had not arrived when it was applied."""
    made: Mapped[datetime | None]
    """By the clock of the device."""
    type: Mapped[str]
    content: Mapped[str]
    """The beginning of what was sent, of `size` bytes."""
    size: Mapped[int]
    digest: Mapped[bytes]
    status: Mapped[str]
    message: Mapped[str]
    result: Mapped[bytes]
    runs: Mapped[int] = mapped_column(server_default=sa.text("1"))
    """How often it was applied: more than once only where the handler was registered with `once=False`."""
    tx: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("((pg_current_xact_id())::text)::bigint"))
    """The transaction it was applied in."""
    at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), index=True)


class SettingRow(Base):
    """A setting that somebody has changed from its default."""

    __tablename__ = "setting"

    plugin: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
