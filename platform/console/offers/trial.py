"""A cart to try a promotion on: what each line gets of it and of all others that run, and why not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.coupons.services import Refused
from campaigns.coupons.services.joining import usable
from campaigns.promotions import running
from campaigns.promotions.applicator import Offer, apply
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.carts import LARGEST_CART, Order
from campaigns.promotions.conditions import parse_conditions
from campaigns.promotions.models import Promotion
from campaigns.promotions.overlaps import Overlap, open_promotions, overlaps
from campaigns.promotions.results import NotApplied, Result
from campaigns.promotions.selectors import lowest_prices
from campaigns.promotions.services import situation_of
from campaigns.promotions.vocabulary import RuleInvalid
from catalog.models import Product
from console.answers import Answer
from console.offers.base import countdown
from console.offers.reading import Faults, fields_of, moment_of
from console.offers.words import in_words, moment
from core import clock
from core.figures import money_text
from customers.models import Customer
from customers.selectors import by_external_id

#: What a promotion without a name yet goes by in a trial.
UNNAMED = "this-offer"
OVERLAPS = 8


class Try(Answer):
    """The promotion as it is being written: its faults, its sentence, whom it meets, and a cart with it."""

    permission_required = ("promotions.view_promotion",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer whatever can be answered already. About a dozen queries, whatever the cart."""
        now = clock.now()
        try:
            promotion = promotion_of(body)
        except Faults as faults:
            return {"faults": faults.found}
        faults = faults_of(promotion)
        tried = None
        if not any(path.split(".")[0] in ("conditions", "benefit", "currency") for path in faults):
            tried = self._tried(promotion, body, now, faults)
        met = overlaps(promotion, open_promotions(now)) if "benefit" not in faults else []
        return {
            "faults": faults,
            "words": in_words(promotion),
            "countdown": countdown(promotion, now),
            "overlaps": [_met(one) for one in met[:OVERLAPS]],
            "more": max(0, len(met) - OVERLAPS),
            "tried": tried,
        }

    def _tried(
        self, promotion: Promotion, body: Mapping[str, Any], now: datetime, faults: dict[str, str]
    ) -> dict[str, Any] | None:
        cart = body.get("cart")
        cart = cart if isinstance(cart, Mapping) else {}
        lines = lines_of(cart)
        if not lines:
            return None
        at = moment_of(cart.get("at"), "cart.at", faults) or now
        customer = self._customer(cart, faults)
        coded = self._coded(cart, customer, at, faults)
        order = Order(
            "",
            lines,
            str(cart.get("currency") or promotion.currency)[:3],
            channel=str(cart.get("channel") or "")[:50],
            prices=promotion.prices,
        )
        try:
            return _judged(promotion, order, customer, at, coded)
        except RuleInvalid as error:
            faults[f"cart.{error.path}"] = error.message
            return None

    def _coded(
        self, cart: Mapping[str, Any], customer: Customer | None, at: datetime, faults: dict[str, str]
    ) -> Promotion | None:
        """Return the promotion of the code that was entered; a code that cannot be used is a fault."""
        named = cart.get("code")
        if not isinstance(named, str) or not named.strip():
            return None
        if not self.request.user.has_perm("coupons.view_coupon"):
            return None
        try:
            return usable(named.replace("\0", "").strip()[:100], customer, at).pool.promotion
        except Refused as refused:
            told = {
                "invalid_code": _(
                    "This code cannot be used: it does not exist, is over, or is somebody else's."
                ),
                "exhausted": _("This code has been used as often as it may be."),
            }
            faults["cart.code"] = told[refused.reason]
            return None

    def _customer(self, cart: Mapping[str, Any], faults: dict[str, str]) -> Customer | None:
        named = cart.get("customer")
        if not isinstance(named, str) or not named.strip():
            return None
        if not self.request.user.has_perm("customers.view_customer"):
            return None
        found = by_external_id(named.strip()[:200])
        if found is None:
            faults["cart.customer"] = _("No customer has this number.")
        return found


def promotion_of(body: Mapping[str, Any]) -> Promotion:
    """Return the promotion that is being written, with the counters of the stored one, never saved."""
    fields = fields_of(body)
    sent = body.get("promotion")
    pk = sent.get("id") if isinstance(sent, Mapping) else None
    stored = None
    try:
        stored = Promotion.objects.filter(pk=pk).first() if pk else None
    except (ValidationError, ValueError):
        stored = None
    promotion = stored or Promotion(slug=UNNAMED)
    for name, value in fields.items():
        setattr(promotion, name, value)
    return promotion


