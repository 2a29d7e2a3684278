"""What is known about customers, for pages and REST: fields with formulas, personas, lifecycle, classes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.estimates import estimated_count
from events.models import Event
from profiles.models import Clustering, CustomerProfile, CustomerScore, Persona, ScoreVersion, Study
from profiles.personas import display_name
from profiles.scores.missing import of_shop
from profiles.study_words import study_missing

#: Personas need so many customers who bought.
PERSONA_CUSTOMERS = 50
#: What shares of filled fields are measured on in a large shop.
SAMPLED = 40_000
#: What belongs to the row and is no statement about the customer.
_PLUMBING = {"customer", "as_of", "computed_at", "returned", "return_gap_days", "map_x", "map_y"}
_UNITS = dict.fromkeys(("recency_days", "tenure_days", "gap_days"), gettext_lazy("days"))
_MONEY = {"revenue", "revenue_90d", "refunds", "basket_value", "unit_price"}
_RANKED = {"rfm_r", "rfm_f", "rfm_m", "rfm_class"}
_PURCHASES, _SEARCHES = ("purchase", "cancel"), ("search",)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of the profile: `source` says which facts it is made of, `fresh` when it follows them.

    `type` is number, share, money, text, moment or list. `fresh` is changed (within a minute of a fact) or
    nightly.
    """

    name: str
    label: str
    type: str
    unit: str
    formula: str
    source: tuple[str, ...]
    fresh: str


def profile_fields() -> list[FieldInfo]:
    """Return every field of the profile with its formula, in the order of the row."""
    return [_info(field) for field in CustomerProfile._meta.concrete_fields if field.name not in _PLUMBING]


def _info(field: Any) -> FieldInfo:
    name, kind = field.name, field.get_internal_type()
    if name in _MONEY:
        type_ = "money"
    elif name.endswith(("_share", "_lines")):
        type_ = "share"
    else:
        type_ = {
            "JSONField": "list",
            "DateTimeField": "moment",
            "CharField": "text",
            "ForeignKey": "text",
        }.get(kind, "number")
    source: tuple[str, ...] = _SEARCHES if name == "interests" else _PURCHASES
    if name in _MONEY | _RANKED | {"refund_share", "discount_share"}:
        source = (*source, "refund")
    formula = str(field.help_text)
    if name == "persona":
        source, formula = ("profile",), _("The nearest group of customers who buy alike; found weekly.")
    return FieldInfo(
        name=name,
        label=str(field.verbose_name),
        type=type_,
        unit=str(_UNITS.get(name, "")),
        formula=formula or str(field.verbose_name).capitalize(),
        source=source,
        fresh="weekly" if name == "persona" else "changed",
    )


def filled() -> dict[str, float]:
    """Return the share of profiles that say something in each field. One pass over them.

    Of more than SAMPLED profiles about so many are looked at, the same ones each time: the shares are
    then within half a percentage point (0.3 s for 200,000 otherwise).
    """
    counts = []
    infos = profile_fields()
    for info in infos:
        field: Any = CustomerProfile._meta.get_field(info.name)
        empty = {"JSONField": " NOT IN ('{}', '[]')", "CharField": " <> ''"}.get(field.get_internal_type())
        counts.append(f"count(*) FILTER (WHERE {field.column}{empty or ' IS NOT NULL'})")
    with connection.cursor() as cursor:
        profiles = estimated_count(CustomerProfile)
        share = min(1.0, SAMPLED / profiles) if profiles else 1.0
        sample = f" TABLESAMPLE SYSTEM ({100 * share:.4f}) REPEATABLE (1)" if share < 1.0 else ""
        cursor.execute(
            f"SELECT count(*), {', '.join(counts)} FROM profiles_customerprofile{sample}"  # noqa: S608
        )
        whole, *each = cursor.fetchone()
    return {info.name: count / whole if whole else 0.0 for info, count in zip(infos, each, strict=True)}


def profile_values(profile: CustomerProfile) -> dict[str, Any]:
    """Return the profile's fields by name; related ones by what they are called."""
    return {info.name: profile_value(profile, info.name) for info in profile_fields()}


def profile_value(profile: CustomerProfile, name: str) -> Any:
    """Return one field as plain data: money as text, a persona by number and name, a category by its path."""
    value = getattr(profile, name)
    if value is None:
        return None
    if name == "persona":
        return {"number": value.number, "name": display_name(value)}
    if name == "top_category":
        return value.path
    return str(value) if isinstance(value, Decimal) else value


