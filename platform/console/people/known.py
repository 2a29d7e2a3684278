"""What the shop knows of its customers, what is still unknown, and what is missing for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from console.page import Page
from console.people.work import may_work
from core import clock
from events.models import EventType
from profiles import selectors
from profiles.models import SalePeriod, Study
from profiles.selectors import FieldInfo

TYPES = {
    "number": _("figure"),
    "share": _("share"),
    "money": _("money"),
    "text": _("text"),
    "moment": _("moment"),
    "list": _("list"),
}
FRESH = {"changed": _("within a minute"), "weekly": _("weekly")}
WORDS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the catalogue."""

    info: FieldInfo
    type: Any
    source: str
    fresh: Any
    filled: float
    information: float | None


class Known(Page):
    """The catalogue of profile fields, the words of customers, and the list of what is unknown."""

    permission_required = ("profiles.view_customerprofile",)
    template_name = "console/people/known.html"
    title = _("What we know")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return everything about what is known. About twenty-five small queries, one pass over profiles."""
        history = selectors.history()
        unknown = selectors.still_unknown()
        texts = selectors.latest(Study.Kind.TEXTS)
        filled = selectors.filled()
        tells = _tells(selectors.latest(Study.Kind.FIELDS))
        first, last = history["first"], history["last"]
        return super().get_context_data(
            history=history,
            span=(last - first) // timedelta(days=1) if first else None,
            unknown=[(one, _share(one.found, one.needed)) for one in unknown],
            bought=selectors.bought_anything(),
            rows=[_row(info, filled[info.name], tells.get(info.name)) for info in selectors.profile_fields()],
            tells=bool(tells),
            words=_texts(texts.content) if texts and texts.known else None,
            sales=SalePeriod.objects.count(),
            now=clock.knowledge_now(),
            **may_work(self.request, "know"),
            **kwargs,
        )


def _share(found: int | None, needed: int | None) -> float | None:
    return min(found / needed, 1.0) if found is not None and needed and needed > 1 else None


def _tells(study: Study | None) -> dict[str, float]:
    """Return how much each figure tells of who orders again, in nats; what is chance tells nothing."""
    found = study.content["targets"].get("churn", {}) if study and study.known else {}
    return {row["feature"]: row["information"] if row["kept"] else 0.0 for row in found.get("fields", [])}


def _row(info: FieldInfo, filled: float, information: float | None) -> Row:
    labels = {event.value: event.label for event in EventType}
    names = (
        str(labels.get(source, _("profile") if source == "profile" else source)) for source in info.source
    )
    return Row(info, TYPES[info.type], ", ".join(names), FRESH[info.fresh], filled, information)


def _texts(found: Mapping[str, Any]) -> dict[str, Any]:
    words = found["words"][:WORDS]
    most = max((weight for _word, weight in words), default=1) or 1
    return {**found, "words": [(word, weight / most) for word, weight in words]}
