"""What an identity provider says of itself: the addresses of its pages, and the public keys that it signs with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import requests
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from features.errors import IdentityError, UsageError
from serving.settings import is_private

TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Description:
    """What must be known of a provider."""

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
