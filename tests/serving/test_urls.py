"""Addresses that settings name."""

import pytest

from serving.urls import ascii_url, is_private


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://id.example", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://id.example", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("ftp://127.0.0.1", False),
        ("https://", False),
        ("id.example", False),
    ],
)
def test_is_private_only_what_nobody_on_the_way_can_read(address: str, private: bool) -> None:
    assert private is is_private(address)


def test_ascii_url_of_ascii_is_itself() -> None:
    assert "https://[::1]:8443/a?b=c" == ascii_url("https://[::1]:8443/a?b=c")


@pytest.mark.parametrize("address", ["ftp://host/path", "https://", "https://li:secret@host", "https://host/a b", "https://host:port"])
def test_ascii_url_of_another_kind_of_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must be an address such as https://host/path"):
        ascii_url(address)
