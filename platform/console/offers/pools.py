"""Coupon pools: how each stands, its codes made or brought, taken out, and found."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.dispatch import start_job
from accounts.models import Job
from campaigns.coupons import pools
from campaigns.coupons.codes import CodeInvalid
from campaigns.coupons.figures import out_by_day, rest, since_begun
from campaigns.coupons.jobs import GENERATE, TAKE_OVER
from campaigns.coupons.models import Coupon, CouponPool, PoolWarning
from campaigns.coupons.selectors import Standing, find, standing, standings
from campaigns.promotions.models import Promotion
from console.data.jobs import view_of
from console.offers.base import OffersPage, state_of
from console.offers.words import in_words
from core import charts, clock
from core.exports import csv_answer, lists, may_export
from integrations.exports.services import AT_ONCE, begin, rows_of, start_long

#: Whoever adds codes changes the pool.
FILL = ("coupons.change_couponpool", "coupons.add_coupon")
DAYS = 90
JOBS = 5
HELD = 15
#: A file of five million codes is smaller.
LARGEST_FILE = 250_000_000


class PoolForm(forms.Form):
    """A new pool."""

    name = forms.CharField(max_length=150)
    promotion = forms.ModelChoiceField(Promotion.objects.filter(needs_code=True, archived_at=None))
    prefix = forms.CharField(max_length=10, required=False)
    valid_days = forms.IntegerField(min_value=1, max_value=3650, required=False)
    low_stock = forms.IntegerField(min_value=0, max_value=10_000_000, required=False, initial=100)


class SettingsForm(forms.Form):
    """When a pool warns and how long its codes last."""

    valid_hours = forms.IntegerField(min_value=1, max_value=87_600, required=False)
    low_stock = forms.IntegerField(min_value=0, max_value=10_000_000)


class GenerateForm(forms.Form):
    """How many codes to make."""

    count = forms.IntegerField(min_value=1, max_value=pools.MOST_AT_ONCE)


class FileForm(forms.Form):
    """A partner's codes, a line each; or one code for many people."""

    file = forms.FileField(required=False)
    code = forms.CharField(max_length=60, required=False)
    limit = forms.IntegerField(min_value=1, max_value=10_000_000, required=False)


class Pools(OffersPage):
    """Every pool: what is left, what is out, and what that may cost."""

    permission_required = ("coupons.view_couponpool",)
    template_name = "console/offers/pools.html"
    title = gettext_lazy("Coupon pools")
    tab = "offer_pools"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return how they stand. Four queries."""
        now, can = clock.now(), self.request.user.has_perm
        warned: dict[Any, list[PoolWarning]] = {}
        for warning in PoolWarning.objects.all():
            warned.setdefault(warning.pool_id, []).append(warning)
        rows = [
            {
                "standing": one,
                "warnings": warned.get(one.pool.pk, []),
                "state": state_of(one.pool.promotion, now),
            }
            for one in standings(now=now)
        ]
        may_add = can("coupons.add_couponpool")
        promotions = Promotion.objects.filter(needs_code=True, archived_at=None) if may_add else []
        return super().get_context_data(
            rows=rows,
            may_add=may_add,
            promotions=promotions,
            chosen=self.request.GET.get("promotion", ""),
            q=self.request.GET.get("code", "")[:60],
            **kwargs,
        )


class _Post(PermissionRequiredMixin, View):
    """Something that is done to a pool."""

    raise_exception = True
    permission_required: tuple[str, ...] = ()

    @property
    def user(self) -> Any:
        """Return who asks."""
        return self.request.user

    def pool(self) -> CouponPool:
        """Return the pool."""
        return get_object_or_404(CouponPool.objects.select_related("promotion"), pk=self.kwargs["pk"])

    def refuse(self, form: forms.Form) -> None:
        """Say the first thing that is wrong."""
        name, errors = next(iter(form.errors.items()))
        label = {
            "name": _("Name"),
            "promotion": _("Promotion"),
            "prefix": _("Prefix"),
            "valid_days": _("Days"),
            "valid_hours": _("Hours"),
            "low_stock": _("Warn below"),
            "count": _("How many"),
            "limit": _("Uses of each code"),
        }.get(name, "")
        messages.error(self.request, f"{label}: {errors[0]}" if label else str(errors[0]))


class NewPool(_Post):
    """Make an empty pool."""

    permission_required = ("coupons.add_couponpool",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it, or say what is wrong."""
        form = PoolForm(request.POST)
        if not form.is_valid():
            self.refuse(form)
            return redirect("admin:offer_pools")
        made, low = form.cleaned_data, form.cleaned_data["low_stock"]
        try:
            pool = pools.create_pool(
                name=made["name"],
                promotion=made["promotion"],
                prefix=made["prefix"],
                valid_hours=made["valid_days"] and made["valid_days"] * 24,
                low_stock=100 if low is None else low,
                now=clock.now(),
                user=self.user,
            )
        except CodeInvalid as error:
            messages.error(request, str(error))
            return redirect("admin:offer_pools")
        except ValidationError as error:
            messages.error(request, error.messages[0])
            return redirect("admin:offer_pools")
        messages.success(request, _("The pool is made. Now give it codes."))
        return redirect("admin:offer_pool", pk=pool.pk)


