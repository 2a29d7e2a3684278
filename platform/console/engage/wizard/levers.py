"""What the arms of a test may differ in: as the wizard offers it, and what is wrong with a value."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.content import liquid
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import TemplateVersion
from campaigns.content.variables import SAMPLE
from campaigns.coupons.models import CouponPool
from campaigns.models import Campaign
from campaigns.planning.models import Part
from campaigns.planning.parts import parts_of
from campaigns.schedule.models import Timing
from campaigns.values import percent_of
from console.content.samples import as_read, own_sample, stranger
from recommendations.models import Strategy

_MOST = 100
_HOURS = range(24)
#: The value of an arm that gives no coupon.
_NONE = "0"


class Lever(ABC):
    """One thing in which arms may differ. Its key is that of campaigns.experiments.levers."""

    key: str
    title: Promise
    note: Promise | str = ""
    icon: str

    def offered(self, campaign: Campaign) -> bool:
        """Say whether arms of this campaign can differ in it."""
        return True

    def choices(self, campaign: Campaign) -> list[list[str]] | None:
        """Return what there is to choose from, as value and label; None where one writes. One query."""
        return None

    @abstractmethod
    def own(self, campaign: Campaign) -> str:
        """Return what the campaign itself has: the first arm begins with it."""

    def levers(self, value: str) -> dict[str, Any]:
        """Return the levers of an arm with this value, as a variant stores them."""
        return {self.key: value}

    def read(self, levers: Mapping[str, Any]) -> str:
        """Return the value of a stored arm."""
        value = levers.get(self.key, "")
        return str(next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value)

    @abstractmethod
    def fault(self, campaign: Campaign, value: str) -> str:
        """Say what is wrong with an arm's value, which is not empty; empty when nothing is."""

    @abstractmethod
    def named(self, value: str) -> str:
        """Return the value as people call it."""


class Subjects(Lever):
    """Another subject; written in the language of templates."""

    key, title, icon = "subject", gettext_lazy("Subjects"), "title"

    def own(self, campaign: Campaign) -> str:
        return campaign.content.subject if campaign.content else ""

    def fault(self, campaign: Campaign, value: str) -> str:
        try:
            liquid.render(value[:300], SAMPLE, html=False)
        except TemplateInvalid as error:
            return str(error)
        return ""

    def named(self, value: str) -> str:
        """Return the subject as a stranger reads it: a name is what people call it, without its code."""
        return as_read(value[:300], stranger()).strip() or value


class Contents(Lever):
    """Another template, by its newest version."""

    key, title, icon = "content", gettext_lazy("Contents"), "mail"

    def choices(self, campaign: Campaign) -> list[list[str]]:
        newest = (
            TemplateVersion.objects.select_related("template")
            .filter(template__archived_at=None)
            .order_by("template_id", "-number")
            .distinct("template_id")
        )
        sample = own_sample()
        return [[str(v.pk), f"{v.template.name} – {as_read(v.subject, sample)}"] for v in newest[:_MOST]]

    def own(self, campaign: Campaign) -> str:
        return str(campaign.content_id or "")

    def fault(self, campaign: Campaign, value: str) -> str:
        return "" if self._version(value) else _("Choose a template.")

    def named(self, value: str) -> str:
        found = self._version(value)
        return found.template.name if found else value

    def _version(self, value: str) -> TemplateVersion | None:
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            return None
        return TemplateVersion.objects.select_related("template").filter(pk=int(value)).first()


class Strategies(Lever):
    """Another way to pick products."""

    key, title, icon = "strategy", gettext_lazy("How products are picked"), "recommend"

    def choices(self, campaign: Campaign) -> list[list[str]]:
        return [[one.key, one.name] for one in Strategy.objects.filter(active=True).order_by("name")]

    def own(self, campaign: Campaign) -> str:
        return ""

    def fault(self, campaign: Campaign, value: str) -> str:
        there = Strategy.objects.filter(key=value[:50], active=True).exists()
        return "" if there else _("Choose how the products are picked.")

    def named(self, value: str) -> str:
        found = Strategy.objects.filter(key=value[:50]).first()
        return found.name if found else value


