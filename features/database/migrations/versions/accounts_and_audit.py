"""Create accounts, their sessions and tokens, and the audit trail."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables, and keep the audit trail append-only."""
    _create_accounts()
    _create_credentials()
    _create_audit()
    refuse_changes("audit")


def _create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.String(), nullable=False, comment="pseudonym: what other tables record"),
        sa.Column("name", sa.String(), nullable=False, comment="login name"),
        sa.Column("password_hash", sa.String(), nullable=False, comment="argon2id"),
        sa.Column("must_change_password", sa.Boolean(), nullable=False, comment="true until its holder has chosen one"),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False, comment="path of the area or grid it sees; empty is everything"),
        sa.Column("administers", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("disabled_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )


def _create_credentials() -> None:
    op.create_table(
        "session",
        sa.Column("secret_hash", sa.String(), nullable=False, comment="SHA-256; the secret itself is never stored"),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_session_account_id"),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_session"),
    )
    op.create_table(
        "token",
        sa.Column("secret_hash", sa.String(), nullable=False, comment="SHA-256; the secret itself is never stored"),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("issued_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_token_account_id"),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_token"),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False, comment="SHA-256 of an address, or of an address and a name"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempt"),
    )
    for table, column in (("session", "account_id"), ("token", "account_id"), ("login_attempt", "origin")):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False, comment="account_id, or operator"),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False, comment="what was acted on"),
        sa.Column("detail", sa.String(), nullable=False, comment="JSON"),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("entry_hash", name="uq_audit_entry_hash"),
    )
    op.create_index("ix_audit_action", "audit", ["action"], unique=False)
