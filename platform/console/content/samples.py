"""Values to show a stored version with, as a customer would see it: this shop's name and its own products."""

from typing import Any

from django.utils import translation

from campaigns.content import liquid
from campaigns.content.brand import brand_kit, shop_values
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import Content, needs, render
from campaigns.content.variables import SAMPLE
from campaigns.personal import footer, shared_for
from campaigns.trying import some_products


def sample_for(version: TemplateVersion) -> dict[str, Any]:
    """Return the values of somebody made up who is offered products of the shop. At most four queries."""
    wants = needs(version)
    return {
        **own_sample(),
        "products": some_products(max(wants.products, 1), known=True),
        "bundles": dict(shared_for(wants, []).bundles),
    }


def shown(version: TemplateVersion) -> Content:
    """Render a stored version for somebody made up, in their language throughout. Raises TemplateInvalid."""
    with translation.override(SAMPLE["customer"]["language"]):
        return render(version, sample_for(version))


def own_sample() -> dict[str, Any]:
    """Return the sample values with the shop's own name, address, looks and footer."""
    with translation.override(SAMPLE["customer"]["language"]):
        return {**SAMPLE, "shop": dict(shop_values(brand_kit())), "footer": footer()}


def stranger() -> dict[str, Any]:
    """Return the sample values of somebody whose name nobody knows."""
    sample = own_sample()
    return sample | {"customer": sample["customer"] | {"first_name": "", "last_name": ""}}


def as_read(subject: str, sample: dict[str, Any] | None = None) -> str:
    """Return a subject as somebody made up would read it."""
    try:
        return liquid.render(subject, sample or own_sample(), html=False)
    except TemplateInvalid:
        return subject