class Pools(Lever):
    """Codes of another pool, and so another offer."""

    key, title, icon = "pool", gettext_lazy("Coupon pools"), "confirmation_number"
    note = gettext_lazy("Which offer brings more")

    def offered(self, campaign: Campaign) -> bool:
        return Part.COUPON in parts_of(campaign) and campaign.plan_id is None

    def choices(self, campaign: Campaign) -> list[list[str]]:
        there = CouponPool.objects.select_related("promotion").filter(promotion__archived_at=None)
        return [[str(p.pk), f"{p.name} – {p.promotion}"] for p in there.order_by("-pk")[:_MOST]]

    def own(self, campaign: Campaign) -> str:
        return str(campaign.pool_id or "")

    def fault(self, campaign: Campaign, value: str) -> str:
        if not self.offered(campaign):
            return _("Only a campaign with coupon codes of one pool can compare pools.")
        return "" if self._pool(value) else _("Choose a coupon pool.")

    def named(self, value: str) -> str:
        found = self._pool(value)
        return found.name if found else value

    def _pool(self, value: str) -> CouponPool | None:
        try:
            return CouponPool.objects.filter(pk=UUID(value)).first()
        except ValueError:
            return None


class Values(Pools):
    """No coupon, and pools that take so many percents off: compared by margin, coupons paid."""

    key, title, icon = "value", gettext_lazy("Coupon values"), "percent"
    note = gettext_lazy("Which discount is worth it")

    def choices(self, campaign: Campaign) -> list[list[str]]:
        there = CouponPool.objects.select_related("promotion").order_by("-created_at")[: 2 * _MOST]
        found = [(percent, pool) for pool in there if (percent := percent_of(pool))]
        rows = [
            [str(p.pk), f"{percent} % – {p.name}"] for percent, p in sorted(found, key=lambda row: row[0])
        ]
        return [[_NONE, _("no coupon")], *rows]

    def fault(self, campaign: Campaign, value: str) -> str:
        known = value == _NONE or value in dict(self.choices(campaign))
        return "" if known else _("Choose a value.")

    def named(self, value: str) -> str:
        if value == _NONE:
            return _("no coupon")
        found = self._pool(value)
        return f"{percent_of(found)} % – {found.name}" if found else value

    def levers(self, value: str) -> dict[str, Any]:
        found = self._pool(value) if value != _NONE else None
        return {"value": percent_of(found), "pool": value} if found else {"value": 0}

    def read(self, levers: Mapping[str, Any]) -> str:
        return str(levers.get("pool", _NONE))


class Hours(Lever):
    """Another hour of the day, by each recipient's own clock."""

    key, title, icon = "send_hour", gettext_lazy("Hours of the day"), "schedule"
    note = gettext_lazy("By each recipient's own clock")

    def offered(self, campaign: Campaign) -> bool:
        return campaign.timing != Timing.TRIGGERED

    def choices(self, campaign: Campaign) -> list[list[str]]:
        return [[str(hour), self.named(str(hour))] for hour in _HOURS]

    def own(self, campaign: Campaign) -> str:
        return str(campaign.at_time.hour) if campaign.at_time and campaign.timing != Timing.NOW else ""

    def fault(self, campaign: Campaign, value: str) -> str:
        if not self.offered(campaign):
            return _("What a customer sets off goes at its own moment. Compare something else.")
        known = value.isascii() and value.isdigit() and len(value) < 3 and int(value) in _HOURS
        return "" if known else _("Choose an hour.")

    def named(self, value: str) -> str:
        return f"{int(value):02}:00" if value.isascii() and value.isdigit() else value


# An arm with a value names its pool too, so values are asked first.
LEVERS: dict[str, Lever] = {
    lever.key: lever for lever in (Subjects(), Contents(), Strategies(), Values(), Pools(), Hours())
}


def offered(campaign: Campaign, chosen: str) -> dict[str, Any]:
    """Return the cards of the levers, and what the script needs to draw arms. At most three queries.

    A lever that was chosen and is not possible any more stays in sight, so that one can leave it.
    """
    there = [one for one in LEVERS.values() if one.offered(campaign) or one.key == chosen]
    choices = {one.key: one.choices(campaign) for one in there}
    return {
        "cards": there,
        "choices": {key: found for key, found in choices.items() if found is not None},
        "own": {one.key: one.own(campaign) for one in there},
    }
