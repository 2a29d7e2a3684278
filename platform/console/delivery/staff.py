"""Tasks for staff: to be passed on, confirmed, or taken along as a broadcast list for 企业微信."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from accounts.models import User
from console.delivery.base import DeliveryPage, clean
from core import clock
from core.exports import csv_answer
from delivery.endpoints.tasks import confirm, open_tasks
from delivery.models import StaffTask

PER_PAGE = 25


class Staff(DeliveryPage):
    """What was handed over, the newest first."""

    permission_required = ("delivery.view_stafftask",)
    template_name = "console/delivery/staff.html"
    title = gettext_lazy("Staff tasks")
    tab = "delivery_staff"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of the tasks in a state."""
        state = self.request.GET.get("state", "")
        state = state if state in StaffTask.State.values else StaffTask.State.HANDED_OVER.value
        found = StaffTask.objects.filter(state=state).select_related("customer", "done_by").order_by("-id")
        after = clean(self.request.GET.get("after"))
        try:
            found = found.filter(pk__lt=UUID(after)) if after else found
        except ValueError:
            after = ""
        tasks = list(found[: PER_PAGE + 1])
        return super().get_context_data(
            tasks=tasks[:PER_PAGE],
            more=str(tasks[PER_PAGE - 1].pk) if len(tasks) > PER_PAGE else "",
            states=StaffTask.State.choices,
            state=state,
            may_confirm=self.request.user.has_perm("delivery.change_stafftask"),
            **kwargs,
        )


class StaffConfirm(PermissionRequiredMixin, View):
    """Say of chosen tasks what became of them."""

    permission_required = ("delivery.change_stafftask",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Confirm; those that another person confirmed meanwhile stay as they are."""
        state = request.POST.get("state", "")
        ids = []
        for text in request.POST.getlist("task")[:500]:
            try:
                ids.append(UUID(text))
            except ValueError:
                continue
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        if state not in (StaffTask.State.DONE, StaffTask.State.NOT_REACHED):
            messages.error(request, _("Say whether the tasks were passed on."))
        elif not ids:
            messages.error(request, _("Choose at least one task."))
        else:
            note = clean(request.POST.get("note"))[:300]
            done = confirm(ids, StaffTask.State(state), user=user, note=note, now=clock.now())
            messages.success(
                request,
                ngettext("%(n)d task confirmed.", "%(n)d tasks confirmed.", done) % {"n": done},
            )
        return redirect("admin:delivery_staff")


class StaffExport(PermissionRequiredMixin, View):
    """The open tasks as a table: external_userid and text, as a broadcast in 企业微信 wants them."""

    permission_required = ("delivery.change_stafftask",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the rows."""
        return csv_answer(open_tasks(), f"staff-tasks-{clock.now():%Y-%m-%d}.csv")
