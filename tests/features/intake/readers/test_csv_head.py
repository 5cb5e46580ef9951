"""Encoding, separator and header of a CSV file, stated or found out."""

from io import BytesIO

import pytest

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import unnamed_column
from features.intake.readers.csv_head import SAMPLE_BYTES, CsvHead, find_encoding, read_head
from features.intake.readers.layout import Layout

NEEDED = Layout(needed=(("编号", "网格"),))


def head(*lines: str, layout: Layout = NEEDED, encoding: str = "utf-8") -> CsvHead:
    return read_head(iter(f"{line}\n" for line in lines), layout, encoding, "a.csv")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("编号,网格".encode(), "utf-8"),
        ("编号,网格".encode("gb18030"), "gb18030"),
        (b"id,grid", "utf-8"),
        (b"", "utf-8"),
        (b"\xff\xff\xff", "utf-8"),
    ],
    ids=["UTF-8", "GB 18030", "ASCII", "empty", "neither"],
)
def test_find_encoding_of_a_whole_file(content: bytes, encoding: str) -> None:
    assert encoding == find_encoding(BytesIO(content))


def test_find_encoding_sample_that_ends_within_a_character_is_still_utf_8() -> None:
    content = ("a" + "网" * (SAMPLE_BYTES // 3 + 1)).encode()

    assert "utf-8" == find_encoding(BytesIO(content))


def test_find_encoding_file_that_ends_within_a_character_is_not_utf_8() -> None:
    assert "gb18030" == find_encoding(BytesIO("编号".encode("gb18030") + "格".encode()[:2]))


@pytest.mark.parametrize("separator", [",", ";", "\t", "，", "；", "|"])
def test_read_head_separator_is_the_one_under_which_the_needed_columns_are_there(separator: str) -> None:
    found = head(separator.join(["编号", "网格", "说明"]), "1,2,3;4;5|6|7，8；9")

    assert separator == found.separator


def test_read_head_separator_of_an_unknown_header_is_the_most_frequent() -> None:
    assert ";" == head("a;b;c,d", "1;2;3", layout=Layout()).separator


def test_read_head_separator_for_a_guess_is_that_of_most_lines() -> None:
    assert ";" == head("id;text", "1;a,b,c,d,e", "2;x", "3;y", layout=Layout(guess=True)).separator


def test_read_head_separator_declared_in_the_first_line_is_taken() -> None:
    found = head("sep=|", "编号|网格|a,b,c,d", layout=Layout())

    assert ("|", 2, ("编号", "网格", "a,b,c,d")) == (found.separator, found.lines, found.names)


def test_read_head_stated_separator_comes_before_a_declared_one() -> None:
    assert "," == head("sep=;", "编号,网格", layout=Layout(separator=",")).separator


def test_read_head_below_title_lines_is_found_and_told() -> None:
    found = head("某街道矛盾纠纷台账", "", "编号,网格", "1,g1")

    assert 3 == found.lines
    assert ["The header is in line 3; 1 lines with text above it are not read."] == [str(remark) for remark in found.remarks]


def test_read_head_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert ("编号", "网格") == head("\ufeff编号,网格").names


def test_read_head_stated_row_is_the_header_whatever_it_holds() -> None:
    assert ("1", "g1") == head("编号,网格", "1,g1", layout=Layout(header_row=2)).names


def test_read_head_columns_beyond_the_last_name_are_known_and_may_be_missing_in_rows() -> None:
    found = head("编号,网格,,")

    assert (("编号", "网格", unnamed_column(3), unnamed_column(4)), 2) == (found.names, found.width)


def test_read_head_quoted_name_with_the_separator_is_one_name() -> None:
    assert ("编号", "网格", "说明,备注") == head('编号,网格,"说明,备注"').names


@pytest.mark.parametrize("lines", [(), ("",), ("\ufeff", " \t ")], ids=["no line", "empty line", "only what cannot be seen"])
def test_read_head_of_nothing_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(InputRefusedError, match=r"a\.csv must begin with a header, found nothing\. Check the export") as error:
        head(*lines)

    assert Code.FILE_EMPTY == error.value.code


def test_read_head_quotation_mark_left_open_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="must have a header on one line, found a quotation mark left open"):
        head('编号,"网格', layout=Layout())


def test_read_head_encoding_and_separator_are_told_in_both_languages() -> None:
    remarks = head("编号\t网格", encoding="gb18030").remarks

    assert ["The text is read as GB18030.", "The cells are parted by tabs."] == [str(remark) for remark in remarks]
    assert ["文本按GB18030编码读取。", "单元格以制表符分隔。"] == [remark.zh for remark in remarks]


def test_read_head_separator_without_a_word_is_shown_itself() -> None:
    assert ["The cells are parted by '|'."] == [str(remark) for remark in head("编号|网格").remarks]
