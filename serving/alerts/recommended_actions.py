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
    """One action, the law it rests on, and its short form for a phone or half a line of paper."""

    words: Text
    legal_basis: Text | None
    short: Text


DEEDS: Mapping[str, RecommendedAction] = MappingProxyType(
    {
        "home_visit": RecommendedAction(
            words=Text(
                zh="网格员一周内上门走访，了解诉求，发现苗头及时就地调解",
                en="Visit within a week, hear what is needed, and mediate on the spot where it helps",
            ),
            legal_basis=Text(zh="《人民调解法》第21条", en="People's Mediation Law art. 21"),
            short=Text(zh="上门走访", en="visit at home"),
        ),
        "mediation": RecommendedAction(
            words=Text(
                zh="当事各方愿意的，由人民调解员及时调解；一方明确拒绝的，不得强行调解",
                en="Where the parties agree, let a mediator help in time; never against one party's refusal",
            ),
            legal_basis=Text(zh="《人民调解法》第17条", en="People's Mediation Law art. 17"),
            short=Text(zh="各方愿意的及时调解", en="mediate where the parties agree"),
        ),
        "joint_consult": RecommendedAction(
            words=Text(
                zh="由综治中心邀请有关部门会商，一次明确牵头单位和答复时间",
                en="Let the governance centre call the offices together and name who leads and answers by when",
            ),
            legal_basis=Text(zh="《突发事件应对法》第34条", en="Emergency Response Law art. 34"),
            short=Text(zh="邀部门会商", en="call the offices together"),
        ),
        "legal_aid": RecommendedAction(
            words=Text(zh="告知可申请法律援助和劳动仲裁先予执行", en="Tell of legal aid and of advance enforcement in labour arbitration"),
            legal_basis=Text(
                zh="《法律援助法》第31条，《劳动争议调解仲裁法》第44条", en="Legal Aid Law art. 31, Labour Arbitration Law art. 44"
            ),
            short=Text(zh="告知法律援助", en="tell of legal aid"),
        ),
        "labor_inspect": RecommendedAction(
            words=Text(
                zh="提请人社部门核查项目农民工工资专用账户、工资保证金和维权信息告示牌",
                en="Ask the labour office to check the project's wage account, wage deposit and notice board",
            ),
            legal_basis=Text(zh="《保障农民工工资支付条例》第26、32、34条", en="Migrant Workers' Wages Regulation art. 26, 32, 34"),
            short=Text(zh="联系人社核查工资专户", en="have the wage account checked"),
        ),
        "property_talk": RecommendedAction(
            words=Text(
                zh="居委会组织业委会、物业服务企业和业主代表协商；物业投诉转主管部门及时处理",
                en="Let the residents' committee bring owners and property manager together; pass complaints to the office in charge",
            ),
            legal_basis=Text(zh="《物业管理条例》第48条", en="Property Management Regulation art. 48"),
            short=Text(zh="组织物业协商", en="bring owners and manager together"),
        ),
        "noise_check": RecommendedAction(
            words=Text(
                zh="请城管、生态环境部门现场核查噪声和夜间施工；劝阻、调解不成的依法转办",
                en="Ask for a check of noise and night work on site; pass on what stays unsettled",
            ),
            legal_basis=Text(zh="《噪声污染防治法》第43、70条", en="Noise Pollution Law art. 43, 70"),
            short=Text(zh="现场核查噪声", en="have noise checked"),
        ),
        "psych_support": RecommendedAction(
            words=Text(
                zh="提供心理疏导和妇联、司法所咨询，尊重本人意愿，保护隐私",
                en="Offer counselling, as far as it is wanted, and keep it private",
            ),
            legal_basis=Text(zh="《反家庭暴力法》第5条", en="Anti-Domestic Violence Law art. 5"),
            short=Text(zh="提供心理疏导", en="offer counselling"),
        ),
        "info_disclose": RecommendedAction(
            words=Text(
                zh="有关部门在社区公开政策、现场答疑，逐条答复意见",
                en="Let the offices publish the rules, answer on site, and reply to every opinion",
            ),
            legal_basis=Text(zh="《政府信息公开条例》第19条", en="Government Information Regulation art. 19"),
            short=Text(zh="现场答疑", en="answer questions on site"),
        ),
        "hearing": RecommendedAction(
            words=Text(
                zh="核对征求意见期限和意见采纳情况，必要时依法听证",
                en="Check the time given for opinions and what was made of them, and hold a hearing where the law asks for one",
            ),
            legal_basis=Text(zh="《国有土地上房屋征收与补偿条例》第10、11条", en="Housing Expropriation Regulation art. 10, 11"),
            short=Text(zh="核对征求意见", en="check the hearing of opinions"),
        ),
        "risk_assessment": RecommendedAction(
            words=Text(
                zh="核对社会稳定风险评估已完成、结论已落实", en="Check that the social stability risk assessment was made and acted upon"
            ),
            legal_basis=Text(zh="《国有土地上房屋征收与补偿条例》第12条", en="Housing Expropriation Regulation art. 12"),
            short=Text(zh="核对稳评", en="check the risk assessment"),
        ),
        "follow_up": RecommendedAction(
            words=Text(
                zh="对近半年办结事项做一次回访，了解协议履行情况",
                en="Follow up what was closed in the last half year, and see whether agreements are kept",
            ),
            legal_basis=Text(zh="《人民调解法》第31条", en="People's Mediation Law art. 31"),
            short=Text(zh="回访办结事项", en="follow up what was closed"),
        ),
        "deadline_check": RecommendedAction(
            words=Text(
                zh="逐件核对责任单位和办理时限，主动告知办理进度；确需延长的依规批准",
                en="Check office and deadline of each open matter and tell how it stands; extend only by the rules",
            ),
            legal_basis=Text(zh="《信访工作条例》第34条", en="Petition Regulation art. 34"),
            short=Text(zh="核对办理时限", en="check deadlines"),
        ),
        "term_check": RecommendedAction(
            words=Text(
                zh="逐件核对责任单位和办理期限，主动告知进度，到期前拿出处理意见",
                en="Check office and term of each open case, tell how it stands, and settle it before the term ends",
            ),
            legal_basis=Text(zh="《人民调解工作若干规定》第33条", en="Mediation Rules art. 33"),
            short=Text(zh="核对办理期限", en="check terms"),
        ),
        "confirm_court": RecommendedAction(
            words=Text(
                zh="告知可在调解协议生效后30日内申请司法确认", en="Tell that a court can confirm a mediated agreement within 30 days"
            ),
            legal_basis=Text(zh="《人民调解法》第33条", en="People's Mediation Law art. 33"),
            short=Text(zh="告知司法确认", en="tell of confirmation by a court"),
        ),
        "data_check": RecommendedAction(
            words=Text(
                zh="核实数据：是否及时登记办结、归属网格是否正确，必要时由社区协助补录",
                en="Check the data: are closed matters entered, and do they belong to this grid",
            ),
            legal_basis=None,
            short=Text(zh="核实数据", en="check the data"),
        ),
        "neighbor_coord": RecommendedAction(
            words=Text(
                zh="与相邻网格共用一名调解员或联合调解，口径一致",
                en="Share a mediator with the neighbouring grids, or mediate together, with one answer",
            ),
            legal_basis=Text(zh="《人民调解法》第21条", en="People's Mediation Law art. 21"),
            short=Text(zh="与相邻网格联动", en="act with the neighbouring grids"),
        ),
        "village_open": RecommendedAction(
            words=Text(zh="有关事项在村（社区）公开，当面答复疑问", en="Publish the matter in the village and answer questions in person"),
            legal_basis=Text(zh="《村民委员会组织法》第30条", en="Village Committees Law art. 30"),
            short=Text(zh="公开并答疑", en="publish and answer"),
        ),
        "land_title": RecommendedAction(
            words=Text(
                zh="请自然资源部门现场讲清权属和界址；协商不成的，依法提请处理",
                en="Ask the land office to explain title and borders on site; submit what stays unsettled",
            ),
            legal_basis=Text(zh="《土地管理法》第14条", en="Land Administration Law art. 14"),
            short=Text(zh="讲清权属界址", en="explain title and borders"),
        ),
        "forest_title": RecommendedAction(
            words=Text(
                zh="请林业部门现场讲清林权和界址；协商不成的，依法提请处理",
                en="Ask the forest office to explain title and borders on site; submit what stays unsettled",
            ),
            legal_basis=Text(zh="《森林法》第22条", en="Forest Law art. 22"),
            short=Text(zh="讲清林权界址", en="explain forest title and borders"),
        ),
        "consumer_mediation": RecommendedAction(
            words=Text(zh="提请市场监管部门或消费者协会组织调解", en="Ask the market office or the consumer association to mediate"),
            legal_basis=Text(zh="《消费者权益保护法》第39条", en="Consumer Protection Law art. 39"),
            short=Text(zh="请市场监管调解", en="ask the market office to mediate"),
        ),
        "traffic_mediation": RecommendedAction(
            words=Text(
                zh="告知可请公安交管部门调解，也可起诉", en="Tell that the traffic police can mediate, and that a court can be asked"
            ),
            legal_basis=Text(zh="《道路交通安全法》第74条", en="Road Traffic Safety Law art. 74"),
            short=Text(zh="告知交管调解", en="tell of mediation by the traffic police"),
        ),
        "injury_aid": RecommendedAction(
            words=Text(zh="告知人身损害赔偿可申请法律援助", en="Tell of legal aid for compensation of injuries"),
            legal_basis=Text(zh="《法律援助法》第31条", en="Legal Aid Law art. 31"),
            short=Text(zh="告知法律援助", en="tell of legal aid"),
        ),
        "expropriation_explain": RecommendedAction(
            words=Text(
                zh="公布补偿方案，做好解释，逐条答复意见", en="Publish the compensation plan, explain it, and reply to every opinion"
            ),
            legal_basis=Text(zh="《国有土地上房屋征收与补偿条例》第13条", en="Housing Expropriation Regulation art. 13"),
            short=Text(zh="公布补偿方案", en="publish the compensation plan"),
        ),
    }
)

OF_CATEGORY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "labor_wage": ("labor_inspect", "legal_aid", "joint_consult"),
        "property_mgmt": ("property_talk", "mediation"),
        "environment": ("noise_check", "info_disclose"),
        "land_acquisition": ("hearing", "expropriation_explain"),
        "housing_homestead": ("land_title", "mediation"),
        "forest_land": ("forest_title", "mediation"),
        "damage_compensation": ("mediation", "injury_aid"),
        "neighbor": ("mediation", "home_visit"),
        "village_affairs": ("village_open", "mediation"),
        "consumer": ("consumer_mediation", "mediation"),
        "traffic_accident": ("traffic_mediation", "mediation"),
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
