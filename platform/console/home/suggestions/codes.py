"""Codes that people hold and are about to lose, and pools about to run dry."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.coupons.models import PoolWarning
from campaigns.coupons.warnings import open_warnings
from campaigns.planning.models import Goal
from console.home.models import Suggestion
from console.home.suggestions.base import Found, Shop, count

Kind = PoolWarning.Kind


class CodesExpire:
    """People who hold a code that ends within days."""

    key = "codes_expire"
    icon = "timer"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Take up the warnings about pools; who holds a code was given one and has not redeemed it."""
        for warning in open_warnings():
            if warning.kind == Kind.LOW:
                continue
            pool = str(warning.pool_id)
            rule = {
                "all": [
                    {"coupon": "assigned", "pool": pool},
                    {"coupon": "redeemed", "pool": pool, "never": True},
                ]
            }
            people = shop.of_rule(rule)
            if people and people.number:
                yield Found(
                    people.number,
                    {**people.facts, "pool": warning.pool.name, "codes": warning.count,
                     "until": warning.due_at.isoformat() if warning.due_at else None},
                    about=pool,
                    worth=people.worth,
                    audience=rule,
                    begin={"goal": Goal.SELL.value},
                )  # fmt: skip

    def title(self, one: Suggestion) -> str:
        """Say how many."""
        return ngettext(
            "%(people)s person holds a code that ends soon",
            "%(people)s people hold codes that end soon",
            one.people,
        ) % {"people": count(one.people)}

    def why(self, one: Suggestion) -> str:
        """Say which and when."""
        until = one.fact("until")
        return _("“%(pool)s” ends on %(day)s. A reminder is worth more now than another code later.") % {
            "pool": one.fact("pool"),
            "day": date_format(localtime(datetime.fromisoformat(until)), "MONTH_DAY_FORMAT")
            if until
            else "–",
        }

    def button(self, one: Suggestion) -> str:
        """Remind."""
        return _("Draft a reminder")


class PoolRunsLow:
    """A pool with few codes left."""

    key = "pool_low"
    icon = "confirmation_number"

    def find(self, shop: Shop) -> Iterable[Found]:
        """Take up the warnings about pools."""
        for warning in open_warnings():
            if warning.kind == Kind.LOW:
                facts = {"pool": warning.pool.name, "codes": warning.count}
                yield Found(0, facts, about=str(warning.pool_id), begin={"pool_page": str(warning.pool_id)})

    def title(self, one: Suggestion) -> str:
        """Say how few are left."""
        return ngettext(
            "“%(pool)s” has %(codes)s code left", "“%(pool)s” has %(codes)s codes left", one.fact("codes")
        ) % {"pool": one.fact("pool"), "codes": count(one.fact("codes"))}

    def why(self, one: Suggestion) -> str:
        """Say what happens otherwise."""
        return _("Campaigns that give them out will leave people without.")

    def button(self, one: Suggestion) -> str:
        """Make more."""
        return _("Make codes")


RULES = (CodesExpire(), PoolRunsLow())
