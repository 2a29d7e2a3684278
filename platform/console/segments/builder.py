"""The builder: a rule as a tree that is counted while one types, then saved or used once."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.models import Campaign
from console.answers import Refused
from console.engage.origin import campaign_of, query_of, taken_by
from console.page import Page
from console.segments.answers import Answer, rule_of
from console.segments.links import rule_brought
from console.segments.texts import texts, units
from core import clock
from segments import dispatch
from segments.explain import explain
from segments.freezing import freeze
from segments.models import Segment
from segments.ready_made import READY_MADE
from segments.schema import schema
from segments.selectors import display_description, display_name
from segments.services import ChangedMeanwhileError, SlugTakenError, save_segment


class Builder(Page):
    """A new segment, or the rule of one that is there."""

    permission_required = ("segments.view_segment",)
    template_name = "console/segments/builder.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Send lists kept by hand to their own page."""
        self.segment = get_object_or_404(Segment, pk=kwargs["pk"]) if "pk" in kwargs else None
        if self.segment and self.segment.kind == Segment.Kind.STATIC:
            return redirect("admin:segment", pk=self.segment.pk)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the rule with all that the script needs. Two queries: segments by name, the draft."""
        segment, can = self.segment, self.request.user.has_perm
        campaign = campaign_of(self.request)
        self.title = display_name(segment) if segment else _("New segment")
        code = "segments.change_segment" if segment else "segments.add_segment"
        language = schema()
        if segment:
            language["segments"] = [one for one in language["segments"] if one["slug"] != segment.slug]
        return super().get_context_data(
            segment=segment,
            campaign=campaign,
            name=display_name(segment) if segment else self.request.GET.get("name", "")[:150],
            description=display_description(segment) if segment else "",
            may_save=can(code),
            may_use_once=can("segments.add_segment"),
            sees_people=can("customers.view_customer"),
            # Who begins something new sees what there is to begin with.
            opens_gallery=segment is None and not {"from", "rule"} & self.request.GET.keys(),
            schema=language,
            rule=segment.rule if segment else self._started(),
            words=texts(),
            page={
                "slug": segment.slug if segment else "",
                "version": segment.version if segment else 0,
                "read": {"name": segment.name, "description": segment.description} if segment else None,
                "units": units(),
                "templates": [
                    {"slug": made.slug, "name": _(made.name), "rule": made.rule} for made in READY_MADE
                ],
                "urls": _addresses(segment, may_add=can("segments.add_segment"), campaign=campaign),
            },
            **kwargs,
        )

    def _started(self) -> dict[str, Any]:
        """Return the rule that a link brought, or of a template that it named, else an empty one."""
        if (brought := rule_brought(self.request)) is not None:
            return brought
        wanted = self.request.GET.get("from")
        return next((made.rule for made in READY_MADE if made.slug == wanted), {"all": []})


def _addresses(segment: Segment | None, *, may_add: bool, campaign: Campaign | None) -> dict[str, str]:
    back = query_of(campaign)
    found = _plain_addresses(segment, may_add=may_add)
    return found | {name: found[name] + back for name in ("save", "create", "once") if name in found}


def _plain_addresses(segment: Segment | None, *, may_add: bool) -> dict[str, str]:
    names = ["preview", "draft", "overlap", "why", "people", "suggest", "once"]
    found = {name: reverse(f"admin:segment_{name}") for name in (*names, *(["create"] if may_add else []))}
    found["login"] = reverse("admin:login")
    if segment is None:
        return found | {"save": reverse("admin:segment_create")}
    return found | {name: reverse(f"admin:segment_{name}", args=[segment.pk]) for name in ("save", "edit")}


class SegmentForm(forms.ModelForm):
    """What a segment is called."""

    class Meta:
        model = Segment
        fields = ["name", "description"]


class Save(Answer):
    """Store the rule, new or as a new version, and count its people in the background."""

    permission_required = ("segments.change_segment",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return where the segment stands now. What somebody else wrote meanwhile is never overwritten."""
        segment = Segment.objects.filter(pk=self.kwargs["pk"], kind=Segment.Kind.DYNAMIC).first()
        if segment is None:
            raise Refused(_("This segment was removed meanwhile."), 409, conflict="removed")
        if body.get("version") != segment.version or body.get("read") != {
            "name": segment.name,
            "description": segment.description,
        }:
            raise Refused(
                _("Somebody changed this segment meanwhile, so yours is not saved."), 409, conflict="changed"
            )
        name, description = _named(body)
        # The names that came with the product stay translatable until somebody gives another.
        if name != display_name(segment):
            segment.name = name
        if description != display_description(segment):
            segment.description = description
        return _stored(segment, body, self.request)


class Create(Answer):
    """Store a new segment."""

    permission_required = ("segments.add_segment",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return where the segment stands now."""
        name, description = _named(body)
        return _stored(Segment(name=name, description=description), body, self.request)


class Once(Answer):
    """Freeze those who fit now as a list, for one campaign."""

    permission_required = ("segments.add_segment",)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the address of a new campaign to them, or of the list for those who make no campaigns."""
        rule, now = rule_of(body), clock.now()
        words = str(body.get("name") or "").replace("\0", "").strip() or explain(rule)
        segment = freeze(
            rule, name=words, as_of=clock.knowledge_now(), now=now, user=_person(self.request.user)
        )
        if back := taken_by(self.request, {"segment": segment}, step="audience"):
            return {"url": back}
        if self.request.user.has_perm("campaigns.add_campaign"):
            return {"url": f"{reverse('admin:campaign_new')}?segment={segment.pk}"}
        return {"url": reverse("admin:segment", args=[segment.pk])}


def _named(body: Mapping[str, Any]) -> tuple[str, str]:
    form = SegmentForm({"name": body.get("name"), "description": body.get("description")})
    if not form.is_valid():
        place = "name" if "name" in form.errors else "description"
        raise Refused(str(form.errors[place][0]), field=place)
    return form.cleaned_data["name"], form.cleaned_data["description"]


def _stored(segment: Segment, body: Mapping[str, Any], request: HttpRequest) -> dict[str, Any]:
    segment.rule = rule_of(body)
    try:
        save_segment(segment, now=clock.now(), user=_person(request.user))
    except SlugTakenError as error:
        raise Refused(str(error), 409, field="name") from error
    except ChangedMeanwhileError as error:
        raise Refused(str(error), 409, conflict="changed") from error
    dispatch.refresh(segment.slug)
    return {
        "url": taken_by(request, {"segment": segment}, step="audience")
        or reverse("admin:segment", args=[segment.pk])
    }


def _person(user: Any) -> User:
    person: User = user
    return person


class BySlug(Page):
    """The short way to a segment, by its short name."""

    permission_required = ("segments.view_segment",)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Go there."""
        return redirect("admin:segment", pk=get_object_or_404(Segment, slug=kwargs["slug"]).pk)
