"""Make, change and remove the shop's rules for lists, each with an entry in the audit log."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.forms.models import model_to_dict

from accounts.audit import record
from accounts.models import User
from recommendations.models import ListRule

_TOLD = ("kind", "name", "objective", "product", "category", "brand", "supply", "active")


@transaction.atomic
def save_rule(rule: ListRule, *, user: User | None, now: datetime) -> ListRule:
    """Store a rule, new or changed. Raises ValidationError by field for one that says nothing."""
    before = ListRule.objects.select_for_update().filter(pk=rule.pk).first() if rule.pk else None
    rule.updated_at = now
    if before is None:
        rule.created_at, rule.created_by = now, user
    rule.full_clean()
    rule.save()
    record(
        action="list_rule.changed" if before else "list_rule.made",
        target=rule,
        now=now,
        user=user,
        before=_told(before) if before else None,
        after=_told(rule),
    )
    return rule


@transaction.atomic
def remove_rule(rule: ListRule, *, user: User | None, now: datetime) -> None:
    """Delete a rule; lists are as without it from the next answer on."""
    record(action="list_rule.removed", target=rule, now=now, user=user, before=_told(rule))
    rule.delete()


def _told(rule: ListRule) -> dict[str, Any]:
    told = model_to_dict(rule, _TOLD)
    number = None if rule.number is None else str(rule.number)
    span = [at.isoformat() if at else None for at in (rule.starts_at, rule.ends_at)]
    return {**told, "number": number, "from": span[0], "until": span[1]}
