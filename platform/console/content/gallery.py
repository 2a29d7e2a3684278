"""The gallery: every template as a small picture, where it is used, and how to begin a new one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts import audit
from accounts.models import User
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Medium, Template, TemplateVersion
from campaigns.content.services import archive_template, clone_template, draft_of
from campaigns.content.wording import Wording
from campaigns.models import Campaign
from campaigns.trying import try_wording
from console import undo
from console.content import frames
from console.content.samples import as_read, own_sample
from console.engage.origin import campaign_of, query_of
from console.page import Page
from core import clock

PER_PAGE = 24
LARGEST_HTML = 1_500_000  # bytes
_BLANK: dict[str, list[dict[str, Any]]] = {
    Medium.EMAIL: [
        {"kind": "header", "id": "head", "title": "{{ shop.name }}"},
        {"kind": "heading", "id": "title", "text": 'Hi {{ customer.first_name | default: "there" }}'},
        {"kind": "text", "id": "text", "text": "Write something good."},
        {"kind": "footer", "id": "foot"},
    ],
    Medium.SMS: [{"kind": "sms", "id": "sms", "text": "{{ shop.name }}: "}],
    Medium.PUSH: [
        {"kind": "push", "id": "push", "title": "{{ shop.name }}", "text": "Write something good."}
    ],
}


class Gallery(Page):
    """The templates, newest change first. Four queries for a page."""

    permission_required = ("content.view_template",)
    template_name = "console/content/gallery.html"
    title = gettext_lazy("E-mail templates")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of the gallery."""
        ask = self.request.GET
        words = ask.get("q", "").replace("\0", "").strip()[:150]
        channel = ask.get("channel", "")
        archived = ask.get("archived") == "1"
        templates = Template.objects.filter(archived_at__isnull=not archived).defer("draft")
        if words:
            templates = templates.filter(name__icontains=words)
        if channel in Medium.values:
            templates = templates.filter(channel=channel)
        page = Paginator(_with_uses(templates), PER_PAGE).get_page(ask.get("page"))
        sample = own_sample()
        for template in page.object_list:
            template.subject = as_read(template.subject or "", sample)
        can = self.request.user.has_perm
        campaign = campaign_of(self.request)
        return super().get_context_data(
            page=page,
            campaign=campaign,
            back=query_of(campaign),
            words=words,
            channel=channel,
            archived=archived,
            media=Medium.choices,
            archive_count=Template.objects.exclude(archived_at=None).count(),
            may_add=can("content.add_template"),
            may_change=can("content.change_template"),
            sees_campaigns=can("campaigns.view_campaign"),
            html_hint=_(
                "It is sent byte for byte as it is. Put {{ unsubscribe_url }} into a link and "
                "{{ shop.address }} into the text."
            ),
            sees_brand=can("content.view_brandkit"),
            **kwargs,
        )


def _with_uses(templates: QuerySet[Template]) -> QuerySet[Template]:
    versions = TemplateVersion.objects.filter(template=OuterRef("pk"))
    return templates.annotate(
        n=Count("versions", distinct=True),
        last=Max("versions__number"),
        subject=Subquery(versions.order_by("-number").values("subject")[:1]),
        uses=Count("versions__campaign", distinct=True),
    ).order_by("-changed_at", "-pk")


class Begin(PermissionRequiredMixin, View):
    """A new template: blank, or from a document made elsewhere."""

    permission_required = ("content.add_template",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it and open it in the editor."""
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        name = " ".join(request.POST.get("name", "").replace("\0", "").split())
        channel = request.POST.get("channel", Medium.EMAIL)
        try:
            blocks = _first_blocks(request, channel)
            template = _begin(name, channel, blocks, user=user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("admin:templates")
        except TemplateInvalid as error:
            messages.error(request, str(error))
            return redirect("admin:templates")
        return redirect(_editor(request, template))


def _editor(request: HttpRequest, template: Template) -> str:
    """Return the address of the editor, which keeps in mind for which campaign one writes."""
    return reverse("admin:template_edit", args=[template.pk]) + query_of(campaign_of(request))


def _first_blocks(request: HttpRequest, channel: str) -> list[dict[str, Any]]:
    if channel not in _BLANK:
        raise TemplateInvalid(_("There is no such channel."))
    document = request.FILES.get("html")
    if document is None or channel != Medium.EMAIL:
        return _BLANK[channel]
    if (document.size or 0) > LARGEST_HTML:
        raise TemplateInvalid(_("The document is larger than 1.5 MB."))
    try:
        return [{"kind": "html", "id": "html", "html": document.read().decode()}]
    except UnicodeDecodeError as error:
        raise TemplateInvalid(
            _("The document is not written in UTF-8. Save it so, and try again.")
        ) from error


@transaction.atomic
def _begin(name: str, channel: str, blocks: list[dict[str, Any]], *, user: User) -> Template:
    """Store a template that has a draft and no version yet."""
    now = clock.now()
    template = Template(name=name, channel=channel, created_at=now, changed_at=now)
    template.draft = Wording("", blocks, locale=_locale()).draft
    template.full_clean()
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError as error:
        raise ValidationError(_("There is a template of this name.")) from error
    audit.record(action="add_template", target=template, now=now, user=user)
    return template


def _locale() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


class Act(PermissionRequiredMixin, View):
    """Clone a template, put it away, bring it back."""

    permission_required = ("content.change_template",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it and say so."""
        template = get_object_or_404(Template, pk=pk)
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        if verb == "clone":
            if not user.has_perm("content.add_template"):
                return HttpResponse(status=403)
            copy = clone_template(template, now=clock.now(), user=user)
            return redirect(_editor(request, copy))
        if verb not in ("archive", "unarchive"):
            raise Http404
        archive_template(template, archived=verb == "archive", now=clock.now(), user=user)
        if verb == "archive":
            said = _("“%(name)s” is in the archive.") % {"name": template.name}
            undo.offer(request, said, reverse("admin:template_act", args=[template.pk, "unarchive"]))
        else:
            messages.success(request, _("“%(name)s” is back.") % {"name": template.name})
        return redirect("admin:templates")


class Thumbnail(PermissionRequiredMixin, View):
    """A template's newest version for the small frame of the gallery."""

    permission_required = ("content.view_template",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return it as somebody made up would get it. About 25 ms."""
        template = get_object_or_404(Template, pk=pk)
        version = template.versions.first()
        wanted = (version and draft_of(version)) or template.draft
        if template.channel != Medium.EMAIL or not wanted:
            raise Http404
        try:
            tried = try_wording(
                Wording(channel=template.channel, **wanted), now=clock.now(), locale=get_language() or ""
            )
        except TemplateInvalid:
            html = (
                f"<p style='font-family:sans-serif'>{_('This template has a mistake: open it to see.')}</p>"
            )
        else:
            html = tried.content.html
        return frames.answer(frames.themed(html, dark=request.GET.get("dark") == "1"))


def campaigns_with(template: Template) -> QuerySet[Campaign]:
    """Return the campaigns that send a version of a template, newest first."""
    return Campaign.objects.filter(Q(content__template=template)).order_by("-created_at")