def latest(kind: str, as_of: datetime | None = None) -> Study | None:
    """Return the newest study of a kind, or the newest as of a moment."""
    found = Study.objects.filter(kind=kind)
    return (found.filter(as_of__lte=as_of) if as_of else found).first()


def persona_map(most: int = 2_000) -> dict[str, Any]:
    """Return the map of personas: who they are, and a sample of customers as points.

    `{"clustering", "personas": [{"number", "name", "size", "share", "centre", "traits"}], "points":
    [[x, y, number]], "moved"}`. The sample is the same every time. One pass over the profiles.
    """
    clustering = Clustering.objects.filter(active=True).first()
    if clustering is None:
        return {"clustering": None, "personas": [], "points": [], "moved": None}
    personas = Persona.objects.filter(size__gt=0)
    whole = sum(persona.size for persona in personas) or 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.map_x, p.map_y, x.number FROM profiles_customerprofile p"
            " JOIN profiles_persona x ON x.id = p.persona_id WHERE p.map_x IS NOT NULL"
            " ORDER BY hashint8(p.customer_id) LIMIT %s",
            [most],
        )
        points = [list(row) for row in cursor.fetchall()]
    moved = latest(Study.Kind.PERSONAS)
    return {
        "clustering": clustering,
        "personas": [
            {
                "number": persona.number,
                "name": display_name(persona),
                "size": persona.size,
                "share": persona.size / whole,
                "centre": persona.centre,
                "traits": persona.traits,
            }
            for persona in personas
        ],
        "points": points,
        "moved": moved.content if moved else None,
    }


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the shop could know and does not yet: what is missing for it, and how much is there."""

    what: str
    missing: str
    found: int | None = None
    needed: int | None = None


def buyers() -> int:
    """Return how many customers have an order."""
    return CustomerProfile.objects.filter(orders__gt=0).count()


def bought_anything() -> bool:
    """Say whether there is any order at all, looked at or not."""
    return Event.objects.filter(type="purchase").exists()


def still_unknown() -> list[Unknown]:
    """Return what is not known yet and what is missing for it. About ten small queries."""
    found: list[Unknown] = []
    profiles = CustomerProfile.objects.count()
    if not profiles:
        words = (
            _("Orders are there: build the profiles.")
            if bought_anything()
            else _("Import your past orders, or send events.")
        )
        found.append(Unknown(_("profiles"), words, 0, 1))
    elif not CustomerProfile.objects.filter(orders__gt=0).exists():
        found.append(Unknown(_("RFM"), _("No customer has an order yet."), 0, 1))
    if not Clustering.objects.filter(active=True).exists():
        people = buyers()
        if people < PERSONA_CUSTOMERS:
            needs = _("Personas need %(needed)d customers who bought; there are %(found)d.") % {
                "needed": PERSONA_CUSTOMERS,
                "found": people,
            }
            found.append(Unknown(_("personas"), needs, people, PERSONA_CUSTOMERS))
        else:
            found.append(Unknown(_("personas"), _("Enough customers are there: find personas.")))
    for kind in (Study.Kind.LIFECYCLE, Study.Kind.CLASSES, Study.Kind.TEXTS):
        made = latest(kind)
        if made is None:
            found.append(Unknown(str(kind.label), _("It was not looked at yet: study the customers.")))
        elif not made.known:
            found.append(Unknown(str(kind.label), study_missing(made.content.get("missing", ""))))
    labels = dict(CustomerScore.Kind.choices)
    versions = {version.kind: version for version in ScoreVersion.objects.filter(active=True)}
    for score in (k for k in CustomerScore.Kind if k != CustomerScore.Kind.UPLIFT):
        version = versions.get(score)
        if version is None:
            found.append(Unknown(str(labels[score]), _("No score was trained yet: score the customers.")))
        elif not version.known:
            lacks = of_shop(score, version)
            words = lacks.text if lacks else ""
            card = version.card
            found.append(Unknown(str(labels[score]), words, card.get("found"), card.get("needed")))
    return found


def history() -> dict[str, Any]:
    """Return the span of the orders that everything rests on, and how fresh the profiles are."""
    span = CustomerProfile.objects.aggregate(
        first=Min("first_order_at"), last=Max("last_order_at"), as_of=Max("as_of"), customers=Count("pk")
    )
    return dict(span)
