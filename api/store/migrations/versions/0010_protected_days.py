"""Protected persons are compared anew: what their matches were made of rests on a day that is withheld.

Revision: 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("UPDATE cases SET matched_version = 0 WHERE side = 'rescued' AND protect_location"))
