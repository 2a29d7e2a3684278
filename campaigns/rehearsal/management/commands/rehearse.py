"""Rehearse a campaign from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.actions.locking import RELATED
from campaigns.models import Campaign
from campaigns.rehearsal.services import rehearse
from campaigns.rehearsal.words import LABELS, MARKS, range_text, sentences, value_text
from core import clock


class Command(BaseCommand):
    """Twin of the job `rehearse`."""

    help = "Play a campaign on the shop's own past and say what a launch now would bring. Nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the short name and the moment up to which the past goes."""
        parser.add_argument("slug", help="the campaign's short name")
        parser.add_argument("--as-of", help="the past goes up to this moment, as 2017-11-06")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rehearse, then print the sentences and the figures."""
        campaign = Campaign.objects.select_related(*RELATED).filter(slug=options["slug"]).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.values_list("slug", flat=True)[:20]) or "-"
            raise CommandError(
                _("There is no campaign “%(slug)s”; there are: %(known)s.")
                % {"slug": options["slug"], "known": known}
            )
        try:
            as_of = clock.parse_moment(options["as_of"]) if options["as_of"] else clock.knowledge_now()
        except ValueError as error:
            raise CommandError(str(error)) from error
        kept = rehearse(campaign, as_of=as_of, now=clock.now(), actor="manage.py")
        self.stdout.write("\n".join(sentences(kept)))
        for figure in kept.figures["expected"]:
            mark = MARKS[figure["mark"]]
            self.stdout.write(
                f"{LABELS[figure['key']]!s:34} {value_text(figure):>12}  {range_text(figure):24} {mark}"
            )
