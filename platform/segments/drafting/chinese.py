"""How Chinese says who somebody is and what they did."""

import re

from segments.drafting.tokens import Type, entry, table
from segments.rules.limits import MAX_NUMBER

_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?\s?[千万]?|[一二两三四五六七八九十百千万]+)"
_UNITS = {
    "小时": 1, "钟头": 1, "天": 24, "日": 24, "周": 24 * 7, "星期": 24 * 7, "礼拜": 24 * 7,
    "个月": 24 * 30, "月": 24 * 30, "季度": 24 * 91, "年": 24 * 365,
}  # fmt: skip
_UNIT = r"个?(?P<unit>小时|钟头|天|日|周|星期|礼拜|个月|月|季度|年)"
_SENT = r"(?:邮件|消息|短信|推送|通知)"

VERBS = {
    r"购买过?|买过|买了|买|下过?单|下了单|订购过?": "purchase",
    r"浏览过?|查看过?|看过|看了": "view",
    r"搜索过?|搜过": "search",
    r"弃购|放弃购物车|购物车放弃": "abandoned",
    r"加入过?(?:到)?购物车|加购过?|放入购物车": "add_to_cart",
    r"结账过?": "checkout",
    r"退款过?|退货过?|退过货|退过款": "refund",
    r"评论过?|写过评论": "review",
    r"评分过?|打过分": "rating",
    r"访问过?|到访过?": "visit",
    r"打开过?|阅读过?": "message_opened",
    r"点击过?|点过": "message_clicked",
    r"退订过?": "unsubscribe",
    r"使用过?优惠券|用过优惠券|核销过?(?:优惠券)?|兑换过?(?:优惠券)?": "coupon_redeemed",
    r"领取?过?优惠券|获得过?优惠券": "coupon_assigned",
    r"收到过?(?:邮件|消息)": "message_sent",
    r"订阅过?": "subscribe",
}
CHOICES = {
    r"冠军客户|冠军": ("profile.rfm_class", "champions"),
    r"忠诚客户|忠诚": ("profile.rfm_class", "loyal"),
    r"有流失风险的?(?:客户)?|流失风险客户": ("profile.rfm_class", "at_risk"),
    r"沉睡客户|沉睡": ("profile.rfm_class", "hibernating"),
    r"潜力客户|有潜力": ("profile.rfm_class", "promising"),
    r"沉寂的大客户|大客户沉寂|沉默的高消费客户": ("profile.rfm_class", "big_spenders_quiet"),
    r"新客户|新客": ("profile.lifecycle", "new"),
    r"活跃客户|活跃": ("profile.lifecycle", "active"),
    r"正在流失的?(?:客户)?|即将流失的?(?:客户)?": ("profile.lifecycle", "lapsing"),
    r"已流失的?(?:客户)?": ("profile.lifecycle", "lapsed"),
    r"已?挽回的?(?:客户)?": ("profile.lifecycle", "won_back"),
}
_AGREED = r"(?:同意(?:接收|收)?|订阅了?|授权|允许|可以?接收|接受)(?:营销)?"
FACTS = {
    r"有(?:电子)?邮箱(?:地址)?|有电子邮件(?:地址)?|有邮件地址": "customer.has_email",
    rf"{_AGREED}(?:电子)?邮件(?:营销)?|邮件可达|可发送?邮件|有邮件授权": "consent.email",
    rf"{_AGREED}短信(?:营销)?|短信可达|可发送?短信": "consent.sms",
    rf"{_AGREED}推送(?:通知)?|推送可达": "consent.push",
}
FIELDS = {
    r"流失风险|流失概率": "score.churn",
    r"生命周期价值|预测价值|终身价值": "score.lifetime_value",
    r"累计消费(?:金额)?|总消费(?:金额)?|消费总额|总收入": "profile.revenue",
    r"订单数|订单总数|总订单(?:数)?": "profile.orders",
    r"距上次(?:下单|购买|访问)(?:的)?天数|最近一次购买距今": "profile.recency_days",
    r"平均客单价|客单价|平均订单(?:金额)?": "profile.basket_value",
    r"折扣(?:购买)?占比": "profile.discounted_lines",
    r"(?:会员)?积分": "customer.attributes.points",
    r"画像": "profile.persona",
}
TEXT_FIELDS = {
    r"(?:会员)?等级(?:是|为)?": "customer.attributes.tier",
    r"语言(?:是|为)?": "customer.locale",
    r"时区(?:是|为)?": "customer.time_zone",
}
_COMPARED = {
    r"至少|不少于|不低于|最少|大于等于|>=|≥": "gte",
    r"至多|最多|不超过|不多于|不高于|小于等于|<=|≤": "lte",
    r"超过|多于|高于|大于|超|>": "gt",
    r"少于|低于|小于|不到|不足|<": "lt",
    r"恰好|正好|等于|=": "eq",
    r"以上|及以上|或以上|或更多": "gte",
    r"以下|及以下|或更少": "lte",
}
_COUNTED = {
    r"次|回": "count",
    r"个?订单|单|笔": "orders",
    r"件|个商品|瓶|包": "quantity",
    r"元|块钱?|美元|欧元|人民币|英镑": "amount",
}
_NOISE = (
    r"最高的?|客户|顾客|用户|会员|买家|的人|人群|人|所有|全部|那些|他们|她们|我们|的|了|过|在|有|是|为|和|被|把|对|给"
    r"|任何|商品|产品|东西|找出|显示|列出|筛选|请|我想要?|想要|并|内|里|以来|期间|之内|以内|也|都|就|来自|位于|住在"
    rf"|{_SENT}|金额|共|总共|合计|曾经?|已经?|其|哪些|店铺|其中|个|什么|地区"
)


