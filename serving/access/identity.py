"""Identity from elsewhere: a signed JWT of the one trusted issuer names a local account, which alone says what it may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from sqlalchemy import Connection, Engine, RowMapping, select

from features.database.access_tables import account
from features.database.engine import reading
from features.errors import IdentityError
from serving.access.accounts import actor_of
from serving.access.actor import Actor
from serving.access.provider import Provider
from serving.settings import OidcSettings

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures with a public key only: with HS256 in the list, whoever knows that public key could sign."""
LONGEST = timedelta(minutes=15)
SKEW = timedelta(seconds=60)
"""How far the issuer's clock may run ahead; it lengthens no token."""
MAX_LENGTH = 8_192


@dataclass(frozen=True)
class Issuer:
    """Who is trusted to say who somebody is."""

    settings: OidcSettings
    provider: Provider

    @classmethod
    def of(cls, settings: OidcSettings) -> "Issuer | None":
        """Return the configured issuer; None where there is none.

        Raises:
            UsageError: its file of keys or the client's secret cannot be read.
        """
        return cls(settings, Provider(settings)) if settings.issuer and settings.client_id else None

    def name_in(self, token: str, now: datetime) -> str | None:
        """Return the login name that a token speaks for; None where the token is not to be trusted."""
        try:
            return self._name(self._read(token, now))
        except (JoseError, IdentityError, ValueError, TypeError):
            return None

    def name_after(self, tokens: Mapping[str, Any], nonce: str, now: datetime) -> str:
        """Return the login name that the tokens for a code speak for, as the answer to the one question that held this nonce.

        Raises:
            IdentityError: they are not to be trusted.
        """
        about = {"nonce": nonce, "client_id": self.settings.client_id, "access_token": tokens.get("access_token")}
        try:
            read = self._read(tokens.get("id_token", ""), now)
            CodeIDToken(read.claims, read.header, params=about).validate(int(now.timestamp()), int(SKEW.total_seconds()))
            name = self._name(read)
        except (JoseError, ValueError, TypeError) as error:
            raise IdentityError("refused", f"the provider's token must hold, found {type(error).__name__}. Sign in again.") from error
        if name is None:
            raise IdentityError("refused", f"the provider's token must hold {self.settings.name_claim}, found none. Check oidc.name_claim.")
        return name

    def _read(self, token: str, now: datetime) -> jwt.Token:
        """Return a token that is signed by the issuer, made out to this service, recent and not over."""
        if len(token) > MAX_LENGTH:
            raise ValueError("too long")
        try:
            read = jwt.decode(token, self.provider.keys(now), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            read = jwt.decode(token, self.provider.keys(now, again=True), algorithms=ALGORITHMS)
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=int(SKEW.total_seconds()),
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
        )
        rules.validate(read.claims)
        over, old = read.claims["exp"] <= now.timestamp(), now.timestamp() - read.claims["iat"] > LONGEST.total_seconds()
        if over or old or "kid" not in read.header:
            raise ValueError("over, old or without a key's name")
        return read

    def _name(self, token: jwt.Token) -> str | None:
        name = token.claims.get(self.settings.name_claim)
        return name if isinstance(name, str) else None


def actor_of_identity(issuer: Issuer, engine: Engine, token: str, now: datetime) -> Actor | None:
    """Return the account that a token speaks for; None where it is not to be trusted, or there is no such account."""
    name = issuer.name_in(token, now)
    if name is None:
        return None
    with reading(engine) as connection:
        row = enabled_account(connection, name)
    return actor_of(row, by_password=False) if row else None


def enabled_account(connection: Connection, name: str) -> RowMapping | None:
    """Return the account that a login name stands for, with its role and scope; None where there is none, or it is disabled."""
    return connection.execute(select(account).where(account.c.name == name, account.c.disabled_at.is_(None))).mappings().first()
