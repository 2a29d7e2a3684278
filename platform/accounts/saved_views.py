"""Saved views of lists: one's own, and those that the team shares.

Filters may hold what somebody searched for, so the audit log gets a view's name, never its filters.
"""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import DefaultView, SavedView, User

#: A person's views of one list.
MOST = 30
LONGEST_QUERY = 1000
#: What says where somebody is in a list rather than which list it is.
_PLACES = {"p", "page", "after", "e", "all", "_popup", "_to_field", "_changelist_filters", "_facets"}


def canonical(query: str) -> str:
    """Return a query string without places and empty values, in an order of its own."""
    pairs = parse_qsl(query.replace("\0", ""), max_num_fields=100)
    return urlencode(sorted({pair for pair in pairs if pair[0] not in _PLACES and pair[1]}))


def visible(user: User, page: str) -> list[SavedView]:
    """Return a person's own views of a list and the team's, with whether each is their default. One query."""
    default = DefaultView.objects.filter(user=user, page=page).values("view")
    found = SavedView.objects.filter(Q(owner=user) | Q(shared=True), page=page)
    return list(found.annotate(is_default=Q(pk__in=default)).order_by("-shared", "name", "pk"))


def default_query(user: User, page: str) -> str:
    """Return the filters of the view that a person opens a list in; nothing for the whole list. One query."""
    mine = DefaultView.objects.filter(Q(view__owner=user) | Q(view__shared=True), user=user, page=page)
    return mine.values_list("view__query", flat=True).first() or ""


@transaction.atomic
def save(user: User, *, page: str, name: str, query: str, shared: bool, now: datetime) -> SavedView:
    """Keep a list's filters under a name; one's own view of that name is replaced.

    Raises ValidationError with a sentence.
    """
    name, query = _named(name), canonical(query)
    if not query:
        raise ValidationError(_("Filter, search or sort the list first; then its view can be saved."))
    if len(query) > LONGEST_QUERY:
        raise ValidationError(_("These filters are too long to be saved."))
    mine = SavedView.objects.filter(owner=user, page=page)
    known = mine.filter(name=name).first()
    if known is None and mine.count() >= MOST:
        raise ValidationError(_("You have %d views of this list; delete one first.") % MOST)
    shared = shared and user.has_perm("accounts.share_savedview")
    view, created = SavedView.objects.update_or_create(
        owner=user, page=page, name=name,
        defaults={"query": query, "shared": shared},
        create_defaults={"query": query, "shared": shared, "created_at": now},
    )  # fmt: skip
    if shared or (known and known.shared):
        _note("share_view" if created else "change_view", view, user, now)
    return view


@transaction.atomic
def rename(view: SavedView, name: str, *, user: User, now: datetime) -> None:
    """Give a view another name. Raises ValidationError when it is taken or none."""
    before, view.name = view.name, _named(name)
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError as error:
        raise ValidationError(_("There is a view of this name.")) from error
    if view.shared:
        _note("rename_view", view, user, now, before={"name": before})


@transaction.atomic
def share(view: SavedView, shared: bool, *, user: User, now: datetime) -> None:
    """Show a view to the team, or to its owner only."""
    if SavedView.objects.filter(pk=view.pk, shared=not shared).update(shared=shared):
        view.shared = shared
        _note("share_view" if shared else "unshare_view", view, user, now)


@transaction.atomic
def delete(view: SavedView, *, user: User, now: datetime) -> None:
    """Remove a view; whoever opened the list in it finds the whole list."""
    if view.shared:
        _note("delete_view", view, user, now)
    view.delete()


def make_default(view: SavedView, wanted: bool, *, user: User) -> None:
    """Let a person open the list in this view from now on, or in none."""
    if wanted:
        DefaultView.objects.update_or_create(user=user, page=view.page, defaults={"view": view})
    else:
        DefaultView.objects.filter(user=user, view=view).delete()


def may_change(user: User, view: SavedView) -> bool:
    """Say whether a person may rename, share or delete a view: their own, or as who tends the team's."""
    return view.owner_id == user.pk or (view.shared and user.has_perm("accounts.delete_savedview"))


def _named(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())[:60]
    if not name:
        raise ValidationError(_("Give the view a name."))
    return name


def _note(
    action: str, view: SavedView, user: User, now: datetime, before: dict[str, str] | None = None
) -> None:
    after = {"name": view.name, "list": view.page, "shared": view.shared}
    audit.record(action=action, target=view, now=now, user=user, before=before, after=after)
