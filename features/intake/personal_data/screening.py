"""The person screen over cells, rows and whole files: identifiers, identity numbers as keys, and columns about people.

It runs before anything is written. Only the class of what was found leaves this module, never the value. Regular codes that look like
numbers of bank cards are let through: of sixteen digits, one in ten passes their check by chance.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
from scipy.special import bdtrc

from features.errors import InputRefusedError
from features.intake.columns import Cells
from features.intake.personal_data.patterns import NAME_TRIGGER, RESIDENT_ID, SHAPES, names_a_person
from features.intake.quarantine import Code
from features.intake.source_file import SourceFile
from features.schema import Col

SERIAL_TIME = r"^[1-9]\d{4}(?:\.\d+)?$"
"""Times as spreadsheets count them, 45299.6: read or not, they are no telephone numbers."""
ADVICE = "Remove them at the source and send the file again."

CHANCE = 0.1
"""Share of plain numbers that pass the check digit of a card."""
SURE = 1e-3
"""Codes are doubted when so many hits had a smaller probability than this."""
PREFIX_CHARS = 6
"""Codes of grids begin with the code of a county."""
FEWEST_ALIKE = 3

_INVISIBLE = "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]"
_DIGITS = dict(zip("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺Хх×", "001234567891234567891XXX", strict=True))
_DIGIT_TABLE = str.maketrans(_DIGITS)
_MONTH, _DAY, _CLOCK = "(?:0[1-9]|1[0-2])", "(?:[0-2][0-9]|3[01])", "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_DATE_OR_TIME = re.compile(
    "(?<![0-9])(?:"
    r"(?:19|20)[0-9]{2}([-./_ ])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-./_ ])[0-9]{1,2}\2(?:19|20)[0-9]{2}"
    r"|[0-2]?[0-9]([._])[0-5][0-9]\3[0-5][0-9]"
    f"|[0-9]{{2}}{_MONTH}{_DAY}{_CLOCK}[0-5][0-9]|(?:{_MONTH}{_DAY}|{_DAY}{_MONTH})(?:19|20)[0-9]{{2}}{_CLOCK}(?:[0-5][0-9])?"
    ")(?![0-9])"
)
"""2015-01-16 and 16.1.2015, 8.30.00, and without separators 150116083000 and 011620150830."""
_AMOUNT = re.compile(r"(?<![0-9.])([0-9]+)\.([0-9]{1,2})(?![0-9.])")
_TRIGGER = "|".join([*(shape.trigger for shape in SHAPES), NAME_TRIGGER])

_PERSON_COLUMN = re.compile(
    "姓名|名字|身份|证件|护照|军官证|通行证|手机|电话|联系方式|微信|qq|邮箱|银行卡|卡号|账号|帐号|车牌|住址|(?:家庭|户籍|联系|通讯)地址|门牌"
    "|户籍|出生|性别|年龄|民族|(?:当事|申请|报警|报案|投诉|举报|来访|来电|信访|上访|联系|负责|经办|嫌疑|受害)人(?!数|次)|户主(?!数)"
    "|name_?of|(?:first|last|full|given|family|middle|sur|user|nick|person|people|resident|citizen|applicant|contact|owner)_?name"
    "|(?:tenant|caller|staff|officer|worker)_?name|complainant|applicant|contact_?(?:info|no|num)|home_?address|birth|ethnic|religio"
    "|id_?card|identity|passport|social_?security|phone|e_?mail|we_?chat|weixin|(?:bank|credit|debit)_?card|bank_?account|licen[cs]e_?plate"
    "|(?:^|_)(?:id|card|plate)_?(?:no|num|number)$|(?:^|_)(?:mobile|tel|ssn|iban|imei|mac|dob|gender|sex)(?:_|$)"
)
"""Headers that speak of a person, in snake case. Counts of people are not about one: 当事人数."""


def find_identifier(text: str, as_of: date) -> Code | None:
    """Return the most severe class of identifier in one cell, None if there is none.

    >>> find_identifier("联系电话 138-0013-8000", date(2026, 1, 1))
    <Code.PERSON_PHONE: 'PERSON_PHONE'>
    """
    plain = _normalised(text)
    numbers = plain.translate(_DIGIT_TABLE)
    apart = _keep_dates_and_amounts_apart(numbers)
    for shape in SHAPES:
        # An ID number may be written with separators around its birth date.
        if shape.is_in(numbers if shape.code is Code.PERSON_ID_NUMBER else apart, as_of):
            return shape.code
    return Code.PERSON_NAME if names_a_person(plain) else None


def screen(column: pl.Series, as_of: date) -> pl.Series:
    """Return `find_identifier` of every cell: a String Series of the same length, null where the cell is clean or null.

    One pass of a regex that sees every possible identifier leaves few cells for the exact search.
    """
    text = column.cast(pl.String)
    codes = {cell: find_identifier(cell, as_of) for cell in _cells_matching(text, _TRIGGER)}
    found = {cell: str(code) for cell, code in codes.items() if code}
    return text.replace_strict(list(found), list(found.values()), default=None, return_dtype=pl.String)


def identifier_share(values: pl.Series) -> float:
    """Return which share (0 to 1) of the values of an id column hold a valid 18-character identity number; nulls do not count."""
    text = values.drop_nulls().cast(pl.String)
    numbers = [
        cell
        for cell in _cells_matching(text, RESIDENT_ID.trigger)
        if RESIDENT_ID.is_in(_normalised(cell).translate(_DIGIT_TABLE), date.max)
    ]
    return float(text.is_in(numbers).sum()) / max(len(text), 1)


def suspect_column_names(names: Iterable[str]) -> list[str]:
    """Return the headers that announce a column about persons.

    >>> suspect_column_names(["grid_id", "当事人数", "contactName", "联系 电话"])
    ['contactName', '联系 电话']
    """
    return [name for name in names if _PERSON_COLUMN.search(_snake_case(name))]


def _normalised(text: str) -> str:
    return re.sub(_INVISIBLE, "", unicodedata.normalize("NFKC", text))


def _keep_dates_and_amounts_apart(text: str) -> str:
    """Let no phone or card run across the parts of a date or time, or a decimal point: 13-5-2015 8.30 is not a mobile number."""
    apart = _DATE_OR_TIME.sub(lambda match: f"/{'/'.join(re.findall('[0-9]{1,6}', match[0]))}/", text)
    return _AMOUNT.sub(r"\1/\2", apart)


def _cells_matching(text: pl.Series, trigger: str) -> pl.Series:
    """Return the distinct cells in whose normalised form the regex is found, any letter case."""
    pattern = f"(?i){trigger}"
    is_ascii = text.str.len_bytes() == text.str.len_chars()
    plain, other = text.filter(is_ascii), text.filter(~is_ascii).unique()
    folded = other.str.normalize("NFKC").str.replace_all(_INVISIBLE, "").str.replace_many(_DIGITS)
    return pl.concat([plain.filter(plain.str.contains(pattern)).unique(), other.filter(folded.str.contains(pattern))])


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name))
    return re.sub(r"(?<=[一-鿿])_(?=[一-鿿])", "", re.sub(r"[\W_]+", "_", words.lower()))


def refuse_personal_names(path: Path | None, header: tuple[str, ...], today: date) -> None:
    """Refuse a file whose name or header identifies a person, or whose header announces a column about persons.

    Raises:
        InputRefusedError: says where, never what.
    """
    if path is not None and find_identifier(path.name, today):
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"the name of a file may not identify a person. {ADVICE}")
    hits = [place for place, name in enumerate(header, start=1) if find_identifier(name, today)]
    if hits:
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"the header may not identify a person, found it in column {hits[0]}. {ADVICE}")
    if suspect := suspect_column_names(header):
        found = ", ".join(suspect)
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"a file may not have columns about persons, found {found}. {ADVICE}")


def screen_rows(cells: Cells) -> Iterator[tuple[str, pl.Series]]:
    """Yield each column that may identify persons with the code of each row, null where it does not.

    Every column is screened, whether mapped or not, except the id of the case, which is replaced by a keyed hash. Cells that are
    read as a time or found in a closed list are known not to.
    """
    id_columns = cells.terms.source.columns[Col.EVENT_ID].origins
    for name in cells.frame.columns:
        if name in id_columns:
            continue
        text = cells.frame[name]
        distinct = text.filter(~_is_known(name, cells) & text.is_not_null()).unique()
        codes = screen(distinct, cells.terms.today)
        if codes.null_count() < len(codes):
            found = pl.DataFrame({"text": distinct, "code": codes}).drop_nulls()
            yield name, text.replace_strict(found["text"], found["code"], default=None, return_dtype=pl.String)


def _is_known(name: str, cells: Cells) -> pl.Series:
    """Return the rows whose cell was judged by the reader of its column: as a time or a number of a time, a code of a list, a grid."""
    terms = cells.terms
    known = pl.repeat(False, cells.frame.height, dtype=pl.Boolean, eager=True)
    for case_column in _uses(name, terms.source):
        if case_column in cells.moments:
            known |= cells.moments[case_column][0].is_not_null()
            if not known.all():
                known |= cells.frame[name].str.contains(SERIAL_TIME).fill_null(False)
        elif case_column in terms.codes:
            known |= cells.frame[name].is_in(list(terms.codes[case_column])).fill_null(False)
        elif case_column == Col.GRID_ID and terms.grids is not None:
            known |= cells.is_registered
    if terms.vouched and name in terms.source.code_columns:
        known |= cells.frame[name].is_in(list(terms.vouched)).fill_null(False)
    return known


def _uses(name: str, source: SourceFile) -> list[str]:
    return [case_column for case_column, column in source.columns.items() if name in column.origins]


def regular_codes(codes: pl.Series, suspects: pl.Series) -> frozenset[str]:
    """Return those suspects that are codes by all other signs: one length, beginnings that many share, no more hits than chance gives.

    Args:
        codes: all codes of a column that is declared to hold codes.
        suspects: those among them that could be numbers of cards.
    """
    distinct = codes.drop_nulls().unique()
    length = Counter(distinct.str.len_chars()).most_common(1)[0][0] if len(distinct) else 0
    alike = pl.DataFrame({"code": distinct}).filter(pl.col("code").str.contains(rf"^\d{{{length}}}$"))
    alike = alike.filter(pl.len().over(pl.col("code").str.head(PREFIX_CHARS)) >= FEWEST_ALIKE)
    hits = alike.filter(pl.col("code").is_in(suspects.implode()))["code"]
    if bdtrc(len(hits) - 1, alike.height, CHANCE) < SURE:
        return frozenset()
    return frozenset(hits)
