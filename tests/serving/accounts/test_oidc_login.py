"""Signing in through an identity provider, over real HTTP on both sides; and the ways in which others try to."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx2 as httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.accounts import NewAccount, create_account, disable_account
from serving.accounts.permissions import Role, Scope
from serving.app import create_app
from serving.audit import OPERATOR
from serving.pages.routes.session import KEPT
from serving.server.auth import COOKIE
from serving.settings import Settings
from tests.support.audit_entries import newest_entries
from tests.support.loopback import on_loopback
from tests.support.openid_provider import CLIENT, SECRET, SHORT, STRONG, OpenIdProvider
from tests.support.people import token_of
from tests.support.visitors import PASSWORD, Clock, sign_up

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
SECOND = int(NOW.timestamp())
FOREIGN = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256"})


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which `li` has an account, `gone` had one, and `admin` administers."""
    home = Home(tmp_path_factory.mktemp("sign_on") / "home")
    engine = open_database(home.database_url)
    create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("")), OPERATOR, NOW)
    gone, _ = create_account(engine, NewAccount("gone", Role.COMMAND, Scope("")), OPERATOR, NOW)
    disable_account(engine, gone.actor.account_id, OPERATOR, NOW)
    sign_up(engine, NOW, name="boss")
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def running(clock: Clock) -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider(clock)
    with on_loopback(provider.app, "localhost"):
        yield provider


@pytest.fixture
def provider(running: OpenIdProvider, clock: Clock) -> OpenIdProvider:
    """The provider as an honest one."""
    clock.now = NOW
    vars(running).update(vars(OpenIdProvider(clock, running.base)))
    return running


