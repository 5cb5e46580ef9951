"""Identity from elsewhere: a signed JWT of the one trusted issuer names a local account, which alone says what it may do."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Engine, select

from features.database.access_tables import account
from features.database.engine import reading
from features.errors import UsageError
from serving.access.accounts import actor_of
from serving.access.actor import Actor
from serving.settings import OidcSettings

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures with a public key only: with HS256 in the list, whoever knows that public key could sign."""
LONGEST = timedelta(minutes=15)
MAX_LENGTH = 8_192


@dataclass(frozen=True)
class Issuer:
    """Who is trusted to say who somebody is."""

    settings: OidcSettings
    keys: KeySet

    @classmethod
    def of(cls, settings: OidcSettings) -> "Issuer | None":
        """Return the configured issuer; None where there is none.

        Raises:
            UsageError: its file of keys cannot be read.
        """
        if settings.jwks_file is None:
            return None
        try:
            return cls(settings, KeySet.import_key_set(json.loads(Path(settings.jwks_file).read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, JoseError) as error:
            raise UsageError(
                f"oidc.jwks_file must hold the issuer's public keys as JWKS: {type(error).__name__}. Fetch it again."
            ) from error

    def name_in(self, token: str, now: datetime) -> str | None:
        """Return the login name that a token speaks for; None where the token is not to be trusted."""
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            read = jwt.decode(token, self.keys, algorithms=ALGORITHMS)
            rules.validate(read.claims)
        except (JoseError, ValueError, TypeError):
            return None
        name = read.claims.get(self.settings.name_claim)
        recent = now.timestamp() - read.claims["iat"] <= LONGEST.total_seconds()
        return name if "kid" in read.header and recent and isinstance(name, str) else None


def actor_of_identity(issuer: Issuer, engine: Engine, token: str, now: datetime) -> Actor | None:
    """Return the account that a token speaks for; None where it is not to be trusted, or there is no such account."""
    name = issuer.name_in(token, now) if len(token) <= MAX_LENGTH else None
    if name is None:
        return None
    with reading(engine) as connection:
        row = connection.execute(select(account).where(account.c.name == name, account.c.disabled_at.is_(None))).mappings().first()
    return actor_of(row, by_password=False) if row else None
