"""An OpenID provider over real HTTP, with real keys: it checks what a provider has to check, and lies where a test wants it to."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.visitors import Clock

Key = RSAKey | ECKey | OctKey

CLIENT, SECRET = "yujing", "known to the two of them"
FORM = '<!doctype html><link rel="icon" href="data:,"><form><input name="person" autofocus>{fields}<button>Sign in</button></form>'
STRONG = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
SHORT = ECKey.generate_key("P-256", {"kid": "k2", "use": "sig", "alg": "ES256"})


@dataclass
class OpenIdProvider:
    """Vouches for `person`; `claims` and `header` are put over what its tokens say, None leaves out."""

    clock: Clock
    base: str = ""
    person: str | None = "li"
    """None shows a form that asks."""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Key = field(default_factory=lambda: STRONG)
    published: tuple[Key, ...] = (STRONG, SHORT)
    careful: bool = True
    """False takes codes twice, from anybody, and for any verifier."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """Where those who signed out came from."""

    def app(self, base: str) -> Starlette:
        self.base = base
        routes = {
            "/.well-known/openid-configuration": self._metadata,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
            "/leave": self._leave,
        }
        return Starlette(routes=[Route(path, answer, methods=["GET", "POST"]) for path, answer in routes.items()])

    async def _metadata(self, _: Request) -> Response:
        pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "end_session_endpoint": "leave"}
        return JSONResponse({"issuer": self.base} | {name: f"{self.base}/{page}" for name, page in pages.items()})

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet(list(self.published)).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if (person := asked.pop("person", self.person)) is None:
            fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items())
            return HTMLResponse(FORM.format(fields=fields))
        code = f"code{len(self.codes)}"
        self.codes[code] = asked | {"person": person}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        given = dict(await request.form())
        asked = self.codes[given["code"]]
        fits = create_s256_code_challenge(given["code_verifier"]) == asked.get("code_challenge")
        known = request.headers.get("Authorization") == f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        same = given["redirect_uri"] == asked["redirect_uri"]
        if self.careful and not (fits and known and same and asked.pop("unused", "yes") == "yes"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        asked["unused"] = "no"
        return JSONResponse({"id_token": self._sign(asked), "access_token": "opaque", "token_type": "Bearer", "expires_in": 300})

    async def _leave(self, request: Request) -> Response:
        self.left.append(request.query_params["client_id"])
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)

    def _sign(self, asked: Mapping[str, str]) -> str:
        now = int(self.clock().timestamp())
        person = {"sub": f"person {asked['person']}", "preferred_username": asked["person"]}
        claims = {"iss": self.base, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked.get("nonce")} | person | self.claims
        header = {"alg": self.key.alg, "kid": self.key.kid} | self.header
        claims = {name: value for name, value in claims.items() if value is not None}
        if header["alg"] == "none":
            return f"{_part(header)}.{_part(claims)}."
        return jwt.encode(header, claims, self.key, algorithms=["RS256", "ES256", "HS256"])


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
