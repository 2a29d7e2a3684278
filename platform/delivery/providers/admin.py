"""The form of a provider: what its kind wants to know; secrets go in and never come out."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import audit
from core import clock
from core.admin import Admin
from customers.models import Channel
from delivery.channels.base import ProviderUnreachable
from delivery.channels.http import AddressRefused, check_address
from delivery.models import Provider
from delivery.providers.kinds import Kind, Setting, kinds

PREFIX = "setting_"


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider with the settings of its kind, which stand in one encrypted column."""

    kind: Kind

    class Meta:
        model = Provider
        fields = ("name", "is_active", "priority", "weight", "rate_per_second", "burst")

    def clean(self) -> dict[str, Any]:
        """Check the addresses that will be called, and keep the secrets that were left empty."""
        cleaned = super().clean() or {}
        stored = self.instance.configuration
        self.configuration: dict[str, Any] = {}
        for setting in self.kind.settings:
            value = str(cleaned.get(PREFIX + setting.name) or "").strip()
            if setting.secret and not value:
                value = stored.get(setting.name, "")
            if setting.is_url and value:
                self._check_address(setting, value)
            if value:
                self.configuration[setting.name] = value
        return cleaned

    def _check_address(self, setting: Setting, value: str) -> None:
        try:
            check_address(value)
        except AddressRefused as error:
            self.add_error(PREFIX + setting.name, str(error))
        except ProviderUnreachable:
            pass  # the name may be known later; sending checks again

    def save(self, commit: bool = True) -> Provider:
        """Store the settings with the provider."""
        self.instance.configuration = self.configuration
        return super().save(commit)


def form_of(kind: Kind, provider: Provider | None) -> type[ProviderForm]:
    """Return the form for a kind; a secret that is stored may be left empty."""
    stored = provider.configuration if provider else {}
    fields: dict[str, Any] = {
        PREFIX + setting.name: _field(setting, stored.get(setting.name)) for setting in kind.settings
    }
    return type("ProviderForm", (ProviderForm,), fields | {"kind": kind})


def _field(setting: Setting, stored: str | None) -> forms.Field:
    kept = setting.secret and bool(stored)
    options: dict[str, Any] = {
        "label": setting.label,
        "help_text": _("Stored. Leave it empty to keep it.") if kept else setting.help,
        "required": setting.required and not kept,
        "initial": None if setting.secret else (stored if stored is not None else setting.default),
    }
    if setting.choices:
        return forms.ChoiceField(choices=setting.choices, widget=UnfoldAdminSelectWidget, **options)
    widget: Any = UnfoldAdminTextInputWidget
    if setting.multiline:
        widget = UnfoldAdminTextareaWidget
    elif setting.secret:
        widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(max_length=20_000, widget=widget, **options)


@admin.register(Provider)
class ProviderAdmin(Admin):
    """Providers, by channel and order."""

    list_display = ["name", "channel", "kind_title", "is_active", "priority", "weight", "state"]
    list_filter = ["channel", "is_active", "breaker_state"]
    search_fields = ["name__istartswith"]

    @display(description=gettext_lazy("kind"))
    def kind_title(self, provider: Provider) -> str:
        """Show what the provider speaks."""
        return str(kinds.get(provider.kind).title) if provider.kind in kinds else provider.kind

    @display(
        description=gettext_lazy("state"),
        label={
            Provider.Breaker.CLOSED.label: "success",
            Provider.Breaker.HALF_OPEN.label: "warning",
            Provider.Breaker.OPEN.label: "danger",
        },
    )
    def state(self, provider: Provider) -> str:
        """Show the breaker as a pill."""
        return provider.get_breaker_state_display()

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask for the kind first: it decides about the form."""
        if self.has_add_permission(request) and request.GET.get("kind", "") not in kinds:
            messages.info(request, _("Choose what kind of provider to add."))
            return redirect(reverse("admin:delivery_providers") + "#add")
        return super().add_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the provider's kind."""
        kind = self._kind(request, obj)
        if kind is None or not (self.has_change_permission(request, obj) or obj is None):
            return super().get_form(request, obj, change, **kwargs)
        kwargs["form"] = form_of(kind, obj)
        kwargs["fields"] = None
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the account first, then how it is used."""
        own = ["name", "is_active", "priority", "weight", "rate_per_second", "burst"]
        kind = self._kind(request, obj)
        if kind is None or (obj is not None and not self.has_change_permission(request, obj)):
            return [(None, {"fields": own})]
        account = ["name", *(PREFIX + setting.name for setting in kind.settings)]
        return [
            (f"{Channel(kind.channel).label} · {kind.title}", {"fields": account}),
            (_("How it is used"), {"fields": own[1:]}),
        ]

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        """Store and note who changed which settings; their values stay out of the audit log."""
        now = clock.now()
        if not change:
            kind = kinds.get(request.GET["kind"])
            obj.kind, obj.channel, obj.created_at = kind.name, kind.channel, now
        obj.updated_at = now
        super().save_model(request, obj, form, change)
        audit.record(
            action="change_provider" if change else "add_provider",
            target=obj,
            now=now,
            user=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
            after={
                "changed": sorted(name.removeprefix(PREFIX) for name in form.changed_data),
                "is_active": obj.is_active,
                "priority": obj.priority,
                "weight": obj.weight,
            },
        )

    def delete_model(self, request: HttpRequest, obj: Provider) -> None:
        """Delete and note who did."""
        audit.record(action="delete_provider", target=obj, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        super().delete_model(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to delete many at once: each deletion is noted."""
        return obj is not None and super().has_delete_permission(request, obj)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Go back to the providers' page, where the test button is."""
        super().response_add(request, obj, post_url_continue)
        return redirect("admin:delivery_providers")

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go back to the providers' page."""
        super().response_change(request, obj)
        return redirect("admin:delivery_providers")

    def _kind(self, request: HttpRequest, obj: Any) -> Kind | None:
        name = obj.kind if obj is not None else request.GET.get("kind", "")
        return kinds.get(name) if name in kinds else None
