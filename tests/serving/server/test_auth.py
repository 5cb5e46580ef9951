import random
from datetime import timedelta

import pytest
from fastapi import Depends, FastAPI, Response
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from serving.accounts.accounts import NewAccount, create_account, disable_account
from serving.accounts.permissions import EVERYTHING, RIGHTS, Right, Role
from serving.accounts.sessions import csrf_token, hash_secret, issue_token, open_session, revoke_token, tokens
from serving.app import create_app
from serving.audit import OPERATOR
from serving.server.auth import COOKIE, Credential, CredentialCache, Needs, give_session
from tests.support.published_world import PUBLISHED_AT
from tests.support.visitors import PASSWORD, Clock, open_client, sign_up

PUBLIC = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/docs/oauth2-redirect",
    "/openapi.json",
    "/static-offline-docs",
    "/static",
    "/login",
    "/login/identity",
    "/login/back",
    "/look",
    "/wall/{secret}",
    "/manifest.webmanifest",
    "/icon.svg",
    "/worker.js",
    "/v1/platforms/{name}/answers",
}
"""Paths open to anybody: signs of life, the description, and what a page needs before its reader has signed in."""


def undeclared(app):
    """Return the routes that neither ask for a right nor are public."""
    routes = [route for route in iter_route_contexts(app.routes) if route.path not in PUBLIC]
    return [route.path for route in routes if not any(isinstance(call, Needs) for call in calls(route))]


def calls(route):
    """Yield everything that a route depends on, directly or not."""
    found = [route.dependant] if hasattr(route, "dependant") else []
    while found:
        dependant = found.pop()
        yield dependant.call
        found += dependant.dependencies


def test_every_route_declares_the_right_it_needs(shared_world):
    assert undeclared(create_app(shared_world.settings, shared_world.home)) == []


def test_route_without_a_right_is_found():
    app = FastAPI(openapi_url=None)
    app.get("/open")(lambda: None)
    app.get("/closed", dependencies=[Depends(Needs(Right.EXPORT))])(lambda: None)

    assert undeclared(app) == ["/open"]


def test_role_table_names_all_rights_but_that_of_administrators():
    assert set(Right) - {Right.ADMINISTER} == {right for rights in RIGHTS.values() for right in rights}


@pytest.fixture
def door(engine):
    return CredentialCache(engine, Clock(PUBLISHED_AT))


@pytest.fixture
def cookie_client(shared_world, clock):
    """A client with a session of the command centre, and its secret."""
    actor, _ = sign_up(shared_world.engine, clock.now)
    secret, _ = open_session(shared_world.engine, actor.name, PASSWORD, clock.now)
    with open_client(create_app(shared_world.settings, shared_world.home, clock)) as client:
        client.cookies.set(COOKIE, secret)
        yield client, secret


def test_session_cookie_opens_reading(cookie_client):
    client, _ = cookie_client

    assert 200 == client.get("/v1/rankings").status_code
    client.cookies.clear()
    answer = client.get("/v1/rankings")
    assert (401, "Bearer") == (answer.status_code, answer.headers["WWW-Authenticate"])


@pytest.mark.parametrize("send", ["nothing", "other", "header", "form"])
def test_change_with_a_cookie_needs_the_token_of_its_session(cookie_client, send):
    client, secret = cookie_client
    order = {"json": {"pause": None}}
    given = {
        "nothing": order,
        "other": order | {"headers": {"X-CSRF-Token": csrf_token("other")}},
        "header": order | {"headers": {"X-CSRF-Token": csrf_token(secret)}},
        "form": {"data": {"csrf": csrf_token(secret)}},
    }[send]

    assert {"header": 200}.get(send, 403) == client.post("/v1/publishing", **given).status_code


def test_form_with_a_token_is_no_body_of_the_api(cookie_client):
    """The body stays unread: a route that reads it itself must not find it used up."""
    client, secret = cookie_client

    assert 403 == client.post("/v1/scores?as_of=2026-01-09", data={"csrf": csrf_token(secret), "cases": "x" * 1_000}).status_code


@pytest.mark.parametrize("secure", [True, False])
def test_cookie_is_for_the_server_alone(secure):
    app = FastAPI()

    @app.get("/")
    def answer(response: Response):
        give_session(response, "secret", secure=secure)

    parts = open_client(app).get("/").headers["Set-Cookie"].split("; ")

    assert {f"{COOKIE}=secret", "HttpOnly", "SameSite=lax", "Path=/"} | ({"Secure"} if secure else set()) == set(parts)


