"""Keep fingerprints of the secret keys that a database was written with."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table; the key in use is recorded when it is used next."""
    op.create_table(
        "key_fingerprint",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False, comment="of the secret key of that name; the key itself is never stored"),
        sa.PrimaryKeyConstraint("name", name="pk_key_fingerprint"),
    )
