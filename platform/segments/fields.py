"""The fields that rules may name. Higher apps add their own in their `AppConfig.ready`.

A field's SQL is an expression over `c` (the customer) and the joins it names; `{as_of}` and, for
fields followed by a key (`customer.attributes.<key>`), `{key}` and `{path}` (the key cut at its dots)
become parameters. In the names of joins and in SQL `*` stands for a key, where only known keys may
follow. What is not listed here cannot be reached by a rule.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Choices, Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.registry import Registry
from customers.models import Channel, Customer, Identifier
from profiles.models import CustomerProfile, CustomerScore, Lifecycle, RfmClass
from segments.operators import Kind
from segments.query import Query, compose


@dataclass(frozen=True, slots=True)
class Join:
    """A table beside the customers, with at most one row for each; `needs` come before it."""

    sql: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """Something known about a customer. It is NULL where it is not known."""

    label: str | Promise
    kind: Kind
    sql: str
    joins: tuple[str, ...] = ()
    choices: frozenset[str] | None = None
    #: What may follow the field's name; None where nothing may, empty where any text may.
    keys: frozenset[str] | None = None
    labels: dict[str, str | Promise] = field(default_factory=dict)
    #: The SQL where the key has dots, if it is another.
    nested: str = ""

    def expression(self, key: str | None, *, as_of: datetime) -> Query:
        """Return the field's SQL for a key that `find` returned."""
        sql = self.sql.replace("*", key or "") if self.keys else self.sql
        if self.nested and key and "." in key:
            sql = self.nested
        return compose(sql, key=key, path=(key or "").split("."), as_of=as_of)


joins: Registry[Join] = Registry("join")
fields: Registry[Field] = Registry("field")

# A profile that knows more than the moment asked for is not used.
joins.add(
    "profile",
    Join(
        "LEFT JOIN profiles_customerprofile p"
        " ON p.customer_id = c.id AND p.as_of <= {as_of} AND NOT c.no_profiling"
    ),
)
joins.add("persona", Join("LEFT JOIN profiles_persona persona ON persona.id = p.persona_id", ("profile",)))
joins.add("top_category", Join("LEFT JOIN catalog_category top ON top.id = p.top_category_id", ("profile",)))

_CUSTOMER = {
    "external_id": Kind.TEXT,
    "email_domain": Kind.TEXT,
    "locale": Kind.TEXT,
    "time_zone": Kind.TEXT,
    "country": Kind.TEXT,
    "is_stub": Kind.BOOLEAN,
    "created_at": Kind.MOMENT,
}
_PROFILE = {
    "first_order_at": Kind.MOMENT,
    "last_order_at": Kind.MOMENT,
    "recency_days": Kind.NUMBER,
    "orders": Kind.NUMBER,
    "orders_90d": Kind.NUMBER,
    "units": Kind.NUMBER,
    "products": Kind.NUMBER,
    "revenue": Kind.NUMBER,
    "revenue_90d": Kind.NUMBER,
    "basket_value": Kind.NUMBER,
    "basket_items": Kind.NUMBER,
    "gap_days": Kind.NUMBER,
    "discount_share": Kind.NUMBER,
    "discounted_lines": Kind.NUMBER,
    "weekend_share": Kind.NUMBER,
    "preferred_hour": Kind.NUMBER,
    "preferred_weekday": Kind.NUMBER,
    "preferred_channel": Kind.TEXT,
    "rfm_r": Kind.NUMBER,
    "rfm_f": Kind.NUMBER,
    "rfm_m": Kind.NUMBER,
}


def _label(model: type[Model], name: str) -> str | Promise:
    return getattr(model._meta.get_field(name), "verbose_name", name)


def _choice(label: str | Promise, sql: str, choices: type[Choices]) -> Field:
    values = frozenset(str(value) for value in choices.values)
    return Field(label, Kind.CHOICE, sql, ("profile",), values, labels=dict(choices.choices))


for name, kind in _CUSTOMER.items():
    fields.add(f"customer.{name}", Field(_label(Customer, name), kind, f"c.{name}"))
fields.add("customer.has_email", Field(_("has an e-mail address"), Kind.BOOLEAN, "(c.email IS NOT NULL)"))
fields.add("customer.has_phone", Field(_("has a phone number"), Kind.BOOLEAN, "(c.phone IS NOT NULL)"))
fields.add("customer.birthday", Field(_("birthday"), Kind.BIRTHDAY, "c.birth_month_day"))
# A place is told as an attribute, by itself or within an address.
for name, label in (("city", _("city")), ("region", _("region")), ("postal_code", _("postal code"))):
    told = f"coalesce(c.attributes ->> '{name}', c.attributes -> 'address' ->> '{name}')"
    fields.add(f"customer.{name}", Field(label, Kind.TEXT, told))
