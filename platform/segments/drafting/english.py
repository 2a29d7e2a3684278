"""How English says who somebody is and what they did."""

import re

from segments.drafting.tokens import Type, entry, table
from segments.rules.limits import MAX_NUMBER

NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip
_WORDS = "|".join(sorted(NUMBERS, key=len, reverse=True))
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?(?:\s?k\b)?|(?<!\w)(?:{_WORDS})(?!\w))"
_UNITS = {"hour": 1, "day": 24, "week": 24 * 7, "month": 24 * 30, "quarter": 24 * 91, "year": 24 * 365}
_UNIT = r"(?P<unit>hour|day|week|month|quarter|year)s?"
_MONEY = r"[$€£¥]\s?"

_SOMETHING = r"(?:something |anything |it |items? |products? )?"
_CART = r"(?:the |their |a )?(?:shopping )?(?:cart|basket)"
_MAILS = r"(?:e-?mails?|mails?|messages?|newsletters?)"

VERBS = {
    r"bought|buys?|buying|purchased?|purchases|ordered|orders? placed|placed (?:an )?orders?": "purchase",
    r"viewed|views?|looked at|looks? at|browsed?|seen|saw": "view",
    r"searched|search(?:es)? for|searched for|looked for": "search",
    r"abandoned (?:a |the |their )?(?:cart|basket)": "abandoned",
    rf"added? {_SOMETHING}to {_CART}|put {_SOMETHING}in(?:to)? {_CART}": "add_to_cart",
    r"checked out|checks? out": "checkout",
    r"refunded|returned (?:something|anything|items?|products?|goods)|sent back": "refund",
    r"reviewed|reviews?|wrote a review": "review",
    r"rated|rates?": "rating",
    r"visited|visits?|came to the (?:shop|site|website)": "visit",
    r"opened|opens?|read (?:a|an|any|our) (?:e-?mails?|mails?|messages?|newsletters?)": "message_opened",
    r"clicked|clicks?(?: on)?": "message_clicked",
    r"unsubscribed?": "unsubscribe",
    r"redeemed|redeems?": "coupon_redeemed",
    r"(?:was|were) sent": "message_sent",
    r"subscribed?": "subscribe",
}
CHOICES = {
    r"champions?": ("profile.rfm_class", "champions"),
    r"loyal(?: customers)?": ("profile.rfm_class", "loyal"),
    r"at[ -]risk": ("profile.rfm_class", "at_risk"),
    r"hibernating": ("profile.rfm_class", "hibernating"),
    r"promising": ("profile.rfm_class", "promising"),
    r"big spenders(?: gone quiet)?": ("profile.rfm_class", "big_spenders_quiet"),
    r"prospects?": ("profile.lifecycle", "prospect"),
    r"new customers?": ("profile.lifecycle", "new"),
    r"active(?: customers)?": ("profile.lifecycle", "active"),
    r"lapsing": ("profile.lifecycle", "lapsing"),
    r"lapsed": ("profile.lifecycle", "lapsed"),
    r"won[ -]back": ("profile.lifecycle", "won_back"),
}
_BY = r"(?:(?:agreed to|opted in(?:to| to)?|consented to|subscribed to|accepts?|wants?|has consent for|with) "
FACTS = {
    r"(?:has|have|had|with) (?:an )?e-?mail(?: address)?": "customer.has_email",
    rf"{_BY}(?:marketing )?e-?mails?(?: marketing| consent)?|can be e-?mailed|reachable by e-?mail)": (
        "consent.email"
    ),
    rf"{_BY}(?:marketing )?(?:sms|text messages?)(?: consent)?|reachable by sms)": "consent.sms",
    rf"{_BY}(?:web )?push(?: messages| notifications| consent)?|reachable by push)": "consent.push",
}
FIELDS = {
    r"churn risk|risk of churn(?:ing)?|churn score": "score.churn",
    r"lifetime value|predicted value": "score.lifetime_value",
    r"(?:lifetime|total|overall) (?:revenue|spend|spending)|revenue": "profile.revenue",
    r"(?:number of |total )?orders": "profile.orders",
    r"days since (?:the |their )?last (?:order|purchase|visit)|recency": "profile.recency_days",
    r"average (?:order|basket)(?: value)?|basket value|order value": "profile.basket_value",
    r"discount share|share of (?:purchases|orders|lines) at a discount": "profile.discounted_lines",
    r"(?:loyalty )?points": "customer.attributes.points",
    r"persona": "profile.persona",
}
TEXT_FIELDS = {
    r"(?:member(?:ship)? |loyalty )?tier(?: is| of)?": "customer.attributes.tier",
    r"(?:language|locale)(?: is)?|speaks?": "customer.locale",
    r"(?:in the )?time ?zone(?: is)?": "customer.time_zone",
}
_COMPARED = {
    r"at least|no (?:less|fewer) than|not less than|minimum(?: of)?|>=|≥": "gte",
    r"at most|no more than|not more than|up to|maximum(?: of)?|<=|≤": "lte",
    r"more than|over|above|greater than|exceeding|higher than|>": "gt",
    r"less than|fewer than|under|below|lower than|<": "lt",
    r"exactly|equal to|equals|=": "eq",
}
_AFTER = {r"or more|and more|and up|and above|or above|\+": "gte", r"or less|or fewer|or below": "lte"}
_TIMES = {r"once": ("eq", 1), r"twice": ("eq", 2), r"several times|repeatedly|more than once": ("gte", 2)}
_COUNTED = {
    r"times?": "count",
    r"(?:different |separate )?orders": "orders",
    r"pieces?|items?|units?|products": "quantity",
    r"dollars?|euros?|pounds?|yuan|usd|eur|gbp|cny|rmb": "amount",
}
_NOISE = (
    r"customers?|people|persons?|shoppers?|buyers?|members?|users?|everyone|everybody|anyone|all|those|them|they"
    r"|who|whose|which|that|is|are|was|were|be|been|has|have|had|having|do|does|did|the|a|an|of|our|my|their"
    r"|your|his|her|its|to|for|on|by|with|in|from|at|as|there|any|some|something|anything|ever|already|just|also"
    r"|still|only|find|show|me|give|list|get|select|want|us|e-?mails?|messages?|mails?|newsletters?|coupons?"
    r"|within|during|it|goods|shop|us|please|now|then"
)


