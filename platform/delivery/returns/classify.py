"""What a bounce means: RFC 3463's status where it says something, else the words of the server.

Hard means that the address does not exist, so it is never tried again. A refusal for content, sender
or policy says nothing about the address.
"""

import re

from delivery.returns.models import BounceClass

_STATUS = {
    # X.1 is about the address, X.2 about the mailbox, X.4 about the way there (RFC 3463 §3).
    "1.0": BounceClass.HARD, "1.1": BounceClass.HARD, "1.2": BounceClass.HARD, "1.3": BounceClass.HARD,
    "1.4": BounceClass.HARD, "1.6": BounceClass.HARD, "1.7": BounceClass.BLOCK, "1.8": BounceClass.BLOCK,
    "1.9": BounceClass.SOFT, "1.10": BounceClass.HARD, "2.1": BounceClass.HARD, "2.2": BounceClass.SOFT,
    "2.3": BounceClass.BLOCK, "2.4": BounceClass.SOFT, "3.4": BounceClass.BLOCK, "4.4": BounceClass.HARD,
}  # fmt: skip
_SUBJECTS = {
    "3": BounceClass.SOFT, "4": BounceClass.SOFT, "5": BounceClass.SOFT, "6": BounceClass.BLOCK,
    "7": BounceClass.BLOCK,
}  # fmt: skip
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3}\.\d{1,3})\b")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")

# Most particular first: "blocked" may stand beside "user", "full" beside "mailbox unavailable".
_WORDS = [
    (BounceClass.SOFT, re.compile(
        r"over ?quota|quota exceeded|exceeded.{0,20}(quota|storage)|(mailbox|inbox|user).{0,20}full"
        r"|insufficient.{0,10}storage|boîte.{0,20}pleine|postfach.{0,20}voll|buz[oó]n.{0,20}lleno"
        r"|邮箱已满|郵箱已滿|容量|超过配额|メールボックスが.{0,10}いっぱい|容量超過|переполнен",
        re.IGNORECASE | re.DOTALL)),
    (BounceClass.BLOCK, re.compile(
        r"spam|black ?list|block ?list|blocked|reputation|dmarc|\bspf\b|\bdkim\b|policy|too large|size limit"
        r"|virus|abus(e|ive)|unsolicited|垃圾邮件|垃圾郵件|黑名单|黑名單|拒绝策略|スパム|спам",
        re.IGNORECASE)),
    (BounceClass.HARD, re.compile(
        r"(user|recipient|mailbox|address|account|alias).{0,40}(unknown|not? (found|exist|known|valid|such)"
        r"|n.t exist|does not exist|disabled|invalid|rejected|inactive|deactivated)"
        r"|(no such|unknown|invalid|non-?existent).{0,10}(user|recipient|mailbox|address|person|account)"
        r"|no mailbox here|(host|domain).{0,30}(not found|unknown|does not exist)|nxdomain"
        r"|unbekannt|existiert nicht|unzustellbar|ungültige adresse|utilisateur inconnu|destinataire inconnu"
        r"|n.existe pas|desconocid[oa]|no existe|sconosciuto|non esiste|não existe|desconhecido"
        r"|用户不存在|用戶不存在|邮箱不存在|收件人不存在|帐号不存在|查无此|地址有误|不存在的"
        r"|存在しません|宛先不明|見つかりません|не существует|не найден|неизвестн",
        re.IGNORECASE | re.DOTALL)),
    (BounceClass.SOFT, re.compile(
        r"temporar|try again|try later|timed? ?out|timeout|unreachable|connection (refused|lost)|greylist"
        r"|rate limit|too many|vorübergehend|temporaire|稍后再试|暂时|一時的",
        re.IGNORECASE)),
]  # fmt: skip
_AUTO_SUBJECT = re.compile(
    r"^(auto(matic)?[ -]?(reply|response|antwort)|automatische antwort|out of (the )?office|abwesenheit"
    r"|réponse automatique|respuesta automática|risposta automatica|自动回复|自動回覆|自動返信|автоответ)",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"confirm (that you sent|your (message|e-?mail))|verify (that )?you|human|challenge|boxbe|spamarrest"
    r"|click (here|the link).{0,40}deliver",
    re.IGNORECASE | re.DOTALL,
)


def by_status(status: str, words: str, *, action: str = "failed") -> BounceClass:
    """Return the class of a delivery report: `status` as 5.1.1, `words` as the server gave them."""
    if action == "delayed":
        return BounceClass.DELAYED
    kind, _, detail = status.partition(".")
    found = _STATUS.get(detail) or _SUBJECTS.get(detail.partition(".")[0])
    if kind == "4":
        return BounceClass.SOFT  # given up after trying; the address may well exist
    if found:
        return found
    return by_words(words) or (BounceClass.UNKNOWN if kind != "5" else BounceClass.SOFT)


def by_words(words: str) -> BounceClass:
    """Return what a server's words say, in the languages that are common; unknown when nothing does."""
    for meaning, pattern in _WORDS:
        if pattern.search(words):
            return meaning
    if status := find_status(words):
        return _STATUS.get(status[2:]) or _SUBJECTS.get(status[2:].partition(".")[0]) or BounceClass.UNKNOWN
    reply = _REPLY.search(words)
    return BounceClass.SOFT if reply and reply[1].startswith("4") else BounceClass.UNKNOWN


def find_status(words: str) -> str:
    """Return the first enhanced status in a text, as 5.1.1, or an empty string."""
    match = _ENHANCED.search(words)
    return f"{match[1]}.{match[2]}" if match else ""


def of_reply(headers: dict[str, str], words: str) -> BounceClass:
    """Return whether a mail that is no report is an automatic reply (RFC 3834) or a challenge."""
    automatic = headers.get("auto-submitted", "no").strip().lower().partition(";")[0] not in ("", "no")
    old = any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
    if _CHALLENGE.search(f"{headers.get('subject', '')} {words[:2000]}"):
        return BounceClass.CHALLENGE
    vacation = headers.get("precedence", "").lower() == "auto_reply"
    if automatic or old or vacation or _AUTO_SUBJECT.search(headers.get("subject", "")):
        return BounceClass.AUTO_REPLY
    return BounceClass.UNKNOWN
