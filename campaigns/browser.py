"""A sent mail as a page: what the link "view in the browser" leads to."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_GET

from campaigns import personal
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import render
from campaigns.models import Campaign
from campaigns.targeting.selectors import pools_of
from catalog.models import Product
from customers.languages import language_of
from customers.models import Customer
from delivery.identity import unsubscribe_url
from delivery.models import Message

#: A mail as it was: no scripts, no forms, pictures from where the mail has them.
_POLICY = (
    "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; "
    "img-src https: http: data:; style-src 'unsafe-inline'"
)
_SEEN = ("sent", "uncertain", "sending")


def view_url(message: Message) -> str:
    """Return the address at which a message can be read as a page. It holds ids of the message only."""
    payload = message.run_id.bytes + message.id.to_bytes(8)
    token = _signer().sign(urlsafe_b64encode(payload).decode())
    return f"{str(settings.PUBLIC_URL).rstrip('/')}{reverse('content:view', args=[token])}"


def _signer() -> signing.Signer:
    return signing.Signer(salt="campaigns.browser", sep=".")


@require_GET
def view(request: HttpRequest, token: str) -> HttpResponse:
    """Show the mail with the products and the code it was sent with. Nothing is counted or written."""
    try:
        payload = urlsafe_b64decode(_signer().unsign(token))
        run_id, number = UUID(bytes=payload[:16]), int.from_bytes(payload[16:])
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    message = Message.objects.filter(run_id=run_id, pk=number, state__in=_SEEN).first()
    html = as_sent(message) if message else None
    if html is None:
        raise Http404
    return HttpResponse(
        html,
        headers={
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Cache-Control": "private, no-store",
        },
    )


def as_sent(message: Message) -> str | None:
    """Return a mail as its recipient got it, without tracking; None when it cannot be made again."""
    customer = Customer.objects.filter(pk=message.customer_id).first()
    content = TemplateVersion.objects.filter(pk=message.context.get("template")).first()
    if customer is None or content is None or not content.html:
        return None
    with translation.override(language_of(customer)):
        return render(content, _values(message, customer, content)).html


def _values(message: Message, customer: Customer, content: TemplateVersion) -> dict[str, object]:
    """Return the context the mail was rendered with, from what was frozen in the message."""
    campaign = (
        Campaign.objects.filter(pk=message.run.reference)
        .select_related("pool__promotion", "promotion", "plan")
        .first()
    )
    promotion = None
    if campaign is not None:
        planned = pools_of([customer.pk], campaign.plan) if campaign.plan else {}
        pool = planned.get(customer.pk, campaign.pool)
        promotion = pool.promotion if pool else campaign.promotion
    values = personal.context(
        customer,
        items=(),
        code=str(message.context.get("coupon") or ""),
        expires_at=promotion.ends_at if promotion else None,
        promotion=promotion,
        unsubscribe_url=unsubscribe_url(message),
        shared=personal.shared(content, [customer.pk]),
    )
    skus = list(message.context.get("products") or ())
    products = Product.objects.in_bulk(skus, field_name="sku")
    values["products"] = [personal.product_values(products[sku], "") for sku in skus if sku in products]
    return values
