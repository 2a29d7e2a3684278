"""The columns of a campaign that its planning needs, and the rules that a shop plans by."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Goal(models.TextChoices):
    """What a campaign is for."""

    SELL = "sell", _("Sell more")
    SECOND_ORDER = "second_order", _("Get the second order")
    WIN_BACK = "win_back", _("Win people back")
    RESCUE = "rescue", _("Rescue a purchase")
    WELCOME = "welcome", _("Welcome somebody new")
    REWARD = "reward", _("Reward loyal customers")
    NEWS = "news", _("Announce something new")
    CLEAR = "clear", _("Sell off stock")


class Part(models.TextChoices):
    """What a campaign consists of. It may have several at once."""

    MESSAGE = "message", _("message")
    COUPON = "coupon", _("coupon")
    PROMOTION = "promotion", _("promotion")


class Approval(models.TextChoices):
    """How far the second person is."""

    NONE = "", _("not asked for")
    ASKED = "asked", _("asked for")
    APPROVED = "approved", _("approved")
    SENT_BACK = "sent_back", _("sent back")


class Planned(models.Model):
    """Goal, parts and the life of a draft.

    `version` counts every change, so that nobody writes over what they have not seen. Between the press of
    the button and `undo_until` nothing has happened yet: beat begins what is due (campaigns.schedule.due).
    What kept it from beginning then stands in `stopped_by`. An approval holds for the plan whose
    fingerprint is `approval_of`, so that whatever changes the plan voids it (campaigns.planning.approval).
    """

    goal = models.CharField(
        _("goal"), max_length=20, choices=Goal, default=Goal.SELL, db_default=Goal.SELL.value
    )
    parts = ArrayField(
        models.CharField(max_length=10, choices=Part),
        verbose_name=_("consists of"),
        default=list,
        blank=True,
        help_text=_("Empty: what its kind says."),
    )
    ready_made = models.CharField(_("ready-made"), max_length=30, blank=True, default="", db_default="")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    changed_at = models.DateTimeField(_("changed"), null=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)
    undo_until = models.DateTimeField(_("can be undone until"), null=True, editable=False, db_index=True)
    launched_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, editable=False, related_name="+",
        verbose_name=_("launched by"),
    )  # fmt: skip
    stopped_by = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False,
        help_text=_("The problems that kept a launch from beginning."),
    )  # fmt: skip
    approval = models.CharField(
        _("approval"), max_length=10, choices=Approval, blank=True, default="", db_default="", editable=False
    )
    approval_of = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    approval_note = models.CharField(
        _("note"), max_length=500, blank=True, default="", db_default="", editable=False
    )
    approval_asked_at = models.DateTimeField(null=True, editable=False)
    approval_asked_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, editable=False, related_name="+"
    )
    approval_reason = models.CharField(
        _("reason"), max_length=500, blank=True, default="", db_default="", editable=False
    )
    approval_at = models.DateTimeField(null=True, editable=False)
    approval_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, editable=False, related_name="+"
    )

    class Meta:
        abstract = True


class CampaignRules(models.Model):
    """What a shop asks of its campaigns. There is one."""

    approval_above = models.PositiveIntegerField(
        _("a second person approves above so many people"),
        null=True,
        blank=True,
        help_text=_("0 means every campaign, empty means none."),
    )
    approvers_too = models.BooleanField(
        _("also campaigns of those who may approve"),
        default=True,
        help_text=_("Nobody ever approves a campaign of their own."),
    )
    email_cost = models.DecimalField(
        _("cost of 1,000 e-mails"), max_digits=10, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(0)], help_text=_("In the shop's currency. Empty: not known."),
    )  # fmt: skip
    sms_cost = models.DecimalField(
        _("cost of a text message"), max_digits=10, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(0)], help_text=_("For each part. Empty: not known."),
    )  # fmt: skip

    value_cap = models.PositiveSmallIntegerField(
        _("largest value of a coupon in percent"), null=True, blank=True, validators=[MaxValueValidator(90)],
        help_text=_("For coupons whose values are tested. Empty: none."),
    )  # fmt: skip
    values_off = ArrayField(
        models.CharField(max_length=2),
        verbose_name=_("markets where no values are tested"),
        default=list,
        blank=True,
        help_text=_("Countries by their two letters, with commas between them."),
    )

    class Meta:
        verbose_name = _("campaign rules")
        verbose_name_plural = _("campaign rules")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_campaign_rules")]

    def __str__(self) -> str:
        return str(_("Campaign rules"))


def campaign_rules() -> CampaignRules:
    """Return the shop's rules; those of a shop that stated none ask for no approval. One query."""
    return CampaignRules.objects.filter(pk=1).first() or CampaignRules(pk=1)
