"""Who somebody is, by hand: merge and undo, forget, and hand out everything that is known."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts import audit
from console.page import Page
from core import clock
from core.search import email_hash
from customers import dispatch
from customers.erasure import request_erasure
from customers.export import export_customer
from customers.identity import merging
from customers.models import Customer, CustomerMerge, ErasureRequest, Identifier, MergeProposal

FOUND = 10


class Merge(Page):
    """Choose whom to merge with, see what will happen, and do it."""

    permission_required = ("customers.merge_customer",)
    template_name = "console/merge.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the candidates, and for a chosen one what the merge would do."""
        customer = get_object_or_404(Customer, pk=self.kwargs["pk"])
        self.title = _("Merge %(customer)s with …") % {"customer": customer}
        context: dict[str, Any] = {"customer": customer, "proposals": merging.open_proposals(customer)}
        words = self.request.GET.get("q", "").strip()
        if words:
            context |= {"words": words, "found": _search(words, customer)}
        if (other := _chosen(self.request.GET.get("with"))) and other.pk != customer.pk:
            kept, merged = merging.older_first(customer, other)
            if self.request.GET.get("keep") == str(merged.pk) and merged.own_id:
                kept, merged = merged, kept
            context["preview"] = merging.preview(kept, merged)
            context["may_turn"] = merged.own_id
        return super().get_context_data(**context, **kwargs)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Merge, and go to the one who is kept."""
        kept = get_object_or_404(Customer, pk=pk)
        merged = _chosen(request.POST.get("merged"))
        try:
            if merged is None:
                raise merging.MergeRefused(_("One of the two is not there any more."))
            merging.merge(kept, merged, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        except merging.MergeRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Merged. It can be undone below, under “Recognised by”."))
        return redirect("admin:customer_360", pk=pk)


class UndoMerge(PermissionRequiredMixin, View):
    """Take a merge back."""

    permission_required = ("customers.merge_customer",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Undo, or say why not."""
        record = get_object_or_404(CustomerMerge, pk=pk)
        try:
            customer = merging.undo(record, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        except merging.MergeRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Undone. %(customer)s is there again.") % {"customer": customer})
        return redirect("admin:customer_360", pk=record.kept_id)


class Dismiss(PermissionRequiredMixin, View):
    """Say that two customers are two people."""

    permission_required = ("customers.merge_customer",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Note it; the pair is not proposed again."""
        proposal = get_object_or_404(MergeProposal, pk=pk)
        merging.dismiss(proposal, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        messages.success(request, _("Noted: these are two people."))
        return redirect("admin:customer_360", pk=proposal.first_id)


class Export(PermissionRequiredMixin, View):
    """Hand out everything that is known about a person."""

    permission_required = ("customers.export_customer",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return it as a JSON file, and note who took it."""
        customer = get_object_or_404(Customer, pk=pk)
        body = export_customer(customer, now=clock.now())
        # Without the name: the log outlives the person.
        nameless = Customer(pk=customer.pk, external_id=customer.external_id)
        audit.record(action="export_customer", target=nameless, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        answer = HttpResponse(
            json.dumps(body, ensure_ascii=False, indent=1, default=str), content_type="application/json"
        )
        answer["Content-Disposition"] = f'attachment; filename="customer-{customer.pk}.json"'
        return answer


class Erase(Page):
    """Confirm that a person is to be forgotten."""

    permission_required = ("customers.erase_customer",)
    template_name = "console/erase.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return who it is."""
        customer = get_object_or_404(Customer, pk=self.kwargs["pk"])
        self.title = _("Erase %(customer)s") % {"customer": customer}
        asked = ErasureRequest.objects.filter(
            state=ErasureRequest.State.WAITING, identifiers__contains=[_own(customer)]
        ).exists()
        return super().get_context_data(customer=customer, asked=asked, **kwargs)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the erasure when the typed id is right."""
        customer = get_object_or_404(Customer, pk=pk)
        if request.POST.get("id", "").strip() != customer.external_id:
            messages.error(request, _("Type the customer id exactly, so that nobody else is erased."))
            return redirect("admin:customer_erase", pk=pk)
        erasure = request_erasure(customer, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        dispatch.erase_soon(erasure)
        messages.success(
            request,
            _("The person is being erased. It takes seconds; the list of erasures says when it is done."),
        )
        return redirect("admin:customers_erasurerequest_changelist")


def identity_of(customer: Customer) -> dict[str, Any]:
    """Return what Customer 360 says of who somebody is. Three queries."""
    identifiers = customer.identifiers.order_by("created_at", "pk")
    kinds: dict[str, dict[str, Any]] = {}
    for one in identifiers:
        entry = kinds.setdefault(
            one.kind, {"label": one.get_kind_display(), "since": one.created_at, "count": 0}
        )
        entry["count"] += 1
    return {
        "recognised_by": list(kinds.values()),
        "merges": CustomerMerge.objects.filter(kept=customer, undone_at=None).order_by("-pk"),
        "proposals": merging.open_proposals(customer),
    }


def _own(customer: Customer) -> list[str]:
    found = customer.identifiers.filter(kind=Identifier.Kind.EXTERNAL_ID).order_by("pk").first()
    return [Identifier.Kind.EXTERNAL_ID.value, found.value_hash if found else ""]


def _chosen(text: str | None) -> Customer | None:
    if not (text and text.isdecimal() and len(text) < 19):
        return None
    return Customer.objects.filter(pk=int(text)).first()


def _search(words: str, customer: Customer) -> list[Customer]:
    """Find others by an exact e-mail address or the beginning of id or name."""
    others = Customer.objects.exclude(pk=customer.pk)
    if hashed := email_hash(words):
        owners = Identifier.objects.filter(kind=Identifier.Kind.EMAIL, value_hash=hashed)
        return list(others.filter(pk__in=owners.values("customer"))[:FOUND])
    if "\0" in words:
        return []
    return list(
        others.filter(
            Q(external_id__startswith=words)
            | Q(first_name__istartswith=words)
            | Q(last_name__istartswith=words)
        ).order_by("external_id")[:FOUND]
    )
