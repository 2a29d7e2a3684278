"""Write promotions as people do: drafts that are changed, switched on, copied and put away.

Counters (`used`, `spent`) are never written here, so an edit and a sale cannot undo each other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User

from .models import Promotion

#: What a person may write; everything else has a service of its own.
FIELDS = (
    "name", "conditions", "benefit", "stacking", "priority", "needs_code", "starts_at", "ends_at", "limit",
    "limit_per_customer", "limit_per_day", "currency", "also_in", "prices", "budget",
)  # fmt: skip
#: What each use was counted by.
_FIXED_BY_USE = ("currency", "needs_code")


class ChangedMeanwhile(Exception):
    """Somebody else changed the promotion since it was read."""


@transaction.atomic
def draft_promotion(fields: Mapping[str, Any], *, now: datetime, user: User | None) -> Promotion:
    """Store a new promotion that is switched off. Raises ValidationError with a sentence per field."""
    promotion = Promotion(
        created_at=now,
        active=False,
        slug=free_slug(str(fields.get("name") or "")),
        **{name: fields[name] for name in FIELDS if name in fields},
    )
    promotion.full_clean()
    promotion.save(force_insert=True)
    audit.record(action="create_promotion", target=promotion, now=now, user=user, after=_told(promotion))
    return promotion


@transaction.atomic
def change_promotion(
    pk: Any, fields: Mapping[str, Any], *, version: int, now: datetime, user: User | None
) -> Promotion:
    """Write a promotion's fields if it is still as it was read.

    Raises ChangedMeanwhile, Promotion.DoesNotExist, and ValidationError with a sentence per field: what
    was used already bounds limit and budget from below, and keeps its currency.
    """
    promotion: Promotion = Promotion.objects.select_for_update(no_key=True).get(pk=pk)
    if promotion.version != version:
        raise ChangedMeanwhile
    if promotion.archived_at is not None:
        raise ValidationError({"name": _("This promotion is archived; take it out of the archive first.")})
    before = _told(promotion)
    kept = {name: getattr(promotion, name) for name in _FIXED_BY_USE}
    for name in FIELDS:
        if name in fields:
            setattr(promotion, name, fields[name])
    promotion.full_clean(validate_constraints=False)  # those of the database's are said in words below
    _check_uses(promotion, kept)
    promotion.version += 1
    promotion.save(update_fields=[*FIELDS, "version"])
    audit.record(
        action="change_promotion", target=promotion, now=now, user=user, before=before, after=_told(promotion)
    )
    return promotion


def _check_uses(promotion: Promotion, kept: Mapping[str, Any]) -> None:
    wrong = {}
    if promotion.limit is not None and promotion.limit < promotion.used:
        wrong["limit"] = _("It was used %(count)d times already.") % {"count": promotion.used}
    if promotion.budget is not None and promotion.budget < promotion.spent:
        wrong["budget"] = _("%(spent)s is spent already.") % {"spent": promotion.spent}
    if promotion.used and promotion.currency != kept["currency"]:
        wrong["currency"] = _("It was used already, so its currency stays. Copy it instead.")
    if promotion.needs_code != kept["needs_code"] and not promotion.needs_code and promotion.pools.exists():
        wrong["needs_code"] = _("There are codes for it, so it goes on needing one.")
    if wrong:
        raise ValidationError(wrong)


def switch(promotion: Promotion, on: bool, *, now: datetime, user: User | None) -> bool:
    """Switch a promotion on or off; return whether that changed anything. An archived one stays off."""
    with transaction.atomic():
        fitting = Promotion.objects.filter(pk=promotion.pk, active=not on)
        if not (fitting.filter(archived_at=None) if on else fitting).update(active=on):
            return False
        action = "activate_promotion" if on else "deactivate_promotion"
        audit.record(action=action, target=promotion, now=now, user=user)
    return True


def archive(promotion: Promotion, *, now: datetime, user: User | None) -> bool:
    """Switch a promotion off and put it away. Its uses, codes and ledger stay."""
    with transaction.atomic():
        if not Promotion.objects.filter(pk=promotion.pk, archived_at=None).update(
            archived_at=now, active=False
        ):
            return False
        audit.record(action="archive_promotion", target=promotion, now=now, user=user)
    return True


def restore(promotion: Promotion, *, now: datetime, user: User | None) -> bool:
    """Take a promotion out of the archive, switched off."""
    with transaction.atomic():
        if not Promotion.objects.filter(pk=promotion.pk, archived_at__isnull=False).update(archived_at=None):
            return False
        audit.record(action="restore_promotion", target=promotion, now=now, user=user)
    return True


def copy_promotion(promotion: Promotion, *, now: datetime, user: User | None) -> Promotion:
    """Return a draft with the same rule and nothing used."""
    fields = {name: getattr(promotion, name) for name in FIELDS}
    name = _("%(name)s (copy)") % {"name": promotion.name[:140]}
    return draft_promotion(fields | {"name": name}, now=now, user=user)


@transaction.atomic
def rename_for_programs(promotion: Promotion, *, slug: str, now: datetime, user: User | None) -> None:
    """Give a promotion another short name; an open editor then has to read it anew."""
    stored: Promotion = Promotion.objects.select_for_update(no_key=True).get(pk=promotion.pk)
    before, stored.slug = stored.slug, slug
    stored.version += 1
    stored.save(update_fields=["slug", "version"])
    audit.record(
        action="rename_promotion",
        target=stored,
        now=now,
        user=user,
        before={"slug": before},
        after={"slug": slug},
    )


def free_slug(name: str) -> str:
    """Return a short name that nobody has. One query."""
    stem = slugify(name)[:90] or "offer"
    taken = set(Promotion.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    if stem not in taken:
        return stem
    return next(slug for n in range(2, len(taken) + 3) if (slug := f"{stem}-{n}") not in taken)


def _told(promotion: Promotion) -> dict[str, Any]:
    """Return the rule as plain JSON for the audit log."""
    told: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(promotion, name)
        plain = value is None or isinstance(value, str | int | bool | list | dict)
        told[name] = value if plain else str(value)
    return told
