"""The form of a receiver of events: its secret goes in and never comes out."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminURLInputWidget,
)

from core import clock
from core.admin import Admin, FactsInline
from delivery.channels.base import ProviderUnreachable
from delivery.channels.http import AddressRefused, check_address
from delivery.models import Hook, HookCall

SHORTEST_SECRET = 16


class HookForm(forms.ModelForm):  # type: ignore[type-arg]
    """A receiver with the topics it is told of."""

    url = forms.URLField(
        label=_("address"),
        max_length=500,
        assume_scheme="https",
        help_text=_("Of the receiver, with https://."),
        widget=UnfoldAdminURLInputWidget,
    )

    secret = forms.CharField(
        label=_("signing secret"),
        required=False,
        min_length=SHORTEST_SECRET,
        help_text=_("Signs each call; the receiver knows it too. Left empty, the stored one stays."),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    topics = forms.MultipleChoiceField(
        label=_("told of"), choices=Hook.Topic.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Hook
        fields = ("name", "url", "secret", "topics", "is_active")

    def clean_url(self) -> str:
        """Refuse addresses that may not be called."""
        url = str(self.cleaned_data["url"])
        try:
            check_address(url)
        except AddressRefused as error:
            raise forms.ValidationError(str(error)) from error
        except ProviderUnreachable:
            pass  # the name may be known later; sending checks again
        return url

    def clean_secret(self) -> str:
        """Keep the stored secret when none is given."""
        secret = str(self.cleaned_data.get("secret") or self.instance.secret or "")
        if not secret:
            raise forms.ValidationError(_("Give a secret."))
        return secret


class HookCallInline(FactsInline):
    """What the receiver was told lately."""

    model = HookCall
    fields = readonly_fields = ["created_at", "topic", "attempts", "done_at", "error"]
    ordering = ["-created_at"]
    per_page = 25


@admin.register(Hook)
class HookAdmin(Admin):
    """Partners' servers that are told what happened."""

    form = HookForm
    list_display = ["name", "url", "told", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "url"]
    inlines = [HookCallInline]

    @display(description=_("told of"))
    def told(self, hook: Hook) -> str:
        """List the topics."""
        return ", ".join(hook.topics)

    def save_model(self, request: HttpRequest, obj: Hook, form: Any, change: bool) -> None:
        """Stamp the record."""
        obj.created_at = obj.created_at or clock.now()
        super().save_model(request, obj, form, change)
