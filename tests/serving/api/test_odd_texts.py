"""Texts that nobody would write, wherever one may be written."""

import asyncio

import pytest

from serving.accounts.permissions import Role
from tests.support.access_matrix import ANY_OBJECT, Request, by, operations, requests_of, running

ODD = ("a\0b", "\\u0000", "\\ud800", "9" * 99, "-1", "0001-01-01", "9999-12-31", "%", "' OR 1=1 --", "../../etc/passwd", "\u202e")
"""Texts that a path, a query or, as JSON writes them, a body may hold."""


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_are_no_fault_of_ours(app, accounts, odd):
    """On PostgreSQL no text holds NUL; SQLite keeps it."""

    async def run():
        async with running(app) as application:
            dated = [Request(method, path, (("date", ANY_OBJECT), ("as_of", ANY_OBJECT))) for method, path, _ in operations(app.openapi())]
            for number, request in enumerate([*requests_of(app.openapi()), *dated]):
                key = {"Idempotency-Key": f"odd-{ODD.index(odd)}-{number:08}"}
                statuses.add((await application.ask(request.about(odd).with_headers(**by(accounts[0, Role.COMMAND]), **key))).status)

    statuses = set()
    asyncio.run(run())

    assert [status for status in statuses if status >= 500] == []
    assert {404, 422} <= statuses
