"""Words of the demo shop."""

from django import template
from django.utils.translation import gettext_lazy as _

from catalog.models import Category

register = template.Library()

#: The data's departments carry a warehouse's abbreviations; these are a shop's words for them.
_NAMES = {
    "chef-shoppe": _("Ready to eat"),
    "cosmetics": _("Cosmetics"),
    "deli": _("Deli"),
    "drug-gm": _("Care & household"),
    "floral": _("Flowers"),
    "frozen-grocery": _("Frozen"),
    "garden-center": _("Garden"),
    "grocery": _("Groceries"),
    "meat": _("Fresh meat"),
    "meat-pckgd": _("Packed meat"),
    "nutrition": _("Nutrition"),
    "pastry": _("Bakery"),
    "produce": _("Fruit & vegetables"),
    "restaurant": _("Restaurant"),
    "salad-bar": _("Salad bar"),
    "seafood": _("Fresh fish"),
    "seafood-pckgd": _("Packed fish"),
    "spirits": _("Wine & spirits"),
    "travel-leisure": _("Travel & leisure"),
}


@register.filter
def category_name(category: Category) -> str:
    """Return a category's name as the shop says it."""
    return str(_NAMES.get(category.path, category.name))
