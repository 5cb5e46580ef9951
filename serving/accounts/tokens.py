"""Tokens for programs: issued to an account, shown once, always with an end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select

from features.database.access_tables import account, token
from features.database.engine import reading, writing
from features.errors import NotFoundError, UsageError
from serving import audit
from serving.accounts.accounts import actor_of
from serving.accounts.permissions import Actor
from serving.accounts.sessions import hash_secret, new_secret

LONGEST = timedelta(days=90)
USUAL = timedelta(days=30)
ID_LENGTH = 12


@dataclass(frozen=True)
class Token:
    """A token as its holder sees it later: without its secret."""

    token_id: str
    """First digits of the hash of its secret."""
    label: str
    issued_at: datetime
    ends_at: datetime


def issue_token(engine: Engine, account_id: str, label: str, ends_at: datetime, now: datetime, by: str | None = None) -> str:
    """Return the secret of a new token, which is shown this once; `by` is who issues it, its holder by default.

    Raises:
        UsageError: it would not end within 90 days, or has ended already.
        NotFoundError: there is no such account, or it is disabled.
    """
    if not now < ends_at <= now + LONGEST:
        raise UsageError(f"a token must end within {LONGEST.days} days from now, got {ends_at:%Y-%m-%d}. Choose a day in between.")
    secret = new_secret()
    secret_hash = hash_secret(secret)
    row = {"secret_hash": secret_hash, "account_id": account_id, "label": label, "issued_at": now, "ends_at": ends_at}
    with writing(engine) as connection:
        wanted = select(account.c.account_id).where(account.c.account_id == account_id, account.c.disabled_at.is_(None))
        if not connection.execute(wanted).first():
            raise NotFoundError("an account that is enabled must be named, found none of that id. List the accounts.")
        connection.execute(insert(token), row)
        audit.record(connection, by or account_id, "token.issue", _token_id(secret_hash), {"ends_at": ends_at.isoformat()}, now)
    return secret


def actor_of_token(engine: Engine, secret: str, now: datetime) -> Actor | None:
    """Return whose token it is; None where there is none, or it has ended."""
    query = select(account).join(token).where(token.c.secret_hash == hash_secret(secret), token.c.ends_at > now)
    with reading(engine) as connection:
        row = connection.execute(query.where(account.c.disabled_at.is_(None))).mappings().first()
    return actor_of(row, by_password=False) if row else None


def tokens(engine: Engine, account_id: str) -> list[Token]:
    """Return the tokens of an account, those that have ended too, the newest first."""
    query = select(token).where(token.c.account_id == account_id).order_by(token.c.issued_at.desc())
    with reading(engine) as connection:
        return [Token(_token_id(row.secret_hash), row.label, row.issued_at, row.ends_at) for row in connection.execute(query)]


def revoke_token(engine: Engine, account_id: str, token_id: str, by: str, now: datetime) -> None:
    """End a token of an account at once.

    Raises:
        NotFoundError: the account has no such token.
    """
    with writing(engine) as connection:
        mine = (token.c.account_id == account_id, token.c.secret_hash.startswith(token_id, autoescape=True))
        if len(token_id) != ID_LENGTH or not connection.execute(delete(token).where(*mine)).rowcount:
            raise NotFoundError("a token of this account must be named, found none of that id. List the tokens.")
        audit.record(connection, by, "token.revoke", token_id, {}, now)


def _token_id(secret_hash: str) -> str:
    return secret_hash[:ID_LENGTH]