def test_one_time_password_opens_nothing_but_its_change(shared_world, clock):
    created, password = create_account(shared_world.engine, NewAccount("newcomer", Role.COMMAND, EVERYTHING), OPERATOR, clock.now)
    secret, _ = open_session(shared_world.engine, "newcomer", password, clock.now)
    token = issue_token(shared_world.engine, created.actor.account_id, "program", clock.now + timedelta(days=1), clock.now)
    with open_client(create_app(shared_world.settings, shared_world.home, clock)) as client:
        by_session = client.get("/v1/rankings", headers={"Cookie": f"{COOKIE}={secret}"})
        by_token = client.get("/v1/rankings", headers={"Authorization": f"Bearer {token}"})
        client.cookies.set(COOKIE, secret)
        page = client.get("/")

    assert "/password" == page.url.path
    assert (403, True, 200) == (by_session.status_code, "changed first" in by_session.json()["detail"], by_token.status_code)


@pytest.mark.dialect("sqlite")
def test_door_ten_thousand_bad_credentials_open_nothing(engine, door, record_property):
    now = PUBLISHED_AT
    actor, good = sign_up(engine, now, Role.TOWNSHIP, "t1")
    opened, _ = open_session(engine, actor.name, PASSWORD, now)
    other, revoked = sign_up(engine, now)
    revoke_token(engine, other.account_id, tokens(engine, other.account_id)[0].token_id, OPERATOR, now)
    disabled, of_disabled = sign_up(engine, now)
    disable_account(engine, disabled.account_id, OPERATOR, now)
    rng = random.Random(4)  # noqa: S311 - which bad ones are tried needs a seed, not secrecy
    dead = [revoked, of_disabled, "", *(hash_secret(secret) for secret in (good, opened))]
    tried = [(secret, kind) for secret in dead for kind in Credential]
    while len(tried) < 10_000:
        tried.append((bent(good, rng), Credential.TOKEN) if rng.random() < 0.5 else (bent(opened, rng), Credential.SESSION))

    accepted = [(secret, kind) for secret, kind in tried if door.look_up(kind, secret)]

    record_property("bad sessions and tokens, and how many were let in", f"{len(tried)}, {len(accepted)}")
    assert accepted == []
    assert (None, None) == (door.look_up(Credential.SESSION, good), door.look_up(Credential.TOKEN, opened))
    assert actor.account_id == door.look_up(Credential.TOKEN, good).account_id == door.look_up(Credential.SESSION, opened).account_id


def bent(secret, rng):
    """Cut a secret, flip one of its characters, or put something beside it."""
    place = rng.randrange(len(secret))
    flipped = rng.choice([character for character in "abcXYZ019-_" if character != secret[place]])
    return rng.choice(
        [secret[:place], secret[:place] + flipped + secret[place + 1 :], secret + flipped, flipped + secret, secret.swapcase()]
    )


def test_door_lets_in_no_longer_than_a_second_after_the_end(engine):
    clock = Clock(PUBLISHED_AT)
    here, elsewhere = CredentialCache(engine, clock), CredentialCache(engine, clock)
    actor, _ = sign_up(engine, clock.now)
    secret, _ = open_session(engine, actor.name, PASSWORD, clock.now)
    assert here.look_up(Credential.SESSION, secret) == elsewhere.look_up(Credential.SESSION, secret)
    here.close(secret)

    assert (None, None) == (here.remembered(Credential.SESSION, secret), here.look_up(Credential.SESSION, secret))
    clock.now += timedelta(seconds=1)
    assert (None, None) == (elsewhere.remembered(Credential.SESSION, secret), elsewhere.look_up(Credential.SESSION, secret))


def test_dump_of_the_database_holds_no_usable_secret(engine, door):
    actor, issued = sign_up(engine, PUBLISHED_AT)
    opened, _ = open_session(engine, actor.name, PASSWORD, PUBLISHED_AT)
    with engine.connect() as connection:
        dumped = [
            str(row)
            for table in ("account", "session", "token", "audit", "login_attempt")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]

    assert not [row for row in dumped for secret in (issued, opened, PASSWORD) if secret in row]
