"""Person names inside a text: a surname, one or two more characters, and words that only stand beside people.

Names cannot be found reliably; this is a second net behind the closed code lists, in which no name fits.
"""

import re

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


def names_a_person(text: str) -> bool:
    """Tell whether a normalised text (Chinese digits kept: 伍 is a surname) seems to name somebody.

    >>> names_a_person("居民王小明反映楼道堆物"), names_a_person("居民反映楼道堆物")
    (True, False)
    """
    return any(pattern.search(text) for pattern in _PATTERNS)
