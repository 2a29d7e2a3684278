"""What each score means, and what its models are called."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profiles.models import CustomerScore

Kind = CustomerScore.Kind

_MEANINGS: dict[str, str | Promise] = {
    Kind.CHURN: _("no order in the next 28 days"),
    Kind.PURCHASE: _("an order in the next 28 days"),
    Kind.REDEMPTION: _("redeems a coupon in the next 28 days"),
    Kind.CLICK: _("clicks in a message in the next 28 days"),
    Kind.LIFETIME_VALUE: _("spends in the next 12 months"),
}
_ABOUT: dict[str, str | Promise] = {
    Kind.CHURN: _("customers who ordered in the last 365 days"),
    Kind.PURCHASE: _("customers who ordered in the last 365 days"),
    Kind.REDEMPTION: _("customers who were given a coupon in the last 182 days"),
    Kind.CLICK: _("customers who were sent a message in the last 182 days"),
    Kind.LIFETIME_VALUE: _("everybody who ever ordered"),
}
_MODELS: dict[str, str | Promise] = {
    "logistic": _("logistic regression"),
    "boosting": _("gradient boosting"),
    "blend": _("mean of both models"),
    "bg-nbd": _("BG/NBD with gamma-gamma"),
}


def meaning(kind: str) -> str | Promise:
    """Return what a score is the chance or the sum of."""
    return _MEANINGS.get(kind, kind)


def about(kind: str) -> str | Promise:
    """Return whom the score is about."""
    return _ABOUT.get(kind, "")


def model_name(model: str) -> str | Promise:
    """Return a model's name for people."""
    return _MODELS.get(model, model)
