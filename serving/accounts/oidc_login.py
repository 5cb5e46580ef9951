"""Signing in through the identity provider: a browser is sent out with a question and comes back with a code."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from sqlalchemy import Connection, Engine, RowMapping, select

from features.database.access_tables import account
from features.database.engine import reading, writing
from features.errors import IdentityError
from serving.accounts.accounts import actor_of
from serving.accounts.oidc_provider import LoginRequest, OidcProvider
from serving.accounts.permissions import Actor
from serving.accounts.sessions import new_secret, start_session
from serving.settings import OidcSettings

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures with a public key only: with HS256 in the list, whoever knows that public key could sign."""
LONGEST = timedelta(minutes=15)
SKEW = timedelta(seconds=60)
"""Longest lead of the issuer's clock; it lengthens no token."""
MAX_LENGTH = 8_192


@dataclass(frozen=True)
class Issuer:
    """Identity provider that is trusted."""

    settings: OidcSettings
    provider: OidcProvider

    @classmethod
    def of(cls, oidc: OidcSettings) -> "Issuer | None":
        """Return the configured issuer; None where there is none.

        Raises:
            UsageError: its file of keys or the client's secret cannot be read.
        """
        return cls(oidc, OidcProvider(oidc)) if oidc.issuer and oidc.client_id else None

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


OUT_FOR = timedelta(minutes=10)
"""Longest time for which a browser may stay away."""


@dataclass(frozen=True)
class OidcLogin:
    """The way out and back. Nothing is stored: the challenge follows from the key and from what the browser keeps meanwhile."""

    issuer: Issuer
    key: bytes

    def leave(self, goal: str, now: datetime) -> tuple[str, str]:
        """Return the provider's address, and what the browser has to bring back with its answer; `goal` is where it goes then.

        Raises:
            IdentityError: the provider does not answer.
        """
        kept = f"{new_secret()}.{int((now + OUT_FOR).timestamp())}.{quote(goal, safe='')}"
        return self.issuer.provider.address(self._challenge(kept), now), kept

    def come_back(self, engine: Engine, kept: str, answer: Mapping[str, str], now: datetime) -> tuple[str, str]:
        """Return the secret of a new session, and where the browser wanted to go.

        Raises:
            IdentityError: the answer is to no question of this browser, the provider vouches for nobody, or has nobody's account.
        """
        challenge = self._challenge(kept)
        if not self.is_answered(challenge, answer):
            raise IdentityError("over", "an answer must be to a question of this browser, found another one. Sign in again.")
        _, end, goal = kept.split(".", 2)  # whole, for the state that it leads to is the one that went out
        if int(end) <= now.timestamp():
            raise IdentityError("over", f"a sign-in must end within {OUT_FOR}, found one that took longer. Sign in again.")
        name = self._name(challenge, answer, now)
        with writing(engine) as connection:
            row = enabled_account(connection, name)
            if row is None:
                raise IdentityError("unknown", "whom the provider vouches for must have an account here. Ask an administrator.")
            return start_session(connection, row["account_id"], now, vouched=True), unquote(goal)

    def is_answered(self, challenge: LoginRequest, answer: Mapping[str, str]) -> bool:
        """Tell whether an answer is to this question."""
        return hmac.compare_digest(challenge.state.encode(), answer.get("state", "").encode())

    def _name(self, challenge: LoginRequest, answer: Mapping[str, str], now: datetime) -> str:
        """Return whom the provider vouches for."""
        if answer.get("iss", self.issuer.settings.issuer) != self.issuer.settings.issuer:
            raise IdentityError("refused", "the answer must come from the issuer, found another one's. Sign in again.")
        if "code" not in answer:
            raise IdentityError("refused", f"the provider must give a code, found {answer.get('error', '')[:40]!r}. Sign in again.")
        return self.issuer.name_after(self.issuer.provider.redeem(answer["code"], challenge, now), challenge.nonce, now)

    def _challenge(self, kept: str) -> LoginRequest:
        return LoginRequest(*(self._derive(part, kept) for part in ("state", "nonce", "verifier")))

    def _derive(self, part: str, kept: str) -> str:
        digest = hmac.new(self.key, f"{part}\0{kept}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
