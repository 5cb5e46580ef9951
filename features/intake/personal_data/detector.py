"""Screen text for persons before anything is stored: identifiers in cells, identity numbers as keys, columns about people.

Only the class of what was found leaves this module, never the value.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

import polars as pl

from features.intake.personal_data.names import NAME_TRIGGER, names_a_person
from features.intake.personal_data.patterns import RESIDENT_ID, SHAPES
from features.intake.quarantine import Code

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
