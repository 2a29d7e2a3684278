"""A template's versions: what each changed, how it looked, where it is used, and back to it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import User
from campaigns.content.differences import differences
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Template, TemplateVersion
from campaigns.content.rendering import Content
from campaigns.content.services import restore_version
from console.content import frames
from console.content.gallery import campaigns_with
from console.content.samples import shown
from console.page import Page
from core import clock

PER_PAGE = 10


class Versions(Page):
    """The versions, newest first, each with what changed in words."""

    permission_required = ("content.view_template",)
    template_name = "console/content/versions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of versions."""
        template = get_object_or_404(Template, pk=self.kwargs["pk"])
        self.title = template.name
        page = Paginator(
            TemplateVersion.objects.filter(template=template).select_related("created_by", "template"),
            PER_PAGE,
        ).get_page(self.request.GET.get("page"))
        versions = list(page.object_list)
        oldest = versions[-1].number if versions else 0
        before = TemplateVersion.objects.filter(template=template, number__lt=oldest).first()
        followed = [*versions[1:], before]
        rows = [
            {"version": version, "changes": differences(older, version) if older else None}
            for version, older in zip(versions, followed, strict=True)
        ]
        can = self.request.user.has_perm
        campaigns = campaigns_with(template)[:20] if can("campaigns.view_campaign") else ()
        return super().get_context_data(
            template=template,
            rows=rows,
            page=page,
            campaigns=campaigns,
            may_change=can("content.change_template"),
            **kwargs,
        )


def _version(pk: str, number: int) -> TemplateVersion:
    return get_object_or_404(TemplateVersion.objects.select_related("template"), template=pk, number=number)


class VersionFrame(PermissionRequiredMixin, View):
    """A version as it was compiled, for a frame."""

    permission_required = ("content.view_template",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str, number: int) -> HttpResponse:
        """Render the stored version for somebody made up, with products of this shop."""
        version = _version(pk, number)
        try:
            content = shown(version)
        except TemplateInvalid as error:
            content = Content("", "", f"<p>{error}</p>", "")
        return frames.answer(frames.themed(content.html or f"<pre>{content.text}</pre>", dark=False))


class Restore(PermissionRequiredMixin, View):
    """An earlier version again, as the newest one."""

    permission_required = ("content.change_template",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str, number: int) -> HttpResponse:
        """Store it and open the editor."""
        version = _version(pk, number)
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        try:
            made = restore_version(version, now=clock.now(), user=user)
        except TemplateInvalid as error:
            messages.error(request, str(error))
            return redirect("admin:template_versions", pk=version.template_id)
        messages.success(
            request,
            _("Version %(old)d is back, as version %(new)d.") % {"old": version.number, "new": made.number},
        )
        return redirect("admin:template_edit", pk=version.template_id)
