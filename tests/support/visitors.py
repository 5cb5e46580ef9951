"""Those who ask: clients with an account, and a clock that stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from features.storage.home import Home
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import Actor, Role, Scope
from serving.accounts.sessions import issue_token
from serving.app import create_app, utc_now
from serving.audit import OPERATOR
from serving.settings import Settings

PASSWORD = "chosen by its holder"  # noqa: S105 - of accounts that live as long as a test
numbers = count()


class Clock:
    """A wall clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def sign_up(
    engine: Engine, now: datetime, role: Role = Role.COMMAND, scope: str = "", name: str = "", department: str = ""
) -> tuple[Actor, str]:
    """Return a new account, its password chosen, and a token for it."""
    department = department or ("labour" if role is Role.DEPARTMENT else "")
    created, password = create_account(
        engine, NewAccount(name or f"user{next(numbers)}", role, Scope("" if department else scope, department)), OPERATOR, now
    )
    change_password(engine, created.actor, password, PASSWORD, now)
    return created.actor, issue_token(engine, created.actor.account_id, "test", now + timedelta(days=60), now)


@contextmanager
def visit_home(home: Home, engine: Engine, role: Role, now: Callable[[], datetime] = utc_now, language: str = "zh") -> Iterator[TestClient]:
    """Open a browser without scripts on a home as it is, signed in by a new account named after its role."""
    sign_up(engine, now(), role, name=role.value)
    with TestClient(create_app(Settings(), home, now), base_url="http://localhost") as client:
        client.cookies.set("yujing_language", language)
        client.post("/login", data={"name": role.value, "password": PASSWORD})
        yield client


def open_client(app: FastAPI, token: str | None = None) -> TestClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False, headers=headers, client=("127.0.0.1", 50_000))
