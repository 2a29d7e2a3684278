"""The preference centre and the confirmation of a consent. GET asks, POST changes; no cookie, no script."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import clock
from customers.models import Customer
from delivery.models import Message
from delivery.preferences import selectors, services
from delivery.preferences.models import Frequency
from delivery.preferences.opt_in import Confirmed, confirm_opt_in, find_opt_in
from delivery.public import page
from delivery.tokens import InvalidToken
from delivery.tracking.permission import CONSENT, country_of, rule_for
from delivery.unsubscribe import find_message

_METHODS = ["GET", "HEAD", "POST"]


@never_cache
@csrf_exempt  # the signed token is the right to change; there is no session that could be abused
@require_http_methods(_METHODS)
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the recipient of a message gets, and store what was chosen."""
    try:
        message = find_message(token)
    except InvalidToken:
        return page(request, "public/link.html", status=404)
    customer = Customer.objects.filter(pk=message.customer_id).first()
    if customer is None:
        return page(request, "public/link.html", status=404)
    with translation.override(_language(request, customer)):
        if request.method != "POST":
            return _form(request, token, customer, saved="saved" in request.GET)
        _save(request, message, customer)
    return redirect(f"{request.path}?saved", permanent=False)


def _save(request: HttpRequest, message: Message, customer: Customer) -> None:
    now = clock.now()
    if "nothing" in request.POST:
        services.withdraw_everything(message, customer, now=now)
        return
    language = request.POST.get("language", "")
    services.save_choices(
        message,
        customer,
        chosen=request.POST.getlist("choice"),
        frequency=request.POST.get("frequency", ""),
        language=language if language in dict(_languages(customer)) else "",
        tracking="tracking" in request.POST,
        now=now,
    )


def _form(request: HttpRequest, token: str, customer: Customer, *, saved: bool) -> HttpResponse:
    chosen = selectors.frequency_of(customer)
    return page(
        request,
        "public/preferences.html",
        saved=saved,
        topics=selectors.topics(customer),
        frequencies=[(f.value, f.label, f == chosen) for f in Frequency],
        languages=_languages(customer),
        language=_own(customer),
        asks_tracking=rule_for(country_of(customer)) == CONSENT,
        tracking=selectors.may_track(customer),
    )


def _languages(customer: Customer) -> list[tuple[str, str]]:
    ours = [(code, translation.get_language_info(code)["name_local"]) for code, _ in settings.LANGUAGES]
    own = _own(customer)
    return ours if not own or own in dict(ours) else [(own, own), *ours]


def _own(customer: Customer) -> str:
    try:
        return translation.get_supported_language_variant(customer.locale.replace("_", "-"))
    except LookupError:
        return customer.locale


def _language(request: HttpRequest, customer: Customer) -> str:
    """Return the customer's language where it is one of ours, else that of the browser."""
    own = _own(customer)
    return own if own in dict(settings.LANGUAGES) else translation.get_language_from_request(request)


@never_cache
@csrf_exempt
@require_http_methods(_METHODS)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether the person wants the messages (scanners follow links); POST confirms."""
    try:
        opt_in = find_opt_in(token)
    except InvalidToken:
        return page(request, "public/link.html", status=404)
    now = clock.now()
    with translation.override(_language(request, opt_in.customer)):
        if request.method == "POST":
            stage = confirm_opt_in(opt_in, now=now)
        elif opt_in.confirmed_at:
            stage = Confirmed.DONE
        else:
            stage = Confirmed.EXPIRED if opt_in.expires_at <= now else Confirmed.ASK
        status = 410 if stage == Confirmed.EXPIRED else 200
        return page(request, "public/confirm.html", status=status, stage=stage.value)
