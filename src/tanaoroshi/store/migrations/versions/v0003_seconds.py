"""How long a stocktake took; of those recorded before, nobody knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("tanaoroshi_stocktakes", sa.Column("seconds", sa.Float, nullable=True))
