"""The table of strings and numbers, with three rows to begin with.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    string_int = op.create_table(
        "string_int",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("string1", sa.String, nullable=False),
        sa.Column("int1", sa.Integer, nullable=False),
        schema="pl_tutorial",
    )
    op.bulk_insert(
        string_int,
        [
            {"string1": "apples", "int1": 3},
            {"string1": "pears", "int1": 5},
            {"string1": "plums", "int1": 8},
        ],
    )


def downgrade() -> None:
    op.drop_table("string_int", schema="pl_tutorial")
