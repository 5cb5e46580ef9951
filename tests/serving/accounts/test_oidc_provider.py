"""What an identity provider says of itself, and what is refused of it; the sign-in itself is in test_oidc_login.py."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import KeySet

from features.errors import IdentityError, UsageError
from serving.accounts.oidc_provider import AGAIN, FRESH, LoginRequest, OidcProvider, describe, read_keys
from serving.settings import OidcSettings
from tests.support.openid_provider import SHORT, STRONG

ISSUER = "https://id.example/realms/town"
NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
KEYS = KeySet([STRONG, SHORT]).as_dict(private=False)
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "end_session_endpoint": f"{ISSUER}/leave",
}
SETTINGS = OidcSettings(issuer=ISSUER, client_id="yujing", public_url="https://yujing.example")


class Answer:
    """Answer of a provider over HTTP."""

    def __init__(self, content: object) -> None:
        self.content = content

    def raise_for_status(self) -> None:
        if isinstance(self.content, requests.RequestException):
            raise self.content

    def json(self) -> object:
        return json.loads(json.dumps(self.content))


@pytest.fixture
def asked(monkeypatch):
    """Return the addresses that were asked; `asked.says` holds the answer of each, which a test may change."""

    class Asked(list):
        def get(self, address: str, **options: object) -> Answer:
            assert options["allow_redirects"] is False
            self.append(address.rpartition("/")[2])
            return Answer(self.says[address])

    found = Asked()
    found.says = {f"{ISSUER}/.well-known/openid-configuration": METADATA, f"{ISSUER}/keys": KEYS}
    monkeypatch.setattr("serving.accounts.oidc_provider.requests.get", found.get)
    return found


def changed(asked, **metadata) -> None:
    asked.says[f"{ISSUER}/.well-known/openid-configuration"] = {name: value for name, value in (METADATA | metadata).items() if value}


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"authorization_endpoint": "http://id.example/authorize"},
        {"token_endpoint": None},
        {"token_endpoint": ["https://id.example/token"]},
        {"end_session_endpoint": "http://id.example/leave"},
    ],
)
def test_provider_that_calls_itself_otherwise_or_can_be_listened_to_is_refused(asked, metadata):
    changed(asked, **metadata)

    with pytest.raises(IdentityError, match="the provider must"):
        describe(ISSUER, None)


@pytest.mark.parametrize("content", [requests.ConnectionError("down"), ["a list"]])
def test_provider_that_does_not_answer_is_down(asked, content):
    asked.says[f"{ISSUER}/.well-known/openid-configuration"] = content

    with pytest.raises(IdentityError) as caught:
        describe(ISSUER, None)
    assert "down" == caught.value.code


@pytest.mark.parametrize("content", [{"keys": "none"}, {"keys": [{"kty": "unheard of"}]}, {}])
def test_keys_that_are_none_are_refused(asked, content):
    asked.says[f"{ISSUER}/keys"] = content

    with pytest.raises(IdentityError):
        describe(ISSUER, None)


def test_metadata_are_kept_for_an_hour_and_asked_for_again_soon_where_a_key_is_new(asked):
    provider = OidcProvider(SETTINGS)
    first = provider.keys(NOW)
    for age in (timedelta(seconds=1), FRESH - timedelta(seconds=1)):
        provider.keys(NOW + age)
    provider.keys(NOW + AGAIN - timedelta(seconds=1), again=True)
    assert ["openid-configuration", "keys"] == asked

    provider.keys(NOW + AGAIN, again=True)
    provider.keys(NOW + AGAIN + FRESH)
    assert 3 * ["openid-configuration", "keys"] == asked
    assert {"k1", "k2"} == {key.kid for key in first.keys}


def test_provider_that_fails_later_goes_on_with_what_it_said_last(asked):
    provider = OidcProvider(SETTINGS)
    before = provider.keys(NOW)
    asked.says[f"{ISSUER}/.well-known/openid-configuration"] = requests.ConnectionError("down")

    assert before is provider.keys(NOW + FRESH)


def test_provider_that_never_answered_is_asked_again_after_a_moment_only(asked):
    asked.says[f"{ISSUER}/.well-known/openid-configuration"] = requests.ConnectionError("down")
    provider = OidcProvider(SETTINGS)
    for age in (timedelta(), timedelta(seconds=1), AGAIN):
        with pytest.raises(IdentityError):
            provider.keys(NOW + age)

    assert 2 == len(asked)


def test_address_of_a_sign_in_carries_the_challenge_and_no_verifier(asked):
    address = urlsplit(OidcProvider(SETTINGS).address(LoginRequest("state-1", "nonce-1", "v" * 48), NOW))
    query = {name: values[0] for name, values in parse_qs(address.query).items()}

    assert f"{ISSUER}/authorize" == f"{address.scheme}://{address.netloc}{address.path}"
    assert ("state-1", "nonce-1", "S256", "code") == tuple(
        query[name] for name in ("state", "nonce", "code_challenge_method", "response_type")
    )
    assert ("https://yujing.example/login/back", "openid profile") == (query["redirect_uri"], query["scope"])
    assert "v" * 48 not in address.query


def test_goodbye_leads_back_to_the_login_or_nowhere(asked):
    goodbye = OidcProvider(SETTINGS).goodbye(NOW)
    changed(asked, end_session_endpoint=None)

    assert goodbye == f"{ISSUER}/leave?client_id=yujing&post_logout_redirect_uri=https%3A%2F%2Fyujing.example%2Flogin"
    assert OidcProvider(SETTINGS).goodbye(NOW) is None


def test_keys_of_a_file_are_used_and_read_again_without_asking(asked, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KeySet([STRONG]).as_dict(private=False)))
    provider = OidcProvider(SETTINGS.model_copy(update={"jwks_file": file}))
    assert ["k1"] == [key.kid for key in provider.keys(NOW).keys]

    file.write_text(json.dumps(KEYS))
    assert ["k1", "k2"] == [key.kid for key in provider.keys(NOW, again=True).keys]
    file.write_text("half written")
    assert ["k1", "k2"] == [key.kid for key in provider.keys(NOW, again=True).keys]
    assert [] == asked


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": 3}', "not json"])
def test_key_file_that_holds_no_keys_is_refused(tmp_path, content):
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(UsageError, match="jwks_file must hold"):
        read_keys(file)
