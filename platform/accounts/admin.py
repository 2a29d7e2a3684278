"""Staff, roles, partner keys, the audit log and jobs."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.audit import record
from accounts.keys import create_key
from accounts.models import ApiKey, AuditEntry, Job, Scope, User
from core import clock
from core.admin import Admin, FactsAdmin

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(BaseUserAdmin, Admin):
    """The team."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["person", "email", "roles", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "groups"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    fieldsets = (
        *BaseUserAdmin.fieldsets,
        (_("Preferences"), {"fields": ("time_zone", "language")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the roles with the people."""
        return super().get_queryset(request).prefetch_related("groups")

    @display(description=_("person"), header=True, ordering="username")
    def person(self, user: User) -> list[str]:
        """Show the full name over the sign-in name."""
        name = user.get_full_name() or user.username
        return [name, user.username, name[:1]]

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        """List the person's roles."""
        return ", ".join(group.name for group in user.groups.all()) or "–"


@admin.register(Group)
class GroupAdmin(BaseGroupAdmin, Admin):
    """Roles. Those that come with the product are brought up to date after each migration."""

    list_display = ["name"]


class ApiKeyForm(forms.ModelForm):
    """Name and scopes of a key."""

    scopes = forms.MultipleChoiceField(
        label=_("scopes"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields = ["name", "scopes"]


@admin.register(ApiKey)
class ApiKeyAdmin(Admin):
    """Partner keys: made once, shown once, revoked rather than changed."""

    form = ApiKeyForm
    list_display = ["name", "prefix", "scope_list", "status", "created_at", "last_used_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix"]
    actions = ["revoke"]

    @display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        """List what the key may do."""
        return ", ".join(key.scopes)

    @display(description=_("state"), label={_("in use"): "success", _("revoked"): "danger"})
    def status(self, key: ApiKey) -> Any:
        """Say whether the key still opens anything."""
        return _("revoked") if key.revoked_at else _("in use")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Refuse to change a key that exists; the list's actions need the permission itself."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Refuse: a revoked key stays in the log."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Make the key by the service and show its secret this once."""
        now = clock.now()
        key, secret = create_key(name=obj.name, scopes=obj.scopes, now=now, user=request.user)
        obj.pk, obj.prefix, obj.hash, obj.created_at = key.pk, key.prefix, key.hash, key.created_at
        obj._state.adding = False
        record(action="api_key.created", target=key, now=now, user=request.user, after={"scopes": key.scopes})
        messages.warning(
            request,
            format_html("{} <code>{}</code>", _("Copy the key now; it cannot be shown again:"), secret),
        )

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """Go back to the list, where the secret is shown."""
        return self.response_post_save_add(request, obj)

    @action(description=_("Revoke the chosen keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """Revoke at once; repeated, it changes nothing."""
        now = clock.now()
        for key in queryset.filter(revoked_at=None):
            ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
            record(action="api_key.revoked", target=key, now=now, user=request.user)


@admin.register(AuditEntry)
class AuditEntryAdmin(FactsAdmin):
    """Who changed what."""

    list_display = ["at", "actor", "action", "object_name", "object_type"]
    list_filter = ["action", "object_type"]
    search_fields = ["actor__istartswith", "object_id__exact", "object_name__istartswith"]
    readonly_fields = [field.name for field in AuditEntry._meta.fields]


@admin.register(Job)
class JobAdmin(FactsAdmin):
    """Long work."""

    list_display = ["headline", "status", "progress", "started_by", "created_at", "finished_at"]
    list_select_related = ["started_by"]
    list_filter = ["state", "kind"]
    search_fields = ["title", "kind"]
    list_display_links = None

    @display(description=_("job"), ordering="title")
    def headline(self, job: Job) -> Any:
        """Link to the page with the progress."""
        url = reverse("admin:job", args=[job.pk])
        return format_html('<a class="st-strong" href="{}">{}</a>', url, job.title)

    @display(
        description=_("state"),
        ordering="state",
        label={
            Job.State.RUNNING.label: "info",
            Job.State.DONE.label: "success",
            Job.State.FAILED.label: "danger",
            Job.State.CANCELLED.label: "warning",
        },
    )
    def status(self, job: Job) -> str:
        """Show the state as a pill."""
        return job.get_state_display()

    @display(description=_("progress"))
    def progress(self, job: Job) -> str:
        """Say how far it is."""
        return f"{job.done:,} / {job.total:,}" if job.total else (f"{job.done:,}" if job.done else "–")
