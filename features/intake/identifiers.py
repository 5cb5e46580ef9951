"""What identifies a person: the classes of `SHAPES`, most severe first.

They are searched in text as `persons` normalises it: half-width, without invisible characters, digits written 0 to 9.
"""

import re
from datetime import date

from stdnum import luhn
from stdnum.cn import ric, uscc

from features.intake.quarantine import Code
from features.intake.shape import Shape, apart, digits


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
"""Where a number was issued; 81 to 83 and 9x are residence cards."""
_PLATE_DIGITS = 3
"""Fewer digits are an English word after a Chinese character."""

_ALNUM = "0-9A-Z"
_BIRTH_DATE = (f"(?:{apart('1', '9')}|{apart('2', '0')})", "[0-9]", "[0-9]", "[01]", "[0-9]", "[0-3]", "[0-9]")
_CREDIT_CODE = apart("[1-9ANY]", "[1-9]", "[1-8]", digits(5), *["[0-9A-HJ-NPQRTUWXY]"] * 10)
_COUNTRY = f"(?:(?:00)?{apart('8', '6', '')})?"
_AREA = f"(?:{apart('0', '1', '0')}|{apart('0', '2', '[0-9]')}|{apart('0', '[3-9]', '[0-9]', '[0-9]')})"
_PROVINCE_CHARACTER = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]"

RESIDENT_ID = Shape(Code.PERSON_ID_NUMBER, apart("[1-9]", digits(5), *_BIRTH_DATE, digits(3), "[0-9X]"), confirm=_is_resident_id)
_OLD_RESIDENT_ID = Shape(Code.PERSON_ID_NUMBER, digits(15), "0-9", "身份证|证件|ID ?CARD", _is_old_resident_id)
_CREDIT_CODES = (
    Shape(Code.PERSON_ID_NUMBER, _CREDIT_CODE, _ALNUM, confirm=_is_credit_code_with_letter),
    Shape(Code.PERSON_ID_NUMBER, _CREDIT_CODE, _ALNUM, "信用代码|营业执照|税号|USCC", _is_credit_code),
)
_DOCUMENT = Shape(
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
    Shape(Code.PERSON_ACCOUNT, apart(f"(?:{'|'.join(heads)})", digits(length - 2)), "0-9", confirm=_is_bank_card)
    for length, heads in _ISSUERS.items()
)
_PHONES = (
    Shape(Code.PERSON_PHONE, _COUNTRY + apart("1", "[3-9]", digits(9)), "0-9"),
    Shape(Code.PERSON_PHONE, _AREA + r"\)?" + apart("", "[1-9]", digits(6, 7)), _ALNUM),
    Shape(Code.PERSON_PHONE, apart("4", "0", "0", digits(7)), _ALNUM),
)
_PLATE = Shape(
    Code.PERSON_ACCOUNT,
    apart(_PROVINCE_CHARACTER, "[A-HJ-NP-Z]", "[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"),
    _ALNUM,
    confirm=_is_plate,
)
_ONLINE_ACCOUNTS = (
    Shape(Code.PERSON_ACCOUNT, r"[A-Z0-9_%+-]@(?:[A-Z0-9-]{1,63}\.){1,4}[A-Z]{2}"),
    Shape(Code.PERSON_ACCOUNT, "(?=[A-Z-]*[0-9_])[A-Z][A-Z0-9_-]{5,19}", "0-9A-Z_-", "微信|WECHAT|WEIXIN|WXID|VX"),
    Shape(Code.PERSON_ACCOUNT, apart("[1-9]", digits(4, 10)), "0-9", "QQ|扣扣"),
)
_DEVICES = (
    Shape(Code.PERSON_ACCOUNT, digits(15), "0-9", "IMEI|MEID|串号"),
    Shape(Code.PERSON_ACCOUNT, "[0-9A-F]{2}(?:[:-]?[0-9A-F]{2}){5}", _ALNUM, "MAC|网卡|物理地址|蓝牙|BSSID|WI-?FI"),
)
_POSITIONS = (
    # A coordinate with more than three decimals; the colon and point before it would make it the seconds of a time.
    Shape(Code.PERSON_ACCOUNT, r"(?:^|[^0-9.:])(?:[3-9]|[1-9][0-9]|1[0-7][0-9])\.[0-9]{4,}(?:[^0-9%]|$)"),
    Shape(Code.PERSON_ACCOUNT, apart("[0-9十百]", "(?:栋|幢|单元)")),
    # One digit before 户 or 室 counts households or rooms; two name a door.
    Shape(Code.PERSON_ACCOUNT, apart("[0-9]{2}", "(?:室|户(?:[^籍口外型]|$))")),
)

SHAPES = (
    *(RESIDENT_ID, _OLD_RESIDENT_ID, *_CREDIT_CODES, _DOCUMENT),
    # Cards before phones: four digits, four digits, four digits also read as a landline.
    *(*_BANK_CARDS, *_PHONES, _PLATE),
    *(*_ONLINE_ACCOUNTS, *_DEVICES, *_POSITIONS),
)
"""Every class but names."""
