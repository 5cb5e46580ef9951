"""SQL tables of accounts and of what was done by whom."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, String, Table

from features.database.tables import UtcTime, metadata

account = Table(
    "account",
    metadata,
    Column("account_id", String, primary_key=True, comment="pseudonym: what other tables record"),
    Column("name", String, nullable=False, unique=True, comment="login name"),
    Column("password_hash", String, nullable=False, comment="argon2id"),
    Column("must_change_password", Boolean, nullable=False, comment="true until its holder has chosen one"),
    Column("role", String, nullable=False),
    Column("scope", String, nullable=False, comment="path of the area or grid it sees; empty is everything"),
    Column("administers", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("department", String, comment="code of the department (责任单位) it belongs to; such an account sees no area"),
    Column("unit", String, comment="unit (单位) its holder works for, as administrators call it; it gives no right"),
    Column("more_scopes", JSON, comment="further areas, of which a session works in one at a time; null where there are none"),
    Column("signed_in_at", UtcTime, comment="when a session was opened last"),
)

session = Table(
    "session",
    metadata,
    Column("secret_hash", String, primary_key=True, comment="SHA-256; the secret itself is never stored"),
    Column("account_id", String, ForeignKey("account.account_id"), nullable=False, index=True),
    Column("seen_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("vouched", Boolean, nullable=False, comment="true where an identity provider said who it is, not a password"),
    Column("device_hash", String, comment="SHA-256 of the key of the browser it is bound to; null where it is not bound to one"),
    Column("address", String, comment="the only address it is good from; null is any"),
    Column("label", String, comment="what the device is called"),
    Column("scope", String, comment="which further area of its account it works in; null is the first"),
    Column("proved_at", UtcTime, comment="when its holder last gave the password; null in sessions opened before this was kept"),
)

token = Table(
    "token",
    metadata,
    Column("secret_hash", String, primary_key=True, comment="SHA-256; the secret itself is never stored"),
    Column("account_id", String, ForeignKey("account.account_id"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, index=True, comment="SHA-256 of the login name"),
    Column("address", String, nullable=False, index=True, comment="SHA-256 of the address"),
    Column("browser", String, comment="SHA-256 of a browser that the account signed in from before; null for any other"),
    Column("at", UtcTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor_id", String, nullable=False, comment="account_id, or operator"),
    Column("action", String, nullable=False, index=True),
    Column("subject", String, nullable=False, comment="what was acted on"),
    Column("detail", String, nullable=False, comment="JSON"),
    Column("previous_hash", String, nullable=False),
    Column("entry_hash", String, nullable=False, unique=True),
)
