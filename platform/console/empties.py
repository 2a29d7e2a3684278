"""What an empty list says: what it is, why it pays, and one thing to do about it."""

from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Empty(NamedTuple):
    """The words for a list without rows, and a button for those who have the permission."""

    icon: str
    heading: Any
    text: Any
    url: str = ""
    button: Any = ""
    permission: str = ""


_IMPORT = ("imports", _("Import data"), "integrations.add_importrun")

EMPTIES: dict[str, Empty] = {
    "customers.customer": Empty(
        "group",
        _("No customers yet"),
        _("Everybody who bought, signed up or was met by the website's snippet stands here, with what they "
          "did and what is likely next. Bring them in from a file; orders make profiles of them."),
        *_IMPORT,
    ),
    "catalog.product": Empty(
        "inventory_2",
        _("No products yet"),
        _("Recommendations, offers and messages show what you sell. Bring in your catalogue with prices and "
          "pictures; views and orders are counted against it."),
        *_IMPORT,
    ),
    "catalog.category": Empty(
        "category",
        _("No categories yet"),
        _("They come with the products and group them in segments, offers and recommendations."),
        *_IMPORT,
    ),
    "segments.segment": Empty(
        "pie_chart",
        _("No segments yet"),
        _("A segment is a group of people who have something in common, and it stays up to date by itself: "
          "big spenders gone quiet, first-time buyers. Messages and offers go to segments."),
        "segment_new", _("New segment"), "segments.add_segment",
    ),
    "segments.segmentrun": Empty(
        "update",
        _("No segment was counted yet"),
        _("Each time a segment is counted anew, who entered and who left is noted here."),
        "segments_segment_changelist", _("Open the segments"), "segments.view_segment",
    ),
    "campaigns.campaign": Empty(
        "campaign",
        _("No campaigns yet"),
        _("A campaign writes to a segment, hands out codes or runs an offer, and tells afterwards what it "
          "earned against people who got nothing."),
        "campaign_new", _("New campaign"), "campaigns.add_campaign",
    ),
    "experiments.experiment": Empty(
        "science",
        _("No experiments yet"),
        _("An experiment shows which of two ways earns more, with the likely range. It begins with a "
          "campaign that has two variants or holds some people out."),
        "campaign_new", _("New campaign"), "campaigns.add_campaign",
    ),
    "events.event": Empty(
        "bolt",
        _("Nothing has happened yet"),
        _("Orders, views and clicks arrive here from files, your systems and the website's snippet. "
          "Everything else is computed from them."),
        "website", _("Connect the website"), "accounts.view_apikey",
    ),
    "events.quarantinedevent": Empty(
        "verified",
        _("Nothing waits in quarantine"),
        _("Facts that cannot be right, as an order in the future, are held here until somebody decides. "
          "There are none."),
        "data_quality", _("See the data's quality"), "events.view_qualitycount",
    ),
    "delivery.run": Empty(
        "outgoing_mail",
        _("Nothing was sent yet"),
        _("Every sending stands here with how far it is, and can be paused at any time."),
        "campaigns_campaign_changelist", _("Open the campaigns"), "campaigns.view_campaign",
    ),
    "delivery.message": Empty(
        "mail",
        _("No messages yet"),
        _("Each message to each person, sent or left out and why, is kept here."),
        "campaigns_campaign_changelist", _("Open the campaigns"), "campaigns.view_campaign",
    ),
    "delivery.hook": Empty(
        "webhook",
        _("Nobody is told yet"),
        _("Name an address of your systems, and it hears of deliveries, opt-outs and coupon warnings at "
          "once."),
        "delivery_hook_add", _("Add a receiver"), "delivery.add_hook",
    ),
    "promotions.promotion": Empty(
        "sell",
        _("No promotions yet"),
        _("A promotion is a discount with its rule: tills and carts ask for it, and every use is counted "
          "against its limits."),
        "promotion_new", _("New promotion"), "promotions.add_promotion",
    ),
    "coupons.couponpool": Empty(
        "local_activity",
        _("No coupon pools yet"),
        _("A pool holds the codes of one promotion. Each person gets one of their own, which cannot be used "
          "twice."),
        "offer_pools", _("Make a pool"), "coupons.add_couponpool",
    ),
    "coupons.coupon": Empty(
        "confirmation_number",
        _("No codes yet"),
        _("Codes are made in pools, or brought in from a file."),
        "offer_pools", _("Open the pools"), "coupons.view_couponpool",
    ),
    "coupons.redemption": Empty(
        "receipt_long",
        _("No code was used yet"),
        _("Each use at a till stands here, with its order and its discount."),
        "offer_pools", _("Open the pools"), "coupons.view_couponpool",
    ),
    "customers.suppression": Empty(
        "block",
        _("No address is suppressed"),
        _("Who unsubscribed, complained or cannot be reached is never written to again. There is nobody "
          "yet."),
        "delivery_suppression", _("Suppress an address"), "customers.add_suppression",
    ),
    "customers.consentevent": Empty(
        "how_to_reg",
        _("No consent is recorded yet"),
        _("Every opt-in and opt-out is kept here with its time and proof. They come with imports, forms and "
          "the preference page."),
        *_IMPORT,
    ),
    "customers.mergeproposal": Empty(
        "merge",
        _("Nobody seems to be two"),
        _("When two records look like one person, they are proposed here, and you decide."),
        "customers_customer_changelist", _("Open the customers"), "customers.view_customer",
    ),
    "customers.customermerge": Empty(
        "merge",
        _("Nobody was merged yet"),
        _("Each merge of two records stands here and can be undone."),
        "customers_customer_changelist", _("Open the customers"), "customers.view_customer",
    ),
    "customers.erasurerequest": Empty(
        "person_remove",
        _("Nobody was erased"),
        _("When somebody asks to be forgotten, it is done from their page, and proved here."),
        "customers_customer_changelist", _("Open the customers"), "customers.view_customer",
    ),
    "integrations.importrun": Empty(
        "upload_file",
        _("Nothing was imported yet"),
        _("Upload a file, see what its columns mean, try it without effect, then import it; an import can be "
          "undone."),
        *_IMPORT,
    ),
    "integrations.export": Empty(
        "download",
        _("Nothing was taken out yet"),
        _("Choose rows of a list and export them; the file waits here for its maker."),
        "customers_customer_changelist", _("Open the customers"), "customers.view_customer",
    ),
    "profiles.persona": Empty(
        "diversity_3",
        _("No personas yet"),
        _("Personas are kinds of customers found in what people buy, and how. They appear when profiles are "
          "built from a few hundred orders."),
        "personas", _("Find personas"), "profiles.view_persona",
    ),
    "recommendations.strategy": Empty(
        "recommend",
        _("No strategies yet"),
        _("A strategy chooses products for each person. The first ones appear when models were trained."),
        "recommendations", _("Open recommendations"), "recommendations.view_strategy",
    ),
    "accounts.job": Empty(
        "pending_actions",
        _("No work is under way"),
        _("Long work such as imports, counts and training is listed here with its progress, and can be "
          "cancelled."),
        "imports", _("Import data"), "integrations.add_importrun",
    ),
    "accounts.apikey": Empty(
        "key",
        _("No keys yet"),
        _("A key lets your shop's systems send events and ask for recommendations, with no more rights than "
          "you give it."),
        "accounts_apikey_add", _("New key"), "accounts.add_apikey",
    ),
    "targeting.offerplan": Empty(
        "price_check",
        _("No offers were planned yet"),
        _("A plan says who gets which discount, so that it goes to those whom it moves."),
        "offers", _("Open the promotions"), "promotions.view_promotion",
    ),
}  # fmt: skip


def empty_of(label: str, user: AbstractBaseUser | AnonymousUser) -> dict[str, Any] | None:
    """Return the words for a model's empty list, with its button's address if the person may go there."""
    found = EMPTIES.get(label)
    if found is None:
        return None
    may = bool(found.url) and user.has_perm(found.permission)  # type: ignore[union-attr]
    return found._asdict() | {"url": reverse(f"admin:{found.url}") if may else ""}
