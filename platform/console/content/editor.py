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
from campaigns.content.drafts import draft, save_draft
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Medium, Template
from campaigns.content.readiness import look_over
from campaigns.content.services import add_version, is_ahead, rename_template
from campaigns.content.wording import Wording, read_wording
from campaigns.trying import Tried, send_test, try_wording
from console.content import frames
from console.content.answers import Answer
from console.content.texts import palette, presets, texts
from console.page import Page
from console.palette import customers_like
from core import clock
from customers.models import Customer
from delivery.channels.sms.parts import measure
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
        newest = template.versions.only(
            "number", "subject", "preheader", "locale", "blocks", "translations"
        ).first()
        names = ("draft", "save", "preview", "test", "rename")
        return super().get_context_data(
            template=template,
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
                | {"people": reverse("admin:template_people"), "picture": reverse("admin:template_picture")},
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
        ["{{ coupon.code }}", _("Coupon code")],
        ["{{ products.first.name }}", _("First recommended product")],
    ]


def _wording(body: Mapping[str, Any], template: Template) -> Wording:
    return read_wording(body.get("draft"), channel=template.channel)


def _tried(answer: Answer, body: Mapping[str, Any], *, marks: bool = False) -> Tried:
    """Render the draft of a question for the person it names."""
    who = body.get("customer")
    customer = None
    if type(who) is int:
        if not answer.request.user.has_perm("customers.view_customer"):
            raise TemplateInvalid(_("You may not see customers."))
        customer = Customer.objects.filter(pk=who).first()
        if customer is None:
            raise TemplateInvalid(_("This person is not there any more."))
    locale = body.get("locale")
    return try_wording(
        _wording(body, answer.template),
        now=clock.now(),
        customer=customer,
        known=who != "stranger",
        locale=locale if isinstance(locale, str) else "",
        marks=marks,
    )


class Preview(Answer):
    """The draft as somebody would get it, and what is looked at before sending."""

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Render, and keep the HTML for the frame. About 30 ms; names of hosts are asked for at most 2 s."""
        tried = _tried(self, body, marks=True)
        content = tried.content
        findings = look_over(
            tried.compilation, content, tried.kit, channel=self.template.channel, products=tried.has_products
        )
        length = measure(content.text)
        frame = ""
        if content.html:
            key = frames.keep(content.html, dark=body.get("dark") is True, user=self.user)
            frame = reverse("admin:template_frame", args=[key])
        return {
            "frame": frame,
            "subject": content.subject,
            "preheader": content.preheader,
            "text": content.text,
            "locale": tried.locale,
            "findings": [
                {"code": f.code, "level": f.level, "message": f.message, "block": f.block} for f in findings
            ],
            "length": {
                "encoding": length.encoding,
                "units": length.units,
                "parts": length.parts,
                "left": length.left,
            },
        }


class Draft(Answer):
    """What is being written, stored by itself."""

    permission_required = ("content.change_template",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new revision."""
        value = body.get("draft")
        revision = save_draft(
            self.template,
            value if isinstance(value, dict) else {},
            revision=_revision(body),
            now=clock.now(),
        )
        return {"revision": revision}


class Save(Answer):
    """A new version of what was written."""

    permission_required = ("content.change_template",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return its number."""
        wording = _wording(body, self.template)
        note = body.get("note")
        version = add_version(
            self.template,
            subject=wording.subject,
            preheader=wording.preheader,
            blocks=wording.blocks,
            locale=wording.locale,
            translations=wording.translations,
            note=note if isinstance(note, str) else "",
            revision=_revision(body),
            now=clock.now(),
            user=self.user,
        )
        return {"version": version.number, "revision": version.template.revision}


def _revision(body: Mapping[str, Any]) -> int:
    revision = body.get("revision")
    return revision if type(revision) is int else -1


class Rename(Answer):
    """Another name."""

    permission_required = ("content.change_template",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the name."""
        name = body.get("name")
        name = " ".join(name.replace("\0", "").split()) if isinstance(name, str) else ""
        rename_template(self.template, name, now=clock.now(), user=self.user)
        return {"name": self.template.name}


class Test(Answer):
    """A test to oneself or to addresses one names: no statistics, and no code burnt."""

    permission_required = ("content.change_template",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send what is on the page as the chosen person would get it."""
        to = body.get("to")
        tried = _tried(self, body)
        addresses = to.replace(",", " ").replace(";", " ").split() if isinstance(to, str) else []
        sent = send_test(self.template, tried, addresses, user=self.user, now=clock.now())
        return {"sent": sent}


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
