"""Signing in through the identity provider: a browser is sent out with a question and comes back with a code."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from sqlalchemy import Engine

from features.database.engine import writing
from features.errors import IdentityError
from serving.access.credentials import new_secret
from serving.access.identity import Issuer, enabled_account
from serving.access.provider import Challenge
from serving.access.sessions import start_session

OUT_FOR = timedelta(minutes=10)
"""How long a browser may stay away."""


@dataclass(frozen=True)
class SignOn:
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

    def is_answered(self, challenge: Challenge, answer: Mapping[str, str]) -> bool:
        """Tell whether an answer is to this question."""
        return hmac.compare_digest(challenge.state.encode(), answer.get("state", "").encode())

    def _name(self, challenge: Challenge, answer: Mapping[str, str], now: datetime) -> str:
        """Return whom the provider vouches for."""
        if answer.get("iss", self.issuer.settings.issuer) != self.issuer.settings.issuer:
            raise IdentityError("refused", "the answer must come from the issuer, found another one's. Sign in again.")
        if "code" not in answer:
            raise IdentityError("refused", f"the provider must give a code, found {answer.get('error', '')[:40]!r}. Sign in again.")
        return self.issuer.name_after(self.issuer.provider.redeem(answer["code"], challenge, now), challenge.nonce, now)

    def _challenge(self, kept: str) -> Challenge:
        return Challenge(*(self._derive(part, kept) for part in ("state", "nonce", "verifier")))

    def _derive(self, part: str, kept: str) -> str:
        digest = hmac.new(self.key, f"{part}\0{kept}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