@pytest.fixture(scope="module")
def base(home: Home, running: OpenIdProvider, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the service."""
    secret = tmp_path_factory.mktemp("secret") / "client"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    secret.chmod(0o600)
    oidc = {"issuer": running.base, "client_id": CLIENT, "client_secret_file": secret}
    with on_loopback(lambda base: create_app(Settings(oidc=oidc | {"public_url": base}), home, clock)) as address:
        yield address


class Visitor(httpx.Client):
    """A browser without scripts that goes where it is sent one step at a time."""

    def out(self, base: str, goal: str = "/password") -> str:
        """Return where the service sends this browser to."""
        return self.get(f"{base}/login/identity", params={"next": goal}).headers["Location"]

    def ask(self, address: str) -> str:
        """Return where the provider sends this browser back to."""
        return self.get(address).headers["Location"]

    def is_in(self, base: str) -> bool:
        return self.get(f"{base}/password").status_code == 200


def changed(address: str, **parameters: str | None) -> str:
    """Return an address with parameters changed, or left out."""
    parts = urlsplit(address)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return urlunsplit(parts._replace(query=urlencode({name: value for name, value in given.items() if value is not None})))


def test_sign_in_opens_an_ordinary_session_and_leads_on(provider: OpenIdProvider, base: str, home: Home) -> None:
    with Visitor() as visitor:
        login = visitor.get(f"{base}/login", params={"next": "/password"})
        back = visitor.ask(visitor.out(base))
        arrival = visitor.get(back)
        engine = open_database(home.database_url)
        deed = newest_entries(engine, 1)[0]
        engine.dispose()

        assert 'href="/login/identity?next=/password"' in login.text
        assert (303, "/password", True) == (arrival.status_code, arrival.headers["Location"], visitor.is_in(base))
        assert ("session.open", '{"vouched": true}') == (deed.action, deed.detail)
        session, gone = (next(each for each in arrival.headers.get_list("Set-Cookie") if each.startswith(name)) for name in (COOKIE, KEPT))
        assert session.endswith("; HttpOnly; Path=/; SameSite=lax")
        assert "Max-Age=0" in gone


def test_question_to_the_provider_holds_a_challenge_and_the_cookie_none_of_its_secrets(provider: OpenIdProvider, base: str) -> None:
    with Visitor() as visitor:
        asked = parse_qs(urlsplit(visitor.out(base)).query)
        kept = visitor.cookies[KEPT]

    assert (["code"], ["S256"], ["openid profile"]) == (asked["response_type"], asked["code_challenge_method"], asked["scope"])
    assert (f"{base}/login/back", 43, 43) == (asked["redirect_uri"][0], len(asked["state"][0]), len(asked["code_challenge"][0]))
    assert not [name for name in ("state", "nonce", "code_challenge") if asked[name][0] in kept]


@pytest.mark.parametrize(
    ("goal", "led"),
    [("/grids?q=1", "/grids?q=1"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/"),
     ("/\t/evil.example", "/"), ("javascript:alert(1)", "/"), ("evil.example", "/"), ("", "/")],
)  # fmt: skip
def test_sign_in_leads_nowhere_but_inside(provider: OpenIdProvider, base: str, goal: str, led: str) -> None:
    with Visitor() as visitor:
        arrival = visitor.get(visitor.ask(visitor.out(base, goal)))

        assert led == arrival.headers["Location"]


def test_signing_out_ends_the_session_here_and_then_there(provider: OpenIdProvider, base: str) -> None:
    with Visitor() as visitor:
        visitor.get(visitor.ask(visitor.out(base)))
        answer = visitor.post(f"{base}/logout", data={"csrf": token_of(visitor.get(f"{base}/password").text)})
        goodbye = answer.text.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")

        assert not visitor.is_in(base)
        assert f"{base}/login" == visitor.get(goodbye).headers["Location"]
        assert [CLIENT] == provider.left


def test_who_signed_in_by_password_is_not_sent_to_the_provider(provider: OpenIdProvider, base: str) -> None:
    with Visitor() as visitor:
        visitor.post(f"{base}/login", data={"name": "boss", "password": PASSWORD})
        answer = visitor.post(f"{base}/logout", data={"csrf": token_of(visitor.get(f"{base}/password").text)})

        assert (303, "/login") == (answer.status_code, answer.headers["Location"])


@pytest.mark.parametrize("key", [STRONG, SHORT])
def test_provider_may_sign_with_any_of_its_keys(provider: OpenIdProvider, base: str, key) -> None:
    provider.key = key
    with Visitor() as visitor:
        visitor.get(visitor.ask(visitor.out(base)))

        assert visitor.is_in(base)


def test_key_that_is_new_is_fetched_but_not_at_every_call(provider: OpenIdProvider, base: str, clock: Clock) -> None:
    new = RSAKey.generate_key(2048, {"kid": "k9", "alg": "RS256"})
    with Visitor() as visitor:
        visitor.out(base)
        provider.key, provider.published = new, (STRONG, new)
        visitor.get(visitor.ask(visitor.out(base)))
        before = visitor.is_in(base)
        clock.now = NOW + timedelta(seconds=31)
        visitor.get(visitor.ask(visitor.out(base)))

        assert [False, True] == [before, visitor.is_in(base)]


@pytest.mark.parametrize("ahead", [-59, 59])
def test_clocks_may_differ_by_a_minute(provider: OpenIdProvider, base: str, ahead: int) -> None:
    provider.claims = {"iat": SECOND + ahead}
    with Visitor() as visitor:
        visitor.get(visitor.ask(visitor.out(base)))

        assert visitor.is_in(base)


@pytest.mark.parametrize(
    ("lie", "status", "zh", "en"),
    [
        ({"person": "nobody"}, 403, "没有账号", "no account here"),
        ({"person": "gone"}, 403, "没有账号", "no account here"),
        ({"claims": {"preferred_username": None}}, 403, "没有确认", "did not confirm"),
        ({"claims": {"preferred_username": ["li"]}}, 403, "没有确认", "did not confirm"),
    ],
)
def test_refusal_is_a_page_that_says_why(provider: OpenIdProvider, base: str, lie, status: int, zh: str, en: str) -> None:
    vars(provider).update(lie)
    pages = []
    for language in ("zh", "en"):
        with Visitor(cookies={"yujing_language": language}) as visitor:
            pages.append(visitor.get(visitor.ask(visitor.out(base))))
            assert not visitor.is_in(base)

    assert [status] * 2 == [page.status_code for page in pages]
    assert (True, True) == (zh in pages[0].text, en in pages[1].text)
    assert all("/login/identity" in page.text for page in pages)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "127.0.0.1"])
def test_provider_that_is_down_or_another_is_said_so_and_passwords_go_on(
    home: Home, clock: Clock, provider: OpenIdProvider, host: str
) -> None:
    """The provider runs on localhost: by any other name it is not the one that was named."""
    issuer = f"http://{host}" if ":" in host else provider.base.replace("localhost", host)
    oidc = {"issuer": issuer, "client_id": CLIENT, "public_url": "http://127.0.0.1"}
    with on_loopback(lambda _: create_app(Settings(oidc=oidc), home, clock)) as base, Visitor() as visitor:
        page = visitor.get(f"{base}/login/identity")
        visitor.post(f"{base}/login", data={"name": "boss", "password": PASSWORD})

        assert (503, True, True) == (page.status_code, "暂时连不上" in page.text, visitor.is_in(base))


def test_without_passwords_only_administrators_keep_theirs(home: Home, clock: Clock, provider: OpenIdProvider) -> None:
    engine = open_database(home.database_url)
    _, password = create_account(engine, NewAccount("admin", Role.COMMAND, Scope(""), administers=True), OPERATOR, NOW)
    engine.dispose()
    oidc = {"issuer": provider.base, "client_id": CLIENT, "public_url": "http://127.0.0.1", "password_login": False}
    with on_loopback(lambda _: create_app(Settings(oidc=oidc), home, clock)) as base, Visitor() as visitor:
        page = visitor.get(f"{base}/login").text
        answers = [
            visitor.post(f"{base}/login", data={"name": name, "password": given}).status_code
            for name, given in (("boss", PASSWORD), ("admin", "wrong"), ("admin", password))
        ]

        assert [401, 401, 303] == answers
        assert page.index("<details>") < page.index('name="password"')


def test_service_without_a_provider_treats_its_door_as_a_page_that_is_not_there(home: Home, clock: Clock) -> None:
    with on_loopback(lambda _: create_app(Settings(), home, clock)) as base, Visitor() as visitor:
        assert "identity" not in visitor.get(f"{base}/login").text
        answers = [visitor.get(f"{base}/login/{page}") for page in ("identity", "back")]

        assert [(303, "/start")] * 2 == [(answer.status_code, answer.headers["location"]) for answer in answers]


Attack = Callable[[OpenIdProvider, Visitor, str], None]
"""Tries to get a browser in that should not get in."""


def lying(**lies: object) -> Attack:
    """Return the attack of a provider, or of somebody between, whose tokens are not as they must be."""

    def attack(provider: OpenIdProvider, visitor: Visitor, base: str) -> None:
        vars(provider).update(lies)
        visitor.get(visitor.ask(visitor.out(base)))

    return attack


def answering(**parameters: str | None) -> Attack:
    """Return the attack of somebody who changes the answer on the way back."""

    def attack(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
        visitor.get(changed(visitor.ask(visitor.out(base)), **parameters))

    return attack


def other_browser(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
    with Visitor() as victim:
        visitor.get(victim.ask(victim.out(base)))


def replayed_answer(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
    with Visitor() as victim:
        out = victim.out(base)
        kept = victim.cookies[KEPT]
        back = victim.ask(out)
        victim.get(back)
    visitor.get(back, headers={"Cookie": f"{KEPT}={kept}"})


def replayed_code(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
    with Visitor() as victim:
        back = victim.ask(victim.out(base))
        victim.get(back)
    visitor.get(changed(visitor.ask(visitor.out(base)), code=parse_qs(urlsplit(back).query)["code"][0]))


def injected_code(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
    with Visitor() as victim:
        back = victim.ask(victim.out(base))
    visitor.get(changed(visitor.ask(visitor.out(base)), code=parse_qs(urlsplit(back).query)["code"][0]))


def injected_at_a_careless_provider(provider: OpenIdProvider, visitor: Visitor, base: str) -> None:
    provider.careful = False
    injected_code(provider, visitor, base)


def without_challenge(_: OpenIdProvider, visitor: Visitor, base: str) -> None:
    visitor.get(visitor.ask(changed(visitor.out(base), code_challenge=None, code_challenge_method=None)))


def too_late(provider: OpenIdProvider, visitor: Visitor, base: str) -> None:
    back = visitor.ask(visitor.out(base))
    provider.clock.now = NOW + timedelta(minutes=10)
    visitor.get(back)


def longer_cookie(provider: OpenIdProvider, visitor: Visitor, base: str) -> None:
    back = visitor.ask(visitor.out(base))
    secret, end, goal = visitor.cookies[KEPT].split(".", 2)
    provider.clock.now = NOW + timedelta(minutes=10)
    visitor.cookies.clear()
    visitor.get(back, headers={"Cookie": f"{KEPT}={secret}.{int(end) + 9999}.{goal}"})


ATTACKS: dict[str, Attack] = {
    "wrong state": answering(state="x" * 43),
    "no state": answering(state=None),
    "no code": answering(code=None),
    "error beside no code": answering(code=None, error="access_denied"),
    "answer of another issuer": answering(iss="https://evil.example"),
    "answer in another browser": other_browser,
    "replayed answer": replayed_answer,
    "replayed code": replayed_code,
    "injected code": injected_code,
    "injected code, careless provider": injected_at_a_careless_provider,
    "no challenge": without_challenge,
    "too late": too_late,
    "cookie made to last": longer_cookie,
    "wrong nonce": lying(claims={"nonce": "x" * 43}),
    "no nonce": lying(claims={"nonce": None}),
    "token of another issuer": lying(claims={"iss": "https://evil.example"}),
    "token for another audience": lying(claims={"aud": "other"}),
    "token for two, asked for by the other": lying(claims={"aud": ["other", CLIENT], "azp": "other"}),
    "token over": lying(claims={"exp": SECOND - 1}),
    "token old": lying(claims={"iat": SECOND - 901}),
    "token from the future": lying(claims={"iat": SECOND + 61}),
    "token of another access token": lying(claims={"at_hash": "x" * 22}),
    "token without subject": lying(claims={"sub": None}),
    "alg none": lying(header={"alg": "none"}),
    "HS256 with the public key": lying(key=OctKey.import_key(json.dumps(STRONG.as_dict(private=False)), {"kid": "k1", "alg": "HS256"})),
    "foreign key": lying(key=FOREIGN),
    "own key inside": lying(key=FOREIGN, header={"jwk": FOREIGN.as_dict(private=False)}),
    "unknown key": lying(header={"kid": "k7"}),
}


def accepted(provider: OpenIdProvider, base: str, names: Iterable[str] = ATTACKS) -> set[str]:
    """Return the attacks by which somebody got in."""
    found = set()
    for name in names:
        vars(provider).update(vars(OpenIdProvider(provider.clock, provider.base)))
        provider.clock.now = NOW
        with Visitor() as visitor:
            ATTACKS[name](provider, visitor, base)
            found |= {name} if visitor.is_in(base) else set()
    return found


def test_attacks_let_nobody_in(provider: OpenIdProvider, base: str) -> None:
    assert accepted(provider, base) == set()


def test_sign_in_that_does_not_compare_the_nonce_is_caught(provider: OpenIdProvider, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.accounts.oidc_login.CodeIDToken.validate_nonce", lambda _: None)

    assert {"wrong nonce", "no nonce", "injected code, careless provider"} == accepted(provider, base)


def test_sign_in_that_does_not_compare_the_state_is_caught(provider: OpenIdProvider, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.accounts.oidc_login.OidcLogin.is_answered", lambda *_: True)

    assert {"wrong state", "no state"} == accepted(provider, base, ("wrong state", "no state"))
