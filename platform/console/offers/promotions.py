"""The list of promotions, and what is done to one: switched on, copied, put away."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.models import User
from campaigns.promotions import editing
from campaigns.promotions.models import Promotion
from console import undo
from console.offers.base import OffersPage, countdown, share_of, state_of
from console.offers.suggestions import names_in
from console.offers.trial import faults_of
from console.offers.words import in_words
from core import clock

A_PAGE = 25
_FILTERS = {
    "": gettext_lazy("All"),
    "on": gettext_lazy("On"),
    "draft": gettext_lazy("Off and drafts"),
    "over": gettext_lazy("Over"),
    "archived": gettext_lazy("Archived"),
}


class Promotions(OffersPage):
    """Every promotion with its rule in words, its state, and what it has used of its limits."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/promotions.html"
    title = gettext_lazy("Coupons & promotions")
    tab = "offers"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return a page of them. Two queries, and one for each kind of name in their rules."""
        now = clock.now()
        words = self.request.GET.get("q", "").replace("\0", "").strip()[:100]
        chosen = self.request.GET.get("state", "")
        number = self.request.GET.get("page", "")
        first = (
            (max(1, int(number)) - 1) * A_PAGE
            if number.isascii() and number.isdigit() and len(number) < 7
            else 0
        )
        found = _fitting(chosen, words, now)
        page = list(found[first : first + A_PAGE + 1])
        names = names_in([r for p in page for r in [p.benefit, *p.conditions]])
        rows = [
            {
                "promotion": p,
                "state": state_of(p, now),
                "words": in_words(p, names),
                "countdown": countdown(p, now) if p.active else "",
                "uses": share_of(p.used, p.limit),
                "money": share_of(p.spent, p.budget),
            }
            for p in page[:A_PAGE]
        ]
        return super().get_context_data(
            rows=rows,
            q=words,
            chosen=chosen,
            filters=_FILTERS.items(),
            next=first // A_PAGE + 2 if len(page) > A_PAGE else None,
            previous=first // A_PAGE if first else None,
            may_add=self.request.user.has_perm("promotions.add_promotion"),
            **kwargs,
        )


def _fitting(chosen: str, words: str, now: Any) -> QuerySet[Promotion]:
    found = Promotion.objects.annotate(codes=Count("pools"))
    over = Q(ends_at__lte=now)
    match chosen:
        case "on":
            found = found.filter(~over | Q(ends_at=None), active=True)
        case "draft":
            found = found.filter(active=False, archived_at=None)
        case "over":
            found = found.filter(over, archived_at=None)
        case "archived":
            found = found.exclude(archived_at=None)
        case _:
            found = found.filter(archived_at=None)
    if words:
        found = found.filter(Q(name__icontains=words) | Q(slug__icontains=words))
    return found.order_by("-active", F("starts_at").desc(nulls_first=True), "name", "pk")


_NEEDS = {
    "activate": "promotions.activate_promotion",
    "deactivate": "promotions.activate_promotion",
    "copy": "promotions.add_promotion",
    "archive": "promotions.change_promotion",
    "restore": "promotions.change_promotion",
}


class Act(PermissionRequiredMixin, View):
    """One verb for one promotion."""

    raise_exception = True

    def has_permission(self) -> bool:
        """Ask for the verb's own right; putting away one that is on switches it off, too."""
        can, verb = self.request.user.has_perm, self.kwargs["verb"]
        return can("promotions.view_promotion") and can(_NEEDS.get(verb, "promotions.change_promotion"))

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it."""
        if verb not in _NEEDS:
            raise Http404
        promotion = get_object_or_404(Promotion, pk=pk)
        user: Any = request.user
        done: HttpResponse = getattr(self, verb)(promotion, user)
        return done

    def activate(self, promotion: Promotion, user: User) -> HttpResponse:
        """Switch it on, if its rule holds."""
        if faults := faults_of(promotion):
            messages.error(self.request, next(iter(faults.values())))
        elif editing.switch(promotion, True, now=clock.now(), user=user):
            words = (
                _("“%(name)s” is on. It begins by itself at its time.")
                if promotion.starts_at and promotion.starts_at > clock.now()
                else _("“%(name)s” is on: every till applies it from now.")
            )
            messages.success(self.request, words % {"name": promotion.name})
        return redirect("admin:promotion_edit", pk=promotion.pk)

    def deactivate(self, promotion: Promotion, user: User) -> HttpResponse:
        """Switch it off."""
        if editing.switch(promotion, False, now=clock.now(), user=user):
            said = _("“%(name)s” is off.") % {"name": promotion.name}
            undo.offer(self.request, said, reverse("admin:promotion_act", args=[promotion.pk, "activate"]))
        return redirect("admin:promotion_edit", pk=promotion.pk)

    def copy(self, promotion: Promotion, user: User) -> HttpResponse:
        """Open a draft with the same rule."""
        made = editing.copy_promotion(promotion, now=clock.now(), user=user)
        return redirect("admin:promotion_edit", pk=made.pk)

    def archive(self, promotion: Promotion, user: User) -> HttpResponse:
        """Put it away, unless it is on."""
        if promotion.active and not user.has_perm("promotions.activate_promotion"):
            messages.error(self.request, _("It is on; somebody who may switch it off archives it."))
            return redirect("admin:promotion_edit", pk=promotion.pk)
        if editing.archive(promotion, now=clock.now(), user=user):
            said = _("“%(name)s” is archived.") % {"name": promotion.name}
            undo.offer(self.request, said, reverse("admin:promotion_act", args=[promotion.pk, "restore"]))
        return redirect("admin:offers")

    def restore(self, promotion: Promotion, user: User) -> HttpResponse:
        """Take it out of the archive."""
        editing.restore(promotion, now=clock.now(), user=user)
        return redirect("admin:promotion_edit", pk=promotion.pk)
