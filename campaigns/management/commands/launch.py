"""Launch a campaign from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns import actions, selectors
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from core import clock


class Command(BaseCommand):
    """Twin of campaigns.tasks.launch_campaign."""

    help = "Launch a campaign by its short name. A second launch changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the short name and the moment as of which the audience is chosen."""
        parser.add_argument("slug", help="the campaign's short name")
        parser.add_argument("--as-of", help="choose the audience as of this moment, as 2017-11-06")

    def handle(self, *args: Any, **options: Any) -> None:
        """Launch, then print how the audience divides."""
        campaign = Campaign.objects.filter(slug=options["slug"]).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)[:20]) or "-"
            raise CommandError(
                _("There is no campaign “%(slug)s”; there are: %(known)s.")
                % {"slug": options["slug"], "known": known}
            )
        now = clock.now()
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
            campaign = actions.launch_campaign(campaign, user=None, now=now, as_of=as_of, actor="manage.py")
        except (CampaignNotReady, ValueError) as error:
            raise CommandError(str(error)) from error
        parts = selectors.report(campaign, now=now).parts
        self.stdout.write(
            f"{campaign.slug}: {campaign.get_state_display()}, audience {parts.audience}, "
            f"pending {parts.pending}, held out {parts.held_out}, sent {parts.sent}"
        )