class Pool(OffersPage):
    """One pool: its stock, its liability over time, its work, its codes."""

    permission_required = ("coupons.view_couponpool",)
    template_name = "console/offers/pool.html"
    tab = "offer_pools"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return its figures. About ten queries; a million codes take about three seconds."""
        now, can = clock.now(), self.request.user.has_perm
        pool = get_object_or_404(CouponPool.objects.select_related("promotion"), pk=self.kwargs["pk"])
        self.title = pool.name
        stands = standing(pool, now=now)
        jobs = Job.objects.filter(kind__in=[GENERATE, TAKE_OVER], parameters__pool=str(pool.pk))
        seen = [view_of(job, now) for job in jobs.order_by("-created_at")[:JOBS]]
        held = []
        if can("coupons.view_coupon"):
            codes = Coupon.objects.filter(pool=pool, assigned_at__isnull=False).select_related("customer")
            held = list(codes.order_by("-assigned_at", "-pk")[:HELD])
        return super().get_context_data(
            pool=pool,
            promotion=pool.promotion,
            state=state_of(pool.promotion, now),
            words=in_words(pool.promotion),
            standing=stands,
            rest=rest(pool.pk, now=now),
            warnings=list(pool.warnings.all()),
            chart=_liability(pool, stands),
            current=next((job for job in seen if job["open"]), None),
            jobs=[job for job in seen if not job["open"]],
            held=held,
            may_fill=self.request.user.has_perms(FILL),
            may_change=can("coupons.change_couponpool"),
            may_export=may_export(self.request.user, "coupons.coupon"),
            sees_codes=can("coupons.view_coupon"),
            sees_people=can("customers.view_customer"),
            most=pools.MOST_AT_ONCE,
            now=now,
            **kwargs,
        )


def _liability(pool: CouponPool, stands: Standing) -> charts.Chart | None:
    """Draw what the codes that were out could have cost; their number where no price is known yet."""
    days = since_begun(out_by_day([pool.pk], until=clock.now(), days=DAYS))
    if not days:
        return None
    if stands.liability is None or not stands.stock.out:
        return charts.area(
            _("Codes that people hold"),
            [day for day, _n in days],
            [charts.Series(_("Codes"), [n for _day, n in days])],
        )
    each = stands.liability / stands.stock.out
    title = _("What the codes that are out may cost (%(currency)s)") % {"currency": pool.promotion.currency}
    return charts.area(
        title, [day for day, _n in days], [charts.Series(_("Liability"), [each * n for _day, n in days])]
    )


class Generate(_Post):
    """Make codes, as a job to watch."""

    permission_required = FILL

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Start it."""
        pool, form = self.pool(), GenerateForm(request.POST)
        if form.is_valid():
            parameters = {"pool": str(pool.pk), "count": form.cleaned_data["count"]}
            start_job(GENERATE, now=clock.now(), user=self.user, parameters=parameters)
        else:
            self.refuse(form)
        return redirect("admin:offer_pool", pk=pool.pk)


