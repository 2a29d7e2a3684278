"""Campaigns: whom to talk to, with which offer, product and words, and what is tested on the way."""

from django.core.validators import validate_slug
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.experiments.models import Experiment
from campaigns.planning.models import CampaignRules, Planned
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Firing, Scheduled
from campaigns.targeting.models import OfferPlan
from core.ids import uuid7
from customers.models import Channel
from recommendations.models import Objective
from segments.models import Segment

__all__ = ["Campaign", "CampaignRules", "Firing"]

#: The topic of a campaign that has none of its own.
MARKETING = "marketing"


class Campaign(Scheduled, Planned):
    """One plan to talk to an audience, or to change prices for it, with a goal that is measured."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("message")
        COUPON = "coupon", _("coupon")
        PROMOTION = "promotion", _("promotion")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        FINISHED = "finished", _("finished")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(_("short name"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    segment = models.ForeignKey(
        Segment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="campaigns",
        verbose_name=_("audience"),
        help_text=_("Empty means everyone who may be reached."),
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    topic = models.CharField(
        _("topic"),
        max_length=50,
        default=MARKETING,
        validators=[validate_slug],
        help_text=_("What people agreed to hear about; unsubscribing and frequency caps go by it."),
    )
    content = models.ForeignKey(
        TemplateVersion, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("content")
    )
    objective = models.CharField(
        _("products are"), max_length=10, choices=Objective, default=Objective.REPLENISH
    )
    pool = models.ForeignKey(
        CouponPool, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("coupon pool")
    )
    codes_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reminders",
        verbose_name=_("same codes as"),
        help_text=_("A reminder: everybody sees the code that this campaign gave them."),
    )  # fmt: skip
    promotion = models.ForeignKey(
        Promotion, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("promotion")
    )
    plan = models.OneToOneField(
        OfferPlan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="campaign",
        verbose_name=_("offer plan"),
        help_text=_("Who gets a code of which pool; instead of one pool for everybody."),
    )
    experiment = models.OneToOneField(
        Experiment,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="campaign",
        verbose_name=_("test"),
    )
    goal_days = models.PositiveSmallIntegerField(_("goal window in days"), default=28)
    as_of = models.DateTimeField(
        _("as of"), null=True, blank=True, editable=False, help_text=_("The shop's moment at launch.")
    )
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, editable=False, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"), editable=False)
    launched_at = models.DateTimeField(_("launched"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

    class Meta:
        abstract = False
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-created_at"]
        permissions = [
            ("launch_campaign", _("Can launch, pause and resume campaigns")),
            ("approve_campaign", _("Can approve the campaigns of others")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def codes_for(self) -> str:
        """Return under which reference its codes are given out: a reminder's under the first campaign's."""
        return str(self.codes_of_id or self.pk)
