"""What the editor asks while somebody writes: the preview, the draft, a version, a name, a test."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.content.drafts import save_draft
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Template, TemplateVersion
from campaigns.content.readiness import look_over
from campaigns.content.services import add_version, draft_of, rename_template
from campaigns.content.wording import Wording, read_wording
from campaigns.errors import CampaignNotReady
from campaigns.trying import Tried, send_test, try_wording
from console.answers import Refused
from console.content import frames
from console.content.answers import Answer
from console.engage.origin import taken_by
from console.offers import bundles
from core import clock
from customers.models import Customer
from delivery.channels.sms.parts import measure


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
    """A new version of what was written; with `use` it is the content of the draft one came from."""

    permission_required = ("content.change_template",)
    errors = (*Answer.errors, CampaignNotReady)

    @transaction.atomic
    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return its number, and the address of the draft that uses it now."""
        version = self._unchanged(body) or self._added(body)
        answer = {"version": version.number, "revision": version.template.revision}
        if body.get("use") is True:
            answer["url"] = taken_by(self.request, {"content": version}, step="content")
        return answer

    def _unchanged(self, body: Mapping[str, Any]) -> TemplateVersion | None:
        """Return the newest version where one only wants to use it and it says the same."""
        newest = self.template.versions.select_related("template").first()
        same = newest is not None and _wording(body, self.template).draft == draft_of(newest)
        return newest if same and body.get("use") is True else None

    def _added(self, body: Mapping[str, Any]) -> TemplateVersion:
        wording = _wording(body, self.template)
        note = body.get("note")
        return add_version(
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

    def refusal_of(self, error: Any) -> Refused:
        """Say too that the campaign went out meanwhile; the version is not kept then."""
        return Refused(str(error)) if isinstance(error, CampaignNotReady) else super().refusal_of(error)


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


class Bundles(bundles.Bundles):
    """Sets that are bought together, for the block that shows one."""

    permission_required = ("content.change_template",)
