"""Count failed logins by name, address and known browser; keep unit and last sign-in of accounts."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table of failed logins anew, which holds an hour, and add two columns to accounts."""
    op.drop_table("login_attempt")
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="SHA-256 of the login name"),
        sa.Column("address", sa.String(), nullable=False, comment="SHA-256 of the address"),
        sa.Column("browser", sa.String(), comment="SHA-256 of a browser that the account signed in from before; null for any other"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempt"),
    )
    for column in ("name", "address"):
        op.create_index(f"ix_login_attempt_{column}", "login_attempt", [column], unique=False)
    unit = "unit (单位) its holder works for, as administrators call it; it gives no right"
    op.add_column("account", sa.Column("unit", sa.String(), comment=unit))
    op.add_column("account", sa.Column("signed_in_at", UtcTime(), comment="when a session was opened last"))
