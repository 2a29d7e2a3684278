"""Content tried before it is sent: as any person would see it, and as a test to oneself.

Nothing is counted, kept or spent: no code leaves its pool, nobody is put into an arm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import User
from campaigns import personal
from campaigns.content.brand import brand_kit, look_of
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import BrandKit, Template
from campaigns.content.rendering import Content, render_made
from campaigns.content.variables import SAMPLE
from campaigns.content.wording import Compilation, Made, Wants, Wording, choose_locale, compile_wording
from campaigns.coupons.codes import SAMPLE_CODE
from campaigns.coupons.selectors import Specimen
from catalog.models import Product
from core.encryption import normalise_email, normalise_phone
from customers.languages import language_of
from customers.models import Channel, Customer
from delivery.channels import channels
from delivery.channels.base import Outgoing, Verdict
from delivery.sources import Rendered
from recommendations.models import Objective

#: How long the sample code seems to hold.
_HOLDS = timedelta(days=14)
MOST_ADDRESSES = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """A message as somebody would get it."""

    compilation: Compilation
    content: Content
    kit: BrandKit
    locale: str
    has_products: bool


def try_wording(
    wording: Wording,
    *,
    now: datetime,
    customer: Customer | None = None,
    known: bool = True,
    locale: str = "",
    marks: bool = False,
    coupon: Specimen | None = None,
) -> Tried:
    """Compile a wording and render it for a customer, or for somebody made up: `known` or a stranger.

    `locale` shows another of its languages, `coupon` what a campaign gives instead of a made-up one.
    About 20 ms. Raises TemplateInvalid.
    """
    kit = brand_kit()
    compilation = compile_wording(wording, look_of(kit, wording.locale), marks=marks)
    person = customer or _somebody(locale or wording.locale, known=known)
    made, shown = _language(compilation, wording, locale or person.locale)
    with translation.override(language_of(person)):
        values = _values(compilation.wants, person, known=known, now=now, coupon=coupon)
        content = render_made(made, values)
    return Tried(compilation, content, kit, shown, bool(values["products"]))


def _language(compilation: Compilation, wording: Wording, wanted: str) -> tuple[Made, str]:
    chosen = choose_locale(wanted, [wording.locale, *compilation.others])
    if chosen in compilation.others:
        return compilation.others[chosen], chosen
    return compilation.own, wording.locale


def _values(
    wants: Wants, person: Customer, *, known: bool, now: datetime, coupon: Specimen | None
) -> dict[str, Any]:
    given = coupon or Specimen(SAMPLE_CODE, now + _HOLDS, None)
    lists = {}
    if person.pk and wants.products:
        lists = personal.lists_by_strategy(
            {person.pk: None}, objective=Objective.REPLENISH, limit=wants.products
        )
        lists = personal.with_fallback(lists, [person.pk], wants, Objective.REPLENISH)
    values = personal.context(
        person,
        items=lists.get(person.pk, []),
        code=given.code if wants.coupon else "",
        expires_at=given.expires_at,
        promotion=given.promotion,
        unsubscribe_url=f"{settings.PUBLIC_URL}/u/preview",
        shared=personal.shared_for(wants, [person.pk]),
        view_url=f"{settings.PUBLIC_URL}/v/preview",
    )
    if coupon is None:
        values["coupon"]["offer"] = _("10% off")
    if not person.pk and wants.products:
        values["products"] = some_products(wants.products, known=known)
    return values


def _somebody(locale: str, *, known: bool) -> Customer:
    """Return a person who does not exist: one we know well, or a stranger."""
    sample = SAMPLE["customer"]
    if not known:
        return Customer(pk=0, external_id="", locale=locale, country=settings.SHOP_COUNTRY)
    return Customer(
        pk=0, external_id="", first_name=sample["first_name"], last_name=sample["last_name"],
        locale=locale, country=settings.SHOP_COUNTRY,
    )  # fmt: skip


def some_products(count: int, *, known: bool) -> list[dict[str, str]]:
    """Return products of the shop, those with a picture first; made-up ones while it has none."""
    products = list(
        Product.objects.filter(active=True, is_stub=False, price__gt=0)
        .exclude(stock__lte=0)
        .order_by("-pk")[: 10 * count]
    )
    products.sort(key=lambda product: not product.image_url)
    reason = _("Picked for you") if known else _("Popular in our shop")
    found = [personal.product_values(product, reason) for product in products[:count]]
    return found or [dict(SAMPLE["products"][0]) for _number in range(count)]


def send_test(
    template: Template,
    tried: Tried,
    addresses: Sequence[str],
    *,
    user: User,
    now: datetime,
) -> int:
    """Send a tried message to some addresses and return how many. The audit log keeps who did.

    Raises TemplateInvalid with a sentence for an address that is none, and when one was not taken.
    """
    channel = Channel(template.channel)
    content = _rendered(channel, tried.content)
    batch = [
        Outgoing(
            key=number,
            message_id=f"<{uuid4().hex}@{settings.SHOP_FROM_EMAIL.rpartition('@')[2]}>",
            address=address,
            content=content,
            unsubscribe_url="",
            date=now,
        )
        for number, address in enumerate(_addresses(channel, addresses))
    ]
    with channels.get(channel).connect() as connection:
        outcomes = list(connection.send(batch))
    refused = [one for one in outcomes if one.verdict != Verdict.SENT]
    audit.record(
        action="send_test", target=template, now=now, user=user,
        after={"sent": len(outcomes) - len(refused), "refused": len(refused)},
    )  # fmt: skip
    if refused:
        raise TemplateInvalid(
            ngettext(
                "The test was not taken: %(error)s", "%(count)d tests were not taken: %(error)s", len(refused)
            )
            % {"count": len(refused), "error": refused[0].error or refused[0].verdict.value}
        )
    return len(outcomes)


def _addresses(channel: str, given: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in given if part.strip()))
    if not 0 < len(found) <= MOST_ADDRESSES:
        raise TemplateInvalid(_("Name 1 to %(most)d addresses.") % {"most": MOST_ADDRESSES}, path="to")
    try:
        if channel == Channel.EMAIL:
            return [normalise_email(address) for address in found]
        if channel == Channel.SMS:
            return [normalise_phone(address, settings.SHOP_COUNTRY) for address in found]
    except ValueError as error:
        raise TemplateInvalid(str(error), path="to") from error
    return found


def _rendered(channel: str, content: Content) -> Rendered:
    title = _("[Test] %(subject)s") % {"subject": content.subject}
    if channel == Channel.EMAIL:
        return Rendered(
            subject=title,
            html=content.html,
            text=content.text,
            from_email=formataddr((settings.SHOP_NAME, settings.SHOP_FROM_EMAIL)),
            headers={},
        )
    return Rendered(subject=title if content.subject else "", text=content.text, data={"test": True})
