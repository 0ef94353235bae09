"""Which stocktakes were accepted, and when: lines are added, none is changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of accepted stocktakes."""
    op.create_table(
        "tanaoroshi_baselines",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(16), sa.ForeignKey("tanaoroshi_stocktakes.id"), nullable=False),
        sa.Column("accepted_at", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
