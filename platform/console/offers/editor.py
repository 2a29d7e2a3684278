"""The promotion editor: a rule in typed rows, its sentence beside it, a cart to try it on."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from campaigns.promotions.editing import ChangedMeanwhile, change_promotion, draft_promotion
from campaigns.promotions.models import Promotion
from console.answers import Answer, Refused
from console.offers.base import OffersPage, countdown, state_of
from console.offers.language import language
from console.offers.reading import Faults, fields_of, local, local_text
from console.offers.suggestions import names_in
from console.offers.texts import texts
from console.offers.trial import faults_of
from core import clock

#: What a new promotion begins with.
BEGUN: dict[str, Any] = {"kind": "percent", "percent": "10"}


class Editor(OffersPage):
    """A new promotion, or one that is there."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/editor.html"
    title = gettext_lazy("New promotion")
    tab = "offers"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the promotion with all that the script needs. A handful of small queries."""
        now, can = clock.now(), self.request.user.has_perm
        promotion = get_object_or_404(Promotion, pk=self.kwargs["pk"]) if "pk" in self.kwargs else None
        archived = promotion is not None and promotion.archived_at is not None
        may_save = can("promotions.change_promotion" if promotion else "promotions.add_promotion")
        if promotion:
            self.title = promotion.name
        shown = promotion or Promotion(currency=settings.SHOP_CURRENCY, benefit=BEGUN)
        return super().get_context_data(
            promotion=promotion,
            state=state_of(promotion, now) if promotion else None,
            countdown=countdown(promotion, now) if promotion and promotion.active else "",
            may_save=may_save and not archived,
            may_add=can("promotions.add_promotion"),
            may_change=can("promotions.change_promotion"),
            may_activate=can("promotions.activate_promotion"),
            pools=list(promotion.pools.all()) if promotion and can("coupons.view_couponpool") else [],
            schema=language() | {"sees": can("customers.view_customer")},
            sent=sent(shown),
            words=texts(),
            page={
                "version": shown.version,
                "names": names_in([shown.benefit, *shown.conditions]),
                "readonly": not may_save or archived,
                "zone": settings.SHOP_TIME_ZONE,
                "urls": {
                    "try": reverse("admin:promotion_try"),
                    "suggest": reverse("admin:promotion_suggest"),
                    "bundles": reverse("admin:promotion_bundles"),
                    "login": reverse("admin:login"),
                    "save": reverse("admin:promotion_save", args=[promotion.pk])
                    if promotion
                    else reverse("admin:promotion_create"),
                },
            },
            **kwargs,
        )


def sent(promotion: Promotion) -> dict[str, Any]:
    """Return a promotion as the page writes it: moments by the shop's clock, numbers as texts."""
    return {
        "id": str(promotion.pk) if promotion.created_at else "",
        "name": promotion.name,
        "conditions": local(promotion.conditions),
        "benefit": local(promotion.benefit),
        "stacking": promotion.stacking,
        "priority": promotion.priority,
        "needs_code": promotion.needs_code,
        "starts_at": local_text(promotion.starts_at),
        "ends_at": local_text(promotion.ends_at),
        "limit": promotion.limit,
        "limit_per_customer": promotion.limit_per_customer,
        "limit_per_day": promotion.limit_per_day,
        "currency": promotion.currency,
        "also_in": promotion.also_in,
        "prices": promotion.prices,
        "budget": "" if promotion.budget is None else f"{promotion.budget.normalize():f}",
    }


class Writing(Answer):
    """Store what the editor sends; faults come back with their places."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Store it, or say what is wrong and where."""
        try:
            return super().post(request, **kwargs)
        except Faults as faults:
            return _wrong(faults.found)
        except ValidationError as error:
            return _wrong({name: messages[0] for name, messages in error.message_dict.items()})

    @property
    def user(self) -> User:
        """Return who asks."""
        user: Any = self.request.user
        return user


def _wrong(faults: Mapping[str, str]) -> HttpResponse:
    message = _("It cannot be saved yet: see what is marked.")
    return JsonResponse({"message": message, "faults": dict(faults)}, status=422)


def _checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a promotion without faults. Raises Faults."""
    fields = fields_of(body)
    if faults := faults_of(Promotion(slug="checked", **fields)):
        raise Faults(faults)
    return fields


class Create(Writing):
    """Store a new promotion as a draft."""

    permission_required = ("promotions.add_promotion",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the draft's address."""
        promotion = draft_promotion(_checked(body), now=clock.now(), user=self.user)
        return {"url": reverse("admin:promotion_edit", args=[promotion.pk]), "version": promotion.version}


class Save(Writing):
    """Store a promotion. What somebody else wrote meanwhile is never overwritten."""

    permission_required = ("promotions.change_promotion",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new version."""
        version = body.get("version")
        try:
            promotion = change_promotion(
                self.kwargs["pk"],
                _checked(body),
                version=version if isinstance(version, int) else 0,
                now=clock.now(),
                user=self.user,
            )
        except Promotion.DoesNotExist:
            raise Refused(_("This promotion was removed meanwhile."), 409, conflict="removed") from None
        except ChangedMeanwhile:
            raise Refused(
                _("Somebody changed this promotion meanwhile, so yours is not saved."),
                409,
                conflict="changed",
            ) from None
        return {"url": reverse("admin:promotion_edit", args=[promotion.pk]), "version": promotion.version}
