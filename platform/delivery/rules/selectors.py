"""Which rules hold: read anew for each batch, because a person may have changed one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from django.conf import settings
from django.db.models import Q

from customers.models import Channel
from delivery.rules.models import MarketRule, QuietHours
from delivery.rules.shipped import REST, RULES, Rule, shipped_rule

EVERY_DAY, SUNDAY = frozenset(range(7)), frozenset({6})


@dataclass(frozen=True, slots=True)
class Window:
    """A silence that begins on certain days; `ends` at or before `begins` is on the next day."""

    begins: time
    ends: time
    weekdays: frozenset[int] = EVERY_DAY
    holidays: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for a channel and topic."""

    channel: str
    markets: dict[str, Rule]
    quiet: list[QuietHours]

    def of(self, market: str) -> Rule:
        """Return a market's own rule, changed or shipped, else the one for all others."""
        if market in self.markets:
            return self.markets[market]
        if (market, self.channel) in RULES:
            return RULES[market, self.channel]
        return self.markets.get(REST) or shipped_rule(REST, self.channel)

    def bases(self) -> dict[str, str]:
        """Return each market's basis of consent; `*` is that of all others."""
        shipped = {market for market, channel in RULES if channel == self.channel}
        return {market: self.of(market).consent for market in sorted({REST, *shipped, *self.markets})}

    def windows(self, market: str) -> list[Window]:
        """Return when marketing waits in a market: by its rule, and by the shop's own quiet hours."""
        return [*_own_windows(self.of(market)), *self._shop_windows(market)] if settings.QUIET_HOURS else []

    def _shop_windows(self, market: str) -> Iterator[Window]:
        for row in self.quiet:
            if row.market in ("", market):
                yield Window(row.begins, row.ends, frozenset(row.weekdays), row.holidays)


def rules_for(channel: str, topic: str) -> Rules:
    """Return what holds for a channel and topic now. Two queries over small tables."""
    changed = MarketRule.objects.filter(channel=channel)
    quiet = QuietHours.objects.filter(
        Q(channel="") | Q(channel=channel), Q(topic="") | Q(topic=topic), is_active=True
    )
    return Rules(channel, {row.market: as_rule(row) for row in changed}, list(quiet))


def own_stop_words() -> set[str]:
    """Return the stop words of the market rules for SMS, shipped and own. One query."""
    return {
        word for rule in market_rules() if rule.channel == Channel.SMS for word in rule.stop_words if word
    }


def own_pixel_rules() -> dict[str, str]:
    """Return by market what its changed e-mail rule says about noting opens. One query."""
    changed = MarketRule.objects.filter(channel=Channel.EMAIL).exclude(pixel="")
    return dict(changed.values_list("market", "pixel"))


def market_rules() -> list[Rule]:
    """Return the rules that pages show: changed ones in the place of the shipped. One query."""
    changed = {(row.market, row.channel): as_rule(row) for row in MarketRule.objects.all()}
    holding = RULES | changed
    return [holding[key] for key in sorted(holding, key=lambda key: (key[0] == REST, *key))]


def as_rule(row: MarketRule) -> Rule:
    """Return a stored rule as a value."""
    return Rule(
        row.market, row.channel, row.consent, row.label, row.footer, tuple(row.stop_words),
        row.quiet_from, row.quiet_until, row.quiet_sundays, row.pixel, shipped=False,
    )  # fmt: skip


def _own_windows(rule: Rule) -> Iterator[Window]:
    if rule.quiet_from is not None and rule.quiet_until is not None:
        yield Window(rule.quiet_from, rule.quiet_until)
    if rule.quiet_sundays:
        yield Window(time(0), time(0), SUNDAY, holidays=True)
