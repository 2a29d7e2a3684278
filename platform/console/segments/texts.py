"""What the builder's script says, in the reader's language, and in which units it shows figures."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.figures import money_sign


def texts() -> dict[str, Any]:
    """Return the script's texts by their names."""
    return _of_the_tree() | _of_conditions() | _of_the_panel()


def _of_the_tree() -> dict[str, Any]:
    return {
        "match": _("Match"),
        "words": {
            "all": _("all of"),
            "any": _("any of"),
            "none": _("none of"),
            "notall": _("not all of"),
        },
        "joinAll": _(" and ").strip(),
        "joinAny": _(" or ").strip(),
        "groupName": _("Group of conditions, level %(n)s"),
        "everyoneFits": _("No condition yet: everyone fits."),
        "emptyGroup": _("Empty: it is left out until it has a condition."),
        "addCondition": _("Add condition"),
        "addGroup": _("Add group"),
        "removeCondition": _("Remove condition"),
        "removeGroup": _("Remove group"),
        "remove": _("Remove"),
        "actions": _("More actions"),
        "moveUp": _("Move up"),
        "moveDown": _("Move down"),
        "moveOut": _("Move out of the group"),
        "nest": _("Put into a group"),
        "unnest": _("Dissolve the group"),
        "duplicate": _("Duplicate"),
        "turn": _("Turn into the opposite"),
        "not": _("not"),
        "notHint": _("The opposite counts. Press to take it back."),
        "about": _("What the condition is about"),
        "unfinished": _("not finished"),
        "fitThis": _("%(n)s people fit this on its own"),
        "undone": _("Undone."),
        "redone": _("Done again."),
        "finishFirst": _("Finish this condition, or remove it."),
        "failed": _("The server could not be reached. Try again."),
        "wentWrong": _("The server could not answer. Try again; if it stays so, tell whoever runs it."),
        "signedOut": _("You are signed out. What you made here is kept while this page is open."),
        "signIn": _("Sign in in a new tab"),
        "notAllowed": _("You may not do this. Ask somebody who manages the team."),
        "gone": _("This is not there any more."),
        "yoursIsKept": _("Nothing of yours is lost: it stands here as you left it."),
        "saveAsNew": _("Save mine as a new segment"),
        "lookAtTheirs": _("Look at the saved one"),
        "templateUsed": _("Now begins with “%(name)s”."),
        "drafted": _("Turned into conditions below. Check them; they can be edited."),
        "notUnderstood": _("Not understood, and left out:"),
        "nothingUnderstood": _(
            "Nothing was understood. Try “bought coffee at least 3 times in the last 90 days”."
        ),
        "comma": _(", "),
    }


