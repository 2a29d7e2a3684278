"""Sending rules: when marketing waits, how much is enough, and what each market asks for."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.delivery.base import DeliveryPage
from core import clock
from customers.models import Channel
from delivery.models import FrequencyCap, MarketRule, QuietHours, WarmUp, WarmUpDay
from delivery.rules.models import ConsentBasis
from delivery.rules.selectors import market_rules
from delivery.rules.shipped import REST, Rule


class SendingRules(DeliveryPage):
    """All of them on one page; each is changed by its form."""

    permission_required = ("delivery.view_quiethours",)
    template_name = "console/delivery/rules.html"
    tab = "delivery_rules"
    title = gettext_lazy("Sending rules")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the rules. Six queries."""
        user = self.request.user
        today = clock.now().astimezone(clock.shop_zone()).date()
        return super().get_context_data(
            quiet=[(row, _days(row)) for row in QuietHours.objects.all()],
            quiet_is_off=not settings.QUIET_HOURS,
            caps=list(FrequencyCap.objects.all()),
            markets=list(_markets()),
            warm_ups=[_ladder(row, today) for row in WarmUp.objects.all()],
            may_change=user.has_perm("delivery.change_quiethours"),
            **kwargs,
        )


def _days(row: QuietHours) -> str:
    days = [str(WEEKDAYS_ABBR[d]) for d in sorted(row.weekdays)]
    every = [_("every day")] if len(days) == 7 else days
    return ", ".join([*every, *([_("public holidays")] if row.holidays else [])])


def _markets() -> Iterator[dict[str, Any]]:
    """Yield the markets' rules with where each is changed."""
    own = {(row.market, row.channel): row.pk for row in MarketRule.objects.all()}
    for rule in market_rules():
        if pk := own.get((rule.market, rule.channel)):
            url = reverse("admin:delivery_marketrule_change", args=[pk])
        else:
            url = f"{reverse('admin:delivery_marketrule_add')}?{urlencode(_initial(rule))}"
        yield {
            "rule": rule,
            "market": _("All others") if rule.market == REST else rule.market,
            "channel": Channel(rule.channel).label,
            "consent": ConsentBasis(rule.consent).label,
            "url": url,
        }


def _initial(rule: Rule) -> dict[str, str]:
    """Return the shipped rule as what its form begins with."""
    begin = {
        "market": rule.market,
        "channel": rule.channel,
        "consent": rule.consent,
        "label": rule.label,
        "footer": rule.footer,
        "stop_words": ",".join(rule.stop_words),
        "quiet_from": rule.quiet_from.isoformat() if rule.quiet_from else "",
        "quiet_until": rule.quiet_until.isoformat() if rule.quiet_until else "",
        "quiet_sundays": "on" if rule.quiet_sundays else "",
    }
    return {name: str(value) for name, value in begin.items() if value}


def _ladder(row: WarmUp, today: Any) -> dict[str, Any]:
    used = WarmUpDay.objects.filter(domain=row.domain, day=today).values_list("used", flat=True).first() or 0
    limit = row.limit_on(today)
    step = (today - row.started_on).days
    return {
        "row": row,
        "used": used,
        "limit": limit,
        "step": step + 1,
        "steps": len(row.steps),
        "share": min(1, used / limit) if limit else 0,
    }
