"""Ids leave the door as keyed hashes, under one key for the life of the log."""

import base64
import hmac
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from features.database.engine import writing
from features.database.tables import sequence
from features.errors import StoreError
from features.intake.pseudonyms import KEY_NAME, deployment_key, keyed_hashes, keyed_ids
from features.storage.home import Home

KEY = bytes(range(32))


@given(st.lists(st.text(max_size=200), max_size=5))
@settings(max_examples=20, deadline=None)
def test_keyed_ids_are_the_first_130_bits_of_the_hmac_in_base32(texts: list[str]) -> None:
    expected = [base64.b32encode(hmac.digest(KEY, text.encode(), "sha256")).decode()[:26] for text in texts]

    assert expected == keyed_ids(KEY, pl.Series(texts, dtype=pl.String)).to_list()


def test_keyed_hashes_are_the_hmac_in_hexadecimal() -> None:
    texts = ["a", "", "网格" * 100]

    assert [hmac.digest(KEY, text.encode(), "sha256").hex() for text in texts] == keyed_hashes(KEY, pl.Series(texts)).to_list()


@pytest.mark.parametrize("make", [keyed_ids, keyed_hashes])
def test_keyed_texts_of_no_rows_are_none(make) -> None:
    assert [] == make(KEY, pl.Series([], dtype=pl.String)).to_list()


def test_deployment_key_is_made_once_with_an_empty_log(engine: Engine, tmp_path: Path) -> None:
    home = Home(tmp_path / "keys")

    assert deployment_key(home, engine) == deployment_key(home, engine)


def test_deployment_key_that_is_gone_while_the_log_has_cases_is_not_made_anew(engine: Engine, tmp_path: Path) -> None:
    home = Home(tmp_path / "keys")
    with writing(engine) as connection:
        connection.execute(update(sequence).values(last=1))
    with pytest.raises(StoreError, match=r"must hold the key that made the ids of the event log, found none\. Restore the folder"):
        deployment_key(home, engine)

    assert not (home.keys / f"{KEY_NAME}.key").exists()