def _of_conditions() -> dict[str, Any]:
    return {
        "behaviour": _("What they did"),
        "messages": _("Messages and coupons"),
        "others": _("Segments, rank and chance"),
        "sequence": _("did one thing, then (not) another"),
        "groups": {
            "customer": _("About the person"),
            "profile": _("What they buy and like"),
            "score": _("Predictions"),
            "consent": _("Consent"),
        },
        "keyed": _("%(field)s: %(key)s"),
        "segment": _("segment"),
        "top": _("top people by a figure"),
        "share": _("random share"),
        "comparison": _("Comparison"),
        "value": _("Value"),
        "values": _("Values"),
        "name": _("name of the attribute"),
        "days": _("days"),
        "and": _("and"),
        "yes": _("yes"),
        "no": _("no"),
        "numbersHint": _("numbers, each followed by Enter"),
        "valuesHint": _("type, then Enter"),
        "thingHint": _("type to search"),
        "zone": _("By whose clock"),
        "onDate": _("on a date"),
        "onTime": _("at a date and time"),
        "startOf": _("start of"),
        "date": _("Date"),
        "which": _("Which one"),
        "period": _("Period"),
        "thisOne": _("this"),
        "ago": {
            "1": _("the last"),
            "2": _("two ago"),
            "3": _("three ago"),
            "6": _("six ago"),
            "12": _("twelve ago"),
        },
        "from": _("from"),
        "until": _("until before"),
        "ofWhat": _("Of what"),
        "anything": _("anything"),
        "andOf": _("and also of …"),
        "category": _("category"),
        "product": _("product"),
        "brand": _("brand"),
        "howMuch": _("How much"),
        "ever": _("at least once"),
        "never": _("never"),
        "ofFigure": _("Figure"),
        "when": _("When"),
        "anyTime": _("at any time"),
        "inTheLast": _("in the last"),
        "betweenDates": _("between dates"),
        "unit": _("Unit"),
        "more": _("More: properties, first or last ones"),
        "moreProperties": _("More: properties"),
        "number": _("How many"),
        "propertyName": _("name of the property"),
        "isText": _("is"),
        "whichOnes": _("Which of them"),
        "allOfThem": _("all of them"),
        "onlyFirst": _("only the first"),
        "onlyLast": _("only the last"),
        "addProperty": _("Add property"),
        "property": _("property …"),
        "event": _("What happened"),
        "thenWhat": _("What follows"),
        "then": _("and then"),
        "thenNot": _("but then no"),
        "within": _("within"),
        "same": _("Of the same"),
        "sameAny": _("of anything"),
        "sameProduct": _("of the same product"),
        "sameOrder": _("in the same order"),
        "ofTheLast": _("of the last"),
        "sentOnes": _("messages sent"),
        "inATime": _("in a time"),
        "campaign": _("Campaign"),
        "anyCampaign": _("any campaign"),
        "channel": _("Channel"),
        "anyChannel": _("any channel"),
        "pool": _("Coupon pool"),
        "anyPool": _("any coupon"),
        "membership": _("Membership"),
        "isIn": _("is in"),
        "isNotIn": _("is not in"),
        "choose": _("choose …"),
        "shareNote": _("the same people each time; another name draws others"),
        "salt": _("Name of the draw"),
        "shareFrom": _("beginning at"),
        "order": _("Order"),
        "highest": _("the highest"),
        "lowest": _("the lowest"),
        "people": _("People"),
        "peopleUnit": _("people"),
        "by": pgettext("ranked by a figure", "by"),
        "among": _("among"),
        "everyone": _("everyone"),
        "ownRule": _("those who fit:"),
    }


def _of_the_panel() -> dict[str, Any]:
    return {
        "reachableBy": _("Reachable: %(channel)s"),
        "countedIn": _("Counted in"),
        "ms": _("%(ms)s ms"),
        "nobody": _("Nobody fits."),
        "nobodyFound": _("Nobody found."),
        "noOverlap": _("No other segment shares anybody with this one."),
        "shareOfThese": _("%(percent)s%% of these people"),
        "personIn": _("%(name)s is in"),
        "personOut": _("%(name)s is not in"),
        "found": _("found: %(value)s"),
        "fits": _("fits:"),
        "fitsNot": _("does not fit:"),
        "groupsOf": {"all": _("all of"), "any": _("any of"), "not": _("none of")},
    }


#: Fields that hold a share between 0 and 1 and are read as per cent.
_SHARES = (
    "score.churn", "score.purchase", "score.redemption", "score.click", "profile.discount_share",
    "profile.discounted_lines", "profile.weekend_share",
)  # fmt: skip
_MONEY = ("profile.revenue", "profile.revenue_90d", "profile.basket_value", "score.lifetime_value")


def units() -> dict[str, Any]:
    """Return how the figures of fields are written, by field; `currency` is the shop's sign."""
    sign = money_sign(settings.SHOP_CURRENCY)
    days = _("days")
    return {
        "currency": sign,
        **{name: {"unit": "%", "percent": True} for name in _SHARES},
        **{name: {"sign": sign} for name in _MONEY},
        **{name: {"unit": days} for name in ("profile.recency_days", "profile.gap_days")},
    }
