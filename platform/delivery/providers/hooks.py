"""The address at which a provider tells of receipts and answers."""

import json
from uuid import UUID

import structlog
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import clock
from core.problems import problem_response
from core.registry import UnknownEntry
from delivery.models import Provider
from delivery.providers.feedback import take
from delivery.providers.kinds import kinds

log = structlog.get_logger(__name__)


def hook_url(provider: Provider) -> str:
    """Return the address to enter at the provider. Its last part is a secret: few of them sign calls."""
    path = reverse("delivery:provider_hook", kwargs={"pk": provider.pk, "token": token_of(provider.pk)})
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def token_of(pk: UUID) -> str:
    """Return the secret part of a provider's address."""
    return signing.Signer(salt="delivery.providers.hooks").signature(str(pk))


@never_cache
@csrf_exempt  # a server calls, with the secret of its address
@require_POST
def provider_hook(request: HttpRequest, pk: UUID, token: str) -> JsonResponse:
    """Take a call of a provider's webhook; a repeat changes nothing and gets the same answer."""
    provider = Provider.objects.filter(pk=pk).first()
    if provider is None or not constant_time_compare(token, token_of(pk)):
        return problem_response(request, 404, "unknown-provider", "There is no such provider")
    try:
        kind = kinds.get(provider.kind)
    except UnknownEntry:
        kind = None
    if kind is None or kind.feedback is None:
        return problem_response(request, 404, "unknown-provider", "This provider sends no receipts")
    if len(request.body) > settings.API_MAX_BODY_BYTES:
        return problem_response(request, 413, "too-large", "The call is too large")
    try:
        found = kind.feedback(json.loads(request.body))
        take(provider, found, now=clock.now())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.warning("receipt_not_read", provider=provider.name, kind=type(error).__name__)
        return problem_response(request, 400, "invalid-receipt", "The call is not one of this provider's")
    return JsonResponse(kind.thanks)
