"""Imports as a person makes them: upload, map, dry run, run, and back."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from console.data.import_form import mapping_form, target_of
from console.data.jobs import STOP_POLLING, view_of
from console.page import Page
from core import clock
from core.exports import csv_answer
from integrations import dispatch, selectors, services
from integrations.imports.errors import BadFile, BadMapping
from integrations.imports.shops import EXPORTS
from integrations.models import BUSY, ImportRun, ImportState, Kind

RECENT = 12
SHOWN_ERRORS = 50
#: What a state's pill looks like.
PILLS = {
    ImportState.DONE: "ok", ImportState.CHECKED: "info", ImportState.RUNNING: "info",
    ImportState.CHECKING: "info", ImportState.UNDOING: "info", ImportState.FAILED: "bad",
    ImportState.CANCELLED: "warn", ImportState.UNDONE: "warn",
}  # fmt: skip


class Imports(Page):
    """Upload a file, and what was imported lately."""

    permission_required = ("integrations.view_importrun",)
    template_name = "console/imports.html"
    title = gettext_lazy("Import")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the last imports of files and data sets."""
        runs = ImportRun.objects.select_related("started_by", "api_key").order_by("-started_at")[:RECENT]
        return super().get_context_data(
            runs=[(run, PILLS.get(ImportState(run.state), "plain")) for run in runs],
            kinds=[(value, label) for value, label in Kind.choices],
            sources=selectors.sources(),
            shops=sorted({export.label for export in EXPORTS}),
            may_import=self.request.user.has_perm("integrations.add_importrun"),
            limit_mb=settings.IMPORT_MAX_BYTES // 1_000_000,
            keep_days=settings.IMPORT_KEEP_DAYS,
            **kwargs,
        )


