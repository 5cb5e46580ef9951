"""Patterns that identify a person: the classes of `SHAPES`, most severe first.

They are searched in text as `persons` normalises it: half-width, without invisible characters, digits written 0 to 9.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from stdnum import luhn
from stdnum.cn import ric, uscc

from features.intake.quarantine import Code

_SEPARATORS = r"[ \t\r\n._·•‧・‐‑–—―−~-]{0,2}"

Confirm = Callable[[str, date], bool]
"""Decide on a match (letters and digits only, upper case) as of a date."""


def _always(_found: str, _as_of: date) -> bool:
    return True


@dataclass(frozen=True)
class Pattern:
    """One class of identifier.

    `body` is its regex, `beside` the characters that must not touch it on either side. Where `words` are given, one of them must stand
    in the same text: the shape alone says too little.
    """

    code: Code
    body: str
    beside: str = ""
    words: str = ""
    confirm: Confirm = _always

    @cached_property
    def _exact(self) -> re.Pattern[str]:
        before, after = (f"(?<![{self.beside}])", f"(?![{self.beside}])") if self.beside else ("", "")
        return re.compile(f"{before}(?=({self.body}){after})", re.IGNORECASE)

    @cached_property
    def _context(self) -> re.Pattern[str]:
        return re.compile(self.words, re.IGNORECASE)

    @property
    def trigger(self) -> str:
        """A regex without look-around that is found wherever this shape may be."""
        if self.words:
            return f"(?:{self.words})"
        before, after = (f"(?:^|[^{self.beside}])", f"(?:$|[^{self.beside}])") if self.beside else ("", "")
        return f"{before}(?:{self.body}){after}"

    def is_in(self, text: str, as_of: date) -> bool:
        """Tell whether the text holds this identifier; matches may overlap, so one glued to other digits is seen."""
        if not self._context.search(text):
            return False
        return any(self.confirm(found, as_of) for found in self._found(text))

    def _found(self, text: str) -> Iterator[str]:
        for match in self._exact.finditer(text):
            yield re.sub("[^0-9A-Z]", "", match[1].upper())


def apart(*units: str) -> str:
    """Join regex units so that up to two separators may stand between any two of them."""
    return _SEPARATORS.join(units)


def digits(least: int, most: int | None = None) -> str:
    """Return a regex for `least` to `most` digits, up to two separators between any two."""
    return f"[0-9](?:{_SEPARATORS}[0-9]){{{least - 1},{(most or least) - 1}}}"


def _is_day(yyyymmdd: str, as_of: date) -> bool:
    """Tell whether eight digits are a calendar day not after as_of."""
    try:
        return date(int(yyyymmdd[:4]), int(yyyymmdd[4:6]), int(yyyymmdd[6:])) <= as_of
    except ValueError:
        return False


def _is_resident_id(found: str, as_of: date) -> bool:
    return bool(_PROVINCE.match(found)) and _is_day(found[6:14], as_of) and ric.calc_check_digit(found) == found[-1]


def _is_old_resident_id(found: str, as_of: date) -> bool:
    return bool(_PROVINCE.match(found)) and _is_day("19" + found[6:12], as_of)


def _is_credit_code(found: str, _as_of: date) -> bool:
    return uscc.calc_check_digit(found) == found[-1]


def _is_credit_code_with_letter(found: str, as_of: date) -> bool:
    # A sole trader's code always has a letter; without one, 1 of 31 plain numbers would pass.
    return not found.isdigit() and _is_credit_code(found, as_of)


def _is_bank_card(found: str, _as_of: date) -> bool:
    return luhn.is_valid(found)


def _is_plate(found: str, _as_of: date) -> bool:
    return sum(character.isdigit() for character in found) >= _PLATE_DIGITS


_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9]")
"""Province codes of issue; 81 to 83 and 9x are residence cards."""
_PLATE_DIGITS = 3
"""Fewer digits are an English word after a Chinese character."""

_ALNUM = "0-9A-Z"
_BIRTH_DATE = (f"(?:{apart('1', '9')}|{apart('2', '0')})", "[0-9]", "[0-9]", "[01]", "[0-9]", "[0-3]", "[0-9]")
_CREDIT_CODE = apart("[1-9ANY]", "[1-9]", "[1-8]", digits(5), *["[0-9A-HJ-NPQRTUWXY]"] * 10)
_COUNTRY = f"(?:(?:00)?{apart('8', '6', '')})?"
_AREA = f"(?:{apart('0', '1', '0')}|{apart('0', '2', '[0-9]')}|{apart('0', '[3-9]', '[0-9]', '[0-9]')})"
_PROVINCE_CHARACTER = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]"

RESIDENT_ID = Pattern(Code.PERSON_ID_NUMBER, apart("[1-9]", digits(5), *_BIRTH_DATE, digits(3), "[0-9X]"), confirm=_is_resident_id)
_OLD_RESIDENT_ID = Pattern(Code.PERSON_ID_NUMBER, digits(15), "0-9", "身份证|证件|ID ?CARD", _is_old_resident_id)
_CREDIT_CODES = (
    Pattern(Code.PERSON_ID_NUMBER, _CREDIT_CODE, _ALNUM, confirm=_is_credit_code_with_letter),
    Pattern(Code.PERSON_ID_NUMBER, _CREDIT_CODE, _ALNUM, "信用代码|营业执照|税号|USCC", _is_credit_code),
)
_DOCUMENT = Pattern(
    Code.PERSON_ID_NUMBER,
    apart("[A-Z]{0,2}", digits(6, 10)),
    _ALNUM,
    "护照|PASSPORT|军官证|士官证|士兵证|文职证|警官证|通行证|回乡证|还乡证|台胞证",
)
_UNIONPAY, _VISA = apart("6", "2"), apart("4", "[0-9]")
_ISSUERS = {
    16: (_UNIONPAY, _VISA, apart("5", "[1-5]"), apart("2", "[2-7]"), apart("3", "5")),
    17: (_UNIONPAY,),
    18: (_UNIONPAY,),
    19: (_UNIONPAY, _VISA, apart("9", "5")),
}
"""First two digits by length: where no such card is issued, Luhn alone would pass one number in ten."""
_BANK_CARDS = tuple(
    Pattern(Code.PERSON_ACCOUNT, apart(f"(?:{'|'.join(heads)})", digits(length - 2)), "0-9", confirm=_is_bank_card)
    for length, heads in _ISSUERS.items()
)
_PHONES = (
    Pattern(Code.PERSON_PHONE, _COUNTRY + apart("1", "[3-9]", digits(9)), "0-9"),
    Pattern(Code.PERSON_PHONE, _AREA + r"\)?" + apart("", "[1-9]", digits(6, 7)), _ALNUM),
    Pattern(Code.PERSON_PHONE, apart("4", "0", "0", digits(7)), _ALNUM),
)
_PLATE = Pattern(
    Code.PERSON_ACCOUNT,
    apart(_PROVINCE_CHARACTER, "[A-HJ-NP-Z]", "[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"),
    _ALNUM,
    confirm=_is_plate,
)
_ONLINE_ACCOUNTS = (
    Pattern(Code.PERSON_ACCOUNT, r"[A-Z0-9_%+-]@(?:[A-Z0-9-]{1,63}\.){1,4}[A-Z]{2}"),
    Pattern(Code.PERSON_ACCOUNT, "(?=[A-Z-]*[0-9_])[A-Z][A-Z0-9_-]{5,19}", "0-9A-Z_-", "微信|WECHAT|WEIXIN|WXID|VX"),
    Pattern(Code.PERSON_ACCOUNT, apart("[1-9]", digits(4, 10)), "0-9", "QQ|扣扣"),
)
_DEVICES = (
    Pattern(Code.PERSON_ACCOUNT, digits(15), "0-9", "IMEI|MEID|串号"),
    Pattern(Code.PERSON_ACCOUNT, "[0-9A-F]{2}(?:[:-]?[0-9A-F]{2}){5}", _ALNUM, "MAC|网卡|物理地址|蓝牙|BSSID|WI-?FI"),
)
_POSITIONS = (
    # A coordinate with more than three decimals; the colon and point before it would make it the seconds of a time.
    Pattern(Code.PERSON_ACCOUNT, r"(?:^|[^0-9.:])(?:[3-9]|[1-9][0-9]|1[0-7][0-9])\.[0-9]{4,}(?:[^0-9%]|$)"),
    Pattern(Code.PERSON_ACCOUNT, apart("[0-9十百]", "(?:栋|幢|单元)")),
    # One digit before 户 or 室 counts households or rooms; two name a door.
    Pattern(Code.PERSON_ACCOUNT, apart("[0-9]{2}", "(?:室|户(?:[^籍口外型]|$))")),
)

SHAPES = (
    *(RESIDENT_ID, _OLD_RESIDENT_ID, *_CREDIT_CODES, _DOCUMENT),
    # Cards before phones: four digits, four digits, four digits also read as a landline.
    *(*_BANK_CARDS, *_PHONES, _PLATE),
    *(*_ONLINE_ACCOUNTS, *_DEVICES, *_POSITIONS),
)
"""Every class but names."""