def number(text: str) -> float:
    """Read a number in digits, or in Chinese numerals below 100 million."""
    text = text.strip().replace(",", "")
    if text[0].isdigit():
        factor = _TENS.get(text[-1], 1)
        return min(float(text.rstrip("千万").strip()) * factor, MAX_NUMBER)
    total = part = digit = 0
    for letter in text:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif _TENS[letter] == _TENS["万"]:
            total, part, digit = (total + part + digit or 1) * _TENS["万"], 0, 0
        else:
            part, digit = part + (digit or 1) * _TENS[letter], 0
    return total + part + digit


def _hours(match: re.Match[str]) -> int:
    return round(number(match["n"] or "1") * _UNITS[match["unit"]])


ENTRIES = (
    *table(Type.AND, {r"并且|而且|以及|且|但是|但|不过|同时|并|[，,；;。、]": None}, whole_words=False),
    *table(Type.OR, {r"或者|或是|或": None}, whole_words=False),
    *table(Type.THEN, {r"(?:之后|以后|然后|随后|而后|后)": None}, whole_words=False),
    *table(
        Type.NOT,
        {r"从来?没有?|从未|从不|没有|没|未曾|未|不是|不属于|不在|非|不|除了|除": None},
        whole_words=False,
    ),
    *table(Type.NONE, {r"一[封条个]?(?:都|也)(?:没有?|未)|都(?:没有?|未)": None}, whole_words=False),
    *table(Type.VERB, VERBS, whole_words=False),
    *table(Type.SPEND, {r"消费了?|花费了?|花了|消费金额|购买金额": None}, whole_words=False),
    *table(Type.BACK, {r"回访|再来|回来|复购|再次购买|活跃|来访": None}, whole_words=False),
    *table(Type.CHOICE, CHOICES, whole_words=False),
    *table(Type.FACT, FACTS, whole_words=False),
    *table(Type.FIELD, FIELDS, whole_words=False),
    *table(Type.TEXT_FIELD, TEXT_FIELDS, whole_words=False),
    *(entry(Type.COMPARED, rf"(?:{p})", lambda m, op=op: op) for p, op in _COMPARED.items()),
    *table(Type.TIMES, {r"多次|反复|不止一次": ("gte", 2), r"一次": ("eq", 1)}, whole_words=False),
    entry(
        Type.RANGE,
        rf"(?:介于|在)?\s?(?P<low>{_NUMBER})\s?(?:元|次|件|%)?\s?(?:到|至|和|~|-|—)\s?(?P<high>{_NUMBER})(?:之间)?",
        lambda m: (number(m["low"]), number(m["high"])),
    ),
    *table(Type.UNIT, _COUNTED | {r"[$€£¥￥]": "amount"}, whole_words=False),
    entry(Type.PERCENT, r"%|％", lambda m: None),
    entry(
        Type.WINDOW,
        rf"(?:在)?(?:最近|近|过去|前)\s?(?:的)?\s?(?P<n>{_NUMBER})?\s?{_UNIT}(?:之内|以内|以来|内|里|中)?",
        _hours,
    ),
    entry(Type.WINDOW, r"今天|今日", lambda m: 24),
    entry(Type.SPAN, rf"(?P<n>{_NUMBER})\s?{_UNIT}(?:之内|以内|内|里)", _hours),
    entry(Type.WINDOW, rf"(?P<n>{_NUMBER})\s?{_UNIT}(?=\s?(?:没|未|不))", _hours),
    entry(Type.AGO, rf"(?P<n>{_NUMBER})\s?{_UNIT}(?:之前|以前|前)", _hours),
    entry(
        Type.ACTUAL,
        r"(?:最后一次|上次|最近一次)(?:购买|下单|订单)(?:时间)?(?:在|是)?",
        lambda m: "profile.last_order_at",
    ),
    entry(
        Type.ACTUAL,
        r"(?:首次|第一次)(?:购买|下单|订单)(?:时间)?(?:在|是)?",
        lambda m: "profile.first_order_at",
    ),
    entry(Type.ACTUAL, r"注册(?:时间)?(?:在|是)?", lambda m: "customer.created_at"),
    entry(
        Type.LAST,
        rf"(?:最近|近|最后)的?\s?(?P<n>{_NUMBER})\s?(?:封|条|个|次)?(?:营销)?{_SENT}",
        lambda m: int(number(m["n"])),
    ),
    entry(
        Type.BIRTHDAY,
        r"(?:(?:在)?(?P<first>今天|本周|这周|本月|这个月))?(?:过)?生日(?:是|在|为)?(?P<when>今天|本周|这周|本月|这个月|未来\s?(?P<n>\d+)\s?天)?",
        lambda m: (
            int(m["n"])
            if m["n"]
            else {"今天": 1, "本周": 7, "这周": 7}.get(m["when"] or m["first"] or "", 31)
        ),
    ),
    entry(Type.TOP, rf"(?:排名)?前\s?(?P<n>{_NUMBER})\s?(?:名|位|个)", lambda m: int(number(m["n"]))),
    entry(
        Type.SHARE,
        rf"随机(?:抽取|选取|抽)?(?:的)?\s?(?P<n>{_NUMBER})\s?[%％]",
        lambda m: number(m["n"]) / 100,
    ),
    *table(Type.SEGMENT, {r"(?:属于|在)?人群": None}, whole_words=False),
    entry(Type.QUOTED, r"[“\"「『‘](?P<text>[^”\"」』’]{1,100})[”\"」』’]", lambda m: m["text"].strip()),
    entry(Type.NUMBER, _NUMBER, lambda m: number(m[0])),
    entry(Type.NOISE, rf"(?:{_NOISE})|\s+", lambda m: None),
)
#: Chinese writes no blanks, so a word goes on letter by letter; neighbours are joined again.
WORD = re.compile(r"[A-Za-z0-9À-ÿ_\-]+|\S")