class Bring(_Post):
    """Take over a partner's codes from a file, as a job, or one code for many at once."""

    permission_required = FILL

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Start it, or say what is wrong."""
        pool, form = self.pool(), FileForm(request.POST, request.FILES)
        if not form.is_valid():
            self.refuse(form)
        elif code := form.cleaned_data["code"]:
            self._one(pool, code, form.cleaned_data["limit"] or 1)
        elif file := form.cleaned_data["file"]:
            if file.size > LARGEST_FILE:
                messages.error(request, _("The file is too large; bring it in parts."))
            else:
                name = default_storage.save(f"coupons/{uuid4()}.txt", file)
                parameters = {
                    "pool": str(pool.pk),
                    "file": name,
                    "limit": form.cleaned_data["limit"] or 1,
                }
                start_job(TAKE_OVER, now=clock.now(), user=self.user, parameters=parameters)
        else:
            messages.error(request, _("Choose a file, or write a code."))
        return redirect("admin:offer_pool", pk=pool.pk)

    def _one(self, pool: CouponPool, code: str, limit: int) -> None:
        try:
            added = pools.import_codes(pool, [code], limit=limit, now=clock.now(), user=self.user)
        except CodeInvalid:
            messages.error(self.request, _("A code has letters from A to Z and digits only, 40 at most."))
            return
        if added:
            messages.success(self.request, _("The code is in the pool."))
        else:
            messages.error(self.request, _("This code exists already, here or in another pool."))


class Settings(_Post):
    """Change when a pool warns and how long its codes last."""

    permission_required = ("coupons.change_couponpool",)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Change it."""
        pool, form = self.pool(), SettingsForm(request.POST)
        if form.is_valid():
            pools.change_pool(pool, **form.cleaned_data, now=clock.now(), user=self.user)
            messages.success(request, _("Saved."))
        else:
            self.refuse(form)
        return redirect("admin:offer_pool", pk=pool.pk)


class ExportCodes(_Post):
    """Take the pool's codes out as a file: at once, or by a worker when they are many."""

    permission_required = ("coupons.view_coupon",)

    def has_permission(self) -> bool:
        """Ask for the right to take codes out, too."""
        return super().has_permission() and may_export(self.user, "coupons.coupon")

    def post(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """Send the file, or lead to where it will be."""
        label, pool, now = "coupons.coupon", self.pool(), clock.now()
        chosen, wanted = Coupon.objects.filter(pool=pool), lists.get(label)
        filters = {"query": f"pool__id__exact={pool.pk}"}
        count = len(chosen.order_by().values_list("pk")[: AT_ONCE + 1])
        if count <= AT_ONCE:
            taken = begin(self.user, label, filters=filters, now=now, rows=count)
            return csv_answer(
                rows_of(wanted, chosen, personal=taken.personal), f"{wanted.name}-{now:%Y-%m-%d}.csv"
            )
        taken = begin(self.user, label, filters=filters, now=now)
        start_long(taken, now=now)
        return redirect("admin:export", pk=taken.pk)


class FindCode(PermissionRequiredMixin, View):
    """Lead from what a customer reads out to the code's life."""

    permission_required = ("coupons.view_coupon",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Find it as a till does: in any case, with or without spaces and dashes."""
        words = request.GET.get("code", "").strip()[:60]
        coupon = find(words.replace("\0", "")) if words else None
        if coupon is None:
            messages.error(request, _("There is no code “%(code)s”.") % {"code": words})
            return redirect(reverse("admin:offer_pools"))
        return redirect("admin:offer_code", pk=coupon.pk)
