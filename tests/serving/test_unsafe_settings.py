"""Unsafe settings refuse to start, and say why in one line."""

import pytest

from features.errors import StoreError, UsageError
from features.storage.home import Home
from features.storage.keys import secret_key
from serving.accounts.oidc_login import Issuer
from serving.settings import OidcSettings, Settings
from tests.support.databases import PRAGMAS_AS_SHIPPED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("serving: {host: 0.0.0.0}", "ends TLS"),
        ("serving: {host: '::'}", "ends TLS"),
        ("serving: {allowed_hosts: ['*']}", "named one by one"),
        ("serving: {trusted_proxies: ['*']}", "named one by one"),
        ("serving: {metrics_allowed_addresses: ['*']}", "named one by one"),
        ("serving: {host: 0.0.0.0, behind_proxy: true}", "needs trusted_proxies"),
        ("alerts: {receivers: [{name: desk, url: 'http://[::1'}]}", "must be an address"),
        ("alerts: {receivers: [{name: desk, url: 'http:///in'}]}", "should match pattern"),
        ("alerts: {receivers: [{name: desk, url: 'http://host:port/'}]}", "must be an address"),
        ("alerts: {receivers: [{name: desk, url: 'ftp://host/'}]}", "should match pattern"),
        ("alerts: {receivers: [{name: desk, url: 'http://user:secret@host/'}]}", "must be an address"),
        ("alerts: {receivers: [{name: a, url: 'http://a/'}, {name: a, url: 'http://b/'}]}", "a name of its own"),
        ("serving: {debug: true}", "unknown key"),
        ("serving: {admin_password: ''}", "unknown key"),
        ("serving: {secret: changeme}", "unknown key"),
        ("oidc: {jwks_file: jwks.json}", "needs issuer and client_id"),
        ("oidc: {issuer: 'http://id.example', client_id: yujing}", "must be https"),
        ("oidc: {issuer: 'https://id.example', client_id: yujing, public_url: 'http://yujing.example'}", "must be https"),
        ("oidc: {issuer: 'https://id.example', client_id: yujing, password_login: false}", "only where public_url"),
    ],
)
def test_unsafe_setting_is_refused_in_one_line(tmp_path, text, why):
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=why) as caught:
        Settings.load(tmp_path / "config.yaml")
    assert "\n" not in str(caught.value)


def test_key_that_others_may_read_is_refused(tmp_path):
    home = Home(tmp_path / "home")
    key = secret_key(home, "cursor")
    (home.keys / "cursor.key").chmod(0o640)

    with pytest.raises(StoreError, match="chmod 600"):
        secret_key(home, "cursor")
    (home.keys / "cursor.key").chmod(0o600)
    assert key == secret_key(home, "cursor")


def test_client_secret_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "secret"
    path.write_text("a secret", encoding="utf-8")
    path.chmod(0o640)

    with pytest.raises(UsageError, match="chmod 600"):
        Issuer.of(OidcSettings(issuer="https://id.example", client_id="yujing", client_secret_file=path))


def test_sqlite_syncs_fully_and_keeps_no_wal():
    assert ("truncate", 2) == (PRAGMAS_AS_SHIPPED["journal_mode"], PRAGMAS_AS_SHIPPED["synchronous"])
