"""JWTs as RFC 8725 says they are attacked."""

import base64
import hashlib
import hmac
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from features.errors import UsageError
from serving.accounts.accounts import NewAccount, create_account, disable_account
from serving.accounts.oidc_login import ALGORITHMS, Issuer
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit import OPERATOR
from serving.server.auth import Credential, CredentialCache
from serving.settings import OidcSettings
from tests.support.visitors import Clock

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
SECOND = int(NOW.timestamp())
CLAIMS = {"iss": "https://id.example", "aud": "yujing", "exp": SECOND + 300, "iat": SECOND - 5, "preferred_username": "li"}


@pytest.fixture(scope="module")
def key():
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


@pytest.fixture(scope="module")
def settings(key, tmp_path_factory):
    path = tmp_path_factory.mktemp("jwks") / "jwks.json"
    path.write_text(json.dumps(KeySet([key]).as_dict(private=False)), encoding="utf-8")
    return OidcSettings(issuer="https://id.example", client_id="yujing", jwks_file=path)


@pytest.fixture
def door(engine, settings):
    create_account(engine, NewAccount("li", Role.ANALYST, EVERYTHING), OPERATOR, NOW)
    return CredentialCache(engine, Clock(NOW), Issuer.of(settings))


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(key, header=None, **claims):
    given = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "k1"} | (header or {}), given, key)


def test_token_of_the_issuer_speaks_for_the_account_of_its_name(door, key):
    assert "li" == door.look_up(Credential.IDENTITY, signed(key)).name


def test_token_for_nobody_or_a_disabled_account_is_refused(engine, door, key):
    created, _ = create_account(engine, NewAccount("wu", Role.ANALYST, EVERYTHING), OPERATOR, NOW)
    disable_account(engine, created.actor.account_id, OPERATOR, NOW)

    assert [None, None] == [door.look_up(Credential.IDENTITY, signed(key, preferred_username=name)) for name in ("nobody", "wu")]


def test_token_without_a_configured_issuer_is_refused(engine, key):
    assert CredentialCache(engine, Clock(NOW)).look_up(Credential.IDENTITY, signed(key)) is None


def attacks(key):
    """Return, by name, how a token can be bad."""
    other = RSAKey.generate_key(2048, {"kid": "k1"})
    public = key.as_pem(private=False)
    publics = [public, public.strip(), json.dumps(key.as_dict(private=False)).encode()]

    def swapped(secret):
        head = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(CLAIMS)}"
        code = hmac.new(secret, head.encode(), hashlib.sha256).digest()
        return f"{head}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"

    good = signed(key)
    head, body, signature = good.split(".")
    return {
        "none": lambda _: f"{part({'alg': 'none', 'kid': 'k1'})}.{body}.",
        "none, signed": lambda rng: f"{part({'alg': rng.choice(['none', 'None', 'NONE', ''])})}.{body}.{signature}",
        "HS256 with the public key": lambda rng: swapped(rng.choice(publics)),
        "unknown crit": lambda rng: signed_by_hand(key, {"alg": "RS256", "kid": "k1", "crit": [f"x{rng.random()}"], "x": 1}),
        "over": lambda rng: signed_once(key, exp=SECOND - rng.randint(1, 9)),
        "not yet": lambda rng: signed_once(key, nbf=SECOND + 61 + rng.randint(0, 9)),
        "old": lambda rng: signed_once(key, iat=SECOND - 901 - rng.randint(0, 9)),
        "aud": lambda rng: signed_once(key, aud=rng.choice(["other", ["other"], "", None])),
        "iss": lambda rng: signed_once(key, iss=rng.choice(["https://id.example/", "https://evil.example", None])),
        "no end": lambda _: signed_once(key, exp=None),
        "cut": lambda rng: good[: rng.randrange(len(good))],
        "flipped": lambda rng: flipped(good, rng),
        "other claims": lambda rng: f"{head}.{part(CLAIMS | {'preferred_username': f'admin{rng.random()}'})}.{signature}",
        "foreign kid": lambda rng: signed_once(key, {"kid": f"k{rng.randint(2, 9)}"}),
        "no kid": lambda _: signed_by_hand(key, {"alg": "RS256"}),
        "foreign key": lambda _: signed_once(other),
        "own key inside": lambda _: signed_once(other, {"jwk": other.as_dict(private=False)}),
    }  # fmt: skip


_made = {}


def signed_once(key, header=None, **claims):
    """Return `signed`, kept: a signature takes a millisecond."""
    name = (id(key), json.dumps([header, claims], sort_keys=True))
    if name not in _made:
        _made[name] = signed(key, header, **claims)
    return _made[name]


def signed_by_hand(key, header):
    """Sign what the library itself would refuse to."""
    content = f"{part(header)}.{part(CLAIMS)}"
    signature = key.private_key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def flipped(token, rng):
    place = rng.randrange(len(token) - 2)  # the last characters hold bits that belong to nothing
    return token[:place] + rng.choice([each for each in "ABCxyz019" if each != token[place]]) + token[place + 1 :]


def accepted(door, key, count):
    rng = random.Random(4)  # noqa: S311 - which attacks are tried needs a seed, not secrecy
    kinds = attacks(key)
    names = list(kinds)
    found = Counter()
    for number in range(count):
        name = names[number % len(names)]
        found[name] += door.look_up(Credential.IDENTITY, kinds[name](rng)) is not None
    return {name for name, times in found.items() if times}


@pytest.mark.dialect("sqlite")
def test_ten_thousand_bad_tokens_open_nothing(door, key):
    assert accepted(door, key, 10_000) == set()


@pytest.mark.dialect("sqlite")
def test_check_that_lets_a_kind_of_bad_token_in_is_caught(door, key, monkeypatch):
    monkeypatch.setattr("serving.accounts.oidc_login.LONGEST", timedelta(days=1))

    assert accepted(door, key, 34) == {"old"}
    assert not [name for name in ALGORITHMS if name.startswith(("HS", "none"))]


@pytest.mark.parametrize("content", [None, "no json", "{}", '{"keys": [{"kty": "none"}]}'])
def test_issuer_without_readable_keys_does_not_start(tmp_path, content):
    path = tmp_path / "jwks.json"
    if content:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(UsageError, match="jwks_file must hold"):
        Issuer.of(OidcSettings(issuer="https://id.example", client_id="yujing", jwks_file=path))
