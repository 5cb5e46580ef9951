"""Fixtures of the API, for what API and pages share."""

from tests.serving.api.conftest import accounts, app, client, clock, fresh_client, token, townships

__all__ = ["accounts", "app", "client", "clock", "fresh_client", "token", "townships"]
