"""The tab Content: where people clicked, over the mail as one of them got it, for each arm and version."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.browser import as_sent
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import Content
from campaigns.experiments.models import Variant
from campaigns.reports.figures import Clicks, Reached
from catalog.models import Product
from console.content import frames
from console.content.samples import shown
from console.engage.report.base import ReportPage
from console.engage.report.heat import heat
from customers.models import Customer
from delivery.models import Message, MessageState


@dataclass(frozen=True, slots=True)
class Face:
    """One content of one arm: what is chosen between."""

    variant: str
    template: str
    name: str
    reached: Reached


class CampaignContent(ReportPage):
    """The mail with its links marked, and the same as a table."""

    permission_required = ("campaigns.view_campaign", "content.view_template")
    template_name = "console/campaign/content.html"
    tab = "campaign_content"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one face of the content. About 15 queries."""
        found = self.figures()
        faces = self._faces(found.kept.figures.reached)
        asked = (self.request.GET.get("arm", ""), self.request.GET.get("version", ""))
        face = next((f for f in faces if (f.variant, f.template) == asked), faces[0] if faces else None)
        context: dict[str, Any] = {"report": found, "faces": faces, "face": face}
        if face is not None:
            rows = [
                row
                for row in found.kept.figures.clicks
                if (row.variant or "", row.template) == (face.variant, face.template)
            ]
            context |= self._shown(face, rows)
        return super().get_context_data(**context, **kwargs)

    def _faces(self, reached: list[Reached]) -> list[Face]:
        """Return the contents that were sent, by arm; the campaign's own while none was."""
        test = self.campaign.experiment
        names = {v.key: v.name for v in Variant.objects.filter(experiment=test)} if test else {}
        ids = {row.template for row in reached if row.template}
        versions = {
            str(version.pk): version
            for version in TemplateVersion.objects.filter(pk__in=ids)
            .select_related("template")
            .only("number", "template__name")
        }
        return [
            Face(
                row.variant or "",
                row.template,
                " · ".join(
                    part
                    for part in (
                        names.get(row.variant or "", row.variant),
                        _("%(name)s, version %(n)s")
                        % {"name": versions[row.template].template.name, "n": versions[row.template].number}
                        if row.template in versions
                        else "",
                    )
                    if part
                ),
                row,
            )
            for row in reached
            if row.sent and row.template in versions
        ]

    def _shown(self, face: Face, rows: list[Clicks]) -> dict[str, Any]:
        """Return the marked mail: as somebody got it who may be seen, else as somebody made up."""
        message = (
            Message.objects.filter(
                run__in=[run.pk for run in self.runs],
                state=MessageState.SENT,
                context__template=face.template,
                **({"context__variant": face.variant} if face.variant else {}),
            ).first()
            if self.request.user.has_perm("customers.view_customer")
            else None
        )
        mail = as_sent(message) if message else None
        skus = [str(sku) for sku in message.context.get("products") or ()] if message and mail else []
        products = {
            product.url: skus.index(product.sku) + 1
            for product in Product.objects.filter(sku__in=skus).exclude(url="")
        }
        version = TemplateVersion.objects.select_related("template").get(pk=face.template)
        if not mail:
            message, mail = None, _made_up(version).html
        person = Customer.objects.filter(pk=message.customer_id).first() if message else None
        marked, spots = heat(mail, rows, clickers=face.reached.clicked, products=products)
        key = frames.keep(marked, dark=False, user=self.request.user) if mail else ""
        return {
            "version": version,
            "spots": spots,
            "clicked_any": any(spot.people for spot in spots),
            "frame": reverse("admin:template_frame", args=[key]) if key else "",
            "person": person,
            "tracked": settings.TRACKING,
        }


def _made_up(version: TemplateVersion) -> Content:
    return shown(version)
