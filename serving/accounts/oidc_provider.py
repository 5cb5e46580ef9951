"""An identity provider over HTTP: where browsers sign in and out, its public keys, and what it gives for a code."""

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, cast

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import UserInfo
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from features.errors import IdentityError, UsageError
from serving.settings import OidcSettings
from serving.urls import is_private

TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Description:
    """Metadata of a provider."""

    authorization: str
    token: str
    end_session: str | None
    keys: KeySet


def describe(issuer: str, keys: KeySet | None) -> Description:
    """Ask a provider; for its keys only where there are none yet.

    Raises:
        IdentityError: it does not answer, calls itself otherwise, or names addresses that others could listen to.
    """
    metadata = _get(get_well_known_url(issuer, external=True))
    if metadata.get("issuer") != issuer:
        raise IdentityError("down", f"the provider must call itself {issuer}, found another name. Check oidc.issuer.")
    return Description(
        authorization=_endpoint(metadata, "authorization_endpoint"),
        token=_endpoint(metadata, "token_endpoint"),
        end_session=_endpoint(metadata, "end_session_endpoint") if "end_session_endpoint" in metadata else None,
        keys=keys or _fetch_keys(_endpoint(metadata, "jwks_uri")),
    )


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    address = metadata.get(name)
    if not isinstance(address, str) or not is_private(address):
        raise IdentityError("down", f"the provider must name an https address as its {name}, found none. Ask who runs it.")
    return address


def _get(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        content = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise down(error) from error
    if not isinstance(content, dict):
        raise IdentityError("down", f"{address} must answer with a JSON object, found none. Check oidc.issuer.")
    return content


def _fetch_keys(address: str) -> KeySet:
    try:
        return KeySet.import_key_set(cast(KeySetSerialization, _get(address)))
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise down(error) from error


def down(error: Exception) -> IdentityError:
    """Return the error for a provider that does not answer as it should."""
    return IdentityError("down", f"the identity provider must answer, found {type(error).__name__}. Look whether it runs.")


def read_keys(path: Path) -> KeySet:
    """Return the public keys of a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return KeySet.import_key_set(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise UsageError(f"oidc.jwks_file must hold the issuer's public keys as JWKS: {type(error).__name__}. Fetch it again.") from error


FRESH, AGAIN = timedelta(hours=1), timedelta(seconds=30)
"""Time for which a provider's metadata is kept, and the wait before it may be asked again, because a key is new or it did not answer."""
BACK, DOOR = "/login/back", "/login"
"""Paths to which the provider sends browsers that have signed in, and that have signed out."""


@dataclass(frozen=True)
class LoginRequest:
    """Challenge that an answer must fit, so that it answers this question of this browser."""

    state: str
    nonce: str
    verifier: str


class OidcProvider:
    """Asks the provider when something is first needed, and again when it may have changed."""

    def __init__(self, oidc: OidcSettings) -> None:
        self._settings = oidc
        self._secret = _read_secret(oidc.client_secret_file) if oidc.client_secret_file else None
        self._keys = read_keys(oidc.jwks_file) if oidc.jwks_file else None
        self._known: Description | None = None
        self._asked_at: datetime | None = None
        self._lock = Lock()

    def keys(self, now: datetime, *, again: bool = False) -> KeySet:
        """Return its public keys; `again` where a token names one that was not among them.

        Raises:
            IdentityError: it does not answer.
        """
        if self._settings.jwks_file and again:
            with suppress(UsageError):  # the keys that were read last go on
                self._keys = read_keys(self._settings.jwks_file)
        return self._keys or self._ask(now, AGAIN if again else FRESH).keys

    def address(self, challenge: LoginRequest, now: datetime) -> str:
        """Return the address at which a browser signs in.

        Raises:
            IdentityError: it does not answer.
        """
        endpoint = self._ask(now).authorization
        with self._client() as client:
            address: str = client.create_authorization_url(
                endpoint, state=challenge.state, code_verifier=challenge.verifier, nonce=challenge.nonce
            )[0]
            return address

    def redeem(self, code: str, challenge: LoginRequest, now: datetime) -> Mapping[str, Any]:
        """Return the tokens for a code.

        Raises:
            IdentityError: the code is none of this browser's, was used before, or the provider does not answer.
        """
        endpoint = self._ask(now).token
        given = {"grant_type": "authorization_code", "code": code, "code_verifier": challenge.verifier}
        try:
            with self._client() as client:
                tokens: Mapping[str, Any] = client.fetch_token(endpoint, allow_redirects=False, timeout=TIMEOUT_SECONDS, **given)
                return tokens
        except OAuthError as error:
            raise IdentityError("refused", f"the provider must take the code, found {error.error!r}. Sign in again.") from error
        except (requests.RequestException, ValueError) as error:
            raise down(error) from error

    def goodbye(self, now: datetime) -> str | None:
        """Return the address at which a browser signs out of the provider; None where it has none or does not answer."""
        try:
            endpoint = self._ask(now).end_session
        except IdentityError:
            return None
        about = {"client_id": self._settings.client_id, "post_logout_redirect_uri": f"{self._settings.public_url}{DOOR}"}
        return requests.Request("GET", endpoint, params=about).prepare().url if endpoint else None

    def _client(self) -> OAuth2Session:
        """Return what speaks to the provider, with the secret as it stands in its file now."""
        if self._settings.client_secret_file:
            with suppress(UsageError):  # the secret that was read last goes on
                self._secret = _read_secret(self._settings.client_secret_file)
        return OAuth2Session(
            self._settings.client_id,
            self._secret,
            scope=["openid", *_scopes(self._settings.name_claim)],
            redirect_uri=f"{self._settings.public_url}{BACK}",
            code_challenge_method="S256",
        )

    def _ask(self, now: datetime, longest: timedelta = FRESH) -> Description:
        """Return what it says of itself; while it does not answer, what it said last."""
        with self._lock:
            age = now - self._asked_at if self._asked_at else None
            if age is None or age < timedelta() or age >= (longest if self._known else AGAIN):
                self._asked_at = now
                with suppress(IdentityError) if self._known else nullcontext():
                    self._known = describe(self._settings.issuer, self._keys)
            if self._known is None:
                raise IdentityError("down", "the identity provider must answer, and did not a moment ago. Try again in a minute.")
            return self._known


def _read_secret(path: Path) -> str:
    try:
        secret, others = path.read_text(encoding="utf-8").strip(), path.stat().st_mode & 0o077
    except (OSError, ValueError) as error:
        raise UsageError(f"oidc.client_secret_file must be a readable text file: {type(error).__name__}. Check its rights.") from error
    if others:
        raise UsageError("oidc.client_secret_file must be readable by its owner only. Run chmod 600 on it.")
    return secret


def _scopes(claim: str) -> Iterable[str]:
    """Yield what must be asked for to be told a claim; nothing more is asked for.

    >>> list(_scopes("preferred_username")), list(_scopes("sub")), list(_scopes("staff_number"))
    (['profile'], [], ['profile'])
    """
    telling = [scope for scope, claims in UserInfo.SCOPES_CLAIMS_MAPPING.items() if claim in claims]
    yield from (scope for scope in telling or ["profile"] if scope != "openid")
