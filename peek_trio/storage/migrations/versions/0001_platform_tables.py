"""The platform's first tables: people, sessions, one-time codes, receipts, settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("people_pkey")),
        schema="peek",
    )
    op.create_table(
        "receipt",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("missing_from", sa.BigInteger(), nullable=True),
        sa.Column("made", sa.DateTime(timezone=True), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("runs", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "tx", sa.BigInteger(), server_default=sa.text("((pg_current_xact_id())::text)::bigint"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("who", "device", "action_id", name=op.f("receipt_pkey")),
        schema="peek",
    )
    op.create_index(op.f("receipt_at_idx"), "receipt", ["at"], unique=False, schema="peek")
    op.create_index("receipt_lane_idx", "receipt", ["who", "device", "order_key", "seq"], unique=False, schema="peek")
    op.create_table(
        "setting",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "key", name=op.f("setting_pkey")),
        schema="peek",
    )
    op.create_table(
        "link_code",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["peek.people.name"], name=op.f("link_code_person_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("link_code_pkey")),
        schema="peek",
    )
    op.create_index(op.f("link_code_expires_idx"), "link_code", ["expires"], unique=False, schema="peek")
    op.create_index(op.f("link_code_person_idx"), "link_code", ["person"], unique=False, schema="peek")
    op.create_table(
        "session",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["peek.people.name"], name=op.f("session_person_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("session_pkey")),
        schema="peek",
    )
    op.create_index(op.f("session_expires_idx"), "session", ["expires"], unique=False, schema="peek")
    op.create_index(op.f("session_person_idx"), "session", ["person"], unique=False, schema="peek")


def downgrade() -> None:
    op.drop_index(op.f("session_person_idx"), table_name="session", schema="peek")
    op.drop_index(op.f("session_expires_idx"), table_name="session", schema="peek")
    op.drop_table("session", schema="peek")
    op.drop_index(op.f("link_code_person_idx"), table_name="link_code", schema="peek")
    op.drop_index(op.f("link_code_expires_idx"), table_name="link_code", schema="peek")
    op.drop_table("link_code", schema="peek")
    op.drop_table("setting", schema="peek")
    op.drop_index("receipt_lane_idx", table_name="receipt", schema="peek")
    op.drop_index(op.f("receipt_at_idx"), table_name="receipt", schema="peek")
    op.drop_table("receipt", schema="peek")
    op.drop_table("people", schema="peek")
