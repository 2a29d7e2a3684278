"""The market rules as shipped: what we read in the law, to be checked by the shop's own lawyer.

CN  SMS: 《通信短信息服务管理规定》 (2015) art. 18–20: consent, the sender named, a way to refuse. E-mail:
    《互联网电子邮件服务管理办法》 (2006) art. 13: consent, and 广告 or AD in front of the subject.
DE  § 7 UWG: express consent, whose proof is the sender's: double opt-in (BGH I ZR 164/09). Existing
    customers (§ 7 (3)) may be chosen instead.
FR  Art. L34-5 CPCE: consent; the operators' charter (AF2M): no marketing SMS in the evening, at night, on
    Sundays and public holidays, and each says how to stop.
US  CAN-SPAM (e-mail) would allow opt-out; mailbox providers do not, so consent is shipped. SMS: TCPA,
    47 CFR 64.1200: written consent, not before 8 am and after 9 pm where the person is (8 pm in Florida,
    Oklahoma and Washington, which is taken for all), a way to stop.
"""

from dataclasses import dataclass
from datetime import time

from customers.models import Channel
from delivery.rules.models import ConsentBasis


@dataclass(frozen=True, slots=True)
class Rule:
    """What a market asks for in a channel. `market` is the one it was written for, * for all others."""

    market: str
    channel: str
    consent: str = ConsentBasis.OPT_IN
    label: str = ""
    footer: str = ""
    stop_words: tuple[str, ...] = ()
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_sundays: bool = False
    pixel: str = ""
    shipped: bool = True


REST = "*"
_EMAIL, _SMS = Channel.EMAIL.value, Channel.SMS.value

RULES: dict[tuple[str, str], Rule] = {
    (rule.market, rule.channel): rule
    for rule in (
        Rule("CN", _EMAIL, label="[AD]"),
        Rule(
            "CN", _SMS, footer="拒收请回复R", stop_words=("R", "TD", "T", "N", "退订"),
            quiet_from=time(21), quiet_until=time(8),
        ),
        Rule("DE", _EMAIL, consent=ConsentBasis.DOUBLE_OPT_IN),
        Rule("DE", _SMS, footer="Abmelden: STOP", stop_words=("STOP", "STOPP", "ABMELDEN")),
        Rule("FR", _EMAIL),
        Rule(
            "FR", _SMS, footer="STOP pour se désinscrire", stop_words=("STOP", "ARRET", "DESABO"),
            quiet_from=time(20), quiet_until=time(8), quiet_sundays=True,
        ),
        Rule("US", _EMAIL),
        Rule(
            "US", _SMS, footer="Reply STOP to opt out",
            stop_words=("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"),
            quiet_from=time(20), quiet_until=time(8),
        ),
        Rule(REST, _SMS, stop_words=("STOP",), quiet_from=time(21), quiet_until=time(8)),
    )
}  # fmt: skip


def shipped_rule(market: str, channel: str) -> Rule:
    """Return the shipped rule of a market, else that of the rest of the world, else plain consent."""
    found = RULES.get((market, channel)) or RULES.get((REST, channel))
    return found or Rule(REST, channel)