def faults_of(promotion: Promotion) -> dict[str, str]:
    """Return what is wrong with a promotion, each with its place, as `conditions.0.any`. No query."""
    found: dict[str, str] = {}
    rules = promotion.conditions if isinstance(promotion.conditions, list) else []
    for index, rule in enumerate(rules):
        try:
            parse_conditions([rule])
        except RuleInvalid as error:
            found[error.path.replace("conditions.0", f"conditions.{index}", 1)] = error.message
    try:
        parse_benefit(promotion.benefit)
    except RuleInvalid as error:
        found[error.path] = error.message
    try:
        # What it is called for programs and when it was made is not the editor's.
        promotion.full_clean({"slug", "created_at"}, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        told = {path.split(".")[0] for path in found}
        for name, messages in error.message_dict.items():
            if name not in told:
                found[name] = messages[0].removeprefix(f"{name}: ")
    return found


def lines_of(cart: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the cart's lines as a till would send them; lines without a product are left out."""
    sent = cart.get("lines")
    found = []
    for line in sent[:LARGEST_CART] if isinstance(sent, list) else []:
        if isinstance(line, Mapping) and (sku := str(line.get("sku") or "").replace("\0", "")[:200]):
            found.append(
                {
                    "sku": sku,
                    "quantity": str(line.get("quantity") or "1")[:20],
                    "price": str(line.get("price") or "0")[:20],
                    "shelf": str(line.get("shelf") or "")[:100],
                }
            )
    return found


def _judged(
    promotion: Promotion,
    order: Order,
    customer: Customer | None,
    at: datetime,
    coded: Promotion | None = None,
) -> dict[str, Any]:
    """Judge the cart by this promotion alone, and beside all others that run then and one a code opens."""
    key = customer.pk if customer else None
    promotion.active = True  # as if it were switched on
    own = running.offers_of([promotion], at, key)
    found = running.automatic_offers(at, key)
    if coded is not None:
        found += running.offers_of([coded], at, key)
    others = list({offer.slug: offer for offer in found if offer.slug != promotion.slug}.values())
    situation = situation_of(order, customer=customer, now=at, offers=[*own, *others])
    together, alone = apply([*own, *others], situation), apply(own, situation)
    names = dict(Promotion.objects.filter(slug__in=[o.slug for o in others]).values_list("slug", "name"))
    names[promotion.slug] = promotion.name or _("This offer")
    shown = _shown(promotion, together, alone, others, names, at)
    if coded is not None and coded.slug != promotion.slug:
        without = apply([*own, *(o for o in others if o.slug != coded.slug)], situation)
        refused = next((n for n in together.not_applied if n.promotion == coded.slug), None)
        shown["code"] = {
            "name": coded.name,
            "applies": coded.slug in together.applied,
            "saves": money_text(without.total - together.total, together.cart.currency),
            "why_not": _reason(refused, names) if refused else "",
            "replaces": [names.get(s, s) for s in without.applied if s not in together.applied],
        }
    return shown


def _shown(
    promotion: Promotion,
    together: Result,
    alone: Result,
    others: Sequence[Offer],
    names: Mapping[str, str],
    at: datetime,
) -> dict[str, Any]:
    currency = together.cart.currency
    products = dict(
        Product.objects.filter(sku__in=[line.sku for line in together.cart.lines]).values_list("sku", "name")
    )
    lowest = lowest_prices(together, at)
    refused = {one.promotion: one for one in together.not_applied}
    own = refused.get(promotion.slug)
    return {
        "lines": [
            {
                "sku": line.sku,
                "name": products.get(line.sku, line.sku),
                "quantity": f"{line.quantity.normalize():f}",
                "before": money_text(amount, currency),
                "after": money_text(amount - sum(d.amount for d in discounts), currency),
                "reduced": bool(discounts),
                "lowest": money_text(lowest[line.sku].amount, currency)
                if discounts and line.sku in lowest
                else "",
                "discounts": [
                    {
                        "name": names.get(d.promotion, d.promotion),
                        "own": d.promotion == promotion.slug,
                        "amount": money_text(-d.amount, currency),
                        "reason": d.reason,
                    }
                    for d in discounts
                ],
            }
            for line, amount, discounts in zip(
                together.cart.lines, together.cart.amounts, together.discounts, strict=True
            )
        ],
        "extras": [
            {
                "name": names.get(e.promotion, e.promotion),
                "own": e.promotion == promotion.slug,
                "reason": e.reason,
            }
            for e in together.extras
        ],
        "before": money_text(together.cart.amount, currency),
        "discount": money_text(together.discount, currency),
        "total": money_text(together.total, currency),
        "own": money_text(together.given_by(promotion.slug), currency),
        "alone": money_text(alone.discount, currency),
        "applies": promotion.slug in together.applied,
        "why_not": _reason(own, names) if own else "",
        "others": len(others),
        "not_applied": [
            {"name": names.get(slug, slug), "reason": _reason(one, names)}
            for slug, one in refused.items()
            if slug != promotion.slug
        ],
        "complete": together.search.complete,
    }


def _reason(refused: NotApplied, names: Mapping[str, str]) -> str:
    reason = refused.reason
    if refused.code == "better_offer":
        for slug, name in names.items():
            reason = reason.replace(f"“{slug}”", f"“{name}”")
    return reason


def _met(overlap: Overlap) -> dict[str, Any]:
    sentences = {
        "adds": _("Both discounts are added up."),
        "best": _("Each product takes the better of the two."),
        "excludes": _("This one rules it out where both apply."),
        "excluded": _("It rules this one out where both apply."),
    }
    begins, ends = overlap.begins, overlap.ends
    when = _("at any time")
    if begins and ends:
        when = _("from %(from)s until %(until)s") % {"from": moment(begins), "until": moment(ends)}
    elif begins or ends:
        words = _("from %(moment)s") if begins else _("until %(moment)s")
        when = words % {"moment": moment(begins or ends)}
    return {
        "url": reverse("admin:promotion_edit", args=[overlap.promotion.pk]),
        "name": overlap.promotion.name,
        "when": when,
        "outcome": overlap.outcome,
        "text": sentences[overlap.outcome],
    }