class Upload(PermissionRequiredMixin, View):
    """Take a file."""

    permission_required = ("integrations.add_importrun",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the file and go on to its columns, or say what is wrong with it."""
        file = request.FILES.get("file")
        kind = request.POST.get("kind", "")
        source = " ".join(request.POST.get("source", "").split())[:50].replace("\0", "")
        if file is None or (kind and kind not in Kind.values):
            messages.error(request, _("Choose a file first."))
            return redirect("admin:imports")
        try:
            run = services.upload(
                file, name=file.name or "", kind=kind, source=source, now=clock.now(), who=_who(request)
            )
        except BadFile as bad:
            messages.error(request, str(bad))
            return redirect("admin:imports")
        return redirect("admin:import", key=run.key)


class Import(Page):
    """One import, in whatever state it is."""

    permission_required = ("integrations.view_importrun",)
    template_name = "console/import.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the state needs: the mapping form, progress, the dry run, or what became of it."""
        run = _find(self.kwargs["key"])
        self.title = run.dataset
        may_change = self.request.user.has_perm("integrations.change_importrun")
        context: dict[str, Any] = {"run": run, "pill": PILLS.get(ImportState(run.state), "plain"),
                                   "may_change": may_change, "busy": run.state in BUSY}  # fmt: skip
        if run.state == ImportState.UPLOADED and may_change:
            context |= mapping_form(run)
        elif run.state in BUSY:
            context |= progress_of(run, clock.now())
        elif run.state != ImportState.UPLOADED:
            context |= result_of(run, with_rows=may_change)
        return super().get_context_data(**context, **kwargs)


def progress_of(run: ImportRun, now: datetime) -> dict[str, Any]:
    """Return what the progress partial shows."""
    if run.job is None:
        raise Http404
    return {**view_of(run.job, now), "run": run, "open": True}


def result_of(run: ImportRun, *, with_rows: bool) -> dict[str, Any]:
    """Return the figures of the dry run or of the import, and its first bad rows."""
    errors = selectors.first_errors(run, SHOWN_ERRORS)
    report = run.report or {}
    dry = run.state == ImportState.CHECKED
    figures = (
        {"rows": report.get("rows"), "new": report.get("new"), "changed": report.get("changed"),
         "known": report.get("known"), "rejected": report.get("rejected")}
        if dry
        else {"rows": run.rows, "new": run.accepted, "changed": run.changed, "known": run.duplicates,
              "rejected": run.rejected}
    )  # fmt: skip
    good = (figures["rows"] or 0) - (figures["rejected"] or 0)
    left = run.left_alone or {}
    return {
        "dry": dry,
        "figures": figures,
        "good": good,
        "errors": [(e.line, e.reason, selectors.cells_of(e) if with_rows else []) for e in errors],
        "more_errors": max((figures["rejected"] or 0) - len(errors), 0),
        "left": [(name, left.get(f"{name}_count", ["0"])[0], left[name]) for name in left if "_" not in name],
        "undo_until": run.started_at + timedelta(days=settings.IMPORT_KEEP_DAYS),
    }


class Map(PermissionRequiredMixin, View):
    """Take what a person says about the columns."""

    permission_required = ("integrations.change_importrun",)
    raise_exception = True

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Keep the mapping and check the file with it; or read the file anew as it was chosen."""
        run = _find(key)
        kind = request.POST.get("kind", run.kind)
        reread = request.POST.get("reread") or kind != run.kind
        names = ("date_order", "decimal", "time_zone", "country", "currency", "encoding", "delimiter")
        options = {name: request.POST[name] for name in names if request.POST.get(name)}
        try:
            if reread:
                services.reread(run, options=options, kind=kind if kind in Kind.values else run.kind)
                return redirect("admin:import", key=run.key)
            mapping = {
                name: target_of(request.POST.get(f"column-{place}", ""), name)
                for place, name in enumerate(run.columns)
            }
            services.map_columns(run, mapping=mapping, options=options, now=clock.now())
            if "date_order" not in options and services.propose(run).ask_dates:
                raise BadMapping([_("Say how days are written: 03/04/2026 could be two of them.")])
            dispatch.start(run, "check", now=clock.now(), who=_who(request))
        except BadMapping as bad:
            for problem in bad.problems:
                messages.error(request, problem)
        except (BadFile, services.WrongState) as wrong:
            messages.error(request, str(wrong))
        return redirect("admin:import", key=run.key)


class Act(PermissionRequiredMixin, View):
    """Run, stop, undo, or go back to the mapping."""

    permission_required = ("integrations.change_importrun",)
    raise_exception = True

    def post(self, request: HttpRequest, key: str, verb: str) -> HttpResponse:
        """Do it once; a second click finds it done."""
        run, now, who = _find(key), clock.now(), _who(request)
        try:
            if verb == "cancel":
                services.cancel(run, now=now, who=who)
                messages.success(request, _("It stops after the block it is at."))
            elif verb == "remap":
                services.reopen(run)
            elif verb in ("run", "undo", "check"):
                dispatch.start(run, verb, now=now, who=who)
            else:
                raise Http404
        except services.WrongState as wrong:
            messages.error(request, str(wrong))
        except BadMapping as bad:
            messages.error(request, str(bad))
        return redirect("admin:import", key=run.key)


class Errors(PermissionRequiredMixin, View):
    """The error file."""

    permission_required = ("integrations.change_importrun",)
    raise_exception = True

    def get(self, request: HttpRequest, key: str) -> HttpResponseBase:
        """Download the rows that were not taken."""
        run = _find(key)
        return csv_answer(selectors.error_rows(run), f"errors-{run.key}.csv")


class ImportProgress(PermissionRequiredMixin, View):
    """The part of an import's page that polls; when the work is over, the page is loaded anew."""

    permission_required = ("integrations.view_importrun",)
    raise_exception = True

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Return the progress as it is now."""
        run = _find(key)
        if run.state not in BUSY or run.job is None:
            answer = HttpResponse(status=STOP_POLLING)
            answer["HX-Refresh"] = "true"
            return answer
        return render(request, "console/import_progress.html", progress_of(run, clock.now()))


def _find(key: Any) -> ImportRun:
    runs = ImportRun.objects.select_related("job", "started_by", "api_key").exclude(file="")
    return get_object_or_404(runs, key=key)


def _who(request: HttpRequest) -> services.Who:
    return services.Who(user=request.user)  # type: ignore[arg-type]  # staff only behind the sign-in
