"""The fixed list of lawful actions, each with its legal basis, and which of them goes with which reason.

Actions are service, mediation, coordination, information and checks of things; there is none against a person. Law texts as of 2025-04-19.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from features.schema import EventType
from serving.rankings.schemas import ExplanationLine
from serving.text import Text


@dataclass(frozen=True)
class RecommendedAction:
    """One action: what it says in full, and on a phone."""

    words: Text
    phone: str


def _deed(zh: str, en: str, phone: str) -> RecommendedAction:
    return RecommendedAction(Text(zh=zh, en=en), phone)


DEEDS: Mapping[str, RecommendedAction] = MappingProxyType(
    {
        "home_visit": _deed(
            "网格员一周内上门走访,了解诉求,发现苗头及时就地调解(《人民调解法》第21条)。",
            "Visit within a week, hear what is needed, and mediate on the spot where it helps (People's Mediation Law art. 21).",
            "上门走访",
        ),
        "mediation": _deed(
            "当事各方愿意的,由人民调解员及时调解;一方明确拒绝的,不得强行调解(《人民调解法》第17条)。",
            "Where the parties agree, let a mediator help in time; never against one party's refusal (People's Mediation Law art. 17).",
            "各方愿意的及时调解",
        ),
        "joint_consult": _deed(
            "由综治中心邀请有关部门会商,一次明确牵头单位和答复时间(《突发事件应对法》第34条)。",
            "Let the governance centre call the offices together and name who leads and answers by when (Emergency Response Law art. 34).",
            "邀部门会商",
        ),
        "legal_aid": _deed(
            "告知可申请法律援助(《法律援助法》第31条)和劳动仲裁先予执行(《劳动争议调解仲裁法》第44条)。",
            "Tell of legal aid (Legal Aid Law art. 31) and of advance enforcement in labour arbitration (art. 44 of its law).",
            "告知法律援助",
        ),
        "labor_inspect": _deed(
            "提请人社部门核查项目农民工工资专用账户、工资保证金和维权信息告示牌(《保障农民工工资支付条例》第26、32、34条)。",
            "Ask the labour office to check the project's wage account, wage deposit and notice board "
            "(Migrant Workers' Wages Regulation art. 26, 32, 34).",
            "联系人社核查工资专户",
        ),
        "property_talk": _deed(
            "居委会组织业委会、物业服务企业和业主代表协商;物业投诉转主管部门及时处理(《物业管理条例》第48条)。",
            "Let the residents' committee bring owners and property manager together; pass complaints to the office in charge "
            "(Property Management Regulation art. 48).",
            "组织物业协商",
        ),
        "noise_check": _deed(
            "请城管、生态环境部门现场核查噪声和夜间施工(《噪声污染防治法》第43条);劝阻、调解不成的依法转办(第70条)。",
            "Ask for a check of noise and night work on site (Noise Pollution Law art. 43); pass on what stays unsettled (art. 70).",
            "现场核查噪声",
        ),
        "psych_support": _deed(
            "提供心理疏导和妇联、司法所咨询,尊重本人意愿,保护隐私(《反家庭暴力法》第5条)。",
            "Offer counselling, as far as it is wanted, and keep it private (Anti-Domestic Violence Law art. 5).",
            "提供心理疏导",
        ),
        "info_disclose": _deed(
            "有关部门在社区公开政策、现场答疑,逐条答复意见(《环境影响评价法》第21条)。",
            "Let the offices publish the rules, answer on site, and reply to every opinion (Environmental Impact Law art. 21).",
            "现场答疑",
        ),
        "hearing": _deed(
            "核对征求意见期限和意见采纳情况,必要时依法听证(《国有土地上房屋征收与补偿条例》第10、11条)。",
            "Check the time given for opinions and what was made of them, and hold a hearing where the law asks for one "
            "(Housing Expropriation Regulation art. 10, 11).",
            "核对征求意见",
        ),
        "risk_assessment": _deed(
            "核对社会稳定风险评估已完成、结论已落实(《国有土地上房屋征收与补偿条例》第12条)。",
            "Check that the social stability risk assessment was made and acted upon (Housing Expropriation Regulation art. 12).",
            "核对稳评",
        ),
        "follow_up": _deed(
            "对近半年办结事项做一次回访,了解协议履行情况(《人民调解法》第31条)。",
            "Follow up what was closed in the last half year, and see whether agreements are kept (People's Mediation Law art. 31).",
            "回访办结事项",
        ),
        "deadline_check": _deed(
            "逐件核对责任单位和办理时限,主动告知办理进度;确需延长的依规批准(《信访工作条例》第34条)。",
            "Check office and deadline of each open matter and tell how it stands; extend only by the rules (Petition Regulation art. 34).",
            "核对办理时限",
        ),
        "term_check": _deed(
            "逐件核对责任单位和办理期限,主动告知进度,到期前拿出处理意见(《人民调解工作若干规定》第33条)。",
            "Check office and term of each open case, tell how it stands, and settle it before the term ends (Mediation Rules art. 33).",
            "核对办理期限",
        ),
        "confirm_court": _deed(
            "告知可在调解协议生效后30日内申请司法确认(《人民调解法》第33条)。",
            "Tell that a court can confirm a mediated agreement within 30 days (People's Mediation Law art. 33).",
            "告知司法确认",
        ),
        "data_check": _deed(
            "核实数据:是否及时登记办结、归属网格是否正确,必要时由社区协助补录。",
            "Check the data: are closed matters entered, and do they belong to this grid.",
            "核实数据",
        ),
        "neighbor_coord": _deed(
            "与相邻网格共用一名调解员或联合调解,口径一致(《人民调解法》第21条)。",
            "Share a mediator with the neighbouring grids, or mediate together, with one answer (People's Mediation Law art. 21).",
            "与相邻网格联动",
        ),
    }
)

OF_CATEGORY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "labor_wage": ("labor_inspect", "legal_aid", "joint_consult"),
        "property_mgmt": ("property_talk", "mediation"),
        "environment": ("noise_check", "info_disclose"),
        "land_acquisition": ("hearing", "info_disclose"),
        "housing_homestead": ("info_disclose", "mediation"),
        "forest_land": ("info_disclose", "mediation"),
        "damage_compensation": ("mediation", "legal_aid"),
        "neighbor": ("mediation", "home_visit"),
        "village_affairs": ("info_disclose", "mediation"),
        "consumer": ("mediation", "info_disclose"),
    }
)

OF_EVENT_TYPE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        EventType.DISPUTE: ("mediation", "home_visit"),
        EventType.POLICE_CALL: ("mediation", "psych_support"),
        EventType.SERVICE_REQUEST: ("info_disclose", "home_visit"),
        EventType.HAZARD: ("joint_consult", "home_visit"),
        EventType.ENVIRONMENT_ORDER: ("noise_check", "info_disclose"),
    }
)

OF_UNDERTAKING: Mapping[str, tuple[str, ...]] = MappingProxyType({"project": ("risk_assessment", "hearing", "info_disclose")})
"""By kind; `UNDERTAKING` for the others."""
UNDERTAKING = ("info_disclose", "home_visit")
CLOSED = ("follow_up", "confirm_court")
SENSITIVE = ("psych_support", "home_visit")
OTHERWISE = ("home_visit", "mediation")

NEAR_TERM_DAYS = 7
"""Days before the next term from which it goes first."""


def actions_for(line: ExplanationLine) -> tuple[str, ...]:
    """Return the actions that go with a line of an explanation, the nearest first: by its kind of case, and its term where that is near."""
    if line.part == "closed":
        return CLOSED
    if line.part != "open":
        return _by_topic(line.topic or "")
    of_kind = OF_CATEGORY.get(line.category or "") or (OF_EVENT_TYPE.get(line.event_type, OTHERWISE) if line.event_type else SENSITIVE)
    near = bool(line.past_term) or (line.days_left is not None and line.days_left <= NEAR_TERM_DAYS)
    return (of_kind[0], "term_check", *of_kind[1:]) if near else of_kind


def is_actionable(line: ExplanationLine) -> bool:
    """Tell whether a line is about cases that somebody can work on."""
    return line.part in {"open", "closed"}


def _by_topic(topic: str) -> tuple[str, ...]:
    """Return the actions that go with the fact behind cases which are not in the log yet."""
    family, _, what = topic.partition("_")
    if family == "undertakings":
        return OF_UNDERTAKING.get(what, UNDERTAKING)
    return OF_EVENT_TYPE.get(what, OTHERWISE) if family in {"recent", "trend", "recency"} else OTHERWISE
