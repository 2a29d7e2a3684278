"""Those who fit a rule now, kept as a list: an audience that is used once."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from segments import moves
from segments.compiler import compile_rule
from segments.models import Cause, Segment
from segments.refresh import gather
from segments.rules import RuleError
from segments.services import save_segment
from segments.timeouts import TookTooLongError, statement_timeout

#: A person waits for this.
SECONDS = 20


def freeze(rule: dict[str, Any], *, name: str, as_of: datetime, now: datetime, user: User | None) -> Segment:
    """Store those who fit a rule as a list that changes no more by itself.

    Set-based: 100,000 people take about a second. Raises RuleError, also when it takes
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
            segment.size = gather(segment, members)
            moves.apply([segment], at=as_of, now=now, cause=Cause.FIRST)
            Segment.objects.filter(pk=segment.pk).update(size=segment.size, refreshed_at=now)
    except TookTooLongError as error:
        raise RuleError("", _("Finding these people takes too long. Save the segment instead.")) from error
    return segment
