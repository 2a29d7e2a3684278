"""What happened: one append-only table of facts, partitioned by month."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from customers.models import Customer


class EventType(models.TextChoices):
    """What can happen. Types of the platform itself (messages, coupons, segments) stand beside the shop's."""

    VIEW = "view", _("viewed")
    SEARCH = "search", _("searched")
    ADD_TO_CART = "add_to_cart", _("added to cart")
    REMOVE_FROM_CART = "remove_from_cart", _("removed from cart")
    CHECKOUT = "checkout", _("checked out")
    PURCHASE = "purchase", _("bought")
    CANCEL = "cancel", _("cancelled")
    REFUND = "refund", _("refunded")
    RATING = "rating", _("rated")
    REVIEW = "review", _("reviewed")
    SHARE = "share", _("shared")
    VISIT = "visit", _("visited")
    SUBSCRIBE = "subscribe", _("subscribed")
    CUSTOM = "custom", _("other")
    MESSAGE_SENT = "message_sent", _("was sent a message")
    MESSAGE_DELIVERED = "message_delivered", _("received a message")
    MESSAGE_OPENED = "message_opened", _("opened a message")
    MESSAGE_CLICKED = "message_clicked", _("clicked in a message")
    MESSAGE_BOUNCED = "message_bounced", _("could not be reached")
    MESSAGE_COMPLAINED = "message_complained", _("complained about a message")
    UNSUBSCRIBE = "unsubscribe", _("unsubscribed")
    PREFERENCES_CHANGED = "preferences_changed", _("changed preferences")
    COUPON_ASSIGNED = "coupon_assigned", _("was given a coupon")
    COUPON_REDEEMED = "coupon_redeemed", _("redeemed a coupon")
    SEGMENT_ENTERED = "segment_entered", _("entered a segment")
    SEGMENT_LEFT = "segment_left", _("left a segment")
    PRICE_DROP = "price_drop", _("price fell")
    BACK_IN_STOCK = "back_in_stock", _("back in stock")
    LOW_STOCK = "low_stock", _("stock runs low")


#: What happens to a product and to no customer.
PRODUCT_TYPES = (EventType.PRICE_DROP, EventType.BACK_IN_STOCK, EventType.LOW_STOCK)
#: What is told of a run's messages after they went; each names its run in the properties.
OF_A_RUN = [
    EventType.MESSAGE_OPENED.value,
    EventType.MESSAGE_CLICKED.value,
    EventType.MESSAGE_BOUNCED.value,
    EventType.MESSAGE_COMPLAINED.value,
    EventType.UNSUBSCRIBE.value,
]
#: What takes a purchase back, wholly or in part.
TAKEN_BACK = [EventType.CANCEL.value, EventType.REFUND.value]
#: What is told of a coupon's life.
OF_OFFERS = [EventType.COUPON_ASSIGNED.value, EventType.COUPON_REDEEMED.value]
#: The types that partners may send; the others are written by the platform.
INBOUND_TYPES = tuple(
    t
    for t in EventType
    if t
    not in {
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_DELIVERED,
        EventType.MESSAGE_OPENED,
        EventType.MESSAGE_CLICKED,
        EventType.MESSAGE_BOUNCED,
        EventType.MESSAGE_COMPLAINED,
        EventType.PREFERENCES_CHANGED,
        EventType.COUPON_ASSIGNED,
        EventType.COUPON_REDEEMED,
        EventType.UNSUBSCRIBE,
        EventType.SEGMENT_ENTERED,
        EventType.SEGMENT_LEFT,
        *PRODUCT_TYPES,
    }
)


class Quality(models.TextChoices):
    """What was noticed about a fact that is kept nevertheless."""

    GOOD = "", _("good")
    NO_QUANTITY = "no_quantity", _("no quantity")
    OUTLIER = "outlier", _("outlier")
    NO_RATE = "no_rate", _("no exchange rate")
    ZERO_PRICE = "zero_price", _("sold at zero")


