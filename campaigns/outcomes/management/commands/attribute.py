"""Compute attribution anew from the shell."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.outcomes.attribution import attribute
from core import clock

#: Without dates: as far back as a refund is likely to reach.
_DAYS = 90


class Command(BaseCommand):
    """Twin of campaigns.outcomes.tasks.attribute_orders."""

    help = "Put orders down to messages anew: of a campaign's window, of given days, or of the last 90."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the days, or a campaign whose window gives them."""
        parser.add_argument(
            "--campaign", help="the campaign's short name: from its launch to its window's end"
        )
        parser.add_argument("--from", dest="since", help="the first day, as 2026-03-01")
        parser.add_argument("--to", dest="until", help="the day after the last one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute, then print how many rows there are."""
        now = clock.now()
        try:
            since = clock.parse_moment(options["since"]) if options["since"] else now - timedelta(days=_DAYS)
            until = clock.parse_moment(options["until"]) if options["until"] else now + timedelta(days=1)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if slug := options["campaign"]:
            campaign = Campaign.objects.filter(slug=slug).first()
            if campaign is None or campaign.launched_at is None:
                raise CommandError(_("There is no launched campaign “%(slug)s”.") % {"slug": slug})
            since, until = campaign.launched_at, campaign.launched_at + timedelta(days=campaign.goal_days)
        if since >= until:
            raise CommandError(_("The first day must lie before the last one."))
        written = attribute(since=since, until=until)
        self.stdout.write(_("%(n)d rows written.") % {"n": written})
