"""Patterns that identify a person: the classes of `SHAPES`, most severe first, and person names.

They are searched in text as `screening` normalises it: half-width, without invisible characters, digits written 0 to 9. A name is a
surname, one or two more characters, and a word that only stands beside people. Names cannot be found reliably; this is a second check
behind the closed code lists, in which no name fits.
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

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖"
    "贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申"
    "欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓"
    "古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟"
    "邝"
)
_COMPOUND_SURNAMES = "欧阳|司马|上官|诸葛|司徒|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|端木|东方|南宫"
_COMMON_WORDS = (
    "高度|高龄|高空|高速|高层|高压|高中|高温|安全|安置|安排|安装|施工|金额|金融|项目|车辆|车主|车位|车库|"
    "司机|司法|路灯|路面|路人|单位|单元|管理|管道|管委|时间|时常|平台|方面|方便|全部|全体|全家|全村|成员|"
    "成立|古树|古村|文化|文明|党员|党委|左右|左邻|边界|和解|和谐|包工|应当|明确|万元|农田|农村|农民|农业|"
    "房屋|房产|房东|房主|孙子|孙女|马路|石材|田地|林地|林木|江边|温泉|景区|游客|查处|师傅|师生|易燃|解决|"
    "解释|简单|连续|连夜|都市|白天|雷雨|余款|钱款|宁静|家属|荣誉|苗木|沙石|麻将|席位|费用|边上|池塘|明显|"
    "关于|关系|关注|关闭|于昨|于今|于上|于本|于当|任何|何时|何人|康复|莫名|严重|严格|常年|牛羊|米面|华人|"
    "公司|甘愿|应该|童车|毛坯"
)
_NAME = f"(?!{_COMMON_WORDS})(?:(?:{_COMPOUND_SURNAMES}|[{_SURNAMES}])[一-鿿]{{1,2}}|[一-鿿]{{2,6}}·[一-鿿]{{2,8}})"

_TITLES = (
    "居民|村民|业主|住户|租户|租客|房东|户主|邻居|群众|市民|当事人|申请人|原告|被告|报警人|报案人|投诉人|"
    "举报人|来访人|来电人|信访人|上访人|联系人|负责人|经办人|员工|职工|工人|民工|学生|患者|病人|家属|老人|老板|"
    "店主|司机|车主|死者|伤者|男子|女子|丈夫|妻子|儿子|女儿|父亲|母亲|姓名|名叫|我叫|代表|书记|主任|经理|"
    "队长|医生|教师|老师"
)
_SPEECH = "反映|报警|来电|来访|信访|求助|诉称|声称|称|表示|先生|女士|老师傅|大爷|大妈|阿姨|老人|夫妇|本人"
_MEETING = "发生|产生|存在|之间|因|争|吵|打|互|起冲突|有矛盾|有纠纷|协商|签|借|讨|索|购买|支付"
_NEXT = f"{_SPEECH}|{_MEETING}|投诉|举报|要求|认为|提出|申请|与|和|跟|同|向|对|将|把|被|在|到|于|从|家|的|等|及|拖欠|欠"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:{_TITLES})[::\s,是为叫]{{0,3}}{_NAME}(?={_NEXT}|[^一-鿿]|$)",
        rf"(?:^|[^一-鿿]|[与和跟同被向对由据]){_NAME}(?:{_SPEECH})",
        rf"[与和跟同被向对]{_NAME}(?:{_MEETING})",
        rf"(?:^|[^一-鿿]){_NAME}[与和跟同](?:{_MEETING}|[一-鿿]{{1,6}}(?:{_MEETING}))",
    )
)

NAME_TRIGGER = f"(?:{_TITLES}|{_SPEECH}|{_MEETING})"
"""A regex without look-around that is found wherever `names_a_person` may be true, Chinese digits rewritten or not."""


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


def names_a_person(text: str) -> bool:
    """Tell whether a normalised text (Chinese digits kept: 伍 is a surname) seems to name somebody.

    >>> names_a_person("居民王小明反映楼道堆物"), names_a_person("居民反映楼道堆物")
    (True, False)
    """
    return any(pattern.search(text) for pattern in _PATTERNS)
