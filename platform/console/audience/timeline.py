"""What happened to one customer, newest first, messages that were not sent included."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import clock
from core.figures import money_text
from customers.models import Customer
from delivery.models import Message, MessageState
from events.models import OF_A_RUN, Event, EventType

MOMENTS = 50
#: A weekly shop is one moment and dozens of lines.
LINES = 600

#: Icon and tone of what happened.
_LOOKS = {
    EventType.PURCHASE: ("shopping_bag", "ok"),
    EventType.REFUND: ("undo", "warn"),
    EventType.VIEW: ("visibility", ""),
    EventType.SEARCH: ("search", ""),
    EventType.ADD_TO_CART: ("add_shopping_cart", "warn"),
    EventType.REMOVE_FROM_CART: ("remove_shopping_cart", ""),
    EventType.MESSAGE_SENT: ("mail", "info"),
    EventType.MESSAGE_OPENED: ("drafts", "info"),
    EventType.MESSAGE_CLICKED: ("ads_click", "info"),
    EventType.MESSAGE_BOUNCED: ("unsubscribe", "warn"),
    EventType.MESSAGE_COMPLAINED: ("thumb_down", "warn"),
    EventType.UNSUBSCRIBE: ("unsubscribe", "warn"),
    EventType.PREFERENCES_CHANGED: ("tune", ""),
    EventType.COUPON_ASSIGNED: ("sell", "info"),
    EventType.COUPON_REDEEMED: ("redeem", "ok"),
}

#: What of an event's properties is shown when it has no product; the first that is there.
_DETAILS = ("search", "query", "name", "campaign", "url")


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline; the lines of an order are one moment."""

    at: datetime
    icon: str
    tone: str
    text: str
    note: str = ""


#: What may be looked at alone, by the word in the address.
GROUPS: dict[str, tuple[str | Promise, tuple[EventType, ...]]] = {
    "orders": (
        gettext_lazy("Orders"),
        (EventType.PURCHASE, EventType.CANCEL, EventType.REFUND, EventType.CHECKOUT),
    ),
    "messages": (
        gettext_lazy("Messages"),
        (
            *(EventType(one) for one in OF_A_RUN),
            EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED, EventType.PREFERENCES_CHANGED,
            EventType.SUBSCRIBE,
        ),
    ),
    "coupons": (gettext_lazy("Coupons"), (EventType.COUPON_ASSIGNED, EventType.COUPON_REDEEMED)),
    "visits": (
        gettext_lazy("Visits"),
        (
            EventType.VISIT, EventType.VIEW, EventType.SEARCH, EventType.ADD_TO_CART,
            EventType.REMOVE_FROM_CART, EventType.RATING, EventType.REVIEW, EventType.SHARE,
        ),
    ),
}  # fmt: skip


def timeline(customer: Customer, *, with_messages: bool, group: str = "") -> list[Moment]:
    """Return the last MOMENTS of what happened, with messages that were not sent, newest first.

    `group` is one of GROUPS, or nothing for everything. Two queries by the customer's indexes. What lies
    after the shop's present is not shown.
    """
    # What people do with our messages happens in the present, also where the shop's own is in the past.
    events = Event.objects.filter(customer=customer).filter(
        Q(occurred_at__lte=clock.knowledge_now()) | Q(type__in=[*OF_A_RUN, EventType.PREFERENCES_CHANGED])
    )
    if group in GROUPS:
        events = events.filter(type__in=[one.value for one in GROUPS[group][1]])
    lines = list(events.select_related("product").order_by("-occurred_at")[:LINES])
    moments = _moments(lines)
    if with_messages and group in ("", "messages"):
        messages = Message.objects.filter(customer=customer).select_related("run")
        moments += [_message(message) for message in messages.order_by("-due_at")[:MOMENTS]]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:MOMENTS]


def _moments(events: list[Event]) -> list[Moment]:
    orders: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        key = (event.type, event.order_id) if event.order_id else (event.type, f"#{event.pk}")
        orders.setdefault(key, []).append(event)
    return [_moment(lines) for lines in orders.values()]


def _moment(lines: list[Event]) -> Moment:
    first = lines[0]
    icon, tone = _LOOKS.get(EventType(first.type), ("bolt", ""))
    name = str(first.product) if first.product else ""
    if first.type == EventType.PURCHASE:
        total = sum(line.amount or 0 for line in lines)
        names = [str(line.product) for line in lines if line.product]
        text = ngettext(
            "Bought %(n)d product for %(money)s", "Bought %(n)d products for %(money)s", len(lines)
        ) % {"n": len(lines), "money": money_text(total)}
        more = _(" and %(n)d more") % {"n": len(names) - 3} if len(names) > 3 else ""
        return Moment(first.occurred_at, icon, tone, text, ", ".join(names[:3]) + more)
    told = first.properties or {}
    detail = name or next((str(told[n]) for n in _DETAILS if isinstance(told.get(n), str)), "")
    if told.get("machine") is True:
        detail = _("by a machine, not counted")
    label = str(first.get_type_display())
    return Moment(first.occurred_at, icon, tone, label[:1].upper() + label[1:], detail)


def _message(message: Message) -> Moment:
    """Say what became of a message, at the shop's moment of its launch."""
    at = message.run.as_of
    match message.state:
        case MessageState.SENT:
            return Moment(at, "mail", "info", _("A message was sent"))
        case MessageState.HELD_OUT:
            return Moment(at, "back_hand", "", _("Held out of a campaign, to measure its effect"))
        case MessageState.FAILED:
            return Moment(at, "error", "warn", _("A message could not be delivered"))
        case MessageState.SKIPPED:
            reason = message.get_skip_reason_display()
            text = _("A message was not sent: %(reason)s") % {"reason": reason}
            return Moment(at, "do_not_disturb_on", "warn", text)
        case _:
            return Moment(at, "schedule_send", "", _("A message is on its way"))
