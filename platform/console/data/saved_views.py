"""The tabs of saved views over a list: what stands there, and what is done to one."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts import saved_views
from accounts.models import SavedView, User
from console import undo
from core import clock

#: Lists of the console's own, and who may see each; the lists of models are known by their names.
LISTS = {
    "delivery_log": "delivery.view_message",
    "offers": "promotions.view_promotion",
    "templates": "content.view_template",
}


def is_list(name: str) -> bool:
    """Say whether an address is a list whose views can be saved."""
    return name in LISTS or name.endswith("_changelist")


def may_see(user: User, name: str) -> bool:
    """Say whether a person may see a list."""
    if name in LISTS:
        return user.has_perm(LISTS[name])
    for model in site._registry:
        if name == f"{model._meta.app_label}_{model._meta.model_name}_changelist":
            codes = (
                f"{model._meta.app_label}.{verb}_{model._meta.model_name}" for verb in ("view", "change")
            )
            return any(user.has_perm(code) for code in codes)
    return False


def bar(request: HttpRequest) -> dict[str, Any] | None:
    """Return what the tabs over the list of this request show, None where there are none. One query."""
    match, user = request.resolver_match, request.user
    if (
        match is None
        or not isinstance(user, User)
        or not is_list(match.url_name or "")
        or "_popup" in request.GET
    ):
        return None
    page, query = str(match.url_name), saved_views.canonical(request.GET.urlencode())
    views = saved_views.visible(user, page)
    chosen = next((view for view in views if view.query == query), None)
    if not views and not query:
        return None
    return {
        "page": page,
        "query": query,
        "views": views,
        "chosen": chosen,
        "may_change": bool(chosen and saved_views.may_change(user, chosen)),
        "may_share": user.has_perm("accounts.share_savedview"),
        "whole": f"{request.path}?p=1",
    }


def address(page: str, query: str = "") -> str:
    """Return the address of a list in a view. Raises Http404 for a list that there is not."""
    try:
        path = reverse(f"admin:{page}")
    except NoReverseMatch as error:
        raise Http404 from error
    return f"{path}?{query}" if query else f"{path}?p=1"


class SaveView(View):
    """Keep the filters of a list under a name."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save and show the view."""
        user: Any = request.user
        page, query = request.POST.get("page", "")[:100], request.POST.get("query", "")[:4000]
        if not is_list(page):
            raise Http404
        if not may_see(user, page):
            raise PermissionDenied
        back = address(page, saved_views.canonical(query))
        try:
            view = saved_views.save(
                user,
                page=page,
                name=request.POST.get("name", ""),
                query=query,
                shared=request.POST.get("shared") == "on",
                now=clock.now(),
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(back)
        if request.POST.get("default") == "on":
            saved_views.make_default(view, True, user=user)
        return redirect(back)


class ActOnView(View):
    """Rename a view, share it, open the list in it, delete it."""

    def post(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Do it and show the list."""
        user: Any = request.user
        view = get_object_or_404(SavedView, pk=pk)
        seen = view.owner_id == user.pk or view.shared
        if not seen or not may_see(user, view.page):
            raise Http404
        if verb in ("default", "not-default"):
            saved_views.make_default(view, verb == "default", user=user)
            return redirect(address(view.page, view.query))
        if not saved_views.may_change(user, view):
            raise PermissionDenied
        now = clock.now()
        match verb:
            case "rename":
                try:
                    saved_views.rename(view, request.POST.get("name", ""), user=user, now=now)
                except ValidationError as error:
                    messages.error(request, " ".join(error.messages))
            case "share" | "unshare":
                if not user.has_perm("accounts.share_savedview"):
                    raise PermissionDenied
                saved_views.share(view, verb == "share", user=user, now=now)
            case "delete":
                self._delete(view, user)
                return redirect(address(view.page))
            case _:
                raise Http404
        return redirect(address(view.page, view.query))

    def _delete(self, view: SavedView, user: User) -> None:
        fields = {"page": view.page, "query": view.query, "name": view.name}
        if view.shared:
            fields["shared"] = "on"
        said = _("The view “%(name)s” is deleted.") % {"name": view.name}
        saved_views.delete(view, user=user, now=clock.now())
        if view.owner_id == user.pk:
            undo.offer(self.request, said, reverse("admin:saved_view_new"), fields)
        else:
            messages.success(self.request, said)