class Event(models.Model):
    """One fact.

    In PostgreSQL the table is partitioned by month of `occurred_at` and its key is
    (occurred_at, id); Django sees `id`, which one sequence makes unique. Foreign keys carry no
    constraint: facts arrive by COPY and outlive what they point at.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(_("source"), max_length=50)
    message_id = models.CharField(_("message id"), max_length=200)
    type = models.CharField(_("type"), max_length=20, choices=EventType)
    actor_id = models.BigIntegerField(
        _("actor"), null=True, help_text=_("The identifier it came by; it never changes.")
    )
    customer = models.ForeignKey(
        Customer,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="events",
        verbose_name=_("customer"),
    )
    product = models.ForeignKey(
        Product,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="events",
        verbose_name=_("product"),
    )
    order_id = models.CharField(_("order"), max_length=100, null=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, null=True)
    amount = models.DecimalField(
        _("amount"), max_digits=14, decimal_places=2, null=True, help_text=_("In the shop's base currency.")
    )
    discount = models.DecimalField(
        _("discount"), max_digits=14, decimal_places=2, null=True, help_text=_("In the shop's base currency.")
    )
    currency = models.CharField(_("original currency"), max_length=3, null=True)
    original_amount = models.DecimalField(_("original amount"), max_digits=16, decimal_places=3, null=True)
    quality = models.CharField(_("quality"), max_length=20, choices=Quality, default=Quality.GOOD, blank=True)
    properties = models.JSONField(_("properties"), null=True)
    occurred_at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("received"))
    covers_order = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Of a refund: with it, all that the order cost was given back."),
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["customer", "-occurred_at"], name="event_customer_time"),
            models.Index(
                fields=["product", "occurred_at"],
                name="event_product_time",
                condition=models.Q(product__isnull=False),
            ),
            # What people did with the messages of a run; only such events are in it.
            models.Index(
                KeyTextTransform("run", "properties"),
                name="event_run",
                condition=models.Q(type__in=OF_A_RUN),
            ),
            # What was taken back: few rows, which whoever counts purchases reads without the table.
            models.Index(
                fields=["customer", "order_id"],
                include=["type", "product", "amount", "occurred_at", "covers_order"],
                name="event_taken_back",
                condition=models.Q(type__in=TAKEN_BACK),
            ),
            # What an imported history tells of coupons; ours is in its own tables.
            models.Index(
                fields=["type"],
                name="event_past_offer",
                condition=models.Q(type__in=OF_OFFERS, properties__has_key="campaign")
                | models.Q(type=EventType.MESSAGE_SENT.value, properties__has_key="campaign_type"),
            ),
            # The key begins with the time; whoever knows the number alone reads a few blocks a month.
            BrinIndex(fields=["id"], name="event_number", autosummarize=True),
            # Visitors who are nobody yet: small, and what a sign-in looks up.
            models.Index(
                fields=["actor_id"],
                name="event_visitor",
                condition=models.Q(customer__isnull=True, actor_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class EventKey(models.Model):
    """The keys of all events ever accepted; inserted first, so one id is one event at any time."""

    pk = models.CompositePrimaryKey("source", "message_id")
    source = models.CharField(max_length=50)
    message_id = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("event key")
        verbose_name_plural = _("event keys")

    def __str__(self) -> str:
        return f"{self.source}/{self.message_id}"


class QuarantinedEvent(models.Model):
    """An event that was understood but not believed; a person releases or drops it."""

    class Reason(models.TextChoices):
        FUTURE = "future", _("more than 24 hours in the future")
        TOO_OLD = "too_old", _("older than what is kept")

    source = models.CharField(_("source"), max_length=50)
    message_id = models.CharField(_("message id"), max_length=200)
    payload = models.JSONField(_("event"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    received_at = models.DateTimeField(_("received"))
    released_at = models.DateTimeField(_("released"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)

    class Meta:
        verbose_name = _("event in quarantine")
        verbose_name_plural = _("quarantine")
        constraints = [models.UniqueConstraint(fields=["source", "message_id"], name="quarantine_once")]
        indexes = [
            models.Index(
                fields=["-received_at"],
                name="quarantine_open",
                condition=models.Q(released_at=None, discarded_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.message_id}"

    @property
    def is_open(self) -> bool:
        """Say whether nobody has decided yet."""
        return self.released_at is None and self.discarded_at is None


class Note(models.TextChoices):
    """What is counted about the data that came in. `events.quality` says what is done about each."""

    ACCEPTED = "accepted", _("taken")
    DUPLICATE = "duplicate", _("repeats")
    REJECTED = "rejected", _("not valid")
    FUTURE = "future", _("in the future")
    TOO_OLD = "too_old", _("older than what is kept")
    NO_TIME = "no_time", _("without a time")
    NO_SOURCE = "no_source", _("without a source")
    NO_QUANTITY = "no_quantity", _("without a quantity")
    NO_RATE = "no_rate", _("no exchange rate")
    ZERO_PRICE = "zero_price", _("sold at zero")
    OUTLIER = "outlier", _("outlying prices")
    UNKNOWN_CUSTOMER = "unknown_customer", _("unknown customers")
    UNKNOWN_PRODUCT = "unknown_product", _("unknown products")
    NO_SKU = "no_sku", _("without a sku")
    ONE_ASSUMED = "one_assumed", _("order lines without a quantity")


class QualityCount(models.Model):
    """How often something was noticed in a source's data on a day (the shop's).

    Writers only append, so that two batches never wait for each other's counters; `events.quality.fold`
    adds the rows of a day up. Readers take sums.
    """

    source = models.CharField(_("source"), max_length=50)
    day = models.DateField(_("day"))
    note = models.CharField(_("what"), max_length=20, choices=Note)
    count = models.BigIntegerField(_("count"))

    class Meta:
        verbose_name = _("data quality figure")
        verbose_name_plural = _("data quality")
        indexes = [models.Index(fields=["day", "source", "note"], name="quality_day")]

    def __str__(self) -> str:
        return f"{self.source} {self.day} {self.note}: {self.count}"


class TypicalPrice(models.Model):
    """What a product usually sells for: the median unit price of its last purchases, renewed nightly."""

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="+")
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("typical price")
        verbose_name_plural = _("typical prices")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price}"


class ChangeNote(models.Model):
    """Customers whose facts a transaction changed; one row a transaction, until it is handed on."""

    customer_ids = ArrayField(models.BigIntegerField())
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self) -> str:
        return f"{len(self.customer_ids)}"


class ChangedCustomer(models.Model):
    """A customer whom a consumer has to look at again. `version` counts the changes meanwhile."""

    pk = models.CompositePrimaryKey("consumer", "customer_id")
    consumer = models.CharField(max_length=50)
    customer_id = models.BigIntegerField()
    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField()
    taken_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("changed customer")
        verbose_name_plural = _("changed customers")
        indexes = [models.Index(fields=["consumer", "changed_at"], name="changed_order")]

    def __str__(self) -> str:
        return f"{self.consumer}: {self.customer_id}"
