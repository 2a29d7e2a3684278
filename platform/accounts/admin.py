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
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from accounts import origins
from accounts.audit import record
from accounts.keys import create_key, revoke_key, rotate_key
from accounts.models import PUBLISHABLE_SCOPES, ApiKey, AuditEntry, Job, Scope, User
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
    # Rights come by roles; five hundred permissions in a box help nobody to see what a person may.
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Preferences"), {"fields": ("time_zone", "language")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the roles as boxes to tick."""
        if db_field.name == "groups":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

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
    """What a key may do, and where."""

    scopes = forms.MultipleChoiceField(
        label=_("scopes"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    allowed_origins = forms.CharField(
        label=_("websites"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "https://shop.example"}),
        help_text=_("Only for publishable keys: where the key may be used, one a line."),
    )

    class Meta:
        model = ApiKey
        fields = ["name", "kind", "scopes", "allowed_origins", "trusted"]

    def clean_allowed_origins(self) -> list[str]:
        """Return the lines as origins, or say which one is none."""
        try:
            return [origins.normalise(line) for line in self.cleaned_data["allowed_origins"].split()]
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        """Refuse what a publishable key must not carry."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == ApiKey.Kind.PUBLISHABLE:
            if set(cleaned.get("scopes", [])) - set(PUBLISHABLE_SCOPES):
                names = " · ".join(str(scope.label) for scope in PUBLISHABLE_SCOPES)
                self.add_error(
                    "scopes",
                    _("Everybody can read a publishable key. It may carry no more than: %(names)s.")
                    % {"names": names},
                )
            if not cleaned.get("allowed_origins") and "allowed_origins" not in self.errors:
                self.add_error("allowed_origins", _("Name at least one website that may use the key."))
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(Admin):
    """Keys: made once, secret ones shown once, revoked or rotated rather than changed."""

    form = ApiKeyForm
    list_display = ["name", "prefix", "kind_label", "scope_list", "status", "created_at", "last_used_at"]
    list_filter = ["kind", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix"]
    actions = ["rotate", "revoke"]
    # The switches of a key in a browser mean nothing for a server's.
    conditional_fields = {"allowed_origins": "kind == 'publishable'", "trusted": "kind == 'publishable'"}

    @display(description=_("kind"), ordering="kind", label={ApiKey.Kind.PUBLISHABLE.label: "info"})
    def kind_label(self, key: ApiKey) -> Any:
        """Tell keys for servers from those for web pages."""
        return key.get_kind_display()

    @display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        """List what the key may do."""
        return ", ".join(key.scopes)

    @display(
        description=_("state"),
        label={_("in use"): "success", _("runs out"): "warning", _("revoked"): "danger"},
    )
    def status(self, key: ApiKey) -> Any:
        """Say whether the key still opens anything."""
        if key.revoked_at is None:
            return _("in use")
        return _("runs out") if key.revoked_at > clock.now() else _("revoked")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Refuse to change a key that exists; the list's actions need the permission itself."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Refuse: a revoked key stays in the log."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Make the key by the service and show its text."""
        now = clock.now()
        key, text = create_key(
            name=obj.name,
            scopes=obj.scopes,
            now=now,
            user=request.user,
            kind=obj.kind,
            allowed_origins=obj.allowed_origins,
            trusted=obj.trusted,
        )
        obj.pk, obj.prefix, obj.hash, obj.created_at = key.pk, key.prefix, key.hash, key.created_at
        obj._state.adding = False
        record(action="api_key.created", target=key, now=now, user=request.user, after=_rights(key))
        self._show(request, key, text)

    def _show(self, request: HttpRequest, key: ApiKey, text: str) -> None:
        if key.is_publishable:
            hint = _("The key for your pages; you find it under Data → Website too:")
            messages.success(request, format_html("{} <code>{}</code>", hint, text))
        else:
            hint = _("Copy the key now; it cannot be shown again:")
            messages.warning(request, format_html("{} <code>{}</code>", hint, text))

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """Go back to the list, where the secret is shown."""
        return self.response_post_save_add(request, obj)

    @action(description=_("Revoke the chosen keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """Revoke at once; repeated, it changes nothing."""
        now = clock.now()
        for key in queryset:
            if revoke_key(key, now):
                record(action="api_key.revoked", target=key, now=now, user=request.user)

    @action(description=_("Rotate the chosen keys"), permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: Any) -> None:
        """Make successors; the old keys go on for a day, so that nobody is cut off meanwhile."""
        now = clock.now()
        for key in queryset.filter(revoked_at=None):
            successor, text = rotate_key(key, now=now, user=request.user)
            record(
                action="api_key.rotated",
                target=key,
                now=now,
                user=request.user,
                after={"successor": successor.prefix},
            )
            self._show(request, successor, text)


def _rights(key: ApiKey) -> dict[str, Any]:
    rights: dict[str, Any] = {"scopes": key.scopes, "kind": str(key.kind)}
    if key.is_publishable:
        rights |= {"allowed_origins": key.allowed_origins, "trusted": key.trusted}
    return rights


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
        return format_html('<a class="st-strong" href="{}">{}</a>', url, _(job.title) if job.title else "–")

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
