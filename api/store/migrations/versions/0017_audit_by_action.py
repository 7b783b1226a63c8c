"""What somebody has read of a kind, and since when, is found without reading all that was ever noted of it.

Revision: 0017.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Beside the one by subject alone, which gives the rows of a subject in their order.
    op.create_index("ix_audit_subject_action_at", "audit", ["subject", "action", "at"])
