"""The admin's action: a CSV at once, or a job when the list is long."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from core import clock
from core.exports import csv_answer, lists, may_export
from integrations.exports.services import AT_ONCE, begin, rows_of, start_long


def export(request: HttpRequest, model_admin: Any, chosen: QuerySet[Any]) -> HttpResponseBase:
    """Answer with the chosen rows of a list, as they are filtered."""
    label = model_admin.model._meta.label_lower
    user: Any = request.user
    if not may_export(user, label):
        raise PermissionDenied
    wanted, now = lists.get(label), clock.now()
    count = len(wanted.rows(chosen).order_by().values_list("pk")[: AT_ONCE + 1])
    filters: dict[str, Any] = {"query": request.GET.urlencode()}
    if request.POST.get("select_across") != "1":
        filters["ids"] = request.POST.getlist(ACTION_CHECKBOX_NAME)
    known = {column.name for column in wanted.columns}
    only = [name for name in request.POST.getlist("columns") if name in known]
    if only:
        filters["columns"] = only
    if count <= AT_ONCE:
        taken = begin(user, label, filters=filters, now=now, rows=count)
        name = f"{wanted.name}-{now:%Y-%m-%d}.csv"
        return csv_answer(rows_of(wanted, chosen, personal=taken.personal, only=only), name)
    taken = begin(user, label, filters=filters, now=now)
    start_long(taken, now=now)
    messages.success(request, _("The list is long, so a worker writes it. It can be downloaded here."))
    return redirect("admin:export", pk=taken.pk)
