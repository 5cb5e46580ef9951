"""Made-up identifiers, planted in text: for the screen and for every test that looks for them on disk afterwards."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest


@dataclass(frozen=True)
class Planted:
    """A text that holds one made-up identifier; `code` is what the screen must say."""

    kind: str
    text: str
    value: str
    code: str


_DIGITS = "0123456789"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PROVINCES = [str(code) for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65)) for code in range(first, last + 1)]
_AREA_CODES = ("010", "020", "021", "0571", "0573", "0755", "0311", "0931")


def _some(rng: random.Random, count: int, alphabet: str = _DIGITS) -> str:
    return "".join(rng.choices(alphabet, k=count))


def _birth_date(rng: random.Random) -> date:
    return date(1930, 1, 1) + timedelta(days=rng.randrange(34_000))


def _id_card(rng: random.Random) -> str:
    body = rng.choice([*_PROVINCES, "71", "81", "82", "83", "91"]) + _some(rng, 4) + f"{_birth_date(rng):%Y%m%d}" + _some(rng, 3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def _old_id_card(rng: random.Random) -> str:
    return rng.choice(_PROVINCES) + _some(rng, 4) + f"{min(_birth_date(rng), date(1999, 12, 31)):%y%m%d}" + _some(rng, 3)


def _mobile(rng: random.Random) -> str:
    return rng.choice(("", "", "86", "+86")) + "1" + rng.choice("3456789") + _some(rng, 9)


def _landline(rng: random.Random) -> str:
    area = rng.choice(_AREA_CODES)
    return area + rng.choice("2345678") + _some(rng, 6 + (len(area) == 3 or rng.random() < 0.5))


def _bank_card(rng: random.Random) -> str:
    prefix, length = rng.choice((("62", 16), ("62", 17), ("62", 18), ("62", 19), ("4", 16), ("53", 16), ("2500", 16), ("35", 16)))
    body = prefix + _some(rng, length - len(prefix) - 1)
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in body[::-2])
    return body + str(-(doubled + sum(map(int, body[-2::-2]))) % 10)


def _plate(rng: random.Random) -> str:
    head = rng.choice("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + rng.choice(_PLATE_LETTERS)
    tails = (
        _some(rng, 5),
        rng.choice("DF") + _some(rng, 5),
        _some(rng, 4) + rng.choice("挂学警港澳"),
        rng.choice(_PLATE_LETTERS) + _some(rng, 4),
    )
    return head + rng.choice(tails)


def _credit_code(rng: random.Random) -> str:
    body = rng.choice(("91", "92", "51", "12")) + rng.choice(_PROVINCES) + _some(rng, 4) + "MA" + _some(rng, 7, _CREDIT)
    total = sum(_CREDIT.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return body + _CREDIT[-total % 31]


def _mac(rng: random.Random) -> str:
    return ":".join(_some(rng, 2, "0123456789ABCDEF") for _ in range(6))


def _coordinate(rng: random.Random) -> str:
    return f"{rng.uniform(73.6, 135):.{rng.choice((4, 5, 6))}f},{rng.uniform(18.2, 53.5):.{rng.choice((4, 5, 6))}f}"


def _name(rng: random.Random) -> str:
    given = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红秀建国志文小晓雪梅海龙云"
    return rng.choice([*"王李张刘陈杨黄赵吴周徐孙马朱胡林郭何罗伍陆沈施姚", "欧阳", "诸葛"]) + _some(rng, rng.choice((1, 2, 2)), given)


def _door(rng: random.Random) -> str:
    return rng.choice(("{}栋{}单元", "{}幢2单元{}02室", "{}单元{}01室")).format(rng.randint(1, 30), rng.randint(1, 18))


_ID, _PHONE, _ACCOUNT, _PERSON = "PERSON_ID_NUMBER", "PERSON_PHONE", "PERSON_ACCOUNT", "PERSON_NAME"
_KINDS: dict[str, tuple[str, Callable[[random.Random], str], tuple[str, ...]]] = {
    "id_card": (
        _ID,
        _id_card,
        (
            "{}",
            "身份证{}",
            "20240315{}",
            "{}13800138000",
            "案号330402202403150012-{}",
            "({})",
            '{{"id": "{}"}}',
            "holder {} came",
        ),
    ),
    "old_id_card": (_ID, _old_id_card, ("身份证{}", "身份证号: {}", "证件号码{}。", "{}(身份证)")),
    "mobile": (_PHONE, _mobile, ("{}", "电话{}", "tel: {}", "致电{}无人接听", "2026-03-15 {}", "{} 2026-03-15 08:30")),
    "landline": (_PHONE, _landline, ("{}", "电话{}", "tel: {}", "请拨打{}。")),
    "service_number": (_PHONE, lambda rng: "400" + _some(rng, 7), ("{}", "热线{}", "call {} now")),
    "bank_card": (_ACCOUNT, _bank_card, ("{}", "卡号{}", "转入{}账户", "card {}.")),
    "plate": (_ACCOUNT, _plate, ("{}", "车牌{}", "车辆{}占用消防通道", "({})")),
    "credit_code": (_ID, _credit_code, ("{}", "统一社会信用代码{}", "商户{}投诉", "code {}.")),
    "passport": (_ID, lambda rng: rng.choice(("E", "G", "EA")) + _some(rng, 7) + "8", ("护照{}", "护照号: {}", "passport {}")),
    "officer_card": (_ID, lambda rng: rng.choice("军南北空海") + f"字第{_some(rng, 7)}号", ("军官证{}", "士官证号:{}")),
    "permit": (_ID, lambda rng: rng.choice("HM") + _some(rng, rng.choice((8, 10))), ("港澳通行证{}", "回乡证号码{}")),
    "e_mail": (_ACCOUNT, lambda rng: f"li.{_some(rng, 5)}@{rng.choice(('163.com', 'mail.gov.cn'))}", ("{}", "邮箱{}", "write to {}.")),
    "wechat": (_ACCOUNT, lambda rng: rng.choice(("wxid_", "abc", "Li-")) + _some(rng, 8), ("微信{}", "加微信号: {}", "wechat {}")),
    "qq": (_ACCOUNT, lambda rng: "7" + _some(rng, 8), ("QQ{}", "qq号:{}", "扣扣 {}")),
    "imei": (_ACCOUNT, lambda rng: "86" + _some(rng, 13), ("IMEI{}", "手机串号{}")),
    "mac": (_ACCOUNT, _mac, ("MAC {}", "网卡地址{}")),
    "position": (_ACCOUNT, _coordinate, ("{}", "坐标{}", "at {}.")),
    "door": (_ACCOUNT, _door, ("{}", "某小区{}漏水")),
    "name": (
        _PERSON,
        _name,
        (
            "居民{}反映楼道堆物",
            "村民{}与邻居争吵",
            "因采光与{}发生争执",
            "{}来电求助",
            "业主:{},要求退款",
            "被告{}拖欠工资",
            "联系人 {}",
            "{}女士称水费异常",
            "报警人{}称有人打架",
        ),
    ),
}


def _full_width(text: str) -> str:
    return text.translate({ord(character): ord(character) + 0xFEE0 for character in _DIGITS + "X"})


def _grouped(separator: str) -> Callable[[str], str]:
    return lambda text: separator.join(filter(None, (text[:-12], text[-12:-8], text[-8:-4], text[-4:])))


def _between_all(separator: str) -> Callable[[str], str]:
    return separator.join


def _in_words(numerals: str) -> Callable[[str], str]:
    return lambda text: text.translate(str.maketrans(_DIGITS, numerals))


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "full_width": _full_width,
    "spaces": _grouped(" "),
    "dashes": _grouped("-"),
    "two_dots": _grouped(". "),
    "underscores": _grouped("_"),
    "every_character": _between_all("·"),
    "zero_width": _between_all("\u200b"),
    "numerals": _in_words("〇一二三四五六七八九"),
    "capital_numerals": _in_words("零壹贰叁肆伍陆柒捌玖"),
    "cyrillic_lower_case": lambda text: text.replace("X", "х"),
}
"""Eleven ways to write the same number. They are tried on what consists of digits, with a last X or a leading plus."""


_DISGUISED = ("id_card", "old_id_card", "mobile", "landline", "service_number", "bank_card")


def _plant(kind: str, disguise: str, context: str, rng: random.Random) -> Planted:
    code, make, _ = _KINDS[kind]
    value = make(rng)
    return Planted(kind, context.format(DISGUISES[disguise](value)), value, code)


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - made-up numbers need a seed, not secrecy


@pytest.fixture
def rng() -> random.Random:
    return _seeded(1)


@pytest.fixture(scope="session")
def plant() -> Callable[..., list[Planted]]:
    """Return `plant(seed, repeats, kinds=all)`: every kind, disguise and context of it, `repeats` times."""

    def planted(seed: int, repeats: int, kinds: tuple[str, ...] = tuple(_KINDS)) -> list[Planted]:
        rng = _seeded(seed)
        return [
            _plant(kind, disguise, context, rng)
            for kind in kinds
            for disguise in (DISGUISES if kind in _DISGUISED else ("plain", "full_width", "zero_width"))
            for context in _KINDS[kind][2]
            for _ in range(repeats)
        ]

    return planted
