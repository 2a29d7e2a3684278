"""What would come of a campaign as it is planned: who drops out by which rule, when it arrives, its cost.

The rules are those that delivery applies again at the moment of sending. Frequency caps are counted by what
was sent up to now; what other campaigns send until then is not foreseen.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from campaigns.actions.preview_campaign import held_out_share
from campaigns.content.rendering import needs
from campaigns.coupons.selectors import Stock
from campaigns.models import Campaign
from campaigns.planning.forecast.codes import Codes, codes_for
from campaigns.planning.forecast.counting import counted
from campaigns.planning.forecast.moments import Moment, ZoneLine, zones
from campaigns.planning.forecast.money import code_value, cost_of
from campaigns.preflight import mails
from campaigns.reach import Reach

__all__ = ["Forecast", "ZoneLine", "code_value", "cost_of", "forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would come of a launch now. `people` are about how many would get it."""

    reach: Reach
    people: int
    held_out: int
    in_holdout: int
    waiting: int
    late: int
    on_holiday: int
    stock: Stock | None
    codes_missing: int
    goes_without_code: bool
    zones: list[ZoneLine]
    cost: Decimal | None
    liability: Decimal | None
    code_value: Decimal | None
    codes: int

    @property
    def leaving(self) -> list[tuple[str, str, int]]:
        """Return who of the audience is not written to: key, reason, people; in the order of the rules."""
        reach = self.reach
        rows = [
            ("no_address", _("No address"), reach.no_address),
            ("suppressed", _("Address is suppressed"), reach.suppressed),
            ("no_consent", _("No consent to this channel and topic"), reach.no_consent),
            ("not_confirmed", _("Consent not confirmed, where the market asks for it"), reach.not_confirmed),
            ("capped", _("Had as many messages as the frequency caps allow"), reach.capped),
            ("less_often", _("Asked to hear from you less often"), reach.less_often),
            ("late", _("The hour has passed where they live"), self.late),
            ("holiday", _("Has a public holiday"), self.on_holiday),
            ("in_holdout", _("In the global control group"), self.in_holdout),
            ("held_out", _("Held out, to measure the effect"), self.held_out),
            ("no_code", _("No coupon left in the pool"), 0 if self.goes_without_code else self.codes_missing),
        ]
        return [row for row in rows if row[2]]


def forecast(campaign: Campaign, *, now: datetime, as_of: datetime) -> Forecast:
    """Return what a launch now would come to. About ten queries, of which one goes over the audience."""
    if not mails(campaign):
        return _nobody()
    when = Moment(campaign, now)
    reach, places, in_holdout = counted(campaign, now=now, due=when.due, as_of=as_of)
    lines, waiting, late, on_holiday = zones(campaign, when, places)
    rest = reach.reachable - reach.capped - reach.less_often - late - on_holiday - in_holdout
    held_out = round(rest * held_out_share(campaign))
    people = rest - held_out
    wants = needs(campaign.content) if campaign.content else None
    codes = codes_for(campaign, people, now=now, as_of=as_of) if wants and wants.coupon else Codes()
    without = wants is not None and wants.without_code
    getting = people if without else people - codes.missing
    return Forecast(
        reach=replace(reach, held_out=held_out),
        people=getting,
        held_out=held_out,
        in_holdout=in_holdout,
        waiting=waiting,
        late=late,
        on_holiday=on_holiday,
        stock=codes.stock,
        codes_missing=codes.missing,
        goes_without_code=bool(without),
        zones=lines,
        cost=cost_of(campaign, getting),
        liability=codes.liability,
        code_value=codes.each,
        codes=codes.new,
    )


def _nobody() -> Forecast:
    return Forecast(Reach.nobody(), 0, 0, 0, 0, 0, 0, None, 0, False, [], None, None, None, 0)
