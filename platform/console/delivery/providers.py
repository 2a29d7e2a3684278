"""How providers do, and a message to try one."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts import audit
from accounts.models import User
from console.delivery.base import DeliveryPage, clean
from core import clock
from customers.models import Channel
from delivery.models import Provider
from delivery.providers.hooks import hook_url
from delivery.providers.kinds import kinds, of_channel
from delivery.providers.trying import try_provider
from delivery.selectors.providers import HOURS, Health, health


class Providers(DeliveryPage):
    """Each provider's last day: sent, failed, put off, how long it takes, and its breaker."""

    permission_required = ("delivery.view_provider",)
    template_name = "console/delivery/providers.html"
    title = gettext_lazy("Providers")
    tab = "delivery_providers"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the providers by channel."""
        found = health(now=clock.now())
        user = self.request.user
        labels = dict(Channel.choices)
        return super().get_context_data(
            addable=[(label, group) for c, label in Channel.choices if (group := of_channel(c))],
            cards=[_card(one, labels[Channel(one.channel)]) for one in found],
            hours=HOURS,
            is_demo=settings.IS_DEMO,
            may_change=user.has_perm("delivery.change_provider"),
            may_add=user.has_perm("delivery.add_provider"),
            **kwargs,
        )


def _card(one: Health, channel: str) -> dict[str, Any]:
    most = max((h.sent + h.refused + h.unknown + h.postponed for h in one.hours if h), default=0) or 1
    bars = [
        {
            "sent": h.sent / most if h else 0,
            "bad": (h.refused + h.unknown + h.postponed) / most if h else 0,
            "x": n * 10,
        }
        for n, h in enumerate(one.hours)
    ]
    provider = one.provider
    title = str(kinds.get(provider.kind).title) if provider and provider.kind in kinds else ""
    hook = ""
    if provider and provider.kind in kinds and kinds.get(provider.kind).feedback:
        hook = hook_url(provider)
    built_in = {
        Channel.EMAIL: _("The mail server of EMAIL_URL"),
        Channel.ONSITE: _("The inbox on site"),
        Channel.STAFF: _("The list of staff tasks"),
    }.get(
        Channel(one.channel),
        _("The mailbox: nothing leaves this machine") if settings.DELIVERY_SINKS else "",
    )
    return {
        "health": one,
        "channel": channel,
        "kind": title,
        "bars": bars,
        "built_in": built_in,
        "hook": hook,
    }


class ProviderTest(PermissionRequiredMixin, View):
    """Send one message over one provider, beside all statistics."""

    permission_required = ("delivery.change_provider",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send, and say what the provider answered."""
        provider = get_object_or_404(Provider, pk=pk)
        now: datetime = clock.now()
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        try:
            outcome = try_provider(provider, clean(request.POST.get("to")), key=uuid4(), now=now)
        except ValueError as error:
            messages.error(request, str(error))
        else:
            audit.record(
                action="test_provider", target=provider, now=now, user=user,
                after={"verdict": outcome.verdict.value},
            )  # fmt: skip
            if outcome.verdict.value == "sent":
                messages.success(request, _("%(name)s took the test message.") % {"name": provider.name})
            else:
                messages.error(
                    request,
                    _("%(name)s did not take it: %(error)s")
                    % {"name": provider.name, "error": outcome.error or outcome.verdict.value},
                )
        return redirect("admin:delivery_providers")
