"""How things are shown: Chinese and English words for the closed lists, sentences in both languages, and the font of plots and papers."""

from pathlib import Path
from typing import Literal, Self

EVENT_TYPE_ZH = {
    "dispute": "矛盾纠纷",
    "petition": "信访事项",
    "police_call": "纠纷类警情",
    "service_request": "民生诉求",
    "hazard": "安全隐患",
    "environment_order": "市容环境事项",
    "other": "其他事项",
}

EVENT_TYPE_EN = {
    "dispute": "disputes",
    "petition": "petitions",
    "police_call": "dispute-related police calls",
    "service_request": "service requests",
    "hazard": "hazards",
    "environment_order": "environment and order matters",
    "other": "other matters",
}

CATEGORY_ZH = {
    "marriage_family": "婚姻家庭",
    "neighbor": "邻里",
    "housing_homestead": "房屋宅基地",
    "contract": "合同",
    "business_operation": "生产经营",
    "damage_compensation": "损害赔偿",
    "forest_land": "山林土地",
    "land_acquisition": "征地拆迁",
    "environment": "环境污染",
    "labor_wage": "劳动争议",
    "consumer": "消费",
    "medical": "医疗",
    "traffic_accident": "道路交通事故",
    "property_mgmt": "物业",
    "village_affairs": "村（社区）务管理",
    "city_appearance": "市容市貌",
    "community_management": "社区管理",
    "education_health": "教育卫生",
    "electrical": "用电安全",
    "fire_safety": "消防安全",
    "injury_call": "涉伤",
    "litter": "垃圾清运",
    "municipal_works": "市政设施",
    "planning_construction": "规划建设",
    "street_order": "街面秩序",
    "structure": "房屋结构安全",
    "traffic": "交通出行",
    "other": "其他",
}

SOURCE_ZH = {
    "grid_worker": "网格员",
    "resident": "居民",
    "hotline": "热线",
    "police": "公安",
    "online": "网上",
    "visit": "走访",
    "other": "其他渠道",
}

LEVEL_ZH = {"community": "村社", "township": "镇街", "county": "区县", "city": "市级", "province": "省级"}

AREA_ZH = {"neighbours": "相邻网格", "community": "所在社区", "township": "所在镇街", "district": "全区"}
AREA_EN = {"neighbours": "neighbouring grids", "community": "the community", "township": "the township", "district": "the district"}

FORBIDDEN = (
    *("重点人员", "重点人", "管控", "稳控", "布控", "盯防", "落地查人", "闹访", "缠访", "非访", "无理上访", "截访", "劝返", "刁民", "可疑"),
    *("危险分子", "高危人群", "不稳定分子", "打击", "严打", "压降信访量", "零上访", "必然", "一定会", "将会发生", "红色预警"),
    *("因为", "导致", "造成", "由于", "caused", "because", "due to"),
)
"""Words that name persons as risks, promise what nobody knows, or claim a cause. No generated text contains one."""

FONT = Path(__file__).with_name("fonts") / "yujing-sans.otf"


def plain(code: str) -> str:
    """Return a code as words.

    >>> plain("service_request")
    'service request'
    """
    return code.replace("_", " ").replace("mgmt", "management")


def forbidden_words(text: str) -> list[str]:
    """Return the forbidden words a text contains.

    >>> forbidden_words("近28天新增矛盾纠纷5件")
    []
    >>> forbidden_words("由于积压，将会发生升级")
    ['将会发生', '由于']
    """
    return [word for word in FORBIDDEN if word in text.lower()]


class Remark(str):
    """One sentence in English, as commands write it, that also knows itself in Chinese.

    >>> remark = Remark("Two rows are empty.", zh="两行为空。")
    >>> remark, remark.in_language("zh")
    ('Two rows are empty.', '两行为空。')
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, *, zh: str) -> Self:
        """Make the sentence; `zh` says the same in Chinese."""
        remark = super().__new__(cls, en)
        remark.zh = zh
        return remark

    def in_language(self, language: Literal["zh", "en"]) -> str:
        """Return the sentence in one language."""
        return self.zh if language == "zh" else str(self)
