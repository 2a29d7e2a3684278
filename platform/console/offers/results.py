"""What offers brought: uses, discount, revenue, margin, and what they caused against those held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.coupons.figures import Given, given_by, out_by_day, since_begun, spent_by_day
from campaigns.coupons.selectors import standings
from campaigns.impact import Span, incremental
from campaigns.margins import of_promotions
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.selectors import report
from console.engage.report import added, effect
from console.learn.experiment import Verdict
from console.offers.base import OffersPage, share_of, state_of
from console.offers.margins import before, coverage, margin, margin_share, percent_text
from console.offers.words import in_words
from core import charts, clock

SHOWN = 50
DAYS = 90
CAMPAIGNS = 8
SECONDS = 60


class Results(OffersPage):
    """Every promotion that was used, by what it gave and what came in on the same orders."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/results.html"
    title = gettext_lazy("What offers brought")
    tab = "offer_results"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the most used ones. Three queries."""
        now = clock.now()
        promotions = list(Promotion.objects.filter(used__gt=0).order_by("-spent", "name")[:SHOWN])
        given = given_by([p.pk for p in promotions])
        typed = margin_share(self.request.GET.get("margin"))
        known = of_promotions([p.pk for p in promotions]) if typed is None else {}
        rows = [
            {
                "promotion": p,
                "state": state_of(p, now),
                "given": given.get(p.pk, Given()),
                "rate": share_of(given.get(p.pk, Given()).discount, before(given.get(p.pk, Given()))),
                "margin": margin(
                    given.get(p.pk, Given()), typed or (known[p.pk].share if p.pk in known else None)
                ),
            }
            for p in promotions
        ]
        return super().get_context_data(
            rows=rows,
            share=percent_text(typed),
            asked=typed is not None or bool(known),
            known=bool(known),
            **kwargs,
        )


@dataclass(frozen=True, slots=True)
class Caused:
    """What a campaign with the offer caused: its verdict, and differences with their likely ranges.

    `money` is revenue beyond what would have come anyway, None where that cannot be said.
    """

    campaign: Campaign
    verdict: Verdict
    span: charts.Range | None
    orders: tuple[float, float, float] | None
    money: Span | None = None


class PromotionResults(OffersPage):
    """One promotion: figures, days, liability, and what its campaigns caused."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/promotion_results.html"
    tab = "offer_results"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return its figures. About ten queries, and eight for each campaign, kept for a minute."""
        now, can = clock.now(), self.request.user.has_perm
        promotion = get_object_or_404(Promotion, pk=self.kwargs["pk"])
        self.title = promotion.name
        given = given_by([promotion.pk]).get(promotion.pk, Given())
        typed = margin_share(self.request.GET.get("margin"))
        known = None if typed else of_promotions([promotion.pk]).get(promotion.pk)
        share = typed or (known.share if known else None)
        caused = _caused(promotion) if can("campaigns.view_campaign") else []
        pools = [one for one in standings(now=now) if one.pool.promotion_id == promotion.pk]
        spans = [one.span for one in caused if one.span]
        return super().get_context_data(
            promotion=promotion,
            state=state_of(promotion, now),
            words=in_words(promotion),
            given=given,
            rate=share_of(given.discount, before(given)),
            share=percent_text(share),
            known=known,
            coverage=coverage(known) if known else "",
            margin=margin(given, share),
            days=_days(promotion),
            liability=_liability(promotion, pools),
            pools=pools if can("coupons.view_couponpool") else [],
            redemption=share_of(sum(p.stock.redeemed for p in pools), sum(p.stock.assigned for p in pools)),
            caused=caused,
            forest=charts.forest(
                _("Difference in the share who ordered"), spans, columns=(_("Difference"), _("From"), _("To"))
            )
            if spans
            else None,
            **kwargs,
        )


def _days(promotion: Promotion) -> charts.Chart | None:
    days = since_begun(spent_by_day(promotion.pk, until=clock.now(), days=DAYS))
    if not days:
        return None
    title = _("Given away each day (%(currency)s)") % {"currency": promotion.currency}
    return charts.area(
        title,
        [day for day, *_rest in days],
        [charts.Series(_("Discount"), [amount for _d, amount, _u in days])],
    )


def _liability(promotion: Promotion, pools: Sequence[Any]) -> charts.Chart | None:
    if not pools:
        return None
    days = since_begun(out_by_day([one.pool.pk for one in pools], until=clock.now(), days=DAYS))
    if not days:
        return None
    return charts.area(
        _("Codes that people hold"),
        [day for day, _n in days],
        [charts.Series(_("Codes"), [n for _day, n in days], tone="accent")],
    )


def _caused(promotion: Promotion) -> list[Caused]:
    found: list[Caused] = cache.get_or_set(
        f"console:offer:caused:{promotion.pk}:{promotion.used}", lambda: _compute(promotion), SECONDS
    )
    return found


def _compute(promotion: Promotion) -> list[Caused]:
    launched = Campaign.objects.filter(
        Q(promotion=promotion) | Q(pool__promotion=promotion), launched_at__isnull=False
    ).select_related("pool", "promotion", "segment", "experiment")
    found = []
    for campaign in launched.order_by("-launched_at")[:CAMPAIGNS]:
        outcomes = report(campaign, now=clock.now()).outcomes
        treated, held = (added(outcomes, held_out=side) for side in (False, True))
        verdict, span = effect(treated, held)
        named, orders = None, None
        if span:
            named = charts.Range(campaign.name, span.low, span.middle, span.high)
            orders = (
                span.low * treated.people,
                span.middle * treated.people,
                span.high * treated.people,
            )
        brought = incremental(treated, held) if span else None
        found.append(Caused(campaign, verdict, named, orders, brought.total if brought else None))
    return found