fields.add(
    "customer.devices",
    Field(
        _("devices"),
        Kind.NUMBER,
        "(SELECT count(*) FROM customers_identifier i WHERE i.customer_id = c.id AND i.kind = 'device')",
    ),
)
fields.add(
    "customer.known_by",
    Field(
        _("is known by"),
        Kind.BOOLEAN,
        "EXISTS (SELECT FROM customers_identifier i WHERE i.customer_id = c.id AND i.kind = {key})",
        keys=frozenset(Identifier.Kind.values),
        labels=dict(Identifier.Kind.choices),
    ),
)
fields.add(
    "customer.attributes",
    Field(
        _("attribute"),
        Kind.ATTRIBUTE,
        "(c.attributes -> {key})",
        keys=frozenset(),
        nested="coalesce(c.attributes -> {key}, c.attributes #> {path}::text[])",
    ),
)

for name, kind in _PROFILE.items():
    fields.add(f"profile.{name}", Field(_label(CustomerProfile, name), kind, f"p.{name}", ("profile",)))
fields.add("profile.lifecycle", _choice(_("lifecycle"), "p.lifecycle", Lifecycle))
fields.add("profile.rfm_class", _choice(_("RFM group"), "p.rfm_class", RfmClass))
fields.add("profile.persona", Field(_("persona"), Kind.NUMBER, "persona.number", ("persona",)))
fields.add("profile.top_category", Field(_("top category"), Kind.TEXT, "top.path", ("top_category",)))
fields.add(
    "profile.category_affinity",
    Field(
        _("share of spend on"),
        Kind.NUMBER,
        "(p.category_affinity ->> {key})::float8",
        ("profile",),
        keys=frozenset(),
    ),
)
fields.add(
    "profile.brand_affinity",
    Field(
        _("share of spend on the brand"),
        Kind.NUMBER,
        "(p.brand_affinity ->> {key})::float8",
        ("profile",),
        keys=frozenset(),
    ),
)
fields.add(
    "profile.interests",
    Field(
        _("search interests"),
        Kind.TEXT,
        "(SELECT string_agg(term ->> 'term', ' ') FROM jsonb_array_elements(p.interests) term)",
        ("profile",),
    ),
)
fields.add(
    "score",
    Field(
        _("score"),
        Kind.NUMBER,
        "score_*.score",
        ("score_*",),
        keys=frozenset(CustomerScore.Kind.values),
        labels=dict(CustomerScore.Kind.choices),
    ),
)
for name in CustomerScore.Kind.values:
    joins.add(
        f"score_{name}",
        Join(
            f"LEFT JOIN profiles_customerscore score_{name} ON score_{name}.customer_id = c.id"
            f" AND score_{name}.kind = '{name}' AND score_{name}.as_of <= {{as_of}} AND NOT c.no_profiling"
        ),
    )
# What was agreed to at the moment: the current state where it is old enough, else the history. Whose history
# is needed is found once, as an array; so PostgreSQL can do all the rest in parallel.
fields.add(
    "consent",
    Field(
        _("agreed to marketing by"),
        Kind.BOOLEAN,
        "(CASE WHEN consent_*.since <= {as_of} THEN consent_*.granted"
        " ELSE earlier_*.customer_id IS NOT NULL END)",
        ("earlier_*",),
        keys=frozenset(Channel.values),
        labels=dict(Channel.choices),
    ),
)
for name in Channel.values:
    joins.add(
        f"consent_{name}",
        Join(
            f"LEFT JOIN customers_consent consent_{name} ON consent_{name}.customer_id = c.id"
            f" AND consent_{name}.channel = '{name}' AND consent_{name}.topic = 'marketing'"
        ),
    )
    joins.add(
        f"earlier_{name}",
        Join(
            "LEFT JOIN unnest(ARRAY(SELECT h.customer_id FROM ("  # noqa: S608
            "SELECT DISTINCT ON (a.customer_id) a.customer_id, a.granted"
            " FROM customers_consent k JOIN customers_consentevent a ON a.customer_id = k.customer_id"
            " AND a.channel = k.channel AND a.topic = k.topic"
            f" WHERE k.channel = '{name}' AND k.topic = 'marketing' AND k.since > {{as_of}}"
            " AND a.occurred_at <= {as_of} ORDER BY a.customer_id, a.occurred_at DESC, a.granted"
            f") h WHERE h.granted)) AS earlier_{name}(customer_id) ON earlier_{name}.customer_id = c.id",
            (f"consent_{name}",),
        ),
    )


def find(name: str) -> tuple[Field, str | None]:
    """Return the field that a rule names, and its key. Raises LookupError when there is none."""
    if name in fields and fields.get(name).keys is None:
        return fields.get(name), None
    for stem, entry in fields:
        if entry.keys is None or not name.startswith(f"{stem}."):
            continue
        key = name[len(stem) + 1 :]
        if key and (not entry.keys or key in entry.keys):
            return entry, key
    raise LookupError(name)
