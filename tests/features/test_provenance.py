import pwd

from features.provenance import login_name

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_login_name_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("LOGNAME", "chen")

    assert "chen" == login_name()


def test_login_name_of_a_user_without_an_entry_is_empty(monkeypatch):
    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert "" == login_name()
