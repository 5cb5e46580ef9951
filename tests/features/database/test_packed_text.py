import hashlib
from pathlib import Path

import numpy as np
import pytest

from features.database import packed_text
from features.database.packed_text import pack, unpack
from features.errors import StoreError

ROW = '{"grid_id":"g1","community":"d/t/c","score":{"rank":1,"expected_escalations":0.757473},"withheld":null}'


@pytest.mark.parametrize("text", ["", "{}", ROW, "房屋宅基地纠纷少量（不足3件）未办结", ROW * 900])
def test_text_comes_back_as_it_was(text: str) -> None:
    assert text == unpack(pack(text))


def test_row_takes_less_than_half_its_room() -> None:
    assert len(pack(ROW)) * 2 < len(ROW)


def test_text_that_was_stored_plainly_is_read() -> None:
    assert unpack(ROW.encode()) == ROW


def test_every_changed_cut_or_longer_value_is_refused_or_reads_otherwise() -> None:
    stored, rng = pack(ROW), np.random.default_rng(1)
    changed = [stored[:at] + bytes([stored[at] ^ 1 << int(rng.integers(8))]) + stored[at + 1 :] for at in range(1, len(stored))]

    for value in [*changed, stored[:-1], stored + b" ", b"\x02" + stored[1:]]:
        try:
            assert unpack(value) != ROW
        except StoreError:
            continue


@pytest.mark.parametrize("value", [pack(ROW)[:-1], pack(ROW) + b" ", b"\xff", b"\x01"])
def test_value_that_is_not_whole_is_told(value: bytes) -> None:
    with pytest.raises(StoreError, match="as it was written"):
        unpack(value)


def test_dictionary_is_the_one_that_rows_were_written_with() -> None:
    content = Path(packed_text.__file__).with_name("packed_text_1.txt").read_bytes()

    assert hashlib.sha256(content).hexdigest() == "027dcf7ac6be21034809f6259aba26cf23c2d2d011ce1a421e29119388687cdf"
