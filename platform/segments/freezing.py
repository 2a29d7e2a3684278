"""Those who fit a rule now, kept as a list: an audience that is used once."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from segments.compiler import compile_rule
from segments.models import Segment
from segments.rules import RuleError
from segments.services import apply_members, save_segment
from segments.timeouts import TookTooLongError, statement_timeout

#: A person waits for this.
SECONDS = 20


def freeze(rule: dict[str, Any], *, name: str, as_of: datetime, now: datetime, user: User | None) -> Segment:
    """Store those who fit a rule as a list that changes no more by itself.

    Two set-based statements; 100,000 people take about a second. Raises RuleError, also when it takes
    more than 20 seconds.
    """
    members = compile_rule(rule, as_of=as_of)
    day = f"{as_of:%Y-%m-%d}"
    segment = Segment(
        kind=Segment.Kind.STATIC,
        name=_("%(name)s, on %(day)s") % {"name": name[:120], "day": day},
        description=_("Frozen for one use: who fitted on that day."),
    )
    try:
        with statement_timeout(SECONDS), transaction.atomic():
            save_segment(segment, now=now, user=user)
            Segment.objects.select_for_update().get(pk=segment.pk)
            _entered, _left, size = apply_members(segment, members, at=now)
            Segment.objects.filter(pk=segment.pk).update(size=size, refreshed_at=now)
    except TookTooLongError as error:
        raise RuleError("", _("Finding these people takes too long. Save the segment instead.")) from error
    segment.size = size
    return segment
