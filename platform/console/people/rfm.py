"""Recency by frequency as a heat map, of which every cell can become a segment."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.page import Page
from console.segments.links import builder_with
from core import clock
from profiles import rfm


class RfmGrid(Page):
    """People and money by how lately and how often they bought."""

    permission_required = ("profiles.view_customerprofile",)
    template_name = "console/people/rfm.html"
    title = gettext_lazy("RFM grid")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the grid, what its scores stand for, and the groups. One grouped query."""
        by = "money" if self.request.GET.get("by") == "money" else "people"
        standing = rfm.read()
        rows = standing.grid(by)
        recency, frequency = standing.scales()
        people = sum(cell.people for row in rows for cell in row)
        return super().get_context_data(
            by=by,
            recency=recency,
            rows=[
                (scale, [(cell, _segment(cell)) for cell in row])
                for scale, row in zip(reversed(frequency), rows, strict=True)
            ],
            groups=[(group, _group_segment(group)) for group in standing.groups()] if people else [],
            people=people,
            money=sum(cell.money for row in rows for cell in row),
            newest=standing.newest,
            now=clock.knowledge_now(),
            **kwargs,
        )


def _segment(cell: rfm.Cell) -> str:
    rule = {
        "all": [
            {"field": "profile.rfm_r", "op": "eq", "value": cell.recency},
            {"field": "profile.rfm_f", "op": "eq", "value": cell.frequency},
        ]
    }
    name = _("Recency %(r)d, frequency %(f)d") % {"r": cell.recency, "f": cell.frequency}
    return builder_with(rule, name)


def _group_segment(group: rfm.Group) -> str:
    rule = {"all": [{"field": "profile.rfm_class", "op": "eq", "value": group.value}]}
    label = str(group.label)
    return builder_with(rule, label[:1].upper() + label[1:])
