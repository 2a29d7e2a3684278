"""The brand: logo, colours, fonts, footer and social links of everything that is sent."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from accounts.models import User
from campaigns.content.blocks.social import MOST_LINKS, NETWORKS
from campaigns.content.brand import (
    ChangedMeanwhileError,
    brand_kit,
    look_of,
    picture_url,
    save_brand,
    store_picture,
    weak_contrasts,
)
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.mail.look import FONTS
from campaigns.content.models import BrandKit, Picture, Template
from campaigns.content.rendering import render_made
from campaigns.content.services import dress_anew
from campaigns.content.starters.english import STARTERS
from campaigns.content.variables import SAMPLE
from campaigns.content.wording import Wording, compile_wording
from console.content import frames
from console.content.samples import own_sample
from console.page import Page
from core import clock

_COLOURS = ("accent", "ink", "paper", "ground")


class BrandForm(forms.ModelForm):
    """The kit as a form; social links are rows of a network and an address."""

    logo_file = forms.FileField(label=gettext_lazy("Logo"), required=False)
    logo_remove = forms.BooleanField(label=gettext_lazy("Without a logo"), required=False)

    class Meta:
        model = BrandKit
        fields = [*_COLOURS, "font", "heading_font", "radius", "logo_width", "footer", "address"]

    def links(self) -> list[dict[str, str]]:
        """Return the rows that have an address."""
        networks = self.data.getlist("network")
        urls = self.data.getlist("url")
        rows = zip(networks, urls, strict=False)
        return [{"network": n, "url": u.strip()} for n, u in rows if u.strip()][: MOST_LINKS + 1]

    def clean(self) -> dict[str, Any]:
        """Check the links as the model does."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.instance.social = self.links()
        for validate in BrandKit._meta.get_field("social").validators:
            try:
                validate(self.instance.social)
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


class Brand(Page):
    """One page for the looks, with a mail beside it that shows them."""

    permission_required = ("content.view_brandkit",)
    template_name = "console/content/brand.html"
    title = gettext_lazy("Brand")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the form and what it would look like."""
        kit = brand_kit()
        form = kwargs.pop("form", None) or BrandForm(instance=kit)
        links = form.links() if form.is_bound else kit.social
        rows = [*links, *({"network": "", "url": ""} for _n in range(max(1, 3 - len(links))))]
        return super().get_context_data(
            kit=kit,
            form=form,
            rows=rows[:MOST_LINKS],
            networks=NETWORKS,
            weak=weak_contrasts(kit),
            logo=picture_url(kit.logo) if kit.logo else "",
            logo_path=f"/p/{kit.logo.digest}.{kit.logo.content_type.partition('/')[2]}" if kit.logo else "",
            fonts=FONTS,
            templates=Template.objects.filter(archived_at=None, channel="email").count(),
            may_change=self.request.user.has_perm("content.change_brandkit"),
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the kit."""
        user = request.user
        if not user.has_perm("content.change_brandkit"):
            return HttpResponse(status=403)
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        now = clock.now()
        form = BrandForm(request.POST, request.FILES, instance=brand_kit())
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form), status=422)
        kit = form.save(commit=False)
        try:
            kit.logo = _logo(form, kit.logo, user)
            revision = int(request.POST.get("revision") or 0)
            save_brand(kit, revision=revision, now=now, user=user)
        except (TemplateInvalid, ChangedMeanwhileError, ValueError) as error:
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(form=form), status=422)
        messages.success(request, _("The brand is saved. New versions of templates use it."))
        return redirect("admin:brand")


def _logo(form: BrandForm, present: Picture | None, user: User) -> Picture | None:
    """Return the logo that was chosen: a new file, none, or the present one."""
    file = form.cleaned_data.get("logo_file")
    if file:
        content = file.read(Picture.MOST_BYTES + 1)
        return store_picture(content, name=file.name, now=clock.now(), user=user)
    return None if form.cleaned_data.get("logo_remove") else present


class BrandSample(PermissionRequiredMixin, View):
    """A mail in the brand's looks, for the frame; values of the form are tried without being stored."""

    permission_required = ("content.view_brandkit",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Render the starter “We miss you” in these looks. About 20 ms."""
        kit = brand_kit()
        form = BrandForm(request.GET, instance=brand_kit())
        bad = form.errors
        for name in form.fields.keys() & request.GET.keys() - bad.keys():
            if name in BrandForm.Meta.fields:
                setattr(kit, name, form.cleaned_data[name])
        fields = STARTERS["winback"]
        wording = Wording(fields["subject"], fields["blocks"], fields["preheader"])
        made = compile_wording(wording, look_of(kit)).own
        values = {**own_sample(), "products": SAMPLE["products"] * 4}
        html = render_made(made, values).html
        return frames.answer(frames.themed(html, dark=request.GET.get("dark") == "1"))


class DressAnew(PermissionRequiredMixin, View):
    """A new version of each template in the present looks."""

    permission_required = ("content.change_brandkit", "content.change_template")
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it and say how many."""
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        done = dress_anew(now=clock.now(), user=user)
        messages.success(
            request,
            ngettext(
                "%(count)d template has a new version in these looks.",
                "%(count)d templates have a new version in these looks.",
                done,
            )
            % {"count": done},
        )
        return redirect("admin:brand")
