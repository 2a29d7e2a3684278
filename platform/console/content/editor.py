"""The editor: blocks, what a person would see, and the settings of a block; saved by itself."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from campaigns.content.blocks import ABOUT, KINDS, members_of
from campaigns.content.blocks.kinds import ALONE, IN_COLUMNS, IN_CONDITIONS
from campaigns.content.blocks.social import NETWORKS
from campaigns.content.brand import picture_url, store_picture
from campaigns.content.drafts import draft
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Medium, Template
from campaigns.content.services import is_ahead
from console.content import frames
from console.content.answers import Answer
from console.content.texts import palette, presets, texts
from console.engage.origin import campaign_of, query_of
from console.page import Page
from console.palette import customers_like
from core import clock
from segments.models import Segment
from segments.selectors import display_name

PEOPLE = 8
LOCALES = {"en": "English", "zh-hans": "简体中文", "zh-hant": "繁體中文", "de": "Deutsch", "fr": "Français",
           "es": "Español", "it": "Italiano", "pt": "Português", "ja": "日本語", "ko": "한국어",
           "ru": "Русский", "ar": "العربية", "he": "עברית", "fa": "فارسی", "tr": "Türkçe",
           "nl": "Nederlands", "pl": "Polski", "vi": "Tiếng Việt", "th": "ไทย"}  # fmt: skip


class Editor(Page):
    """One template being written. Four queries; the preview is asked for by the open page."""

    permission_required = ("content.view_template",)
    template_name = "console/content/editor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the draft with all that the script needs."""
        template = get_object_or_404(Template, pk=self.kwargs["pk"])
        self.title = template.name
        can = self.request.user.has_perm
        campaign = campaign_of(self.request)
        newest = template.versions.only(
            "number", "subject", "preheader", "locale", "blocks", "translations"
        ).first()
        names = ("draft", "preview", "test", "rename")
        return super().get_context_data(
            template=template,
            campaign=campaign,
            may_use=campaign is not None and can("campaigns.change_campaign"),
            back=query_of(campaign),
            newest=newest,
            may_change=can("content.change_template"),
            sees_people=can("customers.view_customer"),
            test_address=self.request.user.email if template.channel == Medium.EMAIL else "",
            words=texts(),
            draft=draft(template),
            schema={
                "kinds": {name: _described(name) for name in KINDS},
                "alone": sorted(ALONE),
                "inColumns": sorted(IN_COLUMNS),
                "inConditions": sorted(IN_CONDITIONS),
                "palette": palette(template.channel),
                "presets": presets(),
                "networks": NETWORKS,
                "about": {name: [str(label), valued] for name, (label, valued, _liquid) in ABOUT.items()},
                "segments": [[one.slug, display_name(one)] for one in Segment.objects.order_by("name")[:500]]
                if can("segments.view_segment")
                else [],
                "locales": LOCALES,
                "variables": _variables(),
            },
            page={
                "channel": template.channel,
                "revision": template.revision,
                "mayChange": can("content.change_template"),
                "version": newest.number if newest else 0,
                "ahead": is_ahead(template, newest),
                "urls": {name: reverse(f"admin:template_{name}", args=[template.pk]) for name in names}
                | {
                    "save": reverse("admin:template_save", args=[template.pk]) + query_of(campaign),
                    "people": reverse("admin:template_people"),
                    "picture": reverse("admin:template_picture"),
                    "bundles": reverse("admin:template_bundles"),
                },
            },
            **kwargs,
        )


def _described(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    members = members_of(kind)
    return {
        "title": str(kind.title_),
        "icon": kind.icon,
        "members": [
            {"name": key, "default": _plain(member.default), **member.describe()}
            for key, member in members.items()
        ],
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _variables() -> list[list[str]]:
    return [
        ['{{ customer.first_name | default: "" }}', _("First name")],
        ["{{ customer.last_name }}", _("Last name")],
        ["{{ shop.name }}", _("Name of the shop")],
        ["{{ shop.url }}", _("Address of the shop")],
        ["{{ coupon.offer }}", _("What the coupon gives")],
        ["{{ coupon.how }}", _("That its value was chosen automatically")],
        ["{{ coupon.code }}", _("Coupon code")],
        ["{{ products.first.name }}", _("First recommended product")],
    ]


class Frame(PermissionRequiredMixin, View):
    """A rendered draft for the sandboxed frame."""

    permission_required = ("content.view_template",)
    raise_exception = True

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Return the HTML under a policy that lets nothing run or load."""
        html = frames.kept(key, user=request.user)
        if html is None:
            raise Http404
        return frames.answer(html)


class People(PermissionRequiredMixin, View):
    """Customers by name, id or exact address, to see a message as they would."""

    permission_required = ("content.view_template", "customers.view_customer")
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return a few. Two indexed queries."""
        words = request.GET.get("q", "").replace("\0", "").strip()[:200]
        found = customers_like(words)[:PEOPLE] if len(words) >= 2 else []
        return JsonResponse(
            {"results": [{"id": one.pk, "name": str(one), "customer": one.external_id} for one in found]}
        )


class PictureUpload(Answer):
    """A picture for the mails, kept here and served to those who have one."""

    permission_required = ("content.change_template",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return its address, and that under which this page may show it."""
        try:
            content = base64.b64decode(str(body.get("content", "")), validate=True)
        except (binascii.Error, ValueError) as error:
            raise TemplateInvalid(_("The page sent something that cannot be read. Reload it.")) from error
        name = body.get("name")
        picture = store_picture(
            content, name=name if isinstance(name, str) else "", now=clock.now(), user=self.user
        )
        url = picture_url(picture)
        return {"url": url, "path": urlsplit(url).path, "digest": picture.digest}
