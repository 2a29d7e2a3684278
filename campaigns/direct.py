"""E-mail templates for direct messages."""

from collections.abc import Mapping
from email.utils import formataddr

from django.conf import settings
from django.utils import translation

from campaigns import personal
from campaigns.content.models import TemplateVersion
from campaigns.content.services import render
from campaigns.content.variables import KNOWN
from customers.languages import language_of
from delivery.direct.templates import Wanted
from delivery.sources import Rendered


class EmailTemplates:
    """The newest versions of the e-mail templates, by the templates' names."""

    def exists(self, name: str) -> bool:
        """Say whether there is a template of that name."""
        return TemplateVersion.objects.filter(template__name=name).exists()

    def render(self, wanted: Mapping[int, Wanted]) -> dict[int, Rendered | Exception]:
        """Render each template for its customer; a constant number of queries a template.

        The call's context gives the values that a campaign would: `coupon`, `products`.
        """
        names = {want.template for want in wanted.values()}
        newest = {
            version.template.name: version
            for version in TemplateVersion.objects.filter(template__name__in=names)
            .select_related("template")
            .order_by("template", "number")
        }
        shared = {
            name: personal.shared(
                version, [want.customer.pk for want in wanted.values() if want.template == name]
            )
            for name, version in newest.items()
        }
        return {
            key: _rendered(want, newest.get(want.template), shared.get(want.template))
            for key, want in wanted.items()
        }


def _rendered(
    want: Wanted, version: TemplateVersion | None, shared: personal.Shared | None
) -> Rendered | Exception:
    if version is None or shared is None:
        return LookupError(f"There is no template “{want.template}” any more.")
    values = personal.context(
        want.customer,
        items=(),
        code="",
        expires_at=None,
        promotion=None,
        unsubscribe_url=want.unsubscribe_url,
        shared=shared,
    ) | {name: value for name, value in want.context.items() if name in KNOWN}
    try:
        with translation.override(language_of(want.customer)):
            content = render(version, values)
    except ValueError as error:  # the context lacks what the template names
        return error
    return Rendered(
        subject=content.subject,
        html=content.html,
        text=content.text,
        from_email=formataddr((settings.SHOP_NAME, settings.SHOP_FROM_EMAIL)),
    )
