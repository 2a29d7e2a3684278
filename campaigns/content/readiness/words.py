"""Words and habits that make filters suspicious, in English and Chinese.

After the public rules of SpamAssassin (subject in capitals, many exclamation marks, phrases of advance-fee
and pharmacy mail) and the advertising words that mainland providers publish as refused.
"""

import re

from django.utils.translation import gettext as _

from .finding import Finding, Level

_PHRASES = (
    "100% free", "100% guaranteed", "act now", "as seen on", "be your own boss", "billion dollars",
    "buy direct", "cash bonus", "casino", "cheap meds", "click here", "click below",
    "congratulations you", "double your", "earn money", "extra income", "fast cash", "free gift",
    "free money", "get rich", "guaranteed winner", "no catch", "no obligation", "no strings attached",
    "once in a lifetime", "risk free", "risk-free", "this is not spam", "urgent", "viagra", "weight loss",
    "winner", "work from home", "you have been selected", "免费领取", "点击这里", "点击领取", "立即致富",
    "稳赚", "赚钱", "中奖", "恭喜您获得", "100%有效", "绝对", "史上最低", "全网最低", "国家级", "最佳",
    "第一品牌", "无风险", "零风险", "发票", "代开", "澳门", "博彩", "贷款", "兼职", "减肥", "仅此一次",
    "不买后悔",
)  # fmt: skip
_ENGLISH = re.compile(
    r"\b(" + "|".join(re.escape(p) for p in _PHRASES if p.isascii()) + r")\b", re.IGNORECASE
)
_CHINESE = re.compile("|".join(re.escape(p) for p in _PHRASES if not p.isascii()))


def suspicious(text: str) -> list[str]:
    """Return the words filters do not like, each once, in lower case."""
    found = [match[0].lower() for match in _ENGLISH.finditer(text)]
    return list(dict.fromkeys([*found, *_CHINESE.findall(text)]))


def check_words(subject: str, text: str) -> list[Finding]:
    """Return advice on subject and words."""
    found = []
    if words := suspicious(f"{subject}\n{text}"):
        found.append(
            Finding(
                "spam",
                Level.ADVICE,
                _("Filters do not like: %(words)s. Say it differently.") % {"words": ", ".join(words[:8])},
            )
        )
    letters = [c for c in subject if c.isalpha() and c.upper() != c.lower()]
    if len(letters) > 8 and sum(c.isupper() for c in letters) > 0.6 * len(letters):
        found.append(Finding("capitals", Level.ADVICE, _("The subject shouts: write it in small letters.")))
    if len(re.findall(r"[!！]", subject)) > 1 or re.search(r"[!！?？]{3,}", text):
        found.append(Finding("exclamation", Level.ADVICE, _("Use one exclamation mark at most.")))
    return found
