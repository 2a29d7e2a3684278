"""What a plan of offers is said in; apart from what is read of it, for sending reads that without pages."""

from django.utils.translation import gettext as _

from campaigns.targeting.models import PlannedOffer
from core.figures import money_text, percent


def sentence(offer: PlannedOffer) -> str:
    """Say in words why somebody gets what they get."""
    facts = offer.facts
    if offer.value is None or not facts:
        return _("Nothing: %(why)s.") % {"why": offer.get_why_display()}
    words = _(
        "Redeems with %(chance)s, would buy anyway with %(anyway)s, on a basket of %(basket)s: %(gain)s "
        "expected after a discount of %(cost)s on average."
    ) % {
        "chance": percent(facts["chance"], 0),
        "anyway": percent(facts["buys"], 0),
        "basket": money_text(facts["basket"], offer.plan.currency),
        "gain": money_text(offer.gain, offer.plan.currency),
        "cost": money_text(offer.cost, offer.plan.currency),
    }
    if offer.held_out:
        return _("Left alone, to measure the effect.") + " " + words
    return words