def number(text: str) -> float:
    """Read a number written in digits or as a word."""
    text = text.strip().lower().replace(",", "")
    if text in NUMBERS:
        return NUMBERS[text]
    return min(float(text[:-1]) * 1000 if text.endswith("k") else float(text), MAX_NUMBER)


def _hours(match: re.Match[str]) -> int:
    return round(number(match["n"] or "1") * _UNITS[match["unit"].lower()])


ENTRIES = (
    *table(
        Type.AND,
        {r"and(?: also)?|but(?: also)?|while|yet|plus|as well as|except(?: for)?": None},
        whole_words=True,
    ),
    entry(Type.AND, r"[,;.&](?!\d)", lambda m: None),
    *table(Type.OR, {r"or(?: else)?": None}, whole_words=True),
    *table(Type.THEN, {r"(?:and |but )?(?:then|afterwards|after that)": None}, whole_words=True),
    *table(
        Type.NOT,
        {
            r"never|not|no|without|nobody|neither|nor|didn['’]?t|don['’]?t|doesn['’]?t|haven['’]?t|hasn['’]?t|hadn['’]?t|"
            r"isn['’]?t|aren['’]?t|wasn['’]?t|did not|do not|has not|have not|except(?: for)?": None
        },
        whole_words=True,
    ),
    *table(Type.NONE, {r"none(?: of)?|not one of": None}, whole_words=True),
    *table(Type.VERB, VERBS, whole_words=True),
    *table(Type.SPEND, {r"spent|spend|spends|spending|paid": None}, whole_words=True),
    *table(
        Type.BACK,
        {r"(?:been |come |came |gone )?back|returned|quiet|inactive|silent|active|seen|heard from": None},
        whole_words=True,
    ),
    *table(Type.CHOICE, CHOICES, whole_words=True),
    *table(Type.FACT, FACTS, whole_words=True),
    *table(Type.FIELD, FIELDS, whole_words=True),
    *table(Type.TEXT_FIELD, TEXT_FIELDS, whole_words=True),
    *table(Type.TIMES, _TIMES, whole_words=True),
    *(
        entry(Type.COMPARED, rf"(?:{p})" if p[0] in "><=" else rf"(?<!\w)(?:{p})(?!\w)", lambda m, op=op: op)
        for p, op in _COMPARED.items()
    ),
    *(entry(Type.COMPARED, rf"(?:{p})", lambda m, op=op: op) for p, op in _AFTER.items()),
    entry(
        Type.RANGE,
        rf"(?<!\w)(?:between|from) (?:{_MONEY})?(?P<low>{_NUMBER})%? (?:and|to) "
        rf"(?:{_MONEY})?(?P<high>{_NUMBER})",
        lambda m: (number(m["low"]), number(m["high"])),
    ),
    entry(Type.UNIT, r"[$€£¥]", lambda m: "amount"),
    *table(Type.UNIT, _COUNTED, whole_words=True),
    entry(Type.PERCENT, r"%|(?<!\w)(?:per ?cent|percent)(?!\w)", lambda m: None),
    entry(
        Type.WINDOW,
        rf"(?<!\w)(?:(?:in|within|during|over|for|since) )?(?:the )?(?:last|past|previous) "
        rf"(?:(?P<n>{_NUMBER}) )?{_UNIT}\b",
        _hours,
    ),
    entry(Type.WINDOW, rf"(?<!\w)(?:in|for|over|during) (?P<n>{_NUMBER}) {_UNIT}\b", _hours),
    entry(Type.WINDOW, r"(?<!\w)today(?!\w)", lambda m: 24),
    entry(Type.SPAN, rf"(?<!\w)within (?P<n>{_NUMBER}) {_UNIT}\b", _hours),
    entry(Type.AGO, rf"(?P<n>{_NUMBER}) {_UNIT} ago\b", _hours),
    entry(
        Type.ACTUAL,
        r"(?<!\w)(?:last|latest|most recent) (?:order|purchase)(?: was)?(?!\w)",
        lambda m: "profile.last_order_at",
    ),
    entry(Type.ACTUAL, r"(?<!\w)first (?:order|purchase)(?: was)?(?!\w)", lambda m: "profile.first_order_at"),
    entry(Type.ACTUAL, r"(?<!\w)(?:known since|joined|signed up)(?!\w)", lambda m: "customer.created_at"),
    entry(
        Type.LAST,
        rf"(?<!\w)(?:the |our |their )?(?:last|latest|most recent) (?P<n>{_NUMBER}) {_MAILS}",
        lambda m: int(number(m["n"])),
    ),
    entry(
        Type.BIRTHDAY,
        r"(?<!\w)birthdays?(?: is| are)?(?: in| on)?(?: the)? "
        r"(?P<when>today|this week|this month|next week|next (?P<n>\d+) days)(?!\w)",
        lambda m: (
            int(m["n"])
            if m["n"]
            else {"today": 1, "this week": 7, "next week": 14, "this month": 31}[m["when"].lower()]
        ),
    ),
    entry(
        Type.TOP,
        rf"(?<!\w)(?:the )?(?:top|best) (?P<n>{_NUMBER})(?: (?:customers|people|buyers))?(?: by)?(?!\w)",
        lambda m: int(number(m["n"])),
    ),
    entry(
        Type.SHARE,
        rf"(?<!\w)(?:a )?random(?: sample of)?(?: share of)? (?P<n>{_NUMBER}) ?(?:%|per ?cent)"
        rf"|(?P<m>{_NUMBER}) ?(?:%|per ?cent) (?:chosen )?(?:at )?random",
        lambda m: number(m["n"] or m["m"]) / 100,
    ),
    *table(Type.SEGMENT, {r"(?:member of |members of |in )?(?:the )?segment": None}, whole_words=True),
    entry(Type.QUOTED, r"[“\"'‘](?P<text>[^”\"'’]{1,100})[”\"'’]", lambda m: m["text"].strip()),
    # An article is a number in "a week" only.
    entry(Type.NUMBER, rf"(?!an?\b){_NUMBER}", lambda m: number(m[0])),
    *table(Type.NOISE, {_NOISE: None}, whole_words=True),
)
WORD = re.compile(r"[^\s,;.&“”\"%$€£¥]+(?:\.\d+)?")
